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

const RecordWords transfer_words{"transfer", "statement"};

/// What two lists show of one record at the last checkpoint where both could be read: by then nothing is pending. One
/// is the statement of whose record it is; the other their peer's, or for a purchase their own purchase history.
struct Sides {
  std::uint32_t checkpoint = consistency::none; ///< its place in the facts; none: there was no such checkpoint
  const history::ListEntry* own = nullptr;      ///< the first entry there of the record's id; null: it has none
  const history::ListEntry* other = nullptr;
};

/// The two sides of every record. First the checkpoint at which to compare is chosen for each record; then one walk
/// over all lists of all checkpoints collects the entries, since searching two lists for every record would take the
/// square of their length.
class Comparison {
public:
  Comparison(const Ledger& ledger, const CheckpointReads& statements)
      : ledger_(ledger), statements_(statements), orders_(ledger, Role::purchases), sides_(ledger.roles.size()) {
    for (consistency::RecordId id = 0; id < sides_.size(); ++id)
      sides_[id].checkpoint = last_readable(id);
    for (std::uint32_t checkpoint = 0; checkpoint < ledger.facts.checkpoints.size(); ++checkpoint)
      for (std::uint32_t user = 0; user < ledger.facts.users.size(); ++user) {
        if (const auto& statement = statements.at(checkpoint, user); statement.succeeded())
          look_at_statement(statement, checkpoint, user);
        if (const auto& orders = orders_.at(checkpoint, user); orders.succeeded())
          look_at_orders(orders, checkpoint, user);
      }
  }

  [[nodiscard]] const Sides& of(consistency::RecordId id) const { return sides_[id]; }
  [[nodiscard]] const Operation& own_read(consistency::RecordId id) const {
    return *statements_.at(sides_[id].checkpoint, record(id).owner).operation;
  }
  [[nodiscard]] const Operation& other_read(consistency::RecordId id) const {
    return *other(id, sides_[id].checkpoint).operation;
  }

