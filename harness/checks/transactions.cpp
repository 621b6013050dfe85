// Transactions: every acknowledged transfer is folded by its id, on both sides; a conserved total is not enough. A
// purchase is charged under its own id, so orders and charges are held against each other as well.
#include "harness/checks/records.hpp"
#include "harness/consistency/fold.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::checks {

using history::Outcome;
using scenario::Role;

namespace {

const RecordWords words{"transfer", "statement"};

/// Debit and credit of every transfer at the last checkpoint where both statements could be read: by then nothing is
/// pending.
void find_halves(verdict::CheckResult& result, const Ledger& ledger, const CheckpointReads& reads, Entries& entries) {
  const auto& checkpoints = ledger.facts.checkpoints;
  for (consistency::RecordId id = 0; id < ledger.roles.size(); ++id) {
    const auto& record = ledger.sightings.records[id];
    const auto* transfer = ledger.origins[id];
    if (ledger.roles[id] != Role::transfer || record.partner == record.owner ||
        transfer->outcome == Outcome::unauthenticated)
      continue;
    for (auto i = checkpoints.size(); i > 0 && checkpoints[i - 1].began >= transfer->invoked; --i) {
      const auto* mine = reads.at(i - 1, record.owner).operation;
      const auto* theirs = reads.at(i - 1, record.partner).operation;
      if (mine == nullptr || theirs == nullptr || mine->outcome != Outcome::ok || theirs->outcome != Outcome::ok)
        continue;
      const auto peer = ledger.users[record.partner];
      const auto* debit = entries.find(*mine, Role::statement, transfer->id);
      const auto* credit = entries.find(*theirs, Role::statement, transfer->id);
      const auto say = [&](const std::string& kind, const std::string& what) {
        result.add(kind, {transfer->user, mine->completed, mine->complete_time, what, {transfer, mine, theirs}});
      };
      if ((debit == nullptr) != (credit == nullptr))
        say("partial", fmt::format("{} has {} without {}", transfer->id, debit != nullptr ? "a debit" : "a credit",
                                   debit != nullptr ? "a credit" : "a debit"));
      const auto wanted = std::atoll(transfer->value("amount").c_str());
      if (debit != nullptr && debit->amount && *debit->amount != -wanted)
        say("altered", fmt::format("{} debits {}, was a transfer of {}", transfer->id, -*debit->amount, wanted));
      if (credit != nullptr && credit->amount && *credit->amount != wanted)
        say("altered", fmt::format("{} credits {}, was a transfer of {}", transfer->id, *credit->amount, wanted));
      if (debit != nullptr && !debit->peer.empty() && debit->peer != peer)
        say("misdirected", fmt::format("{} went to {}, was meant for {}", transfer->id, debit->peer, peer));
      break;
    }
  }
}

/// An order without its charge, or a charge without its order.
void find_unpaid(verdict::CheckResult& result, const Facts& facts, Entries& entries) {
  const auto& stack = facts.bundle.scenario.stack;
  if (stack.reader(Role::purchases) == nullptr || !stack.declare.purchases_are_charged)
    return;
  for (const auto* purchase : facts.of(Role::purchase)) {
    if (purchase->outcome == Outcome::unauthenticated)
      continue;
    for (auto checkpoint = facts.checkpoints.rbegin(); checkpoint != facts.checkpoints.rend(); ++checkpoint) {
      if (checkpoint->began < purchase->invoked)
        break;
      const auto* orders = facts.read(Role::purchases, purchase->user, checkpoint->number);
      const auto* statement = facts.read(Role::statement, purchase->user, checkpoint->number);
      if (orders == nullptr || statement == nullptr || orders->outcome != Outcome::ok ||
          statement->outcome != Outcome::ok)
        continue;
      const auto* order = entries.find(*orders, Role::purchases, purchase->id);
      const auto* charge = entries.find(*statement, Role::statement, purchase->id);
      const auto wanted = std::atoll(purchase->value("amount").c_str());
      if (charge != nullptr && charge->amount && *charge->amount != -wanted)
        result.add("altered",
                   {purchase->user,
                    statement->completed,
                    statement->complete_time,
                    fmt::format("{} is charged {}, was a purchase for {}", purchase->id, -*charge->amount, wanted),
                    {purchase, statement}});
      if ((order == nullptr) != (charge == nullptr))
        result.add("partial",
                   {purchase->user,
                    statement->completed,
                    statement->complete_time,
                    fmt::format("{} has {}", purchase->id,
                                order != nullptr ? "an order without a charge" : "a charge without an order"),
                    {purchase, orders, statement}});
      break;
    }
  }
}

void find_unbalanced(verdict::CheckResult& result, const Facts& facts) {
  const auto& declare = facts.bundle.scenario.stack.declare;
  std::set<std::string> unbalanced, overdrawn;
  for (const auto* read : facts.of(Role::statement)) {
    if (read->outcome != Outcome::ok || facts.may_be_torn(*read))
      continue;
    const auto captured = read->captured.find("balance");
    if (!captured)
      continue; // an older recording without it
    const auto balance = std::atoll(std::string(*captured).c_str());
    consistency::Fold fold(declare.opening_balance);
    for (const auto& entry : facts.list(*read, Role::statement))
      fold.add(entry.amount);
    const auto folded = fold.balance();
    if (folded && *folded != balance && unbalanced.insert(read->user).second)
      result.add("unbalanced", {read->user,
                                read->completed,
                                read->complete_time,
                                fmt::format("the balance is {}, the statement adds up to {} (opening balance {})",
                                            balance, *folded, declare.opening_balance.value_or(0)),
                                {read}});
    if (balance < 0 && !declare.overdraft && overdrawn.insert(read->user).second)
      result.add("overdrawn",
                 {read->user, read->completed, read->complete_time, fmt::format("the balance is {}", balance), {read}});
  }
}

} // namespace

verdict::CheckResult check_transactions(const Facts& facts) {
  verdict::CheckResult result{.name = "transactions"};
  const auto& stack = facts.bundle.scenario.stack;
  if (stack.operation(Role::transfer) == nullptr || stack.reader(Role::statement) == nullptr) {
    result.applicable = false;
    result.reason = "the stack has no operations with the roles transfer and statement";
    return result;
  }
  if (!facts.is_offered(Role::transfer) && !facts.bundle.scenario.expect.survive.contains(result.name)) {
    result.applicable = false;
    result.reason = "the workload offers no transfer";
    return result;
  }
  std::vector<const Operation*> acknowledged, charged;
  for (const auto role : {Role::transfer, Role::purchase})
    for (const auto* operation : facts.of(role))
      if (operation->outcome == Outcome::ok)
        (role == Role::transfer ? acknowledged : charged).push_back(operation);
  const Ledger ledger(facts, Role::statement, {Role::transfer, Role::purchase});
  const consistency::Lanes lanes(ledger.sightings, consistency::Lanes::By::collection);
  const consistency::Holders holders(ledger.sightings, lanes);
  const CheckpointReads reads(ledger);
  const auto unread = find_losses(result, ledger, lanes, holders, reads, Role::transfer, words);
  find_intruders(result, ledger, words);
  Entries entries(facts);
  find_halves(result, ledger, reads, entries);
  find_unpaid(result, facts, entries);
  find_unbalanced(result, facts);
  result.at_risk = facts.at_risk(acknowledged);
  if (stack.declare.purchases_are_charged) // a charge is a transaction as well
    result.at_risk += facts.at_risk(charged);
  conclude(result, facts, acknowledged.size(), unread);
  return result;
}

} // namespace holdfast::checks
