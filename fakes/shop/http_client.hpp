// One HTTP request to another service of the shop.
#pragma once

#include <boost/json.hpp>
#include <string>

namespace shop {

struct Answer {
  int status = 0;
  boost::json::value body;
};

/// POST with a JSON body to "host:port". Throws std::runtime_error when there is no complete answer within two seconds:
/// the effect is then unknown.
Answer post(const std::string& address, const std::string& path, const boost::json::object& body,
            const std::string& idempotency_key, const std::string& service_token);

} // namespace shop
