// Purchases: an append-only list per user. Everything acknowledged stays, once, as it was, in order.
#include "harness/checks/records.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::checks {

using history::Outcome;
using scenario::Declarations;
using scenario::Role;

namespace {

const RecordWords purchase_words{"purchase", "purchase history"};

bool is_altered(const Operation& origin, const history::ListEntry& entry) {
  // Only what was sent and is shown can be compared: there are lists without items, and purchases without an amount.
  const auto amount = origin.values.find("amount"), item = origin.values.find("item");
  return (entry.amount && amount && entry.amount != text::Decimal::parse(*amount)) ||
         (!entry.item.empty() && item && entry.item != *item);
}

std::string words_of(const std::string& item, const std::string& amount) {
  return item.empty() ? amount : amount.empty() ? item : fmt::format("{} for {}", item, amount);
}

void add_altered(verdict::CheckResult& result, const Ledger& ledger, const consistency::Lanes& lanes,
                 const std::vector<consistency::Intruder>& altered) {
  std::set<consistency::RecordId> said; // one case a purchase, whoever reads it
  for (const auto& one : altered) {
    if (!said.insert(one.record).second)
      continue;
    const auto* read = ledger.reads[one.read];
    const auto& origin = *ledger.origins[one.record];
    const auto& entry = *ledger.altered_entry(one.read, one.record);
    result.add("altered", {read->user,
                           read->completed,
                           read->complete_time,
                           fmt::format("the purchase {} reads as {}, was {}", entry.id,
                                       words_of(entry.item, entry.amount ? entry.amount->text() : std::string{}),
                                       words_of(origin.value("item"), origin.value("amount"))),
                           {&origin, read},
                           known_good(ledger, lanes, one.read, &origin)});
  }
}

/// Against real time: a purchase acknowledged before another was invoked must come first. Concurrent ones may be in any
/// order.
void find_reordered(verdict::CheckResult& result, const Ledger& ledger, const consistency::Lanes& lanes,
                    Declarations::Order declared, history::Time visible_within) {
  if (declared == Declarations::Order::any)
    return;
  const auto order = declared == Declarations::Order::oldest_first ? consistency::ListOrder::oldest_first
                                                                   : consistency::ListOrder::newest_first;
  for (const auto& one : consistency::find_inversions(ledger.sightings, order)) {
    const auto* read = ledger.reads[one.read];
    const auto* earlier = ledger.origins[one.earlier];
    const auto* later = ledger.origins[one.later];
    // While a list may still lack one of the two, it may also show them in an order that is not its last.
    if (visible_within > history::Time{} &&
        read->invoke_time < std::max(earlier->complete_time, later->complete_time) + visible_within)
      continue;
    result.add("reordered",
               {read->user,
                read->completed,
                read->complete_time,
                fmt::format("{} was acknowledged before {} was begun, and is listed after it", earlier->id, later->id),
                {earlier, later, read},
                known_good(ledger, lanes, one.read, later)});
  }
}

/// What reads between checkpoints lack: `flickering`, seen and then not (monotonic reads), and `read-your-writes`, a
/// buyer's own purchase that was not there when they looked, and only later. What a checkpoint has shown to be gone is
/// that, and not said twice.
void find_instability(verdict::CheckResult& result, const Ledger& ledger, const consistency::Durability& durability,
                      history::Time visible_within) {
  std::set<std::string> gone; // users who have lost something
  for (const auto& finding : result.findings)
    if (finding.kind == "unreachable" || finding.kind == "lost" || finding.kind == "destroyed")
      for (const auto& one : finding.occurrences)
        gone.insert(one.user);
  auto absences = durability.absences;
  const auto shown_at = [&](const consistency::Absence& one) {
    return std::pair(ledger.reads[one.flickered == consistency::none ? one.missing : one.flickered]->completed,
                     ledger.id(one.record));
  };
  // In the order in which they showed, so that the examples in a report are the earliest cases.
  std::erase_if(absences, [](const consistency::Absence& one) { return one.missing == consistency::none; });
  std::sort(absences.begin(), absences.end(), [&](const auto& a, const auto& b) { return shown_at(a) < shown_at(b); });
  for (const auto& one : absences) {
    const auto say = [&](const std::string& kind, const Operation* first, const Operation* read, std::string what) {
      result.add(kind,
                 {read->user, read->completed, read->complete_time, std::move(what), {first, read}, first->completed});
    };
    const auto id = ledger.id(one.record);
    if (one.flickered != consistency::none) {
      say("flickering", ledger.reads[one.seen], ledger.reads[one.flickered],
          fmt::format("{} was seen and then not", id));
      continue;
    }
    if (visible_within > history::Time{})
      continue; // it may show late
    const auto* read = ledger.reads[one.missing];
    const auto& record = ledger.sightings.records[one.record];
    // Buyers must see what was acknowledged to them before they asked. A purchase that never showed is told as a loss
    // at a checkpoint, as is everything of a user who lost something; and a list in several pages may have missed it
    // between two pages.
    if (record.owner == one.collection && record.acknowledged < ledger.sightings.reads[one.missing].invoked &&
        one.seen != consistency::none && !ledger.facts.may_be_torn(*read) && !gone.contains(read->user))
      say("read-your-writes", ledger.origins[one.record], read,
          fmt::format("{} was acknowledged and not in the purchase history that its buyer read next, and only later",
                      id));
  }
}

} // namespace

