// What the user declares of a bank, and its operations in one form, whoever wrote them.
#pragma once

#include "harness/consistency/model.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::consistency {

/// Accounts by name: 7, "7" and :7 are one account. JSON has no other than texts as keys of a map.
[[nodiscard]] std::string account_name(const Values& values, Value account);

struct BankDeclarations {
  std::optional<std::int64_t> total;
  std::set<std::string> accounts; ///< empty: not declared
  bool may_be_negative = false;
  std::map<std::string, std::int64_t> opening; ///< balances before the first operation; empty: not declared
  std::string wrong;                           ///< a sentence, when a declaration cannot be understood
};

[[nodiscard]] BankDeclarations read_declarations(const Question& question);

struct BankRead {
  OperationId operation = 0;
  bool is_partial = false; ///< of some accounts, by choice of the reader
  std::vector<std::pair<std::string, std::optional<std::int64_t>>> balances; ///< nothing: nil
};

struct BankTransfer {
  OperationId operation = 0; ///< none that certainly failed
  std::string from;
  std::string to;
  std::int64_t amount = 0;
};

/// The entries of one account with the balance that they should make.
struct BankStatement {
  OperationId operation = 0;
  std::string account;
  std::int64_t balance = 0;
  std::vector<std::optional<std::int64_t>> entries;
};

struct BankHistory {
  std::vector<BankRead> reads;
  std::vector<BankTransfer> transfers;
  std::vector<BankStatement> statements;
  std::size_t writes = 0;  ///< transfers and transactions that write, acknowledged or of unknown outcome
  bool has_writes = false; ///< some of them say which balance they wrote, not what they moved
  std::string wrong;       ///< a sentence with the line, when the history is not one of a bank
};

/// Understands `read` with a map from accounts to balances, `transfer` with a map of from, to and amount, `statement`
/// with a map of account, balance and entries, and `txn` with a list of [:r account balance] and [:w account balance].
[[nodiscard]] BankHistory read_bank(const History& history);

} // namespace holdfast::consistency