  /// The first checkpoint at which both lists showed what they show at the last one, and have at every one in between
  /// where they could be read.
  struct Since {
    const Operation* own = nullptr;
    const Operation* other = nullptr;
    std::uint64_t known_good = 0; ///< they showed something else then, or the record did not exist yet
  };
  [[nodiscard]] Since since(consistency::RecordId id) const {
    const auto& checkpoints = ledger_.facts.checkpoints;
    if (sides_[id].checkpoint == consistency::none || ++looked_back_ > most_looked_back)
      return {&own_read(id), &other_read(id), ledger_.origins[id]->invoked};
    const auto seen = looks_at(id, sides_[id].checkpoint);
    Since first{&own_read(id), &other_read(id), ledger_.origins[id]->invoked};
    for (auto i = sides_[id].checkpoint; i > 0 && checkpoints[i - 1].began >= ledger_.origins[id]->invoked; --i) {
      if (!statements_.at(i - 1, record(id).owner).succeeded() || !other(id, i - 1).succeeded() ||
          is_pending(id, i - 1))
        continue;
      const auto* own = statements_.at(i - 1, record(id).owner).operation;
      const auto* others = other(id, i - 1).operation;
      if (looks_at(id, i - 1) != seen) {
        first.known_good = std::max(own->completed, others->completed);
        break;
      }
      first.own = own;
      first.other = others;
    }
    return first;
  }

private:
  /// What the two lists showed of a record at a checkpoint.
  struct Look {
    struct Entry {
      std::optional<text::Decimal> amount;
      std::string peer;
      bool operator==(const Entry&) const = default;
    };
    std::optional<Entry> own, other;
    bool operator==(const Look&) const = default;
  };
  [[nodiscard]] Look looks_at(consistency::RecordId id, std::size_t checkpoint) const {
    const auto find = [&](const Operation& read, Role list) -> std::optional<Look::Entry> {
      const auto& entries = ledger_.facts.list(read, list);
      for (std::size_t i = 0; i < entries.size(); ++i)
        if (ledger_.record_of(entries, i) == id)
          return Look::Entry{entries[i].amount, entries[i].peer};
      return std::nullopt;
    };
    return {find(*statements_.at(checkpoint, record(id).owner).operation, Role::statement),
            find(*other(id, checkpoint).operation,
                 ledger_.roles[id] == Role::transfer ? Role::statement : Role::purchases)};
  }
  [[nodiscard]] const consistency::Record& record(consistency::RecordId id) const {
    return ledger_.sightings.records[id];
  }
  [[nodiscard]] const CheckpointReads::Read& other(consistency::RecordId id, std::size_t checkpoint) const {
    return ledger_.roles[id] == Role::transfer ? statements_.at(checkpoint, record(id).partner)
                                               : orders_.at(checkpoint, record(id).owner);
  }
  /// A record that may show late is not compared before it is due. An operation that never completed has no moment from
  /// which to count, and is pending for good where records may show late.
  [[nodiscard]] bool is_pending(consistency::RecordId id, std::size_t checkpoint) const {
    const auto& declare = ledger_.facts.bundle.scenario.stack.declare;
    const auto within = std::max(declare.transactions_visible, declare.purchases_visible);
    const auto& origin = *ledger_.origins[id];
    const auto& own = statements_.at(checkpoint, record(id).owner);
    return within > history::Time{} &&
           own.operation->invoke_time <
               ledger_.facts.due(origin.completed != 0 ? origin.complete_time : history::Time::max() / 2,
                                 ledger_.facts.checkpoints[checkpoint].began, within);
  }
  /// The last checkpoint since the operation began at which both lists were read and the record was due; `none` without
  /// one.
  [[nodiscard]] std::uint32_t last_readable(consistency::RecordId id) const {
    const auto& checkpoints = ledger_.facts.checkpoints;
    for (auto i = checkpoints.size(); i > 0 && checkpoints[i - 1].began >= ledger_.origins[id]->invoked; --i)
      if (statements_.at(i - 1, record(id).owner).succeeded() && other(id, i - 1).succeeded() && !is_pending(id, i - 1))
        return static_cast<std::uint32_t>(i - 1);
    return consistency::none;
  }
  [[nodiscard]] bool is_judged(consistency::RecordId id, std::uint32_t checkpoint) const {
    return id < sides_.size() && sides_[id].checkpoint == checkpoint;
  }
  void look_at_statement(const CheckpointReads::Read& read, std::uint32_t checkpoint, std::uint32_t user) {
    const auto& entries = ledger_.facts.list(*read.operation, Role::statement);
    const auto shown = ledger_.sightings.of(ledger_.sightings.reads[read.id]);
    for (std::size_t i = 0; i < shown.size(); ++i) {
      const consistency::RecordId id = shown[i].record;
      if (!is_judged(id, checkpoint))
        continue;
      auto& sides = sides_[id];
      // Only the first entry counts here: `find_intruders` tells of a record that stands in one list twice.
      if (user == record(id).owner && sides.own == nullptr)
        sides.own = &entries[i];
      else if (user == record(id).partner && sides.other == nullptr)
        sides.other = &entries[i];
    }
  }
  void look_at_orders(const CheckpointReads::Read& read, std::uint32_t checkpoint, std::uint32_t user) {
    const auto& entries = ledger_.facts.list(*read.operation, Role::purchases);
    for (std::size_t i = 0; i < entries.size(); ++i)
      if (const auto id = ledger_.record_of(entries, i); is_judged(id, checkpoint) &&
                                                         ledger_.roles[id] == Role::purchase &&
                                                         record(id).owner == user && sides_[id].other == nullptr)
        sides_[id].other = &entries[i];
  }

  /// To look back costs the length of two lists for each checkpoint: where everything is lost, the first cases tell
  /// when.
  static constexpr std::size_t most_looked_back = 1000;
  const Ledger& ledger_;
  const CheckpointReads& statements_;
  mutable std::size_t looked_back_ = 0;
  CheckpointReads orders_;
  consistency::LargeVector<Sides> sides_;
};

