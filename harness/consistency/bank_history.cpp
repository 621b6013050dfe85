#include "harness/consistency/bank_history.hpp"

#include "harness/consistency/line.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace holdfast::consistency {

namespace {

std::optional<std::int64_t> integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// Calls `each` with every word of a list that commas or spaces separate.
template <typename Each>
void each_word(std::string_view list, const Each& each) {
  while (!list.empty()) {
    const auto end = std::min(list.find_first_of(", "), list.size());
    if (end > 0)
      each(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

std::optional<std::int64_t> balance_of(Value value) {
  return value.is_integer() ? std::optional(value.integer()) : std::nullopt;
}

/// Takes the operations one by one. The first that is none of a bank ends the reading: `bank.wrong` then says which.
class Reader {
public:
  explicit Reader(const History& history) : history_(history), values_(history.values) {}

  void take(OperationId id) {
    const auto& operation = history_.operations[id];
    if (values_.is_name(operation.f, "read"))
      read(operation, id);
    else if (values_.is_name(operation.f, "transfer"))
      transfer(operation, id);
    else if (values_.is_name(operation.f, "statement"))
      statement(operation, id);
    else if (values_.is_name(operation.f, "txn"))
      transaction(operation, id);
    else
      wrong(fmt::format("a bank knows read, transfer, statement and txn, not {}", values_.show(operation.f)),
            operation.invoke_line);
  }

  BankHistory bank;

private:
  void wrong(const std::string& what, std::uint32_t line) { bank.wrong = what + at_line(line); }

  void read(const Operation& operation, OperationId id) {
    if (operation.outcome != Outcome::ok)
      return;
    if (!operation.completed.is_map())
      return wrong("a read of a bank must show a map from accounts to balances, not " +
                       values_.show(operation.completed),
                   operation.complete_line);
    BankRead one{.operation = id};
    const auto entries = values_.elements(operation.completed);
    for (std::size_t i = 0; i + 1 < entries.size(); i += 2) {
      if (!entries[i + 1].is_nil() && !entries[i + 1].is_integer())
        return wrong("a balance must be an integer, not " + values_.show(entries[i + 1]), operation.complete_line);
      one.balances.emplace_back(account_name(values_, entries[i]), balance_of(entries[i + 1]));
    }
    bank.reads.push_back(std::move(one));
  }

  void transfer(const Operation& operation, OperationId id) {
    if (operation.outcome == Outcome::fail)
      return;
    const auto amount = values_.at(operation.invoked, "amount");
    if (!amount.is_integer())
      return wrong("a transfer must have from, to and an amount, not " + values_.show(operation.invoked),
                   operation.invoke_line);
    ++bank.writes;
    bank.transfers.push_back({id, account_name(values_, values_.at(operation.invoked, "from")),
                              account_name(values_, values_.at(operation.invoked, "to")), amount.integer()});
  }

  void statement(const Operation& operation, OperationId id) {
    if (operation.outcome != Outcome::ok)
      return;
    const auto balance = values_.at(operation.completed, "balance");
    if (!balance.is_integer())
      return wrong("a statement must have an account, a balance and entries, not " + values_.show(operation.completed),
                   operation.complete_line);
    BankStatement one{id, account_name(values_, values_.at(operation.completed, "account")), balance.integer(), {}};
    for (const auto entry : values_.elements(values_.at(operation.completed, "entries")))
      one.entries.push_back(balance_of(entry.is_map() ? values_.at(entry, "amount") : entry));
    bank.statements.push_back(std::move(one));
  }

  void transaction(const Operation& operation, OperationId id) {
    if (operation.outcome == Outcome::fail)
      return;
    const auto value = operation.outcome == Outcome::ok ? operation.completed : operation.invoked;
    BankRead one{.operation = id, .is_partial = true};
    bool writes = false;
    for (const auto part : values_.elements(value)) {
      const auto micro = values_.elements(part);
      const bool is_read = micro.size() == 3 && values_.is_name(micro[0], "r");
      if (!is_read && (micro.size() != 3 || !values_.is_name(micro[0], "w")))
        return wrong("a transaction of a bank is a list of [:r account balance] and [:w account balance], not " +
                         values_.show(value),
                     operation.invoke_line);
      writes = writes || !is_read;
      if (is_read)
        one.balances.emplace_back(account_name(values_, micro[1]), balance_of(micro[2]));
    }
    bank.writes += writes ? 1 : 0;
    bank.has_writes = bank.has_writes || writes;
    // A read beside the transaction's own writes need not add up: it may have read one account before and another after
    // it wrote to it.
    if (operation.outcome == Outcome::ok && !writes)
      bank.reads.push_back(std::move(one));
  }

  const History& history_;
  const Values& values_;
};

} // namespace

std::string account_name(const Values& values, Value account) {
  const auto kind = account.kind();
  return kind == Value::Kind::text || kind == Value::Kind::keyword ? std::string(values.view(account))
                                                                   : values.show(account);
}

BankDeclarations read_declarations(const Question& question) {
  BankDeclarations declared;
  const auto text = [&](const char* name) {
    const auto found = question.declarations.find(name);
    return found == question.declarations.end() ? std::string_view{} : std::string_view(found->second);
  };
  const auto wrong = [&](const char* name, std::string_view needs) {
    declared.wrong = fmt::format("the declaration {}={} must be {}", name, text(name), needs);
  };
  declared.total = integer(text("total"));
  if (!text("total").empty() && !declared.total)
    wrong("total", "an integer");
  if (const auto negative = text("negative"); negative == "allowed")
    declared.may_be_negative = true;
  else if (!negative.empty() && negative != "forbidden")
    wrong("negative", "allowed or forbidden");
  each_word(text("accounts"), [&](std::string_view account) { declared.accounts.emplace(account); });
  each_word(text("opening"), [&](std::string_view word) {
    const auto colon = std::min(word.rfind(':'), word.size());
    const auto balance = integer(word.substr(std::min(colon + 1, word.size())));
    if (colon == word.size() || !balance)
      wrong("opening", "a list of account:balance");
    else
      declared.opening[std::string(word.substr(0, colon))] = *balance;
  });
  return declared;
}

BankHistory read_bank(const History& history) {
  Reader reader(history);
  for (OperationId id = 0; id < history.operations.size() && reader.bank.wrong.empty(); ++id)
    reader.take(id);
  return std::move(reader.bank);
}

} // namespace holdfast::consistency
