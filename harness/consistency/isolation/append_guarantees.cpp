// Guarantees to sessions (Terry et al., "Session guarantees for weakly consistent replicated data", PDIS 1994, section
// 3), where a session is a process, and its operations are the steps of its acknowledged transactions. What a
// transaction has seen at a step is what its reads up to there showed; its own appends show it nothing.
//
// Lists that were read are prefixes of one order, so of all that a session has met of a key only the latest version
// counts. Where they are not, what one session met is compared element by element, and what different sessions saw of
// each other's writes cannot be told.
#include "harness/consistency/evidence.hpp"
#include "harness/consistency/isolation/append_versions.hpp"
#include "harness/consistency/isolation/judgement.hpp"
#include "harness/consistency/isolation/sessions.hpp"
#include "harness/consistency/session_guarantees.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <set>
#include <unordered_map>

namespace holdfast::consistency::isolation {

namespace {

/// What no trusted read saw is later than all that they saw: acknowledged, and in none of the versions.
constexpr std::uint32_t unseen = none - 1;
constexpr std::size_t explained = 8; ///< of each guarantee; further breaches are counted

/// Something that a session did to a key.
struct Met {
  std::uint32_t version = 0; ///< that it read, or made
  std::uint32_t step = 0;
  OperationId by = 0;
};

/// What a session has met of a key.
struct Memory {
  std::vector<Met> seen;     ///< later and later versions
  std::optional<Met> unseen; ///< the first of its appends that no trusted read saw
};

void remember(Memory& memory, const Met& met) {
  if (met.version == unseen) {
    if (!memory.unseen)
      memory.unseen = met;
  } else if (memory.seen.empty() || met.version > memory.seen.back().version) {
    memory.seen.push_back(met);
  }
}

/// The latest version that reads saw and it had met before a step; null: none.
const Met* latest_seen_before(const Memory& memory, std::uint32_t step) {
  const auto after =
      std::partition_point(memory.seen.begin(), memory.seen.end(), [&](const Met& one) { return one.step < step; });
  return after == memory.seen.begin() ? nullptr : &*std::prev(after);
}

/// The latest version that it had met before a step; null: none.
const Met* latest_before(const Memory& memory, std::uint32_t step) {
  return memory.unseen && memory.unseen->step < step ? &*memory.unseen : latest_seen_before(memory, step);
}

class Finder {
public:
  Finder(const AppendVersions& versions, std::span<const std::string_view> guarantees, Result& result, Budget& budget)
      : versions_(versions), transactions_(versions.transactions()), history_(*transactions_.history), result_(result),
        budget_(budget), sessions_(transactions_), read_(sessions_.places()), written_(sessions_.places()),
        seen_(sessions_.count()) {
    for (const auto guarantee : {Guarantee::read_your_writes, Guarantee::monotonic_reads, Guarantee::monotonic_writes,
                                 Guarantee::writes_follow_reads})
      asked_[index(guarantee)] =
          std::find(guarantees.begin(), guarantees.end(), to_string(guarantee)) != guarantees.end();
  }

  /// Returns why nothing that was not found can be excluded; empty when it can.
  std::string run() {
    fill_memories();
    for (OperationId id = 0; id < transactions_.count() && !budget_.exhausted(); ++id)
      if (transactions_.outcome(id) != Outcome::fail)
        for (auto step = transactions_.first[id]; step < transactions_.first[id + 1]; ++step)
          look_at_write(id, step);
    const auto& reads = versions_.reads(); // in the order of steps
    for (auto begin = reads.begin(); begin != reads.end() && !budget_.exhausted();) {
      const auto end = std::find_if(begin, reads.end(), [&](const AppendRead& one) { return one.by != begin->by; });
      for (auto read = begin; read != end; ++read)
        look_at_read(*read);
      if (asks(Guarantee::monotonic_writes) || asks(Guarantee::writes_follow_reads))
        look_at_what_came_before({begin, end});
      begin = end;
    }
    look_at_forks();
    return budget_.exhausted() ? budget_.reason() : doubt();
  }

private:
  static constexpr std::size_t index(Guarantee guarantee) { return static_cast<std::size_t>(guarantee); }
  [[nodiscard]] bool asks(Guarantee guarantee) const { return asked_[index(guarantee)]; }

  void fill_memories() {
    for (const auto& read : versions_.reads())
      if (read.version != none)
        remember(read_[place(read.by, key_of(read))], {read.version, read.step, read.by});
    for (OperationId id = 0; id < transactions_.count(); ++id)
      if (transactions_.outcome(id) == Outcome::ok)
        for (auto step = transactions_.first[id]; step < transactions_.first[id + 1]; ++step)
          if (const auto version = made_by(step); version != none)
            remember(written_[place(id, transactions_.steps[step].key)], {version, step, id});
  }