/// A transfer that only one of its two sides shows, or that one of them shows altered. A transfer to oneself has both
/// entries in one statement, and no other side to compare with.
void find_halves(verdict::CheckResult& result, const Ledger& ledger, const Comparison& comparison) {
  for (consistency::RecordId id = 0; id < ledger.roles.size(); ++id) {
    const auto& record = ledger.sightings.records[id];
    const auto* transfer = ledger.origins[id];
    const auto& [checkpoint, debit, credit] = comparison.of(id);
    if (checkpoint == consistency::none || ledger.roles[id] != Role::transfer || record.partner == record.owner ||
        transfer->outcome == Outcome::unauthenticated)
      continue;
    const auto say = [&](const std::string& kind, const std::string& what) {
      const auto since = comparison.since(id);
      result.add(kind, {transfer->user,
                        since.own->completed,
                        since.own->complete_time,
                        what,
                        {transfer, since.own, since.other},
                        since.known_good});
    };
    if ((debit == nullptr) != (credit == nullptr))
      say("partial", fmt::format("{} has {} without {}", transfer->id, debit != nullptr ? "a debit" : "a credit",
                                 debit != nullptr ? "a credit" : "a debit"));
    const auto wanted = text::Decimal::parse(transfer->value("amount"));
    if (!wanted)
      continue; // no amount was sent
    if (debit != nullptr && debit->amount && *debit->amount != -*wanted)
      say("altered",
          fmt::format("{} debits {}, was a transfer of {}", transfer->id, (-*debit->amount).text(), wanted->text()));
    if (credit != nullptr && credit->amount && *credit->amount != *wanted)
      say("altered",
          fmt::format("{} credits {}, was a transfer of {}", transfer->id, credit->amount->text(), wanted->text()));
    if (const auto peer = ledger.facts.users[record.partner];
        debit != nullptr && !debit->peer.empty() && debit->peer != peer)
      say("misdirected", fmt::format("{} went to {}, was meant for {}", transfer->id, debit->peer, peer));
  }
}

/// An order without its charge, or a charge without its order.
void find_unpaid(verdict::CheckResult& result, const Ledger& ledger, const Comparison& comparison) {
  const auto& stack = ledger.facts.bundle.scenario.stack;
  if (stack.reader(Role::purchases) == nullptr || !stack.declare.purchases_are_charged)
    return;
  for (consistency::RecordId id = 0; id < ledger.roles.size(); ++id) {
    const auto* purchase = ledger.origins[id];
    const auto& [checkpoint, charge, order] = comparison.of(id);
    if (checkpoint == consistency::none || ledger.roles[id] != Role::purchase ||
        purchase->outcome == Outcome::unauthenticated)
      continue;
    const auto say = [&](const std::string& kind, std::string what) {
      const auto since = comparison.since(id);
      result.add(kind, {purchase->user,
                        since.own->completed,
                        since.own->complete_time,
                        std::move(what),
                        {purchase, since.other, since.own},
                        since.known_good});
    };
    const auto wanted = text::Decimal::parse(purchase->value("amount"));
    if (wanted && charge != nullptr && charge->amount && *charge->amount != -*wanted)
      say("altered", fmt::format("{} is charged {}, was a purchase for {}", purchase->id, (-*charge->amount).text(),
                                 wanted->text()));
    if ((order == nullptr) != (charge == nullptr))
      say("partial", fmt::format("{} has {}", purchase->id,
                                 order != nullptr ? "an order without a charge" : "a charge without an order"));
  }
}

/// Adds up every user's statements. A statement mostly repeats the one before it: the sum goes on from there with the
/// fresh entries alone. When something of the one before is gone or has changed, it is added up anew.
class Folds {
public:
  explicit Folds(const Facts& facts) : facts_(facts), last_(facts.users.size(), {nullptr, opening()}) {}

  std::optional<text::Decimal> balance(const Operation& read) {
    static const history::EntryList nothing;
    const auto& entries = facts_.list(read, Role::statement);
    auto& [list, fold] = last_[facts_.user(read)];
    const history::Repetition repeated(entries, list == nullptr ? nothing : *list);
    std::size_t kept = 0;
    auto next = fold;
    fresh_.clear();
    for (std::size_t i = 0; i < entries.size(); ++i)
      if (repeated.of(i)) {
        ++kept;
      } else {
        entries.prefetch(i);
        fresh_.push_back(i);
      }
    for (const auto i : fresh_)
      next.add(entries[i].amount);
    if (kept != (list == nullptr ? 0 : list->size())) { // something of it is gone
      next = opening();
      for (const auto& entry : entries)
        next.add(entry.amount);
    }
    list = &entries;
    fold = next;
    return fold.balance();
  }

private:
  [[nodiscard]] consistency::Fold opening() const {
    return consistency::Fold(facts_.bundle.scenario.stack.declare.opening_balance);
  }
  struct Last {
    const history::EntryList* list;
    consistency::Fold fold;
  };
  const Facts& facts_;
  std::vector<Last> last_;         ///< of each user
  std::vector<std::size_t> fresh_; ///< entries of the statement at hand that were not in the one before it
};

