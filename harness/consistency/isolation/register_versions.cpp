#include "harness/consistency/isolation/register_versions.hpp"

#include <algorithm>
#include <tuple>

namespace holdfast::consistency::isolation {

RegisterVersions::RegisterVersions(const Transactions& transactions, const Writes& writes, const Declared& declared)
    : transactions_(transactions), writes_(writes), declared_(declared) {
  for (OperationId id = 0; id < transactions.count(); ++id)
    if (transactions.outcome(id) != Outcome::fail)
      meet(id);
  std::sort(meetings_.begin(), meetings_.end(),
            [](const Meeting& a, const Meeting& b) { return std::pair(a.key, a.by) < std::pair(b.key, b.by); });
  for (const auto& meeting : meetings_)
    if (meeting.has_read && meeting.is_clear) {
      reads_.push_back({meeting.key, meeting.read, meeting.by});
      if (meeting.read != none && meeting.wrote != none)
        orders_.push_back({meeting.read, meeting.wrote, Source::follows_read, false, meeting.by, meeting.by});
    }
  std::sort(reads_.begin(), reads_.end());
  order_by_time();
  order_by_process();
  std::sort(orders_.begin(), orders_.end());
  const auto same = [](const VersionOrder& a, const VersionOrder& b) { // one witness is enough
    return std::tie(a.before, a.after, a.source, a.is_seen_later) ==
           std::tie(b.before, b.after, b.source, b.is_seen_later);
  };
  orders_.erase(std::unique(orders_.begin(), orders_.end(), same), orders_.end());
}

/// Only the first access to a key and the last write of it can be seen from outside; what lies between is judged by
/// find_anomalies.
void RegisterVersions::meet(OperationId by) {
  const auto begin = static_cast<std::ptrdiff_t>(meetings_.size());
  const bool is_ok = transactions_.outcome(by) == Outcome::ok;
  for (const auto& step : transactions_.of(by)) {
    auto known = std::find_if(meetings_.begin() + begin, meetings_.end(),
                              [&](const Meeting& meeting) { return meeting.key == step.key; });
    if (known == meetings_.end()) {
      if (!step.is_write && !is_ok)
        continue; // what it read is unknown
      known = meetings_.insert(known, {step.key, by, none, none, !step.is_write, true});
      if (!step.is_write && !step.value.is_nil()) {
        known->read = writes_.number(step.key, step.value);
        known->is_clear = known->read != none && !write(known->read).has_failed && !write(known->read).is_doubled &&
                          write(known->read).is_final && write(known->read).by != by;
      }
    }
    if (step.is_write) {
      const auto number = writes_.number(step.key, step.value);
      known->wrote = write(number).is_doubled ? none : number;
    }
  }
}

bool RegisterVersions::is_fact(Source source) const {
  switch (source) {
  case Source::follows_read:
    return declared_.writes_follow_reads;
  case Source::process:
    return declared_.sequential_keys || declared_.linearizable_keys;
  case Source::realtime:
    return declared_.linearizable_keys;
  }
  return false;
}

void RegisterVersions::add_order(const Meeting& first, const Meeting& second, Source source) {
  const auto before = first.wrote != none ? first.wrote : first.read;
  const auto after = second.has_read ? second.read : second.wrote;
  // What leads to nil is a cycle with its reader as it is; what leads from nil is known.
  if (before != none && after != none && before != after)
    orders_.push_back({before, after, source, second.has_read, first.by, second.by});
}

/// Draws an order between neighbours in a process only; chains of them order the rest.
void RegisterVersions::order_by_process() {
  const auto process = [&](const Meeting& meeting) { return transactions_.history->operations[meeting.by].process; };
  auto all = meetings_;
  std::erase_if(all, [](const Meeting& meeting) { return !meeting.is_clear; });
  std::stable_sort(all.begin(), all.end(), [&](const Meeting& a, const Meeting& b) {
    return std::pair(a.key, process(a)) < std::pair(b.key, process(b));
  });
  for (std::size_t i = 1; i < all.size(); ++i)
    if (all[i].key == all[i - 1].key && process(all[i]) == process(all[i - 1]) &&
        transactions_.outcome(all[i - 1].by) == Outcome::ok)
      add_order(all[i - 1], all[i], Source::process);
}

/// Draws an order from `frontier` only, not from all that completed before: whoever completed before another of the
/// frontier began comes before it already.
void RegisterVersions::order_by_time() {
  const auto& operations = transactions_.history->operations;
  std::vector<const Meeting*> completed; // of one key, by completion
  std::vector<const Meeting*> frontier;  // of those completed, who nobody after them began after
  for (auto begin = meetings_.begin(); begin != meetings_.end();) {
    const auto end =
        std::find_if(begin, meetings_.end(), [&](const Meeting& other) { return other.key != begin->key; });
    completed.clear();
    frontier.clear();
    for (auto one = begin; one != end; ++one)
      if (one->is_clear && transactions_.outcome(one->by) == Outcome::ok)
        completed.push_back(&*one);
    std::sort(completed.begin(), completed.end(), [&](const Meeting* a, const Meeting* b) {
      return operations[a->by].completion < operations[b->by].completion;
    });
    auto next = completed.begin();
    for (; begin != end; ++begin) {
      if (!begin->is_clear)
        continue;
      for (; next != completed.end() && operations[(*next)->by].completion < operations[begin->by].invocation; ++next) {
        std::erase_if(frontier, [&](const Meeting* earlier) {
          return operations[earlier->by].completion < operations[(*next)->by].invocation;
        });
        frontier.push_back(*next);
      }
      for (const auto* earlier : frontier)
        add_order(*earlier, *begin, Source::realtime);
    }
  }
}

} // namespace holdfast::consistency::isolation
