// Planted defect: debit and credit are two transactions. Found by `transactions`, kind `partial`, when the bank dies
// between the commits.
#include "fakes/shop/ledger.hpp"
#include "fakes/shop/ledger_tables.hpp"

namespace shop {

bool Ledger::book(const Movement& movement) {
  {
    Transaction transaction(pool_);
    if (transaction
            .run("INSERT INTO movements (id, accepted) VALUES ($1, 1) ON CONFLICT (id) DO NOTHING", {movement.id})
            .affected() == 0)
      return true;
    if (!debit(transaction, movement))
      return false;
    transaction.commit();
  }
  Transaction transaction(pool_);
  credit(transaction, movement);
  transaction.commit();
  return true;
}

} // namespace shop
