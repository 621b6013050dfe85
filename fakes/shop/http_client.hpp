// One HTTP request to another service of the shop, or to somebody else's.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <map>
#include <string>

namespace shop {

struct Answer {
  int status = 0;
  boost::json::value body;
};

using Headers = std::map<std::string, std::string>;

/// POST with a JSON body to "host:port". Throws std::runtime_error when there is no complete answer in time: the effect
/// is then unknown.
Answer post(const std::string& address, const std::string& path, const boost::json::object& body,
            const Headers& headers, std::chrono::milliseconds within = std::chrono::seconds{2});

/// What one service of the shop sends another.
inline Headers between_services(const std::string& idempotency_key, const std::string& service_token) {
  return {{"Idempotency-Key", idempotency_key}, {"X-Service-Token", service_token}};
}

} // namespace shop
