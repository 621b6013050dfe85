// Guarantees to sessions (Terry et al., "Session guarantees for weakly consistent replicated data", PDIS 1994, section
// 3), where a session is a process, and a read all that one acknowledged transaction read. Lists that were read are
// prefixes of one order, so of all that a session has met of a key only the latest version counts.
#include "harness/consistency/evidence.hpp"
#include "harness/consistency/isolation/append_versions.hpp"
#include "harness/consistency/isolation/judgement.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::consistency::isolation {

namespace {

/// What no trusted read saw is later than all that they saw: acknowledged, and in none of the versions.
constexpr std::uint32_t unseen = none - 1;

/// A version of a key that a session has read, or made.
struct Met {
  std::uint32_t version = 0;
  OperationId by = 0;
  Value value; ///< the list read, or the element appended
};

/// What a session has met of a key: later and later versions.
using Memory = std::vector<Met>;

void remember(Memory& memory, const Met& met) {
  if (memory.empty() || met.version > memory.back().version)
    memory.push_back(met);
}

/// The latest version that it had met before a transaction; null: none.
const Met* latest_before(const Memory& memory, OperationId id) {
  const auto after = std::partition_point(memory.begin(), memory.end(), [&](const Met& one) { return one.by < id; });
  return after == memory.begin() ? nullptr : &*std::prev(after);
}

class Finder {
public:
  Finder(const AppendVersions& versions, std::span<const std::string_view> guarantees, Result& result)
      : versions_(versions), transactions_(versions.transactions()), history_(*transactions_.history), result_(result) {
    const auto is_asked = [&](std::string_view name) {
      return std::find(guarantees.begin(), guarantees.end(), name) != guarantees.end();
    };
    read_your_writes_ = is_asked("read-your-writes");
    monotonic_reads_ = is_asked("monotonic-reads");
    monotonic_writes_ = is_asked("monotonic-writes");
    writes_follow_reads_ = is_asked("writes-follow-reads");
  }

  void run() {
    number_sessions();
    for (const auto& read : versions_.reads())
      if (read.version != none)
        remember(read_[place(read.by, key_of(read))], {read.version, read.by, value_of(read)});
    for (OperationId id = 0; id < transactions_.count(); ++id)
      if (transactions_.outcome(id) == Outcome::ok)
        for (const auto& step : transactions_.of(id))
          if (const auto version = made_by(step); version != none)
            remember(written_[place(id, step.key)], {version, id, step.value});
    for (OperationId id = 0; id < transactions_.count(); ++id)
      if (transactions_.outcome(id) != Outcome::fail)
        for (const auto& step : transactions_.of(id))
          look_at_write(id, step);
    const auto& reads = versions_.reads(); // in the order of transactions
    for (auto begin = reads.begin(); begin != reads.end();) {
      const auto end = std::find_if(begin, reads.end(), [&](const AppendRead& one) { return one.by != begin->by; });
      look_at_reads({begin, end});
      begin = end;
    }
  }

private:
  void number_sessions() {
    FlatIndex numbers;
    for (const auto& operation : history_.operations) {
      const auto known = static_cast<std::uint32_t>(seen_.size());
      session_.push_back(numbers.insert(0, static_cast<std::uint64_t>(operation.process), known));
      if (session_.back() == known)
        seen_.emplace_back();
    }
    // Every place is known before anything is remembered.
    for (OperationId id = 0; id < transactions_.count(); ++id)
      for (const auto& step : transactions_.of(id))
        places_.insert(step.key, session_[id], static_cast<std::uint32_t>(places_.used()));
    read_.resize(places_.used());
    written_.resize(places_.used());
  }
  [[nodiscard]] std::uint32_t place(OperationId id, std::uint32_t key) const { return places_.find(key, session_[id]); }
  [[nodiscard]] std::uint32_t key_of(const AppendRead& read) const { return transactions_.steps[read.step].key; }
  [[nodiscard]] Value value_of(const AppendRead& read) const { return transactions_.steps[read.step].value; }
  /// The version that a write made; `none` of a read, and where it cannot be told.
  [[nodiscard]] std::uint32_t made_by(const Step& step) const {
    if (!step.is_write)
      return none;
    const auto number = versions_.writes().number(step.key, step.value);
    if (versions_.writes().all()[number].is_doubled)
      return none;
    const auto version = versions_.version_of(number);
    return version == none ? unseen : version;
  }

