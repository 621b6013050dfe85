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
  /// Told of every behaviour that keeps a good answer from a caller: who, on which route, which behaviour.
  using OnWithheld =
      std::function<void(const std::string& peer, const std::string& route, const std::string& behaviour)>;

  HttpFake(async::Clock& clock, scenario::HttpScript script, HttpPlayer::OnBooked on_booked, OnWithheld on_withheld)
      : clock_(clock), player_(std::move(script), std::move(on_booked)), on_withheld_(std::move(on_withheld)) {}
  [[nodiscard]] std::unique_ptr<link::FakeConnection> connect(const std::string& peer) override;

private:
  async::Clock& clock_;
  HttpPlayer player_;
  OnWithheld on_withheld_;
};

} // namespace holdfast::fakes
