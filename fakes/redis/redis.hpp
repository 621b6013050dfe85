// An in-process Redis: RESP2 and RESP3; strings, hashes, lists, sets, sorted sets, expiry, MULTI. State lives as long
// as the object, across restarts of the services. What it does not know is answered with an error, never with silence.
#pragma once

#include "harness/async/clock.hpp"
#include "harness/link/fake.hpp"

namespace holdfast::fakes {

struct RedisServer;

class RedisFake final : public link::Fake {
public:
  explicit RedisFake(async::Clock& clock);
  ~RedisFake() override;
  [[nodiscard]] std::unique_ptr<link::FakeConnection> connect(const std::string& peer) override;

private:
  std::unique_ptr<RedisServer> server_;
};

} // namespace holdfast::fakes
