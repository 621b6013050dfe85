// Services as they are found in the wild, each with one thing that it does: whole runs.
#include "harness/history/reader.hpp"
#include "tests/support/support.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace holdfast;
using test::Played;
using test::TemporaryFolder;
using Kinds = std::vector<std::string>;

namespace {

/// The stall (services/stall.py) with cookies, and a scenario for it.
struct Stall {
  TemporaryFolder folder;
  int hosts = 1;
  std::string behaviours; ///< of release 1
  std::string next;       ///< of release 2
  std::string ready = "http = \"/ready\", within = \"2s\"";
  std::string of_service;   ///< more lines of [services.stall]
  std::string of_operation; ///< more of every operation
  std::string journey = "buy = 2, bought = 1, me = 1";
  std::string workload;
  std::string steps = "[[step]]\nid = \"it\"\nat = \"600ms\"\ndo = \"restart\"\n";
  std::string rest;
  bool cold_restart = true;

  Played play(const std::vector<std::string>& more = {}) {
    const auto command = [&](const std::string& with) {
      return fmt::format("[\"/usr/bin/python3\", \"{}\", \"{{address}}\", \"{{port}}\", \"{}/purchases\", \"{}\"]",
                         test::source("tests/services/stall.py").string(), folder.path().string(), with);
    };
    folder.write("stack.toml", fmt::format(R"([stack]
name = "stall"
hosts = {}
release = "1"
[services.stall]
command = {}
ready = {{ {} }}
stop_within = "2s"
{}
[releases.1]
[releases.2]
stall = {{ command = {} }}
[operations.login]
request = {{ method = "POST", path = "/login", json = {{ user = "{{user}}" }} }}
ok = {{ status = [200] }}
{}
[operations.me]
role = "whoami"
request = {{ path = "/me" }}
ok = {{ status = [200], capture = {{ user = "/user" }} }}
{}
[operations.buy]
role = "purchase"
request = {{ method = "POST", path = "/buy", json = {{ id = "{{id}}", amount = "{{amount}}" }} }}
ok = {{ status = [201] }}
{}
[operations.bought]
role = "purchases"
request = {{ path = "/bought" }}
ok = {{ status = [200], list = {{ at = "/items", id = "/id", amount = "/amount" }} }}
{}
)",
                                           hosts, command(behaviours), ready, of_service, command(next), of_operation,
                                           of_operation, of_operation, of_operation));
    const auto scenario = fmt::format(R"([scenario]
name = "stall"
stack = "stack.toml"
cold_restart = {}
[workload]
users = 6
arrivals = "60/s"
journey = {{ {} }}
{}
{}
[judge]
at_risk = "400ms"
recovery_window = "200ms"
recovery_deadline = "2s"
{}
)",
                                      cold_restart, journey, workload, steps, rest);
    auto played = test::play(folder.write("scenario.toml", scenario), folder.path(), more);
    CHECK(test::processes_of(folder.path()).empty());
    INFO(played.err);
    return played;
  }
};

history::History history_of(const Played& played) {
  auto read = history::read_history(played.run.at("bundle").as_string().c_str());
  REQUIRE(std::holds_alternative<history::History>(read));
  return std::get<history::History>(std::move(read));
}

std::string all_of(const Played& played) {
  return boost::json::serialize(played.run);
}

bool says(const Played& played, const std::string& text) {
  const bool found = (all_of(played) + played.err).find(text) != std::string::npos;
  if (!found)
    MESSAGE(all_of(played), played.err);
  return found;
}

} // namespace

TEST_CASE("strangers: cookies as browsers keep them: one that lives for a second and is renewed passes" *
          doctest::test_suite("timing")) {
  Stall stall;
  stall.behaviours = "renews,short-lived";
  stall.journey = "buy = 3, bought = 1, me = 1, login = 1";
  stall.rest = "[declare]\nsessions = { lifetime = \"1s\" }\n";
  const auto played = stall.play();
  INFO(played.reason());
  CHECK(played.verdict() == "pass");
}

