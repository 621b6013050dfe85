// A stack as its TOML file describes it: services, releases, dependencies, how users' operations map to HTTP, and what
// the checks must know. Immutable after loading; strings hold `{placeholders}` that the run fills in.
#pragma once

#include "harness/config/edit.hpp"
#include "harness/scenario/http_script.hpp"
#include "harness/scenario/key_schema.hpp"
#include "harness/text/decimal.hpp"
#include "harness/text/pattern.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::scenario {

/// How "ready" is observed. Polled every `every` until it answers or `within` has passed.
struct Probe {
  enum class Kind { tcp, http, log, command };
  Kind kind = Kind::tcp;
  std::string path;                 ///< http: path that must answer 2xx; log: text that a line must contain
  std::vector<std::string> command; ///< command: must exit 0
  Duration within = std::chrono::seconds{10};
  Duration every = std::chrono::milliseconds{5};
};

/// One configuration file of a service in a release; rendered once per instance.
struct ConfigFile {
  std::string name; ///< file name inside the instance's directory
  config::Format format = config::Format::properties;
  std::string text; ///< with placeholders
};

/// How one service of one release is started.
struct ServiceRelease {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;
  std::optional<ConfigFile> config;
};

struct Release {
  std::string name;
  std::map<std::string, ServiceRelease> services; ///< every service of the stack
};

/// How users' requests are shared out over the hosts of a service: a load balancer that knows what its own probes tell
/// it, and nothing else.
struct Balancer {
  enum class Retry {
    same,     ///< a retried attempt goes where the one before it went, while that is routed
    elsewhere ///< one that had no answer is retried on another host
  };
  Duration probe = std::chrono::milliseconds{100}; ///< between two probes of an instance
  Duration timeout = std::chrono::seconds{1};      ///< of a probe
  int unhealthy = 2;                               ///< probes in a row that fail take an instance out
  int healthy = 1;                                 ///< that succeed bring it in again
  Duration drain{};                                ///< a step takes a host out so long before it signals it
  Retry retry = Retry::same;
};

/// Starts an instance again that has ended by itself.
struct Supervisor {
  Duration within = std::chrono::seconds{1}; ///< all tries are made in this time, evenly
  int tries = 5;
};

struct Service {
  std::string name;
  std::string host = "localhost"; ///< the name under which browsers know it, behind a load balancer with TLS
  Balancer balancer;
  std::optional<Supervisor> supervisor;
  std::vector<std::string> needs; ///< dependencies and other services; started after them
  Probe ready;
  std::vector<std::string> ready_without; ///< needs whose loss leaves it ready by design
  std::string stop_signal = "SIGTERM";
  Duration stop_within = std::chrono::seconds{5};
};

struct Dependency {
  enum class Provider { fake, server, external };
  std::string name;
  std::string protocol;                ///< its kind's name
  bool operations_are_methods = false; ///< of its kind
  Provider provider = Provider::fake;
  std::vector<std::string> command;    ///< server: how it is spawned
  std::vector<std::string> prepare;    ///< server: run once, to its end, before `command`
  Probe ready;                         ///< server
  std::string stop_signal = "SIGTERM"; ///< server: at the end of the run; SIGKILL soon after
  std::string run_as;                  ///< server: user to run as when the harness is root; empty: as the harness
  std::string database;                ///< created by the usual server's preparation; empty: the server's own
  std::string user;                    ///< superuser of the usual server; empty: the server's own
  std::string address;                 ///< external: host:port
  std::string socket;                  ///< server: path of the Unix socket that it listens on; empty: TCP
  HttpScript script;                   ///< http, fake
};

/// What an operation means to the checks.
enum class Role {
  register_user,
  login,
  logout,
  whoami,
  purchase,
  purchases,
  transfer,
  statement,
  overview,     ///< whoami, purchases and statement in one reply
  import_users, ///< many users at once, before the clock starts
  other,
};

/// Whether an operation of this role changes something, so that what it has acknowledged can be lost. What one without
/// a role does is not known: it is taken for a change.
[[nodiscard]] constexpr bool is_change(Role role) {
  switch (role) {
  case Role::register_user:
  case Role::login:
  case Role::logout:
  case Role::purchase:
  case Role::transfer:
  case Role::import_users:
  case Role::other:
    return true;
  case Role::whoami:
  case Role::purchases:
  case Role::statement:
  case Role::overview:
    break;
  }
  return false;
}

/// Where a reply says how its list goes on: a path or a URL of the same service, or a token for a query parameter.
struct NextPage {
  std::string at;           ///< JSON pointer; empty: see below
  std::string parameter;    ///< the value there is a token, sent as this query parameter
  bool link_header = false; ///< the Link header's rel="next" (RFC 8288)

