// Whole runs of the built program, on real processes.
#include "harness/history/reader.hpp"
#include "tests/support/support.hpp"

#include <csignal>
#include <doctest/doctest.h>
#include <fstream>
#include <sstream>

using namespace holdfast::test;

TEST_CASE("a service that is killed and comes back with its data passes") {
  const TemporaryFolder scratch;
  const auto played = play(source("tests/scenarios/minimal.toml"), scratch.path());
  INFO(played.reason());
  CHECK(played.status == 0);
  CHECK(played.verdict() == "pass");
  CHECK(processes_of(scratch.path()).empty());
  CHECK(workspaces_in(scratch.path()).empty());
}

TEST_CASE("what was offered when the timeline ends is sent before anybody is judged") {
  const TemporaryFolder scratch;
  // One user who is offered more than they can do while their service is down.
  const auto played =
      play(source("tests/scenarios/minimal.toml"), scratch.path(), {"--set", "expect.availability={min=0.99}"});
  INFO(played.reason());
  CHECK(played.verdict() == "pass");
}

TEST_CASE("a saved bundle is judged the same from its files alone") {
  const TemporaryFolder scratch;
  const auto played = play(source("tests/scenarios/minimal.toml"), scratch.path());
  const auto again =
      run_program({holdfast_program(), "check", std::string(played.run.at("bundle").as_string()), "--format", "json"},
                  scratch.path());
  CHECK(again.status == played.status);
  CHECK(boost::json::parse(again.out).at("runs").as_array()[0].at("checks") == played.run.at("checks"));
  const auto by_file =
      run_program({holdfast_program(), "check", std::string(played.run.at("bundle").as_string()) + "/history.jsonl",
                   "--format", "json"},
                  scratch.path());
  CHECK(by_file.out == again.out);

  // What does not apply to a run is said, not passed over.
  const auto bundle = std::string(played.run.at("bundle").as_string());
  for (const auto* option : {"--explain", "--consistency", "--declare", "--time-limit", "--memory-limit"}) {
    const auto refused = run_program({holdfast_program(), "check", bundle, option, "x=1"}, scratch.path());
    CHECK(refused.status == 3);
    CHECK(refused.err.find(std::string(option) + " is for histories") != std::string::npos);
  }
  const auto missing = run_program({holdfast_program(), "check", bundle + "-not"}, scratch.path());
  CHECK(missing.status == 3);
  CHECK(missing.err == "holdfast check: there is no '" + bundle + "-not'\n");
}

TEST_CASE("a service from outside that keeps its sessions in redis survives a restart") {
  const TemporaryFolder scratch;
  const auto played = play(source("tests/scenarios/notebook-good.toml"), scratch.path());
  INFO(played.reason());
  CHECK(played.verdict() == "pass");
}

TEST_CASE("a service from outside that keeps its sessions in memory loses them") {
  const TemporaryFolder scratch;
  const auto played = play(source("tests/scenarios/notebook-forgetful.toml"), scratch.path());
  INFO(played.reason());
  CHECK(played.status == 1);
  CHECK(played.kinds("sessions") == std::vector<std::string>{"lost"});
  CHECK(played.kinds("purchases").empty());
}

TEST_CASE("the same scenario plays on a real redis, with faults on its wire") {
  const TemporaryFolder scratch;
  const auto played = play(source("tests/scenarios/notebook-server.toml"), scratch.path());
  INFO(played.reason());
  CHECK(played.verdict() == "pass");
  CHECK(processes_of(scratch.path()).empty());
}

TEST_CASE("the outage of 2023-05-10 with 500 users: 40 % out of reach, readiness lying, nothing lost") {
  const TemporaryFolder scratch;
  const auto played =
      play(source("scenarios/incidents/2023-05-10.toml"), scratch.path(), {"--set", "workload.users=500"});
  INFO(played.reason());
  CHECK(played.verdict() == "reproduced");
  CHECK(played.status == 0);
  CHECK(processes_of(scratch.path()).empty());
}

TEST_CASE("users who are imported together and read back in one overview show the same outage" *
          doctest::test_suite("timing")) {
  const TemporaryFolder scratch;
  const auto played =
      play(source("scenarios/incidents/2023-05-10-full-size.toml"), scratch.path(), {"--set", "workload.users=500"});
  INFO(played.reason());
  CHECK(played.verdict() == "reproduced");
}

