// bank: balances, transfers under idempotency keys, charges of the shop itself, statements.
#include "fakes/shop/ledger.hpp"
#include "fakes/shop/service.hpp"

#include <algorithm>
#include <stdexcept>

namespace shop {

namespace {

constexpr long long opening_balance = 1000;
constexpr auto merchant = "merchant"; ///< where charges go

void serve_bank(const Config& config) {
  Pool pool(dsn(config.require("ledger"), "ledger"));
  Sessions sessions(config.require("sessions"));
  const UserData user_data(config);
  const auto service_tokens = config.list("service_token");
  Ledger ledger(pool);
  const auto exists = [&](const std::string& key) { return ledger.has_account(key); };
  before_ready([&] {
    ledger.create_tables();
    ledger.open_accounts({{merchant, merchant, 0}});
    user_data.verify(ledger.some_name(), exists);
  });
  const auto require_service = [&](const Request& request) {
    if (std::find(service_tokens.begin(), service_tokens.end(), request.service_token) == service_tokens.end())
      throw HttpError{403, "for services only"};
  };
  const auto require_key = [](const Request& request) {
    if (request.idempotency_key.empty())
      throw HttpError{400, "Idempotency-Key is missing"};
    return request.idempotency_key;
  };

  Routes routes;
  routes[{"GET", "/ready"}] = readiness(pool, sessions);
  routes[{"POST", "/accounts"}] = [&](const Request& request) -> Response {
    require_service(request);
    std::vector<Account> accounts;
    const auto add = [&](const std::string& user) {
      accounts.push_back({user_data.key_for_new_user(user), user, opening_balance});
    };
    if (const auto* users = request.body.if_contains("users"); users != nullptr && users->is_array())
      for (const auto& user : users->get_array())
        add(boost::json::value_to<std::string>(user));
    else
      add(text_of(request.body, "user"));
    ledger.open_accounts(accounts);
    return {201, {{"accounts", accounts.size()}}};
  };
  routes[{"POST", "/charges"}] = [&](const Request& request) -> Response {
    require_service(request);
    const auto user = text_of(request.body, "user");
    const Movement movement{require_key(request),   "charge", reach(user_data, user, exists), user, merchant, merchant,
                            amount_of(request.body)};
    if (!ledger.book(movement))
      throw HttpError{422, "not enough money"};
    return {201, {{"id", movement.id}}};
  };
  routes[{"POST", "/transfers"}] = [&](const Request& request) -> Response {
    const auto user = authenticate(sessions, request.token);
    const auto to = text_of(request.body, "to");
    if (to == user)
      throw HttpError{422, "a transfer to oneself"};
    const Movement movement{require_key(request),         "transfer", reach(user_data, user, exists), user,
                            reach(user_data, to, exists), to,         amount_of(request.body)};
    if (!ledger.book(movement))
      throw HttpError{422, "not enough money"};
    return {201, {{"id", movement.id}}};
  };
  routes[{"GET", "/statement"}] = [&](const Request& request) -> Response {
    const auto user = authenticate(sessions, request.token);
    std::optional<Statement> statement; // an account that can be read is there: one question instead of two
    reach(user_data, user, [&](const std::string& key) { return (statement = ledger.statement(key)).has_value(); });
    boost::json::array entries;
    for (const auto& entry : statement->entries)
      entries.push_back({{"id", entry.movement}, {"amount", entry.amount}, {"peer", entry.peer}, {"kind", entry.kind}});
    return {200, {{"balance", statement->balance}, {"entries", entries}}};
  };
  serve(config.require("listen"), routes);
}

} // namespace

void Ledger::create_tables() {
  pool_.run(
      "CREATE TABLE IF NOT EXISTS accounts (data_key TEXT PRIMARY KEY, name TEXT NOT NULL, balance BIGINT NOT NULL)");
  pool_.run("CREATE TABLE IF NOT EXISTS movements (id TEXT PRIMARY KEY, accepted INTEGER NOT NULL)");
  pool_.run("CREATE TABLE IF NOT EXISTS entries (id BIGSERIAL PRIMARY KEY, movement TEXT NOT NULL, data_key TEXT NOT "
            "NULL, amount BIGINT NOT NULL, peer TEXT NOT NULL, kind TEXT NOT NULL)");
  pool_.run("CREATE INDEX IF NOT EXISTS entries_of_account ON entries (data_key, id)");
}

void Ledger::open_accounts(const std::vector<Account>& accounts) {
  if (accounts.empty())
    return;
  std::vector<std::string> values;
  for (const auto& account : accounts)
    for (const auto& value : {account.key, account.name, std::to_string(account.balance)})
      values.push_back(value);
  pool_.run("INSERT INTO accounts (data_key, name, balance) VALUES " + places(accounts.size(), 3) +
                " ON CONFLICT (data_key) DO NOTHING",
            values);
}

bool Ledger::has_account(const std::string& key) {
  return !pool_.run("SELECT 1 FROM accounts WHERE data_key = $1", {key}).empty();
}

std::optional<std::string> Ledger::some_name() {
  const auto rows = pool_.run("SELECT name FROM accounts WHERE name <> $1 LIMIT 1", {merchant});
  return rows.empty() ? std::nullopt : std::optional(rows.text(0, 0));
}

} // namespace shop

int main(int argc, char** argv) {
  return shop::run_service(argc, argv, shop::serve_bank);
}
