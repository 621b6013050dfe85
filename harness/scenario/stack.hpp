// A stack as its TOML file describes it: services, releases, dependencies, how users' operations map to HTTP, and what
// the checks must know. Immutable after loading; strings hold `{placeholders}` that the run fills in.
#pragma once

#include "harness/scenario/http_script.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::scenario {

using Duration = std::chrono::nanoseconds;

/// How "ready" is observed. Polled every `every` until it answers or `within` has passed.
struct Probe {
  enum class Kind { tcp, http, log, command };
  Kind kind = Kind::tcp;
  std::string path;                 ///< http: path that must answer 2xx; log: text that a line must contain
  std::vector<std::string> command; ///< command: must exit 0
  Duration within = std::chrono::seconds{10};
  Duration every = std::chrono::milliseconds{5};
};

enum class ConfigFormat { properties, toml, json };

/// One configuration file of a service in a release; rendered once per instance.
struct ConfigFile {
  std::string name; ///< file name inside the instance's directory
  ConfigFormat format = ConfigFormat::properties;
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

struct Service {
  std::string name;
  std::vector<std::string> needs; ///< dependencies and other services; started after them
  Probe ready;
  std::vector<std::string> ready_without; ///< needs whose loss leaves it ready by design
  std::string stop_signal = "SIGTERM";
  Duration stop_within = std::chrono::seconds{5};
};

struct Dependency {
  enum class Provider { fake, server, external };
  std::string name;
  std::string protocol; ///< redis, postgres, http or tcp
  Provider provider = Provider::fake;
  std::vector<std::string> command;    ///< server: how it is spawned
  std::vector<std::string> prepare;    ///< server: run once, to its end, before `command`
  Probe ready;                         ///< server
  std::string stop_signal = "SIGTERM"; ///< server: at the end of the run; SIGKILL soon after
  std::string run_as;                  ///< server: user to run as when the harness is root; empty: as the harness
  std::string database = "postgres";   ///< postgres, server: created by the default preparation
  std::string user = "postgres";       ///< postgres, server: the superuser of the default preparation
  std::string address;                 ///< external: host:port
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

struct ListCapture {
  std::string at;                            ///< JSON pointer of the array
  std::map<std::string, std::string> fields; ///< name to JSON pointer inside an element
  std::string next;                          ///< JSON pointer of the next page's path; empty: there is one page
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
  std::vector<int> fail;                         ///< declared rejections: certainly no effect
  std::vector<int> unauthenticated = {401, 403}; ///< not authenticated, mapped apart
  int attempts = 1;
  Duration retry_wait = std::chrono::milliseconds{20}; ///< before the second attempt; doubles with each
  Duration timeout = std::chrono::seconds{2};
  int batch = 500; ///< of an import: users in one request
};

/// Where the payments of purchases are booked, and what of an entry means what.
struct Payments {
  std::string dependency;          ///< whose fake keeps the book
  std::string id = "id";           ///< field that carries the purchase's client id
  std::string amount = "amount";   ///< field; as the client sent it
  std::string kind = "kind";       ///< field that tells payments from voids
  std::string payment = "payment"; ///< its value where a purchase is paid
  std::string voided = "void";     ///< its value where a payment is taken back
};

/// Declared, never inferred from what a stack shows.
struct Declarations {
  Duration session_lifetime = std::chrono::hours{1};
  bool session_sliding = true;
  bool one_session_per_user = false;
  enum class Order { any, oldest_first, newest_first };
  Order purchase_order = Order::any;
  std::optional<std::int64_t> opening_balance; ///< nothing: balances are not added up
  bool purchases_are_charged = false;          ///< to the account of the user's statement, under the purchase's id
  bool overdraft = false;
  std::optional<Payments> payments;
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
  /// The service itself and whatever services it needs, directly or through others.
  [[nodiscard]] std::set<std::string> reached_from(const std::string& service_name) const;
  /// Services ordered so that each comes after the services that it needs.
  [[nodiscard]] std::vector<const Service*> start_order() const;
};

[[nodiscard]] std::string to_string(Role role);

} // namespace holdfast::scenario