TEST_CASE("strangers: cookies as browsers keep them: a service that behaves passes") {
  for (const auto* behaviours : {"", "keeps-session", "empty-for-nobody", "decimals"}) {
    INFO(std::string(behaviours));
    Stall stall;
    stall.behaviours = behaviours;
    stall.journey = "buy = 3, bought = 1, me = 1, login = 1";
    std::vector<std::string> more;
    if (std::string(behaviours) == "empty-for-nobody")
      more = {"--set", "operations.me.unauthenticated.missing=[\"/user\"]", "--set",
              "operations.bought.unauthenticated.missing=[\"/items\"]"};
    const auto played = stall.play(more);
    INFO(played.reason());
    CHECK(played.verdict() == "pass");
  }
}

TEST_CASE("strangers: a release whose every reply logs everybody out fails, with the reply that did it") {
  Stall stall;
  stall.next = "drops-cookies";
  stall.steps = "[[step]]\nat = \"600ms\"\ndo = \"deploy\"\nrelease = \"2\"\nrestart = true\n";
  const auto played = stall.play();
  CHECK(played.verdict() == "fail");
  CHECK(played.kinds("sessions") == Kinds{"lost"});
  CHECK(says(played, "dropped the cookie 'sid'"));
}

TEST_CASE("strangers: a cookie still opens after its logout where the service only asked the browser to forget it") {
  for (const auto* behaviours : {"", "remembers"}) {
    Stall stall;
    stall.behaviours = behaviours;
    stall.journey = "buy = 2, bought = 1, me = 2, logout = 1";
    stall.of_operation +=
        "\n[operations.logout]\nrequest = { method = \"POST\", path = \"/logout\" }\nok = { status = [200] }";
    const auto command = stall.of_operation;
    stall.of_operation.clear();
    stall.of_service = command.substr(1); // another table of the stack, before the releases
    stall.steps = "[[step]]\nid = \"it\"\nat = \"600ms\"\ndo = \"pause\"\nfor = \"50ms\"\n"; // what it knows stays
    stall.cold_restart = false;
    const auto played = stall.play();
    INFO(played.reason());
    const auto kinds = played.kinds("sessions");
    CHECK((std::find(kinds.begin(), kinds.end(), "zombie") != kinds.end()) == (std::string(behaviours) == "remembers"));
  }
}

TEST_CASE("strangers: an instance that ends by itself is found, said with its time, and is no evidence for a restart") {
  Stall stall;
  stall.hosts = 2;
  stall.behaviours = "dies-at-2";
  stall.steps = "[[step]]\nid = \"it\"\nat = \"1500ms\"\ndo = \"restart\"\nhosts = [2]\n";
  const auto played = stall.play();
  CHECK(played.verdict() == "fail");
  CHECK(played.kinds("processes") == Kinds{"ended"});
  CHECK(says(played, "stall@2 ended by itself at 1."));
  CHECK(says(played, "exit 137"));
  for (const auto& step : played.run.at("steps").as_array())
    CHECK_FALSE(step.at("proven").as_bool()); // it found nothing to restart
}

TEST_CASE("strangers: a supervisor starts again what ended by itself, the end stays found unless it may be") {
  for (const bool allowed : {false, true}) {
    Stall stall;
    stall.hosts = 2;
    stall.behaviours = "dies-at-2";
    stall.of_service = "restart = { on = \"exit\", within = \"1s\", tries = 3 }";
    stall.steps = "[[step]]\nid = \"it\"\nat = \"1800ms\"\ndo = \"restart\"\nhosts = [1]\n";
    stall.workload = "length = \"2500ms\"";
    if (allowed)
      stall.rest = "[expect]\nprocesses = { may_end = [\"stall\"] }\n";
    const auto played = stall.play();
    INFO(played.reason());
    CHECK(played.verdict() == (allowed ? "pass" : "fail"));
    CHECK(played.kinds("processes") == (allowed ? Kinds{} : Kinds{"ended"}));
    bool supervised = false;
    for (const auto& event : history_of(played).events)
      if (const auto* process = event.as<history::ProcessEvent>())
        supervised = supervised || (process->supervised && process->instance == "stall@2");
    CHECK(supervised);
  }
}

