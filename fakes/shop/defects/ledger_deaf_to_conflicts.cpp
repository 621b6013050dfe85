// Planted defect: transactions are serializable, and one that the server gives up for another's sake is taken for
// booked. Found by `transactions`, kind `lost`. Only a server on which transactions run side by side shows it.
#include "fakes/shop/ledger.hpp"
#include "fakes/shop/ledger_tables.hpp"

#include <iostream>

namespace shop {

bool Ledger::book(const Movement& movement) {
  try {
    Transaction transaction(pool_);
    transaction.run_later("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
    return book_in(transaction, movement);
  } catch (const std::runtime_error& error) {
    if (std::string_view(error.what()).find("could not serialize access") == std::string_view::npos)
      throw;
    std::cerr << movement.id << ": " << error.what() << std::endl;
    return true; // somebody else has written the same rows, so they are written
  }
}

} // namespace shop