  [[nodiscard]] bool is_given() const { return !at.empty() || link_header; }
};

struct ListCapture {
  std::string at;                            ///< JSON pointer of the array
  std::map<std::string, std::string> fields; ///< name to JSON pointer inside an element
  NextPage next;                             ///< not given: there is one page
};

/// How a service says that it does not know this session. Any of these is enough.
struct Unauthenticated {
  std::vector<int> status = {401, 403};
  std::vector<std::pair<std::string, text::Pattern>> headers; ///< name in lower case: found in its value
  std::vector<JsonComparison> json;
  std::vector<std::string> missing; ///< JSON pointers where there is nothing, or null; of an empty body too
};

struct OkReply {
  std::vector<int> status;
  std::map<std::string, std::string> capture; ///< variable to JSON pointer; all must be there for `ok`
  std::optional<ListCapture> list;            ///< the array must be there for `ok`; of an overview the purchases
  std::optional<ListCapture> statement;       ///< of an overview
};

struct Operation {
  std::string name;
  Role role = Role::other;
  std::string service;
  std::string method = "GET";
  std::string path;
  std::map<std::string, std::string> headers;
  std::string json_body; ///< JSON text whose string leaves are templates; empty for no body
  OkReply ok;
  std::vector<int> fail;           ///< declared rejections: certainly no effect
  Unauthenticated unauthenticated; ///< mapped apart
  enum class Redirects {
    answer, ///< a reply as any other
    follow  ///< as browsers do, while they lead to the same service
  };
  Redirects redirects = Redirects::answer;
  int attempts = 1;
  Duration retry_wait = std::chrono::milliseconds{20}; ///< before the second attempt; doubles with each
  Duration timeout = std::chrono::seconds{2};
  int batch = 500; ///< of an import: users in one request
};

/// In which book the payments of purchases are written, and which field of its entries says what.
struct Payments {
  std::string dependency;          ///< whose fake keeps the book
  std::string id = "id";           ///< field that carries the purchase's client id
  std::string amount = "amount";   ///< field; as the client sent it
  std::string kind = "kind";       ///< field that tells payments from voids
  std::string payment = "payment"; ///< its value where a purchase is paid
  std::string voided = "void";     ///< its value where a payment is taken back
};

/// The rules of the stack that checks judge by. They are declared in its file, never inferred from what the stack
/// shows.
struct Declarations {
  Duration session_lifetime = std::chrono::hours{1};
  bool session_sliding = true;
  bool one_session_per_user = false;
  bool many_browsers =
      false; ///< `per_user = "many"` is said: where sessions are cookies, users come with other browsers
  enum class Order { any, oldest_first, newest_first };
  Order purchase_order = Order::any;
  std::optional<text::Decimal> opening_balance; ///< nothing: balances are not added up
  bool purchases_are_charged = false;           ///< to the account of the user's statement, under the purchase's id
  bool overdraft = false;
  std::optional<Payments> payments;
  /// Since the acknowledgement, or since the stack has recovered from the last step, whichever is later. Zero: at once.
  Duration sessions_visible{}, purchases_visible{}, transactions_visible{}, payments_visible{};
  std::map<std::string, Settings> of_checks; ///< what checks are told by their own schemas, by check
  std::vector<std::string> secret_names;     ///< keys, fields, headers and variables whose values are secrets
};

struct Stack {
  std::string file;
  std::string text; ///< of the file, as it was read
  std::string name;
  int hosts = 1;
  std::string initial_release; ///< also the last known-good one before the timeline starts
  std::vector<Service> services;
  std::vector<Release> releases;
  std::vector<Dependency> dependencies;
  std::vector<Operation> operations;
  Declarations declare;

  [[nodiscard]] const Service* service(const std::string& service_name) const;
  [[nodiscard]] const Release* release(const std::string& release_name) const;
  [[nodiscard]] const Dependency* dependency(const std::string& dependency_name) const;
  [[nodiscard]] const Operation* operation(const std::string& operation_name) const;
  [[nodiscard]] const Operation* operation(Role role) const;
  /// The operation that shows what a role reads: its own, or the overview.
  [[nodiscard]] const Operation* reader(Role role) const;
  /// The operation's request names something that the login captures: its session is a token, not cookies alone.
  [[nodiscard]] bool carries_token(const Operation& operation) const;
  /// The service itself and whatever services it needs, directly or through others.
  [[nodiscard]] std::set<std::string> reached_from(const std::string& service_name) const;
  /// Services ordered so that each comes after the services that it needs.
  [[nodiscard]] std::vector<const Service*> start_order() const;
};

[[nodiscard]] std::string to_string(Role role);

} // namespace holdfast::scenario