/// A user is told of once for each kind, at the first statement that shows it: those after it mostly show the same. A
/// statement in several pages that was read while others wrote is no single moment, and adds up to no balance.
void find_unbalanced(verdict::CheckResult& result, const Facts& facts) {
  const auto& declare = facts.bundle.scenario.stack.declare;
  Folds folds(facts);
  std::set<std::string> unbalanced, overdrawn;
  std::unordered_map<std::string, std::uint64_t> good; ///< a read of each user's that was as it must be had ended
  for (const auto* read : facts.of(Role::statement)) {
    if (read->outcome != Outcome::ok || facts.may_be_torn(*read))
      continue;
    const auto captured = read->captured.find("balance");
    if (!captured)
      continue; // an older recording without it
    const auto balance = text::Decimal::parse(*captured);
    if (!balance)
      continue;
    const auto folded = folds.balance(*read);
    const auto known_good = good.contains(read->user) ? good.at(read->user) : 0;
    if ((!folded || *folded == *balance) && (!balance->is_negative() || declare.overdraft))
      good[read->user] = read->completed;
    if (folded && *folded != *balance && unbalanced.insert(read->user).second)
      result.add("unbalanced",
                 {read->user,
                  read->completed,
                  read->complete_time,
                  fmt::format("the balance is {}, the statement adds up to {} (opening balance {})", balance->text(),
                              folded->text(), declare.opening_balance.value_or(text::Decimal{}).text()),
                  {read},
                  known_good});
    if (balance->is_negative() && !declare.overdraft && overdrawn.insert(read->user).second)
      result.add("overdrawn", {read->user,
                               read->completed,
                               read->complete_time,
                               fmt::format("the balance is {}", balance->text()),
                               {read},
                               known_good});
  }
}

} // namespace

verdict::CheckResult check_transactions(const Facts& facts) {
  verdict::CheckResult result{.name = "transactions"};
  const auto& stack = facts.bundle.scenario.stack;
  if (stack.operation(Role::transfer) == nullptr || stack.reader(Role::statement) == nullptr) {
    result.applicable = result.says_why = false;
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
  // Purchases are makers, too: their charges stand on the statement under the purchases' ids, and would be phantoms if
  // nobody had submitted them.
  const Ledger ledger(facts, Role::statement, {Role::transfer, Role::purchase});
  const consistency::Lanes lanes(ledger.sightings, consistency::Lanes::By::collection);
  const consistency::Holders holders(ledger.sightings, lanes);
  const CheckpointReads reads(ledger);
  const auto visible = stack.declare.transactions_visible;
  const auto losses = find_losses(result, ledger, lanes, holders, reads, Role::transfer, transfer_words, visible);
  find_intruders(result, ledger, lanes, transfer_words);
  const Comparison comparison(ledger, reads);
  find_halves(result, ledger, comparison);
  find_unpaid(result, ledger, comparison);
  find_unbalanced(result, facts);
  result.at_risk = facts.at_risk(acknowledged);
  if (stack.declare.purchases_are_charged) // a charge is a transaction as well
    result.at_risk += facts.at_risk(charged);
  auto all = acknowledged;
  if (stack.declare.purchases_are_charged)
    all.insert(all.end(), charged.begin(), charged.end());
  conclude(result, facts, {acknowledged.size(), losses.unread, losses.doubtful}, facts.why_none_at_risk(all));
  return result;
}

Check transactions_check() {
  return {
      .name = "transactions",
      .about =
          "every acknowledged transfer is on both statements, once, as it was; balances are what their entries make",
      .kinds = {{"lost", "an acknowledged transfer is not on the statement, and still not at the end"},
                {"unreachable",
                 "the statement could not be read at a checkpoint, or a transfer was not on it and came back"},
                {"destroyed", "lost although the release and configuration of the start are in force again"},
                {"stale", "it showed later than `visible_within` allows"},
                {"duplicated", "it is on the statement more than once"},
                {"phantom", "the statement holds what nobody submitted, or what certainly failed"},
                {"altered", "its amount is not as it was submitted"},
                {"crossed", "on the statement of a user whom it does not concern"},
                {"partial", "a debit without its credit, a charge without its order, or the other way round"},
                {"misdirected", "it went to another user than was meant"},
                {"unbalanced", "the balance is not what the entries add up to"},
                {"overdrawn", "a balance below zero where no overdraft is allowed"}},
      .of_records = true,
      .run = check_transactions};
}

} // namespace holdfast::checks
