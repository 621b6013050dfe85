// The statements of the bank's book, for whatever arranges them into transactions.
#pragma once

#include "fakes/shop/ledger.hpp"

namespace shop {

inline void add_entry(Transaction& transaction, const Movement& movement, const std::string& key, long long amount,
                      const std::string& peer) {
  transaction.run_later("INSERT INTO entries (movement, data_key, amount, peer, kind) VALUES ($1, $2, $3, $4, $5)",
                        {movement.id, key, std::to_string(amount), peer, movement.kind});
}

/// Nothing when the movement is new, and from now on known by its id; else what was decided when it was.
inline std::optional<bool> decided_before(Transaction& transaction, const Movement& movement) {
  if (transaction.run("INSERT INTO movements (id, accepted) VALUES ($1, 1) ON CONFLICT (id) DO NOTHING", {movement.id})
          .affected() != 0)
    return std::nullopt;
  return transaction.run("SELECT accepted FROM movements WHERE id = $1", {movement.id}).integer(0, 0) == 1;
}

/// A refusal is kept as well: whoever asks again must hear the same, even if there is money by then.
inline void refuse(Transaction& transaction, const Movement& movement) {
  transaction.run_later("UPDATE movements SET accepted = 0 WHERE id = $1", {movement.id});
}

/// False, and nothing booked, when the source has too little.
inline bool debit(Transaction& transaction, const Movement& movement) {
  // Both rows are locked in one order, so that two opposite transfers cannot wait for each other.
  transaction.run_later("SELECT balance FROM accounts WHERE data_key IN ($1, $2) ORDER BY data_key FOR UPDATE",
                        {movement.source_key, movement.target_key});
  const auto amount = std::to_string(movement.amount);
  if (transaction
          .run("UPDATE accounts SET balance = balance - $2 WHERE data_key = $1 AND balance >= $2",
               {movement.source_key, amount})
          .affected() == 0)
    return false;
  add_entry(transaction, movement, movement.source_key, -movement.amount, movement.target_name);
  return true;
}

inline void credit(Transaction& transaction, const Movement& movement) {
  transaction.run_later("UPDATE accounts SET balance = balance + $2 WHERE data_key = $1",
                        {movement.target_key, std::to_string(movement.amount)});
  add_entry(transaction, movement, movement.target_key, movement.amount, movement.source_name);
}

/// All of it, in one transaction.
inline bool book_in(Transaction& transaction, const Movement& movement) {
  if (const auto decided = decided_before(transaction, movement))
    return *decided;
  const bool accepted = debit(transaction, movement);
  if (accepted)
    credit(transaction, movement);
  else
    refuse(transaction, movement);
  transaction.commit();
  return accepted;
}

} // namespace shop
