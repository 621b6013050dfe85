// Payments: the provider's book against the orders. Every purchase is paid once and for its amount; what came to no
// order is not paid, or was taken back. The book is what the provider's fake recorded, entry by entry.
#include "harness/checks/check.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::checks {

using history::BookedEvent;
using history::Event;
using history::Outcome;
using scenario::Role;

namespace {

/// What the book holds of one purchase.
struct Account {
  std::vector<const Event*> payments;
  std::vector<const Event*> voids;

  [[nodiscard]] bool is_paid() const { return payments.size() > voids.size(); }
  /// Paid before a moment, and not taken back since. A purchase whose payment is taken back after that moment was still
  /// pending then: its payment may stand without an order for a while.
  [[nodiscard]] bool was_paid_before(std::uint64_t sequence) const {
    const auto before = std::count_if(payments.begin(), payments.end(),
                                      [&](const Event* payment) { return payment->sequence < sequence; });
    return static_cast<std::size_t>(before) > voids.size(); // voids count whenever they were booked
  }
};

/// The book by the id of the purchase that an entry names. Entries of other dependencies, and those of other kinds (a
/// reminder), are left out.
std::unordered_map<std::string, Account> read_book(const Facts& facts, const scenario::Payments& declared) {
  std::unordered_map<std::string, Account> book;
  for (const auto& event : facts.bundle.history.events) {
    const auto* booked = event.as<BookedEvent>();
    if (booked == nullptr || booked->dependency != declared.dependency)
      continue;
    if (booked->field_of(declared.kind) == declared.payment)
      book[booked->field_of(declared.id)].payments.push_back(&event);
    if (booked->field_of(declared.kind) == declared.voided)
      book[booked->field_of(declared.id)].voids.push_back(&event);
  }
  return book;
}

/// The last read of the buyer's orders that counts for a purchase: at a checkpoint, where nothing was pending any more.
/// Null when there was none.
const Operation* last_read(const Facts& facts, const Operation& purchase) {
  for (auto checkpoint = facts.checkpoints.rbegin(); checkpoint != facts.checkpoints.rend(); ++checkpoint) {
    if (checkpoint->began < purchase.invoked)
      break;
    const auto* read = facts.read(Role::purchases, facts.user(purchase), checkpoint->number);
    if (read != nullptr && read->outcome == Outcome::ok)
      return read;
  }
  return nullptr;
}

/// What was sent may be "7" and what is booked "7.00".
bool is_same_amount(const std::string& a, const std::string& b) {
  const auto one = text::Decimal::parse(a), other = text::Decimal::parse(b);
  return one && other ? *one == *other : a == b;
}

class Judge {
public:
  Judge(verdict::CheckResult& result, const Facts& facts, const scenario::Payments& declared)
      : result_(result), facts_(facts), declared_(declared),
        within_(facts.bundle.scenario.stack.declare.payments_visible) {
    const auto& history = facts.bundle.history;
    for (const auto& checkpoint : facts.checkpoints)
      last_look_ = std::max(last_look_, checkpoint.ended_time);
    // Without a checkpoint the book is looked at when the run ends.
    if (!history.events.empty() && last_look_ == history::Time{})
      last_look_ = history.events.back().time;
  }

  /// True when the payment of a purchase need not be booked yet at `looked_at`. All steps of the run count, since the
  /// book is judged as it was after the last of them.
  [[nodiscard]] bool is_pending(const Operation& purchase, history::Time looked_at) const {
    return within_ > history::Time{} && looked_at < facts_.due(purchase.complete_time, UINT64_MAX, within_);
  }

  /// What the book says by itself.
  void book(const Operation& purchase, const Account& account) {
    if (purchase.outcome == Outcome::ok && within_ > history::Time{} && !account.payments.empty())
      if (const auto* first = account.payments.front();
          first->time > facts_.due(purchase.complete_time, first->sequence, within_))
        say("stale", *first,
            fmt::format("the payment of {} was booked later than {}", purchase.id, scenario::format_duration(within_)),
            {&purchase});
    if (purchase.outcome == Outcome::ok && account.payments.empty() && !is_pending(purchase, last_look_))
      result_.add("partial", {purchase.user,
                              purchase.completed,
                              purchase.complete_time,
                              fmt::format("{} was acknowledged and never paid", purchase.id),
                              {&purchase},
                              purchase.invoked});
    // A payment that was taken back may be made again: what counts is how many stand.
    if (account.payments.size() > account.voids.size() + 1)
      say("duplicated", *account.payments.back(),
          fmt::format("{} is paid {} times", purchase.id, account.payments.size()), {&purchase});
    if (account.voids.size() > account.payments.size())
      say("duplicated", *account.voids.back(),
          fmt::format("{} is paid {} times and taken back {} times", purchase.id, account.payments.size(),
                      account.voids.size()),
          {&purchase});
    for (const auto* payment : account.payments)
      if (const auto amount = payment->as<BookedEvent>()->field_of(declared_.amount);
          !is_same_amount(amount, purchase.value("amount"))) {
        say("altered", *payment,
            fmt::format("{} is paid with {}, was a purchase for {}", purchase.id, amount, purchase.value("amount")),
            {&purchase});
        break;
      }
    const bool failed = purchase.outcome == Outcome::fail && purchase.completed != 0;
    if (failed && account.is_paid())
      say("phantom", *account.payments.back(), fmt::format("{} certainly failed, and is paid", purchase.id),
          {&purchase});
  }

