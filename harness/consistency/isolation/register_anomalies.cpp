// Anomalies of register histories that need no cycle of transactions: what a transaction did to itself, reads of what
// nobody or a failed transaction wrote, versions that each come before the other, and lost updates.
#include "harness/consistency/isolation/components.hpp"
#include "harness/consistency/isolation/judgement.hpp"
#include "harness/consistency/isolation/register_versions.hpp"

#include <algorithm>
#include <compare>
#include <fmt/format.h>

namespace holdfast::consistency::isolation {

namespace {

/// What is wrong with single transactions and reads.
class Finder {
public:
  Finder(const Transactions& transactions, const Writes& writes, Result& result)
      : transactions_(transactions), writes_(writes), history_(*transactions.history), result_(result) {}

  void find_doubled() {
    for (const auto& write : writes_.all())
      if (write.is_doubled)
        result_.add("duplicate-writes",
                    {fmt::format("{} was written to {} by {} and by {}: who wrote what was read cannot be told",
                                 transactions_.show(write.value), transactions_.show_key(write.key), name(write.by),
                                 write.by == write.also_by ? "itself again" : name(write.also_by)),
                     {write.by, write.also_by},
                     {}});
  }

  /// Reads against what the same transaction did before (`internal`) and does afterwards (`future-read`).
  void look_inside(OperationId id) {
    const auto steps = transactions_.of(id);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].is_write)
        continue;
      look_at_read(id, steps[i]);
      const Step* before = nullptr;
      for (std::size_t j = 0; j < i; ++j)
        if (steps[j].key == steps[i].key)
          before = &steps[j];
      if (before != nullptr && before->value != steps[i].value)
        result_.add("internal", {fmt::format("{} read {} as {}, where it had {} {} before", name(id),
                                             transactions_.show_key(steps[i].key), transactions_.show(steps[i].value),
                                             before->is_write ? "written" : "read", transactions_.show(before->value)),
                                 {id},
                                 {}});
      for (std::size_t j = i + 1; j < steps.size(); ++j)
        if (steps[j].is_write && steps[j].key == steps[i].key && steps[j].value == steps[i].value &&
            !was_written(steps.first(i), steps[i]) && !writes_.find(steps[i].key, steps[i].value)->is_doubled)
          result_.add("future-read",
                      {fmt::format("{} read {} as {} before it wrote that itself", name(id),
                                   transactions_.show_key(steps[i].key), transactions_.show(steps[i].value)),
                       {id},
                       {}});
    }
  }

private:
  [[nodiscard]] std::string name(OperationId id) const { return name_of(history_, id); }
  static bool was_written(std::span<const Step> steps, const Step& read) {
    return std::any_of(steps.begin(), steps.end(), [&](const Step& step) {
      return step.is_write && step.key == read.key && step.value == read.value;
    });
  }

  void look_at_read(OperationId id, const Step& step) {
    if (step.value.is_nil())
      return;
    const auto* seen = writes_.find(step.key, step.value);
    const auto read = [&] {
      return fmt::format("{} read {} as {}", name(id), transactions_.show_key(step.key),
                         transactions_.show(step.value));
    };
    if (seen == nullptr)
      result_.add("garbage-read", {read() + ", which nobody ever wrote", {id}, {}});
    else if (seen->has_failed)
      result_.add(
          "G1a",
          {fmt::format("{}, which {} wrote, which certainly failed", read(), name(seen->by)), {seen->by, id}, {}});
    else if (!seen->is_final && !seen->is_doubled && seen->by != id)
      result_.add("G1b", {fmt::format("{}, which {} overwrote itself", read(), name(seen->by)), {seen->by, id}, {}});
  }

  const Transactions& transactions_;
  const Writes& writes_;
  const History& history_;
  Result& result_;
};

} // namespace

void RegisterVersions::find_anomalies(Result& result) const {
  Finder finder(transactions_, writes_, result);
  finder.find_doubled();
  for (OperationId id = 0; id < transactions_.count(); ++id)
    if (transactions_.outcome(id) == Outcome::ok)
      finder.look_inside(id);
  find_cyclic_versions(result);

  // Two that read the same version and then both wrote the key, whatever the order of their writes. Whoever wrote what
  // they read, and be it nobody.
  struct Update {
    std::uint32_t key;
    std::uint64_t seen;
    OperationId by;
    auto operator<=>(const Update&) const = default;
  };
  std::vector<Update> updates;
  for (const auto& meeting : meetings_) {
    const auto steps = transactions_.of(meeting.by);
    const auto of_key = [&](const Step& step) { return step.key == meeting.key; };
    const auto first = std::find_if(steps.begin(), steps.end(), of_key);
    const auto* seen = writes_.find(meeting.key, first->value);
    if (meeting.has_read && (seen == nullptr || !seen->is_doubled) &&
        std::any_of(first, steps.end(), [&](const Step& step) { return of_key(step) && step.is_write; }))
      updates.push_back({meeting.key, first->value.bits(), meeting.by});
  }
  std::sort(updates.begin(), updates.end());
  for (auto begin = updates.begin(); begin != updates.end();) {
    const auto first = *begin;
    std::vector<OperationId> all;
    for (; begin != updates.end() && begin->key == first.key && begin->seen == first.seen; ++begin)
      all.push_back(begin->by);
    if (all.size() < 2)
      continue;
    const auto steps = transactions_.of(first.by);
    const auto& read =
        *std::find_if(steps.begin(), steps.end(), [&](const Step& step) { return step.key == first.key; });
    result.add("lost-update",
               {fmt::format("{} and {} both read {} as {} and both wrote it", name_of(*transactions_.history, all[0]),
                            name_of(*transactions_.history, all[1]), transactions_.show_key(first.key),
                            transactions_.show(read.value)),
                std::move(all),
                {}});
  }
}

/// Versions of one key in a circle: no order of the key's writes is possible. Orders of processes and of real time
/// count only where the user has declared them to be facts.
void RegisterVersions::find_cyclic_versions(Result& result) const {
  GraphBuilder builder(static_cast<std::uint32_t>(writes_.all().size()));
  for (const auto& order : orders_)
    if (order.source == Source::follows_read || is_fact(order.source))
      builder.add(order.before, order.after, Kind::ww);
  Components components;
  const auto graph = builder.build(0);
  find_components(graph, {bit(Kind::ww), false}, components);
  std::vector<std::vector<std::uint32_t>> cyclic(components.size.size());
  for (std::uint32_t version = 0; version < graph.nodes; ++version)
    if (components.size[components.of[version]] > 1)
      cyclic[components.of[version]].push_back(version);
  for (const auto& versions : cyclic) {
    if (versions.empty())
      continue;
    std::string list;
    std::vector<OperationId> writers;
    for (const auto version : versions) {
      list += (list.empty() ? "" : ", ") + transactions_.show(write(version).value);
      writers.push_back(write(version).by);
    }
    result.add("cyclic-versions", {fmt::format("the values {} of {} each come before the others", list,
                                               transactions_.show_key(write(versions.front()).key)),
                                   std::move(writers),
                                   {}});
  }
}

} // namespace holdfast::consistency::isolation
