// New connections are refused by the kernel and open ones reset: a dependency whose process is gone. Proven by attempts
// to connect that arrived while it was in force, the harness's own look not counted.
#include "harness/faults/step.hpp"

#include "harness/stack/attempt_counter.hpp"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace holdfast::faults {

namespace {

class Refuse final : public Step {
public:
  explicit Refuse(Target target) : target_(std::move(target)) {}

  // The counters are opened before the refusal begins and set to zero right after: opened later they would miss the
  // first attempts, and an attempt from before was not refused. Then the harness tries each endpoint itself: that the
  // kernel refuses is looked at, not assumed.
  asio::awaitable<void> strike() override {
    const auto mine = endpoints();
    for (const auto& endpoint : mine)
      if (counters_.empty() || counters_.front().scope() == Scope::endpoint) // one counter for the machine is enough
        counters_.emplace_back(endpoint.address, endpoint.port);
    target_.link->refuse(target_.peers);
    for (auto& counter : counters_)
      counter.restart();
    cut_ = target_.link->reset(target_.peers);
    for (const auto& endpoint : mine) {
      asio::ip::tcp::socket socket(target_.executor);
      boost::system::error_code error;
      co_await socket.async_connect({asio::ip::make_address(endpoint.address), endpoint.port},
                                    asio::redirect_error(asio::use_awaitable, error));
      in_force_ = in_force_ && error == asio::error::connection_refused;
      ++own_;
    }
    struck_ = true;
  }
  asio::awaitable<void> undo() override {
    // Counted before connections are accepted again: a SYN that arrives after that was not refused.
    for (auto& counter : counters_) {
      refused_ += counter.count();
      whole_machine_ = whole_machine_ || counter.scope() == Scope::machine;
    }
    refused_ -= std::min(refused_, own_);
    counters_.clear();
    target_.link->accept_again(target_.peers);
    co_return;
  }
  Proof proof() const override {
    if (!struck_ || !in_force_)
      return {false, "an endpoint still took connections"};
    if (refused_ == 0)
      return {false, "nobody tried to connect while connections were refused"};
    return {true, fmt::format("{} connections cut, {} connection attempts refused{}", cut_, refused_,
                              whole_machine_ ? " (counted on the whole machine: no permission for a raw socket)" : "")};
  }

private:
  using Scope = stack::AttemptCounter::Scope;
  [[nodiscard]] std::vector<link::Endpoint> endpoints() const {
    auto all = target_.link->endpoints();
    std::erase_if(all, [this](const auto& one) {
      return !target_.peers.empty() &&
             std::find(target_.peers.begin(), target_.peers.end(), one.peer) == target_.peers.end();
    });
    return all;
  }

  Target target_;
  std::vector<stack::AttemptCounter> counters_;
  std::size_t cut_ = 0;
  bool in_force_ = true;
  bool struck_ = false;
  bool whole_machine_ = false;
  std::uint64_t own_ = 0; ///< attempts of the harness's own look
  std::uint64_t refused_ = 0;
};

} // namespace

StepKind refuse_kind() {
  return {{.name = "refuse",
           .acts = scenario::StepSchema::Acts::on_link,
           .lasting = scenario::StepSchema::Lasting::lasting,
           .help = "refuse new connections on a link and reset the open ones"},
          [](Target target) { return std::make_unique<Refuse>(std::move(target)); }};
}

} // namespace holdfast::faults