verdict::CheckResult check_purchases(const Facts& facts) {
  verdict::CheckResult result{.name = "purchases"};
  const auto& stack = facts.bundle.scenario.stack;
  if (stack.operation(Role::purchase) == nullptr || stack.reader(Role::purchases) == nullptr) {
    result.applicable = result.says_why = false;
    result.reason = "the stack has no operations with the roles purchase and purchases";
    return result;
  }
  if (!facts.is_offered(Role::purchase) && !facts.bundle.scenario.expect.survive.contains(result.name)) {
    result.applicable = false;
    result.reason = "the workload offers no purchase";
    return result;
  }
  std::vector<const Operation*> acknowledged;
  for (const auto* operation : facts.of(Role::purchase))
    if (operation->outcome == Outcome::ok)
      acknowledged.push_back(operation);
  const Ledger ledger(facts, Role::purchases, {Role::purchase}, is_altered);
  const consistency::Lanes lanes(ledger.sightings, consistency::Lanes::By::collection);
  const consistency::Holders holders(ledger.sightings, lanes);
  const CheckpointReads reads(ledger);
  const auto visible = stack.declare.purchases_visible;
  const auto losses = find_losses(result, ledger, lanes, holders, reads, Role::purchase, purchase_words, visible);
  add_altered(result, ledger, lanes, find_intruders(result, ledger, lanes, purchase_words));
  find_reordered(result, ledger, lanes, stack.declare.purchase_order, visible);
  find_instability(result, ledger, consistency::find_absences(ledger.sightings, lanes, holders), visible);
  result.at_risk = facts.at_risk(acknowledged);
  conclude(result, facts, {acknowledged.size(), losses.unread, losses.doubtful}, facts.why_none_at_risk(acknowledged));
  return result;
}

Check purchases_check() {
  return {.name = "purchases",
          .about = "an append-only list per user: everything acknowledged stays, once, as it was, in order",
          .kinds = {{"lost", "an acknowledged purchase is not in the history, and still not at the end"},
                    {"unreachable",
                     "the history could not be read at a checkpoint, or a purchase was not in it and came back"},
                    {"destroyed", "lost although the release and configuration of the start are in force again"},
                    {"stale", "it showed later than `visible_within` allows"},
                    {"duplicated", "it is in the history more than once"},
                    {"phantom", "the history holds what nobody submitted, or what certainly failed"},
                    {"altered", "its amount or item is not as it was submitted"},
                    {"reordered", "listed against the order in which purchases were acknowledged"},
                    {"flickering", "seen, and then not"},
                    {"read-your-writes", "not in the history that its buyer read next, and only later"},
                    {"crossed", "in another user's history"}},
          .of_records = true,
          .run = check_purchases};
}

} // namespace holdfast::checks