  /// Of one key: the order of what was appended says it, whoever reads it.
  void look_at_write(OperationId id, const Step& step) {
    const auto version = made_by(step);
    if (version == none || version == unseen)
      return; // whoever sees it later may see everything
    const auto at = place(id, step.key);
    const auto& key = versions_.keys()[step.key];
    const auto add = [&](const char* name, const Met& before, const std::string& what) {
      result_.add(name, {fmt::format("{} {}; then {} appended {}, which comes before that: {} read {} as {}",
                                     name_of(history_, before.by), what, name_of(history_, id),
                                     transactions_.show(step.value), name_of(history_, key.reader),
                                     transactions_.show_key(step.key), transactions_.show(key.longest)),
                         {before.by, id, key.reader},
                         {}});
    };
    if (const auto* before = latest_before(written_[at], id);
        monotonic_writes_ && before != nullptr && version < before->version)
      add("monotonic-writes", *before, appended(*before, step.key));
    if (const auto* before = latest_before(read_[at], id);
        writes_follow_reads_ && before != nullptr && version < before->version)
      add("writes-follow-reads", *before, was_read(*before, step.key));
  }

  /// All that one transaction read.
  void look_at_reads(std::span<const AppendRead> reads) {
    for (const auto& read : reads) {
      if (read.version == none)
        continue;
      const auto at = place(read.by, key_of(read));
      const auto add = [&](const char* name, const Met& before, const std::string& what) {
        result_.add(name, {fmt::format("process {}: {} {}, and then {} {}", history_.operations[read.by].process,
                                       name_of(history_, before.by), what, name_of(history_, read.by), was_read(read)),
                           {before.by, read.by},
                           {}});
      };
      if (const auto* before = latest_before(written_[at], read.by);
          read_your_writes_ && before != nullptr && read.version < before->version)
        add("read-your-writes", *before, appended(*before, key_of(read)));
      if (const auto* before = latest_before(read_[at], read.by);
          monotonic_reads_ && before != nullptr && read.version < before->version)
        add("monotonic-reads", *before, was_read(*before, key_of(read)));
    }
    if (monotonic_writes_ || writes_follow_reads_)
      look_at_what_came_before(reads);
  }

  /// Whoever sees a write sees what its session had written and read before: of each session, the youngest write seen.
  void look_at_what_came_before(std::span<const AppendRead> reads) {
    touched_.clear();
    for (const auto& read : reads)
      for (std::uint32_t version = read.version == none ? 0 : read.version; version > 0; --version)
        if (const auto by = versions_.writer(key_of(read), version); by != none) {
          auto& seen = seen_[session_[by]];
          if (seen.reader != read.by)
            touched_.push_back(session_[by]);
          if (seen.reader != read.by || seen.by < by)
            seen = {read.by, by, key_of(read), version};
        }
    for (const auto session : touched_)
      for (const auto& read : reads)
        if (const auto at = places_.find(key_of(read), session); read.version != none && at != none) {
          if (monotonic_writes_)
            look_for(read, seen_[session], written_[at], "monotonic-writes", &Finder::appended);
          if (writes_follow_reads_)
            look_for(read, seen_[session], read_[at], "writes-follow-reads", &Finder::was_read);
        }
  }

  struct Seen {
    OperationId reader = none;
    OperationId by = 0; ///< the youngest of the session's transactions that the reader saw
    std::uint32_t key = 0, version = 0;
  };
  using Describe = std::string (Finder::*)(const Met&, std::uint32_t) const;

  void look_for(const AppendRead& read, const Seen& seen, const Memory& memory, const char* name, Describe describe) {
    const auto* before = latest_before(memory, seen.by);
    if (before == nullptr || before->version <= read.version)
      return;
    result_.add(name, {fmt::format("process {}: {} {}, and then {} appended {} to {}; {} saw that, and {}",
                                   history_.operations[seen.by].process, name_of(history_, before->by),
                                   (this->*describe)(*before, key_of(read)), name_of(history_, seen.by),
                                   transactions_.show(versions_.elements(seen.key)[seen.version - 1]),
                                   transactions_.show_key(seen.key), name_of(history_, read.by), was_read(read)),
                       {before->by, seen.by, read.by},
                       {}});
  }

  [[nodiscard]] std::string appended(const Met& met, std::uint32_t key) const {
    return fmt::format("appended {} to {}", transactions_.show(met.value), transactions_.show_key(key));
  }
  [[nodiscard]] std::string was_read(const Met& met, std::uint32_t key) const {
    return fmt::format("read {} as {}", transactions_.show_key(key), transactions_.show(met.value));
  }
  [[nodiscard]] std::string was_read(const AppendRead& read) const {
    return was_read({read.version, read.by, value_of(read)}, key_of(read));
  }

  const AppendVersions& versions_;
  const Transactions& transactions_;
  const History& history_;
  Result& result_;
  bool read_your_writes_, monotonic_reads_, monotonic_writes_, writes_follow_reads_;
  std::vector<std::uint32_t> session_; ///< of each transaction
  FlatIndex places_;                   ///< of what each session has met of each key
  std::vector<Memory> read_, written_; ///< by place
  std::vector<Seen> seen_;             ///< by session
  std::vector<std::uint32_t> touched_;
};

} // namespace

void AppendVersions::find_breaches(std::span<const std::string_view> guarantees, Result& result) const {
  if (!guarantees.empty())
    Finder(*this, guarantees, result).run();
}

} // namespace holdfast::consistency::isolation
