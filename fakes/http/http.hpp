// An in-process HTTP/1.1 dependency that does what a script says: routes with answers under idempotency keys, a book of
// what took effect, and behaviours (decline, hang, delay, answer twice, cut). State lives as long as the object, across
// restarts of the services. What the script does not know is answered with an error that says so.
#pragma once

#include "fakes/http/player.hpp"
#include "harness/async/clock.hpp"
#include "harness/link/fake.hpp"

namespace holdfast::fakes {

class HttpFake final : public link::Fake {
public:
  HttpFake(async::Clock& clock, scenario::HttpScript script, HttpPlayer::OnBooked on_booked)
      : clock_(clock), player_(std::move(script), std::move(on_booked)) {}
  [[nodiscard]] std::unique_ptr<link::FakeConnection> connect() override;

private:
  async::Clock& clock_;
  HttpPlayer player_;
};

} // namespace holdfast::fakes
