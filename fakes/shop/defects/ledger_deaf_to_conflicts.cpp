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
    if (transaction
            .run("INSERT INTO movements (id, accepted) VALUES ($1, 1) ON CONFLICT (id) DO NOTHING", {movement.id})
            .affected() == 0)
      return transaction.run("SELECT accepted FROM movements WHERE id = $1", {movement.id}).integer(0, 0) == 1;
    const bool accepted = debit(transaction, movement);
    if (accepted)
      credit(transaction, movement);
    else
      transaction.run_later("UPDATE movements SET accepted = 0 WHERE id = $1", {movement.id});
    transaction.commit();
    return accepted;
  } catch (const std::runtime_error& error) {
    if (std::string_view(error.what()).find("could not serialize access") == std::string_view::npos)
      throw;
    std::cerr << movement.id << ": " << error.what() << std::endl;
    return true; // somebody else has written the same rows, so they are written
  }
}

} // namespace shop