  [[nodiscard]] std::uint32_t place(OperationId id, std::uint32_t key) const {
    return sessions_.place(key, sessions_.of(id));
  }
  [[nodiscard]] std::uint32_t key_of(const AppendRead& read) const { return transactions_.steps[read.step].key; }
  /// The version that a write made; `none` of a read, and where it cannot be told.
  [[nodiscard]] std::uint32_t made_by(std::uint32_t at) const {
    const auto& step = transactions_.steps[at];
    if (!step.is_write)
      return none;
    const auto number = versions_.writes().number(step.key, step.value);
    if (versions_.writes().all()[number].is_doubled)
      return none;
    const auto version = versions_.version_of(number);
    return version == none ? unseen : version;
  }

  /// Of one key: the order of what was appended says it, whoever reads it.
  void look_at_write(OperationId id, std::uint32_t at) {
    const auto version = made_by(at);
    if (version == none || version == unseen)
      return; // whoever sees it later may see everything
    const auto& step = transactions_.steps[at];
    const auto& key = versions_.keys()[step.key];
    const auto look = [&](Guarantee guarantee, const Memory& memory) {
      // Of what nobody saw no read shows the order; `look_for` asks who saw only the later one.
      const auto* before = latest_seen_before(memory, at);
      if (!is_evidence(guarantee, before) || before->version <= version)
        return;
      add(guarantee, {before->by, id, key.reader}, [&] {
        return fmt::format("process {}: {}, and then {}, which comes before that: {} read {} as {}", process(id),
                           did(*before), did({version, at, id}), name_of(history_, key.reader),
                           transactions_.show_key(step.key), transactions_.show(key.longest));
      });
    };
    look(Guarantee::monotonic_writes, written_[place(id, step.key)]);
    look(Guarantee::writes_follow_reads, read_[place(id, step.key)]);
  }

  void look_at_read(const AppendRead& read) {
    if (!versions_.keys()[key_of(read)].is_compatible)
      return;
    const auto look = [&](Guarantee guarantee, const Memory& memory) {
      if (const auto* before = latest_before(memory, read.step);
          is_evidence(guarantee, before) && before->version > read.version)
        add_lapse(guarantee, *before, read);
    };
    look(Guarantee::read_your_writes, written_[place(read.by, key_of(read))]);
    look(Guarantee::monotonic_reads, read_[place(read.by, key_of(read))]);
  }

  /// Whoever sees a write sees what its session had written and read before: of each session, the youngest write seen.
  void look_at_what_came_before(std::span<const AppendRead> reads) {
    touched_.clear();
    for (const auto& read : reads) {
      if (read.version == none)
        continue;
      see(read);
      for (const auto session : touched_) {
        const auto at = sessions_.place(key_of(read), session);
        if (at == none)
          continue;
        look_for(Guarantee::monotonic_writes, written_[at], seen_[session], read);
        look_for(Guarantee::writes_follow_reads, read_[at], seen_[session], read);
      }
    }
  }

  struct Seen {
    OperationId reader = none;
    OperationId by = 0; ///< the youngest of the session's transactions that the reader saw
    std::uint32_t step = 0;
  };

  void see(const AppendRead& read) {
    const auto shown = versions_.elements(key_of(read));
    for (std::uint32_t version = 1; version <= read.version; ++version) {
      const auto by = versions_.writer(key_of(read), version);
      if (by == none || by == read.by)
        continue;
      auto& seen = seen_[sessions_.of(by)];
      if (seen.reader != read.by) {
        touched_.push_back(sessions_.of(by));
        seen = {read.by, by, 0};
      }
      if (seen.by <= by)
        seen = {read.by, by, std::max(seen.by == by ? seen.step : 0, step_of(by, key_of(read), shown[version - 1]))};
    }
  }
  [[nodiscard]] std::uint32_t step_of(OperationId by, std::uint32_t key, Value value) const {
    const auto steps = transactions_.of(by);
    const auto step = std::find_if(steps.begin(), steps.end(), [&](const Step& one) {
      return one.is_write && one.key == key && one.value.bits() == value.bits();
    });
    return transactions_.first[by] + static_cast<std::uint32_t>(step - steps.begin());
  }

  void look_for(Guarantee guarantee, const Memory& memory, const Seen& seen, const AppendRead& read) {
    const auto* before = latest_before(memory, seen.step);
    if (!is_evidence(guarantee, before) || before->version <= read.version)
      return;
    add(guarantee, {before->by, seen.by, read.by}, [&] {
      return fmt::format("process {}: {}, and then {}; {} saw that, and then {}", process(seen.by), did(*before),
                         did({0, seen.step, seen.by}), name_of(history_, read.by), did({0, read.step, read.by}));
    });
  }