TEST_CASE("the counterfactuals of the outage are judged right") {
  const std::pair<std::string, std::string> expected[] = {
      {"no-restart", "pass"},     {"restart-of-the-old-release", "pass"},
      {"no-rollback", "fail"},    {"one-host-of-five", "reproduced"},
      {"strict-release", "pass"}, {"fixed-release", "pass"},
      {"kill-at-commit", "pass"}};
  for (const auto& [name, verdict] : expected) {
    const TemporaryFolder scratch;
    const auto played = play(source("scenarios/incidents/" + name + ".toml"), scratch.path());
    INFO(name, ": ", played.reason());
    CHECK(played.verdict() == verdict);
    if (name == "no-rollback")
      CHECK(played.kinds("purchases") == std::vector<std::string>{"unreachable"});
  }
}

TEST_CASE("links between services and from users stand on every host") {
  const TemporaryFolder scratch;
  const auto played = play(source("tests/scenarios/links-between-services.toml"), scratch.path());
  INFO(played.reason());
  CHECK(played.verdict() == "pass");
}

TEST_CASE("the shop on a real PostgreSQL and a real Redis is judged as on the fakes") {
  const std::vector<std::string> real = {"--set", "dependencies.sessions.provider=server",
                                         "--set", "dependencies.userdata.provider=server",
                                         "--set", "dependencies.ledger.provider=server"};
  const std::tuple<std::string, std::string, std::string> expected[] = {
      {"scenarios/incidents/kill-at-commit.toml", "transactions", ""},
      {"tests/scenarios/planted-sessions-in-memory.toml", "sessions", "lost"},
      {"tests/scenarios/planted-acknowledged-before-commit.toml", "transactions", "lost"},
      {"tests/scenarios/planted-transfer-in-two-transactions.toml", "transactions", "partial"}};
  for (const auto& [file, check, kind] : expected) {
    const TemporaryFolder scratch;
    const auto played = play(source(file), scratch.path(), real);
    INFO(file, ": ", played.reason());
    const auto kinds = played.kinds(check);
    CHECK((kind.empty() ? kinds.empty() : std::find(kinds.begin(), kinds.end(), kind) != kinds.end()));
    CHECK(played.verdict() == (kind.empty() ? "pass" : "fail"));
    CHECK(processes_of(scratch.path()).empty());
  }
}

TEST_CASE("planted: sessions in memory are lost") {
  const TemporaryFolder scratch;
  const auto played = play(source("tests/scenarios/planted-sessions-in-memory.toml"), scratch.path());
  INFO(played.reason());
  CHECK(played.kinds("sessions") == std::vector<std::string>{"lost"});
}

TEST_CASE("planted: a transfer acknowledged before its commit is lost") {
  const TemporaryFolder scratch;
  const auto played = play(source("tests/scenarios/planted-acknowledged-before-commit.toml"), scratch.path());
  INFO(played.reason());
  const auto kinds = played.kinds("transactions");
  CHECK(std::find(kinds.begin(), kinds.end(), "lost") != kinds.end());
}

TEST_CASE("planted: a transfer in two transactions is found partial") {
  const TemporaryFolder scratch;
  const auto played = play(source("tests/scenarios/planted-transfer-in-two-transactions.toml"), scratch.path());
  INFO(played.reason());
  CHECK(played.kinds("transactions") == std::vector<std::string>{"partial"});
}

TEST_CASE("a step waits for the one that is still at work on the same instance, and for its checkpoint") {
  const TemporaryFolder scratch;
  const auto file = scratch.path() / "twice.toml";
  std::ofstream(file) << "[scenario]\nname = 'twice'\nstack = '" << source("tests/scenarios/tiny.toml").string() << R"('
cold_restart = false
[services.tiny]
command = ["sh", "-c", "sleep 0.2; exec {bin}/tiny-service {address} {port} {dir}/items"]
[workload]
users = 1
arrivals = "500/s"
journey = { put = 1 }
steady = "5ms"
[[step]]
id = "first"
at = "20ms"
do = "restart"
[[step]]
id = "second"
at = "30ms"
do = "restart"
[judge]
recovery_window = "5ms"
)";
  const auto played = play(file, scratch.path());
  INFO(played.reason());
  const auto read = holdfast::history::read_history(played.run.at("bundle").as_string().c_str());
  std::uint64_t read_back = 0, second = 0;
  for (const auto& event : std::get<holdfast::history::History>(read).events) {
    const auto* checkpoint = event.as<holdfast::history::CheckpointEvent>();
    const auto* step = event.as<holdfast::history::StepEvent>();
    if (checkpoint != nullptr && checkpoint->after == "first")
      read_back = event.sequence;
    if (step != nullptr && step->id == "second" && step->state == holdfast::history::StepEvent::State::began)
      second = event.sequence;
  }
  CHECK(read_back != 0);
  CHECK(read_back < second);
}
