// What the three services' main programs share.
#pragma once

#include "fakes/shop/config.hpp"
#include "fakes/shop/http_server.hpp"
#include "fakes/shop/postgres.hpp"
#include "fakes/shop/readiness.hpp"
#include "fakes/shop/sessions.hpp"
#include "fakes/shop/user_data.hpp"

namespace shop {

/// Reads the configuration that the command line names and runs `service`; says what was wrong otherwise.
int run_service(int argc, char** argv, const std::function<void(const Config&)>& service);

/// "host:port" and a database's name to a connection string.
std::string dsn(const std::string& address, const std::string& database);

/// Users are kept by accounts and looked up by orders.
void create_users_table(Pool& pool);
std::optional<std::string> some_user(Pool& pool);

std::string text_of(const boost::json::object& body, const char* key); ///< or a 400
long long amount_of(const boost::json::object& body);                  ///< above zero, or a 400

} // namespace shop
