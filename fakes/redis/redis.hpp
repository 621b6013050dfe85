// An in-process Redis: RESP2, the RESP3 handshake, strings, hashes, expiry, MULTI. State lives as long as the object,
// across restarts of the services. What it does not know is answered with an error, never with silence.
#pragma once

#include "harness/async/clock.hpp"
#include "harness/link/fake.hpp"

#include <map>
#include <optional>
#include <variant>

namespace holdfast::fakes {

/// The data of one fake server; used from one thread.
class RedisStore {
public:
  using Hash = std::map<std::string, std::string>;
  struct Entry {
    std::variant<std::string, Hash> value;
    std::optional<async::Time> expires;
    std::uint64_t version = 0; ///< of the last write, for WATCH
  };

  explicit RedisStore(async::Clock& clock) : clock_(clock) {}

  /// Null when there is none or it has expired.
  Entry* find(const std::string& key);
  Entry& put(const std::string& key, std::variant<std::string, Hash> value);
  void touch(const std::string& key); ///< marks a change in place
  bool erase(const std::string& key);
  void clear();
  [[nodiscard]] std::uint64_t version(const std::string& key); ///< 0 when there is none
  [[nodiscard]] std::vector<std::string> keys();
  [[nodiscard]] async::Time now() const { return clock_.now(); }

private:
  async::Clock& clock_;
  std::map<std::string, Entry> entries_;
  std::uint64_t writes_ = 0;
};

class RedisFake final : public link::Fake {
public:
  explicit RedisFake(async::Clock& clock) : store_(clock) {}
  [[nodiscard]] std::unique_ptr<link::FakeConnection> connect() override;

private:
  RedisStore store_;
};

} // namespace holdfast::fakes
