// Planted defect: a movement is booked as often as it is asked for. Found by `transactions`, kind `duplicated`, when an
// answer is lost and the request comes again.
#include "fakes/shop/ledger.hpp"
#include "fakes/shop/ledger_tables.hpp"

namespace shop {

bool Ledger::book(const Movement& movement) {
  Transaction transaction(pool_);
  if (!debit(transaction, movement))
    return false;
  credit(transaction, movement);
  transaction.commit();
  return true;
}

} // namespace shop
