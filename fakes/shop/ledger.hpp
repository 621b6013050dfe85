// The bank's book: balances and entries, in postgres.
#pragma once

#include "fakes/shop/postgres.hpp"

namespace shop {

struct Movement {
  std::string id;   ///< idempotency key: a movement is booked once
  std::string kind; ///< "transfer" or "charge"
  std::string source_key, source_name;
  std::string target_key, target_name;
  long long amount = 0;
};

struct Account {
  std::string key, name;
  long long balance = 0; ///< to begin with
};

struct Entry {
  std::string movement;
  long long amount = 0;
  std::string peer;
  std::string kind;
};

struct Statement {
  long long balance = 0;
  std::vector<Entry> entries; ///< in the order of booking
};

class Ledger {
public:
  explicit Ledger(Pool& pool) : pool_(pool) {}
  void create_tables();
  /// True when the movement is booked, now or before; false when the source has too little.
  bool book(const Movement& movement);
  void open_accounts(const std::vector<Account>& accounts);
  /// Nothing when there is no such account.
  std::optional<Statement> statement(const std::string& key);
  bool has_account(const std::string& key);
  /// Some account's name; nothing in an empty book.
  std::optional<std::string> some_name();

private:
  Pool& pool_;
};

} // namespace shop