TEST_CASE("strangers: a listener that closes while users are still sent there is seen, one that drains passes") {
  for (const auto* behaviours : {"closes", "drains"}) {
    INFO(std::string(behaviours));
    Stall stall;
    stall.hosts = 2;
    stall.behaviours = behaviours;
    stall.steps = "[[step]]\nat = \"700ms\"\ndo = \"restart\"\norder = \"rolling\"\n";
    stall.rest = "[expect]\navailability = { min = 1.0 }\nsessions = \"survive\"\npurchases = \"survive\"\n";
    const auto played = stall.play({"--set", "workload.users=20", "--set", "workload.arrivals=150/s"});
    INFO(played.reason());
    CHECK(played.verdict() == (std::string(behaviours) == "drains" ? "pass" : "fail"));
  }
}

TEST_CASE("strangers: an orchestrator that drains before it signals spares users a listener that closes") {
  for (const auto* step :
       {"do = \"restart\"\norder = \"rolling\"", "do = \"deploy\"\nrelease = \"2\"\nrestart = true\nhosts = 1"}) {
    Stall stall;
    stall.hosts = 2;
    stall.behaviours = "closes";
    stall.next = "closes,newer";
    stall.of_service = "balancer = { drain = \"300ms\" }";
    stall.steps = fmt::format("[[step]]\nat = \"700ms\"\n{}\n", step);
    stall.rest = "[expect]\navailability = { min = 1.0 }\n";
    const auto played = stall.play();
    INFO(step, ": ", played.reason());
    CHECK(played.verdict() == "pass");
    bool drained = false;
    for (const auto& event : history_of(played).events)
      if (const auto* route = event.as<history::RouteEvent>())
        drained = drained || route->detail == "drain";
    CHECK(drained);
  }
}

TEST_CASE("strangers: users who log in again when they are refused do not hide that their sessions were lost") {
  for (const bool forgets : {true, false}) {
    Stall stall;
    stall.behaviours = forgets ? "forgets" : "";
    stall.workload = "relogin = true";
    const auto played = stall.play();
    INFO(played.reason());
    CHECK(played.kinds("sessions") == (forgets ? Kinds{"lost"} : Kinds{}));
    CHECK(played.verdict() == (forgets ? "fail" : "pass"));
  }
}

TEST_CASE("strangers: a service that goes into the background is restarted and killed as a whole") {
  for (const auto* step : {"restart", "kill"}) {
    Stall stall;
    stall.steps = fmt::format("[[step]]\nat = \"600ms\"\ndo = \"{}\"\n", step);
    const auto stall_py = "/usr/bin/python3 " + test::source("tests/services/stall.py").string();
    const auto played =
        stall.play({"--set", fmt::format("services.stall.command=[\"sh\", \"-c\", \"{} $1 $2 $3 & sleep 0.1\", "
                                         "\"sh\", \"{{address}}\", \"{{port}}\", \"{}/purchases\"]",
                                         stall_py, stall.folder.path().string())});
    INFO(step, ": ", played.reason());
    CHECK(played.verdict() == "pass");
    CHECK(played.kinds("processes").empty());
  }
}

TEST_CASE("strangers: a service that went into the background and dies there has ended by itself") {
  for (const bool has_supervisor : {false, true}) {
    Stall stall;
    stall.steps = "[[step]]\nat = \"1900ms\"\ndo = \"restart\"\n";
    stall.cold_restart = false;
    if (has_supervisor)
      stall.of_service = "restart = { on = \"exit\", within = \"1s\", tries = 3 }";
    const auto stall_py = "/usr/bin/python3 " + test::source("tests/services/stall.py").string();
    const auto played = stall.play(
        {"--set", fmt::format("services.stall.command=[\"sh\", \"-c\", \"{} $1 $2 $3 dies-soon & sleep 0.05\", \"sh\", "
                              "\"{{address}}\", \"{{port}}\", \"{}/purchases\"]",
                              stall_py, stall.folder.path().string())});
    INFO(played.reason());
    CHECK(played.verdict() == "fail");
    CHECK(played.kinds("processes") == Kinds{"ended"});
    CHECK(says(played, "exit 137"));
    bool supervised = false;
    for (const auto& event : history_of(played).events)
      if (const auto* process = event.as<history::ProcessEvent>())
        supervised = supervised || process->supervised;
    CHECK(supervised == has_supervisor);
    if (!has_supervisor)
      CHECK(says(played, "every instance that it was to restart had ended by itself before"));
  }
}

