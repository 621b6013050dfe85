// One HTTP request to another service of the shop, or to somebody else's.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

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

/// Another service that is read from often: its connections are kept. May be used by several threads.
class Reader {
public:
  explicit Reader(std::string address);
  ~Reader();
  /// GET from it. Throws std::runtime_error when there is no complete answer in time.
  Answer get(const std::string& path, const Headers& headers,
             std::chrono::milliseconds within = std::chrono::seconds{2});

private:
  struct Line;
  std::string address_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Line>> idle_;
};

} // namespace shop