  /// The book against the buyer's orders.
  void orders(const Operation& purchase, const Account& account, const Operation& read) {
    const bool ordered = std::any_of(read.list.begin(), read.list.end(),
                                     [&](const history::ListEntry& entry) { return entry.id == purchase.id; });
    // `book` has already told of an acknowledged purchase that was never paid.
    const bool said = purchase.outcome == Outcome::ok && account.payments.empty();
    if (ordered && !account.is_paid() && !said && !is_pending(purchase, last_look_))
      result_.add("partial", {purchase.user,
                              read.completed,
                              read.complete_time,
                              fmt::format("{} has an order without a payment", purchase.id),
                              {&purchase, &read},
                              purchase.invoked});
    // A purchase of unknown outcome may come to no order, but then its payment must not stay. `book` tells of one that
    // certainly failed and is paid.
    if (!ordered && account.was_paid_before(read.invoked) && purchase.outcome != Outcome::fail)
      say("partial", *account.payments.back(), fmt::format("{} has a payment without an order", purchase.id),
          {&purchase, &read}, read.completed);
  }

  void phantom(const std::string& id, const Account& account) {
    const auto* entry = account.payments.empty() ? account.voids.front() : account.payments.front();
    say("phantom", *entry, fmt::format("the book of '{}' holds {}, which nobody bought", declared_.dependency, id), {});
  }

private:
  void say(const std::string& kind, const Event& entry, const std::string& what,
           std::vector<const Operation*> operations, std::uint64_t sequence = 0) {
    const auto user = operations.empty() ? std::string{} : operations.front()->user;
    const auto invoked = operations.empty() ? 0 : operations.front()->invoked; // there was nothing to pay before
    result_.add(kind, {user, sequence != 0 ? sequence : entry.sequence, entry.time,
                       fmt::format("{} (booked at {:.3f}s)", what, static_cast<double>(entry.time.count()) / 1e9),
                       std::move(operations), invoked});
  }

  verdict::CheckResult& result_;
  const Facts& facts_;
  const scenario::Payments& declared_;
  history::Time within_;
  history::Time last_look_{}; ///< the end of the last checkpoint
};

/// Why the check says nothing about this stack; empty when it applies.
std::string not_applicable(const Facts& facts) {
  const auto& stack = facts.bundle.scenario.stack;
  if (!stack.declare.payments)
    return "the stack has no [declare.payments]";
  if (stack.operation(Role::purchase) == nullptr || stack.operation(Role::purchases) == nullptr)
    return "the stack has no operations with the roles purchase and purchases";
  if (!facts.is_offered(Role::purchase))
    return "the workload offers no purchase";
  const auto* dependency = stack.dependency(stack.declare.payments->dependency);
  if (dependency == nullptr || dependency->provider != scenario::Dependency::Provider::fake)
    return fmt::format("the book of '{}' is known only with provider = \"fake\"", stack.declare.payments->dependency);
  return {};
}

} // namespace

verdict::CheckResult check_payments(const Facts& facts) {
  verdict::CheckResult result{.name = "payments"};
  result.reason = not_applicable(facts);
  result.applicable = result.reason.empty();
  const auto& stack = facts.bundle.scenario.stack;
  if (!result.applicable) {
    result.verdict = verdict::Verdict::inconclusive;
    result.says_why = stack.declare.payments.has_value();
    return result;
  }
  const auto& declared = *facts.bundle.scenario.stack.declare.payments;
  const auto book = read_book(facts, declared);
  Judge judge(result, facts, declared);
  std::vector<const Operation*> acknowledged;
  std::set<std::string> bought;
  std::size_t unread = 0;
  static const Account none;
  for (const auto* purchase : facts.of(Role::purchase)) {
    bought.insert(purchase->id);
    const auto found = book.find(purchase->id);
    const auto& account = found == book.end() ? none : found->second;
    judge.book(*purchase, account);
    const bool is_acknowledged = purchase->outcome == Outcome::ok;
    if (is_acknowledged)
      acknowledged.push_back(purchase);
    const auto* read = last_read(facts, *purchase);
    if (read != nullptr)
      judge.orders(*purchase, account, *read), ++result.examined;
    else if (is_acknowledged)
      ++unread;
  }
  for (const auto& [id, account] : book)
    if (!bought.contains(id))
      judge.phantom(id, account);
  result.at_risk = facts.at_risk(acknowledged);
  conclude(result, facts, {acknowledged.size(), unread}, facts.why_none_at_risk(acknowledged));
  return result;
}

Check payments_check() {
  return {.name = "payments",
          .about = "the provider's book against the orders: every purchase is paid once, for its amount",
          .kinds = {{"partial", "a purchase that was never paid, or a payment without an order"},
                    {"stale", "booked later than `visible_within` allows"},
                    {"duplicated", "paid, or taken back, more than once"},
                    {"phantom", "the book holds what nobody bought, or what certainly failed"},
                    {"altered", "paid with another amount"}},
          .of_records = true,
          .run = check_payments};
}

} // namespace holdfast::checks
