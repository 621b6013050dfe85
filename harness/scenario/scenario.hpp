// A scenario as its TOML file describes it. Immutable after loading.
#pragma once

#include "harness/scenario/diagnostic.hpp"
#include "harness/scenario/stack.hpp"

#include <cstdint>
#include <variant>

namespace holdfast::scenario {

enum class Routing {
  ready, ///< an unready host's users move, as a load balancer does it
  pinned ///< a user stays on their host whatever it says
};

struct Workload {
  int users = 10;
  double arrivals_per_second = 100;
  std::vector<std::pair<std::string, int>> journey; ///< operation and its weight
  std::vector<std::string> setup;                   ///< run once per user before the clock starts
  Routing routing = Routing::ready;
  Duration length{};                                ///< of the timeline; 0: until the last step's recovery
  Duration steady = std::chrono::milliseconds{500}; ///< observed before the first step may begin
  int connections = 64;
  enum class ReadBack {
    each,    ///< identity, purchases and statement on their own
    overview ///< by the stack's overview: one request a user
  };
  ReadBack read_back = ReadBack::each;
  std::int64_t amount_min = 1;
  std::int64_t amount_max = 20;
  bool relogin = true; ///< a user whose session is refused logs in again
};

/// Where in a message's life on a link: see the design's words.
struct Position {
  enum class Point { request, reply };
  Point point = Point::request;
  std::size_t delivered = 0; ///< `reply+k`: bytes of the reply that are delivered before the message is held
};

/// When a step begins.
struct AtTime {
  Duration at{}; ///< on the timeline, which stands still during checkpoints
};
struct AtPosition {
  std::string link;
  Position position;
  std::string operation;         ///< empty: any
  std::vector<std::string> keys; ///< all of which the message carries
  std::uint64_t nth = 1;
  Duration not_before{}; ///< on the timeline
  Duration deadline = std::chrono::seconds{10};
};
struct AfterStep {
  std::string step;
  Duration delay{};
};
using Trigger = std::variant<AtTime, AtPosition, AfterStep>;

/// Which instances a step is about.
struct InstanceSelection {
  std::vector<std::string> services; ///< empty: all
  int host_count = 0;                ///< 0: all hosts; otherwise so many, chosen by the seed
  std::vector<int> hosts;            ///< 1-based; wins over the count when given
  bool that = false;                 ///< the peer of the gated connection
};

struct Step {
  std::string id; ///< as given, or "step-N"
  std::string kind;
  Location where;
  Trigger trigger;
  InstanceSelection instances;
  std::optional<Duration> lasts; ///< faults: undone after this long
  bool checkpoint = true;        ///< everything is read back after it
  Settings arguments;

  template <class T>
  [[nodiscard]] std::optional<T> get(const std::string& key) const {
    return get_from<T>(arguments, key);
  }
};

struct Range {
  double min = 0;
  double max = 1;
};

struct ExpectedFinding {
  std::string check;
  std::string kind;
  std::optional<Range> users; ///< share of all users
  std::string after;          ///< step id; empty: from the beginning
  std::string until;          ///< step id; empty: to the end
};

struct Expectations {
  bool reproduction = false; ///< `findings` was given: exactly these and no others
  std::vector<ExpectedFinding> findings;
  std::map<std::string, std::string> survive; ///< check to "survive" or "truthful"
  std::optional<double> availability_min;
  std::optional<Duration> recovery_within;
  bool all_ready = false;           ///< an instance that does not become ready is a finding, whoever was hurt
  bool steady = false;              ///< nothing is to happen: a run without steps may pass
  std::vector<std::string> may_end; ///< services and dependencies whose processes may end by themselves
};

/// Tolerances of the judgement.
struct Judgement {
  Duration at_risk = std::chrono::milliseconds{100};
  Duration recovery_deadline = std::chrono::seconds{3};
  Duration recovery_window = std::chrono::seconds{1};
  double recovery_ratio = 0.99;
  Duration lying_grace = std::chrono::milliseconds{300};
  double lying_threshold = 0.5;
  int lying_requests = 10; ///< fewer than these tell nothing
  Duration loop_lag = std::chrono::milliseconds{250};
  double starved = 0.5; ///< of the time the harness waited for a processor
};

struct Scenario {
  std::string file;
  std::string text;          ///< of the file, as it was read
  std::string extended_text; ///< of the file that it extends; empty: it extends none
  std::string name;
  std::string about;
  std::uint64_t seed = 1;
  bool cold_restart = true; ///< read again after a restart of every service at the end
  Workload workload;
  std::vector<Step> steps;
  Expectations expect;
  Judgement judge;
  Stack stack;

  /// Some step acts on this link, or waits for a message on it.
  [[nodiscard]] bool names_link(const std::string& link) const;
};

} // namespace holdfast::scenario
