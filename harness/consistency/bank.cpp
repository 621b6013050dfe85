// `bank`: money moves between accounts, and every read of all of them adds up to the total.
//
// Nothing is inferred from the first read, as Jepsen's checker does it: a bank that has lost an account or a sum before
// that would pass. Without a declared total nothing can be said of totals, and the answer is unknown. What is wrong is
// told apart: `unknown-account`, `missing-account`, `negative-balance`, `wrong-total`. A conserved total is not enough,
// since lost, doubled and misdirected transfers conserve it: with the opening balances declared, each balance is held
// against the transfers that made it (`wrong-balance`), and each statement against the balance that it should make
// (`unbalanced`).
#include "harness/consistency/bank_history.hpp"
#include "harness/consistency/bounds.hpp"
#include "harness/consistency/evidence.hpp"
#include "harness/consistency/fold.hpp"
#include "harness/consistency/models.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::consistency {

namespace {

constexpr std::size_t witness_limit = 8;
constexpr std::size_t explained = 8; ///< cases with their witnesses; the rest is counted

/// One read of balances for what it says by itself.
void judge_read(Result& result, const BankRead& read, const BankDeclarations& declared) {
  const auto say = [&](const char* kind, std::string what) {
    result.add(kind, {std::move(what), {read.operation}, {}});
  };
  std::set<std::string> lacking = declared.accounts;
  std::string unknown, missing, negative;
  Sum sum = 0;
  for (const auto& [account, balance] : read.balances) {
    const bool is_known = declared.accounts.empty() || declared.accounts.contains(account);
    if (!is_known)
      unknown += (unknown.empty() ? "" : ", ") + account;
    else if (!balance)
      missing += (missing.empty() ? "" : ", ") + account;
    if (balance && *balance < 0 && !declared.may_be_negative)
      negative += fmt::format("{}{} is {}", negative.empty() ? "" : ", ", account, *balance);
    if (is_known)
      sum += balance.value_or(0);
    lacking.erase(account);
  }
  // A total says something only of all accounts. A partial read shows all of them only if they are declared and it has
  // each; any other read claims to show all by itself.
  const bool is_whole = lacking.empty() && (!read.is_partial || !declared.accounts.empty());
  if (!read.is_partial)
    for (const auto& account : lacking)
      missing += (missing.empty() ? "" : ", ") + account;
  if (!unknown.empty())
    say("unknown-account", fmt::format("accounts were read that nobody declared: {}", unknown));
  if (!missing.empty())
    say("missing-account", fmt::format("accounts were read without a balance, or not at all: {}", missing));
  if (!negative.empty())
    say("negative-balance", fmt::format("the balance of account {}", negative));
  // What is missing has been said; a total without it says nothing more.
  if (declared.total && is_whole && missing.empty() && sum != *declared.total)
    say("wrong-total", fmt::format("the balances add up to {}, the total is {}", sum, *declared.total));
}

/// Holds every balance against the transfers that certainly, and that possibly, went before the read. Not called for a
/// history with transactions that write balances: how much those moved is not known.
void judge_balances(Result& result, const History& history, const BankHistory& bank, const BankDeclarations& declared,
                    Budget& budget) {
  std::map<std::string, std::vector<Addition>> additions;
  for (const auto& [account, balance] : declared.opening)
    additions[account] = {};
  for (const auto& transfer : bank.transfers) {
    // Such a transfer changes no balance, whichever of its two halves a read shows.
    if (transfer.from == transfer.to)
      continue;
    const auto& operation = history.operations[transfer.operation];
    for (const auto& [account, amount] : {std::pair(transfer.from, -transfer.amount), {transfer.to, transfer.amount}})
      additions[account].push_back({amount, operation.invocation, operation.completion, transfer.operation});
  }
  // Without its opening balance nothing can be said of an account.
  std::map<std::string, Bounds> bounds;
  for (auto& [account, all] : additions)
    if (const auto opening = declared.opening.find(account); opening != declared.opening.end())
      bounds.emplace(account, Bounds(std::move(all), opening->second));
  std::size_t cases = 0;
  for (const auto& read : bank.reads) {
    const auto& operation = history.operations[read.operation];
    for (const auto& [account, balance] : read.balances) {
      const auto found = bounds.find(account);
      if (!balance || found == bounds.end() || budget.exhausted())
        continue;
      const auto [lower, upper] = found->second.at(operation.invocation, operation.completion);
      if (*balance >= lower && *balance <= upper)
        continue;
      if (++cases > explained && result.count("wrong-balance"))
        continue;
      auto operations = found->second.witnesses(operation.invocation, operation.completion, *balance, witness_limit);
      operations.push_back(read.operation);
      result.add("wrong-balance",
                 {fmt::format("account {} was read as {}, and its transfers make it {}", account, *balance,
                              lower == upper ? fmt::format("{}", lower) : fmt::format("{} to {}", lower, upper)),
                  std::move(operations),
                  {}});
    }
  }
}

/// A statement whose entries or opening balance are not all known judges nothing: `Fold` gives no balance for it.
void judge_statements(Result& result, const BankHistory& bank, const BankDeclarations& declared) {
  for (const auto& statement : bank.statements) {
    const auto opening = declared.opening.find(statement.account);
    Fold fold(opening == declared.opening.end() ? std::nullopt : std::optional<text::Decimal>(opening->second));
    for (const auto& entry : statement.entries)
      fold.add(entry ? std::optional<text::Decimal>(*entry) : std::nullopt);
    if (const auto balance = fold.balance(); balance && *balance != statement.balance)
      result.add("unbalanced", {fmt::format("the statement of account {} adds up to {}, its balance is {}",
                                            statement.account, balance->text(), statement.balance),
                                {statement.operation},
                                {}});
  }
}

Result check(History& history, const Question& question, Budget& budget) {
  Result result;
  const auto declared = read_declarations(question);
  const auto bank = read_bank(history);
  result.reason = declared.wrong.empty() ? bank.wrong : declared.wrong;
  if (!result.reason.empty())
    return result;
  for (const auto& read : bank.reads) {
    if (budget.exhausted())
      break;
    judge_read(result, read, declared);
  }
  if (!declared.opening.empty() && !bank.has_writes)
    judge_balances(result, history, bank, declared, budget);
  judge_statements(result, bank, declared);
  result.examined = bank.reads.size() + bank.statements.size();
  conclude(result, history, {.reads = result.examined, .writes = bank.writes}, !result.findings.empty());
  if (result.validity != Validity::valid)
    return result;
  if (budget.exhausted()) {
    result.validity = Validity::unknown;
    result.reason = budget.reason();
  } else if (!declared.total) {
    result.validity = Validity::unknown;
    result.reason = "the total is not declared (total=…), and it is not inferred from what was read";
  } else if (declared.accounts.empty()) {
    result.reason += "; the accounts are not declared (accounts=…), so unknown and missing ones were not looked for";
  }
  return result;
}

} // namespace

Model bank_model() {
  return {.name = "bank",
          .about = "transfers between accounts: unknown-account, missing-account, negative-balance, wrong-total",
          .levels = {},
          .declarations = {"total: what all balances add up to", "accounts: all of them, with commas",
                           "negative: allowed, where a balance may be below zero",
                           "opening: the first balances, account:balance with commas; every balance is then held "
                           "against its transfers"},
          .check = check};
}

} // namespace holdfast::consistency