TEST_CASE("strangers: many sessions of a user are tried from many browsers where they are declared") {
  for (const auto& [behaviours, declared, verdict] : {std::tuple{"one-session", true, "fail"},
                                                      {"one-session", false, "pass"},
                                                      {"", true, "pass"},
                                                      {"keeps-session", true, "pass"}}) {
    Stall stall;
    stall.behaviours = behaviours;
    stall.journey = "buy = 3, bought = 1, me = 1, login = 2";
    if (declared)
      stall.rest = "[declare]\nsessions = { per_user = \"many\" }\n";
    const auto played = stall.play();
    INFO(behaviours, " ", declared, ": ", played.reason());
    CHECK(played.verdict() == verdict);
    if (std::string(verdict) == "fail")
      CHECK(played.kinds("sessions").size() == 1); // lost; or only until a restart made the service forget
  }
}

TEST_CASE("strangers: a cookie that no browser keeps is named, with the reason") {
  Stall stall;
  stall.behaviours = "of-another-domain";
  const auto played = stall.play();
  CHECK(played.verdict() == "inconclusive");
  CHECK(says(played, "status 401 says that nobody is signed in"));
  CHECK(says(played, "does not have the cookie 'sid' (refused: Domain=shop.example does not cover 'localhost'"));
}

TEST_CASE("strangers: a start that was given up and ends later has ended by itself") {
  Stall stall;
  stall.steps = "[[step]]\nat = \"600ms\"\ndo = \"deploy\"\nrelease = \"2\"\nrestart = true\n";
  stall.next = "unready,dies-soon";
  stall.ready = "http = \"/ready\", within = \"500ms\"";
  stall.cold_restart = false;
  const auto played = stall.play();
  INFO(played.reason());
  CHECK(played.kinds("processes") == Kinds{"ended"});
}

TEST_CASE("strangers: a command that says whether a service is ready, its failures are events") {
  Stall stall;
  stall.steps = "[[step]]\nat = \"600ms\"\ndo = \"kill\"\n";
  stall.ready = "command = [\"/usr/bin/python3\", \"-c\", \"import urllib.request as r; "
                "r.urlopen('http://{address}:{port}/ready')\"], within = \"5s\"";
  const auto played = stall.play();
  INFO(played.reason(), played.err);
  CHECK(played.verdict() == "pass");
  std::size_t failures = 0;
  for (const auto& event : history_of(played).events)
    if (const auto* process = event.as<history::ProcessEvent>();
        process != nullptr && process->state == history::ProcessEvent::State::failed)
      ++failures;
  CHECK(failures > 0);
  CHECK(failures < 10); // not every look is told
}

TEST_CASE("strangers: purchases that show late are stale where nothing allows it") {
  for (const auto* within : {"", "50ms", "2s"}) {
    INFO(std::string(within));
    Stall stall;
    stall.behaviours = "late";
    if (*within != '\0')
      stall.rest = fmt::format("[declare]\npurchases = {{ visible_within = \"{}\" }}\n", within);
    const auto played = stall.play();
    INFO(played.reason());
    const auto kinds = played.kinds("purchases");
    const auto* expected = *within == '\0' ? "read-your-writes" : "stale";
    if (std::string(within) == "2s")
      CHECK(played.verdict() == "pass");
    else
      CHECK(std::find(kinds.begin(), kinds.end(), expected) != kinds.end());
  }
}