  /// Keys whose lists are prefixes of no one order: everything that a session met of them, one by one.
  void look_at_forks() {
    std::unordered_map<std::uint32_t, std::unordered_map<std::uint64_t, Met>> read, written; // by place, by element
    for (OperationId id = 0; id < transactions_.count() && !budget_.exhausted(); ++id)
      if (transactions_.outcome(id) == Outcome::ok)
        for (auto at = transactions_.first[id]; at < transactions_.first[id + 1]; ++at) {
          const auto& step = transactions_.steps[at];
          if (versions_.keys()[step.key].is_compatible)
            continue;
          const Met now{none, at, id};
          if (step.is_write) {
            written[place(id, step.key)].emplace(step.value.bits(), now);
            continue;
          }
          std::set<std::uint64_t> shown;
          for (const auto element : history_.values.elements(step.value))
            shown.insert(element.bits());
          look_at_fork(Guarantee::read_your_writes, written[place(id, step.key)], shown, now);
          look_at_fork(Guarantee::monotonic_reads, read[place(id, step.key)], shown, now);
          for (const auto element : shown)
            read[place(id, step.key)].emplace(element, now);
        }
  }
  void look_at_fork(Guarantee guarantee, const std::unordered_map<std::uint64_t, Met>& met,
                    const std::set<std::uint64_t>& shown, const Met& now) {
    if (!asks(guarantee) || met.empty())
      return;
    ++compared_[index(guarantee)];
    const Met* first = nullptr; // the same one whatever the order of the map
    for (const auto& [element, before] : met)
      if (!shown.contains(element) && (first == nullptr || before.step < first->step))
        first = &before;
    if (first != nullptr)
      add_lapse(guarantee, *first, {now.by, now.step, none});
  }
  /// Something that was met could be missing now.
  bool is_evidence(Guarantee guarantee, const Met* before) {
    const bool is = asks(guarantee) && before != nullptr && before->version > 0;
    compared_[index(guarantee)] += is ? 1 : 0;
    return is;
  }

  [[nodiscard]] std::string doubt() const {
    if (asks(Guarantee::monotonic_writes) || asks(Guarantee::writes_follow_reads))
      for (std::uint32_t key = 0; key < versions_.keys().size(); ++key)
        if (!versions_.keys()[key].is_compatible)
          return fmt::format("reads of {} are prefixes of no one order: who saw what before what cannot be told",
                             transactions_.show_key(key));
    for (std::size_t guarantee = 0; guarantee < asked_.size(); ++guarantee)
      if (asked_[guarantee] && compared_[guarantee] == 0)
        return fmt::format("nothing that was read could have broken {}", to_string(static_cast<Guarantee>(guarantee)));
    return {};
  }

  /// A session's own read lacks what the session had met.
  void add_lapse(Guarantee guarantee, const Met& before, const AppendRead& read) {
    add(guarantee, {before.by, read.by}, [&] {
      return fmt::format("process {}: {}, and then {}", process(read.by), did(before), did({0, read.step, read.by}));
    });
  }
  template <class Sentence>
  void add(Guarantee guarantee, std::vector<OperationId> operations, const Sentence& sentence) {
    const std::string name(to_string(guarantee));
    if (said_[index(guarantee)]++ >= explained) {
      result_.count(name);
      return;
    }
    operations.erase(std::unique(operations.begin(), operations.end()), operations.end());
    result_.add(name, {sentence(), std::move(operations), {}});
  }
  [[nodiscard]] std::string did(const Met& met) const {
    const auto& step = transactions_.steps[met.step];
    const auto who = name_of(history_, met.by);
    return step.is_write
               ? fmt::format("{} appended {} to {}", who, transactions_.show(step.value),
                             transactions_.show_key(step.key))
               : fmt::format("{} read {} as {}", who, transactions_.show_key(step.key), transactions_.show(step.value));
  }
  [[nodiscard]] std::int64_t process(OperationId id) const { return history_.operations[id].process; }

  const AppendVersions& versions_;
  const Transactions& transactions_;
  const History& history_;
  Result& result_;
  Budget& budget_;
  std::array<bool, 4> asked_{};
  std::array<std::size_t, 4> said_{}, compared_{};
  Sessions sessions_;
  std::vector<Memory> read_, written_; ///< by place
  std::vector<Seen> seen_;             ///< by session
  std::vector<std::uint32_t> touched_;
};

} // namespace

std::string AppendVersions::find_breaches(std::span<const std::string_view> guarantees, Result& result,
                                          Budget& budget) const {
  return guarantees.empty() ? std::string{} : Finder(*this, guarantees, result, budget).run();
}

} // namespace holdfast::consistency::isolation
