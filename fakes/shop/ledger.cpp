#include "fakes/shop/ledger.hpp"
#include "fakes/shop/ledger_tables.hpp"

namespace shop {

bool Ledger::book(const Movement& movement) {
  Transaction transaction(pool_);
  if (transaction.run("INSERT INTO movements (id, accepted) VALUES ($1, 1) ON CONFLICT (id) DO NOTHING", {movement.id})
          .affected() == 0)
    return transaction.run("SELECT accepted FROM movements WHERE id = $1", {movement.id}).integer(0, 0) == 1;
  // A refusal is kept as well: whoever asks again must hear the same, even if there is money by then.
  const bool accepted = debit(transaction, movement);
  if (accepted)
    credit(transaction, movement);
  else
    transaction.run_later("UPDATE movements SET accepted = 0 WHERE id = $1", {movement.id});
  transaction.commit();
  return accepted;
}

} // namespace shop
