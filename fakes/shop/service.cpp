#include "fakes/shop/service.hpp"

#include <iostream>

namespace shop {

int run_service(int argc, char** argv, const std::function<void(const Config&)>& service) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " CONFIGURATION" << std::endl;
    return 2;
  }
  try {
    service(Config::read(argv[1]));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "cannot start: " << error.what() << std::endl;
    return 1;
  }
}

std::string dsn(const std::string& address, const std::string& database) {
  const auto colon = address.rfind(':');
  return "host=" + address.substr(0, colon) + " port=" + address.substr(colon + 1) + " dbname=" + database +
         " user=shop connect_timeout=2 sslmode=disable gssencmode=disable";
}

void create_users_table(Pool& pool) {
  pool.run("CREATE TABLE IF NOT EXISTS users (data_key TEXT PRIMARY KEY, name TEXT NOT NULL, salt TEXT NOT NULL, hash "
           "TEXT NOT NULL)");
}

std::optional<std::string> some_user(Pool& pool) {
  const auto rows = pool.run("SELECT name FROM users LIMIT 1");
  return rows.empty() ? std::nullopt : std::optional(rows.text(0, 0));
}

std::string text_of(const boost::json::object& body, const char* key) {
  const auto* value = body.if_contains(key);
  if (value == nullptr || !value->is_string() || value->get_string().empty())
    throw HttpError{400, std::string("'") + key + "' is missing"};
  return std::string(value->get_string());
}

long long amount_of(const boost::json::object& body) {
  const auto* value = body.if_contains("amount");
  if (value == nullptr || !value->is_int64() || value->get_int64() <= 0)
    throw HttpError{400, "'amount' must be above zero"};
  return value->get_int64();
}

std::string authenticate(Sessions& sessions, const std::string& token) {
  auto user = token.empty() ? std::nullopt : sessions.user_of(token);
  if (!user)
    throw HttpError{401, "not signed in"};
  return *user;
}

std::string reach(const UserData& user_data, const std::string& user, const UserData::Exists& exists) {
  auto key = user_data.locate(user, exists);
  if (!key)
    throw HttpError{503, "the data of " + user + " are out of reach"};
  return *key;
}

} // namespace shop
