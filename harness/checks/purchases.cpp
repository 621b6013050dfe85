// Purchases: an append-only list per user. Everything acknowledged stays, once, as it was, in order.
#include "harness/checks/records.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::checks {

using history::Outcome;
using scenario::Declarations;
using scenario::Role;

namespace {

const RecordWords words{"purchase", "purchase history"};

void find_altered(verdict::CheckResult& result, const Facts& facts,
                  const std::unordered_map<std::string, const Operation*>& submitted) {
  std::set<std::string> said;
  for (const auto* read : facts.of(Role::purchases)) {
    if (read->outcome != Outcome::ok)
      continue;
    for (const auto& entry : read->list) {
      const auto found = submitted.find(entry.id);
      if (found == submitted.end())
        continue;
      const auto& origin = *found->second;
      const bool amount = entry.amount && std::to_string(*entry.amount) != origin.value("amount");
      const bool item = !entry.item.empty() && entry.item != origin.value("item");
      if ((amount || item) && said.insert(entry.id).second)
        result.add("altered", {read->user,
                               read->completed,
                               read->complete_time,
                               fmt::format("the purchase {} reads as {} for {}, was {} for {}", entry.id, entry.item,
                                           entry.amount.value_or(0), origin.value("item"), origin.value("amount")),
                               {&origin, read}});
    }
  }
}

/// Against real time: a purchase acknowledged before another was invoked must come first. Concurrent ones may be in any
/// order.
void find_reordered(verdict::CheckResult& result, const Facts& facts,
                    const std::unordered_map<std::string, const Operation*>& submitted) {
  const auto order = facts.bundle.scenario.stack.declare.purchase_order;
  if (order == Declarations::Order::any)
    return;
  std::set<std::string> said;
  for (const auto* read : facts.of(Role::purchases)) {
    if (read->outcome != Outcome::ok)
      continue;
    std::vector<const Operation*> origins;
    for (const auto& entry : read->list)
      if (const auto found = submitted.find(entry.id); found != submitted.end())
        origins.push_back(found->second);
    if (order == Declarations::Order::newest_first)
      std::reverse(origins.begin(), origins.end());
    // Walking backwards with the earliest acknowledgement seen so far finds every inversion's witness in one pass.
    const Operation* earliest = nullptr;
    for (auto it = origins.rbegin(); it != origins.rend(); ++it) {
      const auto* operation = *it;
      if (earliest != nullptr && earliest->completed != 0 && earliest->outcome == Outcome::ok &&
          earliest->completed < operation->invoked && said.insert(read->user).second)
        result.add("reordered", {read->user,
                                 read->completed,
                                 read->complete_time,
                                 fmt::format("{} was acknowledged before {} was begun, and is listed after it",
                                             earliest->id, operation->id),
                                 {earliest, operation, read}});
      if (operation->outcome == Outcome::ok && (earliest == nullptr || operation->completed < earliest->completed))
        earliest = operation;
    }
  }
}

/// Seen, then not, while no checkpoint was involved: a list that forgets between two ordinary reads and remembers
/// again.
void find_flickering(verdict::CheckResult& result, const Facts& facts) {
  std::map<std::string, std::map<std::string, const Operation*>> seen;
  std::set<std::pair<std::string, std::string>> said;
  auto reads = facts.of(Role::purchases);
  std::sort(reads.begin(), reads.end(),
            [](const Operation* a, const Operation* b) { return a->completed < b->completed; });
  for (const auto* read : reads) {
    if (read->outcome != Outcome::ok)
      continue;
    auto& known = seen[read->user];
    for (const auto& [id, first] : known) {
      if (first->completed > read->invoked || read->checkpoint != 0)
        continue;
      const bool there = std::any_of(read->list.begin(), read->list.end(),
                                     [&, key = id](const auto& entry) { return entry.id == key; });
      if (!there && said.emplace(read->user, id).second)
        result.add("flickering", {read->user,
                                  read->completed,
                                  read->complete_time,
                                  fmt::format("{} was seen and then not", id),
                                  {first, read}});
    }
    for (const auto& entry : read->list)
      known.emplace(entry.id, read);
  }
}

} // namespace

verdict::CheckResult check_purchases(const Facts& facts) {
  verdict::CheckResult result{.name = "purchases"};
  const auto& stack = facts.bundle.scenario.stack;
  if (stack.operation(Role::purchase) == nullptr || stack.reader(Role::purchases) == nullptr) {
    result.applicable = false;
    result.reason = "the stack has no operations with the roles purchase and purchases";
    return result;
  }
  if (!facts.is_offered(Role::purchase) && !facts.bundle.scenario.expect.survive.contains(result.name)) {
    result.applicable = false;
    result.reason = "the workload offers no purchase";
    return result;
  }
  std::vector<const Operation*> acknowledged;
  std::unordered_map<std::string, const Operation*> submitted;
  for (const auto* operation : facts.of(Role::purchase)) {
    submitted.emplace(operation->id, operation);
    if (operation->outcome == Outcome::ok)
      acknowledged.push_back(operation);
  }
  const auto unread = find_losses(result, facts, Role::purchases, acknowledged, words);
  find_intruders(result, facts, Role::purchases, submitted, words);
  find_altered(result, facts, submitted);
  find_reordered(result, facts, submitted);
  find_flickering(result, facts);
  result.at_risk = facts.at_risk(acknowledged);
  conclude(result, facts, acknowledged.size(), unread);
  return result;
}

} // namespace holdfast::checks
