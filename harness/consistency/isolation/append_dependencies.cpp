// The dependencies that list-append histories show, and one sentence for each: ww from a version's writer to the next
// one's, wr from a writer to who read its version, rw from a reader to the writer of the next version.
#include "harness/consistency/isolation/append_versions.hpp"
#include "harness/consistency/isolation/judgement.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::consistency::isolation {

namespace {

/// The next version after `version` whose writer is known; `none` when there is none.
std::uint32_t next_known(const AppendVersions& versions, std::uint32_t key, std::uint32_t version) {
  const auto trusted = versions.keys()[key].trusted;
  while (++version <= trusted)
    if (versions.writer(key, version) != none)
      return version;
  return none;
}

std::uint32_t last_known(const AppendVersions& versions, std::uint32_t key, std::uint32_t version) {
  while (version > 0 && versions.writer(key, version) == none)
    --version;
  return version;
}

/// Appends that no read saw, by key. They come after all that were seen: the longest read would have them otherwise.
/// Not of keys whose reads contradict each other, for there nothing is known of them.
std::vector<std::pair<std::uint32_t, std::uint32_t>> unread(const AppendVersions& versions) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> all;
  const auto& writes = versions.writes().all();
  for (std::uint32_t i = 0; i < writes.size(); ++i)
    if (!writes[i].has_failed && !writes[i].is_doubled && versions.version_of(i) == none &&
        versions.keys()[writes[i].key].is_compatible)
      all.emplace_back(writes[i].key, writes[i].by);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

/// That an append of unknown outcome took effect although nobody saw it is known only from another write of the same
/// transaction that somebody read. Were that an aborted read, this one would not have happened.
Kind kind_of_unread(const Transactions& transactions, OperationId by) {
  return transactions.outcome(by) == Outcome::ok ? Kind::ww : Kind::ww_read;
}

} // namespace

void AppendVersions::add_dependencies(GraphBuilder& builder) const {
  for (std::uint32_t key = 0; key < keys_.size(); ++key) {
    auto before = none;
    for (std::uint32_t version = 1; version <= keys_[key].trusted; ++version)
      if (const auto by = writer(key, version); by != none) {
        if (before != none)
          builder.add(before, by, Kind::ww);
        before = by;
      }
  }
  // The readers of the newest version of each key, as pairs of key and reader: what was not seen comes after them.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> newest;
  for (const auto& read : reads_) {
    const auto key = transactions_.steps[read.step].key;
    const auto version = read.version;
    if (version == none) {
      // No version of a common order, but whoever appended the last element comes before.
      const auto seen = transactions_.history->values.elements(transactions_.steps[read.step].value);
      if (const auto* write = writes_.find(key, seen.back());
          write != nullptr && !write->has_failed && !write->is_doubled)
        builder.add(write->by, read.by, Kind::wr);
      continue;
    }
    if (const auto by = writer(key, version); by != none) {
      if (by == read.by)
        continue; // it read its own append: what it appended to is a matter of ww
      builder.add(by, read.by, Kind::wr);
    }
    if (const auto next = next_known(*this, key, version); next != none)
      builder.add(read.by, writer(key, next), Kind::rw);
    else if (keys_[key].is_compatible)
      newest.emplace_back(key, read.by);
  }
  std::sort(newest.begin(), newest.end());
  newest.erase(std::unique(newest.begin(), newest.end()), newest.end());
  const auto all = unread(*this);
  std::vector<std::uint32_t> readers;
  std::vector<std::uint32_t> writers;
  std::vector<Kind> kinds;
  // Of each key: the last known writer and the readers of the newest version come before all that no read saw. Among
  // themselves those have no order.
  for (auto begin = all.begin(); begin != all.end();) {
    const auto key = begin->first;
    readers.clear();
    writers.clear();
    const auto last = last_known(*this, key, keys_[key].trusted);
    for (; begin != all.end() && begin->first == key; ++begin) {
      writers.push_back(begin->second);
      if (last > 0)
        builder.add(writer(key, last), begin->second, kind_of_unread(transactions_, begin->second));
    }
    kinds.assign(writers.size(), Kind::rw);
    for (auto one = std::lower_bound(newest.begin(), newest.end(), std::pair(key, std::uint32_t{0}));
         one != newest.end() && one->first == key; ++one)
      readers.push_back(one->second);
    builder.add_all(readers, writers, kinds);
  }
}

/// The sentence for one edge, looked for again from the histories' steps: cycles are few, and edges need not keep what
/// they were made of.
std::string AppendVersions::explain(OperationId from, OperationId to, Kind kind) const {
  const auto& history = *transactions_.history;
  const auto a = name_of(history, from);
  const auto b = name_of(history, to);
  const auto reads_of = [&](OperationId by) {
    const auto begin =
        std::lower_bound(reads_.begin(), reads_.end(), by, [](const auto& read, auto id) { return read.by < id; });
    const auto end = std::find_if(begin, reads_.end(), [&](const auto& read) { return read.by != by; });
    return std::span(begin, end);
  };
  if (kind == Kind::wr) {
    for (const auto& read : reads_of(to)) {
      const auto& step = transactions_.steps[read.step];
      const auto seen = history.values.elements(step.value);
      const auto* write = seen.empty() ? nullptr : writes_.find(step.key, seen.back());
      if (write != nullptr && write->by == from)
        return fmt::format("{} appended {} to {}, which {} read as {}", a, transactions_.show(write->value),
                           transactions_.show_key(step.key), b, transactions_.show(step.value));
    }
    return {};
  }
  for (const auto& step : transactions_.of(to)) {
    const auto number = step.is_write ? writes_.number(step.key, step.value) : none;
    if (number == none)
      continue;
    const auto own = version_of(number);
    const auto key = transactions_.show_key(step.key);
    const auto value = transactions_.show(step.value);
    const auto before = last_known(*this, step.key, own == none ? keys_[step.key].trusted : own - 1);
    if (kind == Kind::rw) {
      for (const auto& read : reads_of(from))
        if (transactions_.steps[read.step].key == step.key && read.version != none &&
            (own == none ? next_known(*this, step.key, read.version) == none
                         : next_known(*this, step.key, read.version) == own)) {
          const auto seen = transactions_.steps[read.step].value;
          return fmt::format("{} read {} as {}, without the {} that {} appended{}", a, key,
                             seen.is_nil() ? "nil" : transactions_.show(seen), value, b,
                             own == none ? " (which no read saw)" : "");
        }
    } else if (before > 0 && writer(step.key, before) == from) {
      const auto earlier = transactions_.show(elements(step.key)[before - 1]);
      if (own == none)
        return fmt::format("{} appended {} to {}, and {} appended {}, which no read saw, so it came later", a, earlier,
                           key, b, value);
      return fmt::format("{} appended {} to {} before {} appended {}, as {} read {}", a, earlier, key, b, value,
                         name_of(history, keys_[step.key].reader), transactions_.show(keys_[step.key].longest));
    }
  }
  return {};
}

} // namespace holdfast::consistency::isolation
