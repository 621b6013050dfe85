// accounts: register, login, logout, me. Users in postgres, sessions in redis; a new user gets an account at the bank.
#include "fakes/shop/http_client.hpp"
#include "fakes/shop/random.hpp"
#include "fakes/shop/service.hpp"

#include <algorithm>
#include <stdexcept>

namespace shop {

namespace {

void serve_accounts(const Config& config) {
  Pool pool(dsn(config.require("userdata"), "userdata"));
  Sessions sessions(config.require("sessions"));
  const UserData user_data(config);
  const auto bank = config.require("bank");
  const auto service_tokens = config.list("service_token");
  const auto& service_token = service_tokens.front();

  const auto exists = [&](const std::string& key) {
    return !pool.run("SELECT 1 FROM users WHERE data_key = $1", {key}).empty();
  };
  before_ready([&] {
    create_users_table(pool);
    user_data.verify(some_user(pool), exists);
  });

  /// Nothing when there is no such user.
  const auto matches = [&](const std::string& key, const std::string& password) -> std::optional<bool> {
    const auto rows = pool.run("SELECT salt, hash FROM users WHERE data_key = $1", {key});
    return rows.empty() ? std::nullopt : std::optional(hash_password(rows.text(0, 0), password) == rows.text(0, 1));
  };

  Routes routes;
  routes[{"GET", "/ready"}] = readiness(pool, sessions);
  routes[{"POST", "/register"}] = [&](const Request& request) -> Response {
    const auto user = text_of(request.body, "user"), password = text_of(request.body, "password");
    const auto salt = random_token();
    const auto key = user_data.key_for_new_user(user);
    pool.run("INSERT INTO users (data_key, name, salt, hash) VALUES ($1, $2, $3, $4) ON CONFLICT (data_key) DO NOTHING",
             {key, user, salt, hash_password(salt, password)});
    if (!matches(key, password).value_or(false))
      throw HttpError{409, "the name is taken"};
    const auto opened = post(bank, "/accounts", {{"user", user}}, between_services(user, service_token));
    if (opened.status != 201)
      throw std::runtime_error("the bank did not open an account");
    return {201, {{"user", user}}};
  };
  // Many users at once, from another system. Whoever is known already stays as they are.
  routes[{"POST", "/users"}] = [&](const Request& request) -> Response {
    if (std::find(service_tokens.begin(), service_tokens.end(), request.service_token) == service_tokens.end())
      throw HttpError{403, "for services only"};
    const auto* users = request.body.if_contains("users");
    if (users == nullptr || !users->is_array() || users->get_array().empty())
      throw HttpError{400, "'users' is missing"};
    std::vector<std::string> values;
    boost::json::array names;
    for (const auto& entry : users->get_array()) {
      if (!entry.is_object())
        throw HttpError{400, "'users' holds something else than objects"};
      const auto user = text_of(entry.get_object(), "user"), password = text_of(entry.get_object(), "password");
      const auto salt = random_token();
      for (auto& value : {user_data.key_for_new_user(user), user, salt, hash_password(salt, password)})
        values.push_back(value);
      names.emplace_back(user);
    }
    pool.run("INSERT INTO users (data_key, name, salt, hash) VALUES " + places(names.size(), 4) +
                 " ON CONFLICT (data_key) DO NOTHING",
             values);
    const auto opened = post(bank, "/accounts", {{"users", names}}, between_services({}, service_token));
    if (opened.status != 201)
      throw std::runtime_error("the bank did not open the accounts");
    return {201, {{"users", names.size()}}};
  };
  routes[{"POST", "/login"}] = [&](const Request& request) -> Response {
    const auto user = text_of(request.body, "user"), password = text_of(request.body, "password");
    std::optional<bool> right; // known once the user's data are found
    reach(user_data, user, [&](const std::string& key) { return (right = matches(key, password)).has_value(); });
    if (!*right)
      throw HttpError{401, "wrong password"};
    return {200, {{"token", sessions.open(user)}, {"user", user}}};
  };
  routes[{"POST", "/logout"}] = [&](const Request& request) -> Response {
    sessions.close(request.token); // a second logout with the same token does no harm
    return {204, nullptr};
  };
  routes[{"GET", "/me"}] = [&](const Request& request) -> Response {
    const auto user = authenticate(sessions, request.token);
    std::string name; // as the user's data have it: reading them shows that they are there
    reach(user_data, user, [&](const std::string& key) {
      const auto rows = pool.run("SELECT name FROM users WHERE data_key = $1", {key});
      name = rows.empty() ? "" : rows.text(0, 0);
      return !rows.empty();
    });
    return {200, {{"user", name}}};
  };
  serve(config.require("listen"), routes);
}

} // namespace

} // namespace shop

int main(int argc, char** argv) {
  return shop::run_service(argc, argv, shop::serve_accounts);
}
