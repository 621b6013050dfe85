// Byte toxics of this version: hang and latency, under Toxiproxy's meanings; and reset, which cuts what is open.
#include "harness/faults/step.hpp"

#include "harness/async/deadline.hpp"
#include "harness/async/event.hpp"

#include <fmt/format.h>
#include <random>

namespace holdfast::faults {

namespace {

/// A toxic on a link for as long as the step lasts, proven by what passed through it.
template <class T>
class ToxicStep final : public Step {
public:
  ToxicStep(Target target, std::shared_ptr<T> toxic) : target_(std::move(target)), toxic_(std::move(toxic)) {}
  asio::awaitable<void> strike() override {
    target_.link->add(std::shared_ptr<link::Toxic>(toxic_), target_.peers);
    co_return;
  }
  asio::awaitable<void> undo() override {
    target_.link->remove(std::shared_ptr<link::Toxic>(toxic_));
    toxic_->release();
    co_return;
  }
  Proof proof() const override {
    if (toxic_->touched() == 0)
      return {false, fmt::format("nothing passed on '{}' while it was in force", target_.link->name())};
    return {true,
            fmt::format("{} pieces of traffic on '{}' were {}", toxic_->touched(), target_.link->name(), T::what)};
  }

private:
  Target target_;
  std::shared_ptr<T> toxic_;
};

/// Holds every chunk, in both directions, until it is released. Connections stay open and new ones are accepted: the
/// other side seems to be there and never says anything.
class HangToxic final : public link::Toxic {
public:
  static constexpr auto what = "held";
  explicit HangToxic(const asio::any_io_executor& executor) : released_(executor) {}
  asio::awaitable<void> pass(link::Direction, link::Chunk) override {
    ++touched_;
    while (!done_)
      co_await released_.wait();
  }
  void release() {
    done_ = true;
    released_.notify();
  }
  [[nodiscard]] std::uint64_t touched() const { return touched_; }

private:
  async::Event released_;
  bool done_ = false;
  std::uint64_t touched_ = 0;
};

/// Delays what passes in one direction. The jitter comes from the run's seed, so that a replay delays alike.
class LatencyToxic final : public link::Toxic {
public:
  static constexpr auto what = "delayed";
  LatencyToxic(const asio::any_io_executor& executor, async::Clock& clock, async::Duration latency,
               async::Duration jitter, link::Direction direction, std::uint64_t seed)
      : clock_(clock), released_(executor), latency_(latency), jitter_(jitter), direction_(direction), random_(seed) {}
  /// A chunk is due at its arrival plus the delay, not at now plus the delay: chunks that queued behind another one are
  /// each late by the same, and their delays do not add up.
  asio::awaitable<void> pass(link::Direction direction, link::Chunk chunk) override {
    if (direction != direction_ || done_)
      co_return;
    ++touched_;
    auto delay = latency_.count();
    if (jitter_.count() > 0)
      delay +=
          static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(2 * jitter_.count() + 1)) - jitter_.count();
    // Jitter may be larger than the latency: a chunk that was due before it arrived goes on at once.
    const auto due = chunk.arrived + async::Duration(delay);
    while (!done_ && clock_.now() < due)
      (void)co_await async::until(clock_, due, released_.wait());
  }
  void release() {
    done_ = true;
    released_.notify();
  }
  [[nodiscard]] std::uint64_t touched() const { return touched_; }

private:
  async::Clock& clock_;
  async::Event released_;
  async::Duration latency_, jitter_;
  link::Direction direction_;
  std::mt19937_64 random_;
  bool done_ = false;
  std::uint64_t touched_ = 0;
};

/// Cuts the connections that are open at this moment; clients may connect again at once.
class Reset final : public Step {
public:
  explicit Reset(Target target) : target_(std::move(target)) {}
  asio::awaitable<void> strike() override {
    cut_ = target_.link->reset(target_.peers);
    co_return;
  }
  Proof proof() const override {
    if (cut_ == 0)
      return {false, fmt::format("no connection was open on '{}'", target_.link->name())};
    return {true, fmt::format("{} connections reset", cut_)};
  }

private:
  Target target_;
  std::size_t cut_ = 0;
};

} // namespace

StepKind hang_kind() {
  return {{.name = "hang",
           .acts = scenario::StepSchema::Acts::on_link,
           .lasting = scenario::StepSchema::Lasting::lasting,
           .help = "connections stay open and no byte passes on a link"},
          [](Target target) -> std::unique_ptr<Step> {
            auto toxic = std::make_shared<HangToxic>(target.executor);
            return std::make_unique<ToxicStep<HangToxic>>(std::move(target), std::move(toxic));
          }};
}

StepKind latency_kind() {
  return {{.name = "latency",
           .acts = scenario::StepSchema::Acts::on_link,
           .lasting = scenario::StepSchema::Lasting::lasting,
           .help = "delay what passes on a link",
           .keys = {{"latency", scenario::ValueType::positive_duration, true, "how long: \"50ms\""},
                    {"jitter", scenario::ValueType::duration, false, "up to so much more or less, by the seed"},
                    {"stream",
                     scenario::ValueType::string,
                     false,
                     "replies (downstream, default) or requests",
                     {"downstream", "upstream"}}}},
          [](Target target) -> std::unique_ptr<Step> {
            const auto direction = target.text("stream", "downstream") == "downstream" ? link::Direction::to_client
                                                                                       : link::Direction::to_server;
            auto toxic = std::make_shared<LatencyToxic>(
                target.executor, target.clock,
                target.step.get<scenario::Duration>("latency").value_or(async::Duration{}),
                target.step.get<scenario::Duration>("jitter").value_or(async::Duration{}), direction, target.seed);
            return std::make_unique<ToxicStep<LatencyToxic>>(std::move(target), std::move(toxic));
          }};
}

StepKind reset_kind() {
  return {{.name = "reset",
           .acts = scenario::StepSchema::Acts::on_link,
           .help = "reset (RST) the open connections of a link"},
          [](Target target) { return std::make_unique<Reset>(std::move(target)); }};
}

} // namespace holdfast::faults
