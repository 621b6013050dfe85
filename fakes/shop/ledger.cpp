#include "fakes/shop/ledger.hpp"
#include "fakes/shop/ledger_tables.hpp"

namespace shop {

bool Ledger::book(const Movement& movement) {
  Transaction transaction(pool_);
  return book_in(transaction, movement);
}

} // namespace shop
