// One look at whether an instance is ready.
#pragma once

#include "harness/async/clock.hpp"
#include "harness/async/http_connection.hpp"
#include "harness/process/surroundings.hpp"
#include "harness/scenario/placeholders.hpp"
#include "harness/scenario/stack.hpp"
#include "harness/stack/network_lease.hpp"

#include <filesystem>
#include <functional>

namespace holdfast::stack {

namespace asio = boost::asio;

struct ProbeAnswer {
  bool ready = false;
  std::string detail; ///< "200", "connect: Connection refused"
  bool timed_out = false;
};

struct ProbeTarget {
  Place place;
  std::string socket;              ///< a Unix socket that is asked instead; empty: none
  std::filesystem::path directory; ///< command probes run here
  scenario::Lookup placeholders;   ///< of command probes
  process::Surroundings surroundings;
  std::function<bool(std::string_view text)> has_logged; ///< log probes: has a line of this start held the text?
};

/// An answer that takes longer than this is none, where nothing else is said.
constexpr async::Duration probe_timeout = std::chrono::milliseconds{500};

/// HTTP probes ask over `kept` where there is one: it is connected when it is not, and stays so if the server likes;
/// the question is a whole request each time. Without it every probe has a connection of its own.
[[nodiscard]] asio::awaitable<ProbeAnswer> probe_once(async::Clock& clock, const scenario::Probe& probe,
                                                      const ProbeTarget& target, async::HttpConnection* kept = nullptr,
                                                      async::Duration timeout = probe_timeout);

} // namespace holdfast::stack