TEST_CASE("strangers: another shape after a deploy is the release's fault, from the beginning the stack file's") {
  Stall deployed;
  deployed.next = "other-shape";
  deployed.steps = "[[step]]\nat = \"600ms\"\ndo = \"deploy\"\nrelease = \"2\"\nrestart = true\n";
  const auto release = deployed.play();
  CHECK(release.verdict() == "fail");
  CHECK(release.kinds("purchases") == Kinds{"unreachable"});
  Stall always;
  always.behaviours = "other-shape";
  const auto file = always.play();
  CHECK(file.verdict() == "inconclusive");
  CHECK(says(file, "the reply has no list at '/items'"));
  CHECK(says(file, "did you mean '/bought'?"));
}

TEST_CASE("strangers: a host that says that it is not ready, or exits, while others serve its users is honest") {
  for (const auto* next : {"unready", "exits"}) {
    INFO(std::string(next));
    Stall stall;
    stall.hosts = 2;
    stall.next = next;
    stall.of_service = "balancer = { retry = \"elsewhere\" }";
    stall.of_operation = "retry = { attempts = 8, wait = \"50ms\" }";
    stall.steps = R"([[step]]
at = "600ms"
do = "deploy"
release = "2"
hosts = [1]
restart = true
[[step]]
after = "step-1"
delay = "300ms"
do = "rollback"
what = "release"
restart = true
)";
    const auto played = stall.play();
    INFO(played.reason());
    CHECK(played.verdict() == "pass");
    CHECK(played.kinds("readiness").empty());
    CHECK(played.kinds("processes").empty());
    if (std::string(next) == "exits")
      CHECK(says(played, "no database at all")); // its last line is in the evidence
  }
}

TEST_CASE("strangers: a step that is due right after a checkpoint waits until something is at risk") {
  Stall stall;
  stall.workload = "steady = \"500ms\"";
  stall.journey = "buy = 1, me = 9";
  stall.steps = R"([[step]]
at = "500ms"
do = "kill"
[[step]]
at = "600ms"
do = "kill"
)";
  const auto played = stall.play();
  INFO(played.reason());
  CHECK(played.verdict() == "pass");
  int waited = 0;
  for (const auto& event : history_of(played).events)
    if (const auto* step = event.as<history::StepEvent>())
      waited += step->state == history::StepEvent::State::waited && step->acknowledged ? 1 : 0;
  CHECK(waited >= 1);
}

TEST_CASE("strangers: a stack that never worked says so, and no step is blamed") {
  Stall stall;
  stall.behaviours = "empty-for-nobody"; // and logins go nowhere
  const auto played =
      stall.play({"--set", "operations.login.ok.status=[204]", "--set", "operations.buy.request.path=\"/nowhere\""});
  CHECK(played.status == 2);
  CHECK(played.reason().find("the stack never worked: ") == 0);
  for (const auto& step : played.run.at("steps").as_array())
    CHECK(step.at("began_ms").to_number<double>() == 0);
}

TEST_CASE("strangers: nothing but users is no evidence, unless nothing was to happen") {
  for (const bool steady : {false, true}) {
    Stall stall;
    stall.steps.clear();
    stall.cold_restart = false;
    if (steady)
      stall.rest = "[expect]\nsteady = true\n";
    const auto played = stall.play();
    INFO(played.reason());
    CHECK(played.verdict() == (steady ? "pass" : "inconclusive"));
  }
}

TEST_CASE("strangers: how a restart took its processes down stands in its evidence") {
  const auto restarted = [](const std::string& command) {
    Stall stall;
    auto played = stall.play({"--set", "services.stall.stop_within=\"300ms\"", "--set",
                              fmt::format("services.stall.command=[\"sh\", \"-c\", \"{}\", \"sh\", \"{{address}}\", "
                                          "\"{{port}}\", \"{}/purchases\"]",
                                          command, stall.folder.path().string())});
    return boost::json::serialize(played.run.at("steps"));
  };
  const auto stall = "/usr/bin/python3 " + test::source("tests/services/stall.py").string() + " $1 $2 $3";
  CHECK(restarted("trap : TERM; " + stall + " & while :; do wait; done").find("the old one killed at its deadline") !=
        std::string::npos);
  CHECK(restarted("sleep 99 & exec " + stall).find("what it had left behind (a process) killed") != std::string::npos);
}
