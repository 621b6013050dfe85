// New connections are refused by the kernel and open ones reset: a dependency whose process is gone. Proven by
// connections of this machine that failed while it was in force (Tcp AttemptFails in /proc/net/snmp), the harness's own
// look not counted.
#include "harness/faults/step.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace holdfast::faults {

namespace {

std::uint64_t failed_attempts() {
  std::ifstream stream("/proc/net/snmp");
  std::vector<std::string> names, values;
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with("Tcp:"))
      continue;
    std::istringstream words(line);
    auto& row = names.empty() ? names : values;
    for (std::string word; words >> word;)
      row.push_back(word);
  }
  for (std::size_t i = 0; i < names.size() && i < values.size(); ++i)
    if (names[i] == "AttemptFails")
      return std::stoull(values[i]);
  return 0;
}

class Refuse final : public Step {
public:
  explicit Refuse(Target target) : target_(std::move(target)) {}

  asio::awaitable<void> strike() override {
    before_ = failed_attempts();
    target_.link->refuse(target_.peers);
    cut_ = target_.link->reset(target_.peers);
    for (const auto& endpoint : target_.link->endpoints()) {
      if (!target_.peers.empty() &&
          std::find(target_.peers.begin(), target_.peers.end(), endpoint.peer) == target_.peers.end())
        continue;
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
    const auto all = failed_attempts() - before_;
    refused_ = all > own_ ? all - own_ : 0;
    target_.link->accept_again(target_.peers);
    co_return;
  }
  Proof proof() const override {
    if (!struck_ || !in_force_)
      return {false, "an endpoint still took connections"};
    if (refused_ == 0)
      return {false, "nobody tried to connect while connections were refused"};
    return {true, fmt::format("{} connections cut, {} connection attempts refused", cut_, refused_)};
  }

private:
  Target target_;
  std::size_t cut_ = 0;
  bool in_force_ = true;
  bool struck_ = false;
  std::uint64_t own_ = 0; ///< attempts of the harness's own look
  std::uint64_t before_ = 0;
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
