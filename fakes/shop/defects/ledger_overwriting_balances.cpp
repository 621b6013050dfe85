// Planted defect: balances are read, reckoned with and written back, and nothing locks them in between. Found by
// `transactions`, kind `unbalanced`: of two movements at once on one account, one is lost from its balance. Only a
// server on which transactions run side by side shows it.
#include "fakes/shop/ledger.hpp"
#include "fakes/shop/ledger_tables.hpp"

#include <map>

namespace shop {

bool Ledger::book(const Movement& movement) {
  Transaction transaction(pool_);
  if (const auto decided = decided_before(transaction, movement))
    return *decided;
  const auto rows = transaction.run("SELECT data_key, balance FROM accounts WHERE data_key IN ($1, $2)",
                                    {movement.source_key, movement.target_key});
  std::map<std::string, long long> balances; // in one order, so that two opposite transfers cannot wait for each other
  for (int i = 0; i < rows.size(); ++i)
    balances[rows.text(i, 0)] = rows.integer(i, 1);
  const bool accepted = balances[movement.source_key] >= movement.amount;
  if (accepted) {
    balances[movement.source_key] -= movement.amount;
    balances[movement.target_key] += movement.amount;
    for (const auto& [key, balance] : balances)
      transaction.run_later("UPDATE accounts SET balance = $2 WHERE data_key = $1", {key, std::to_string(balance)});
    add_entry(transaction, movement, movement.source_key, -movement.amount, movement.target_name);
    add_entry(transaction, movement, movement.target_key, movement.amount, movement.source_name);
  } else {
    refuse(transaction, movement);
  }
  transaction.commit();
  return accepted;
}

} // namespace shop
