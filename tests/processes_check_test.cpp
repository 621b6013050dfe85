// Processes that end by themselves, on histories made by hand.
#include "tests/support/story.hpp"

#include <doctest/doctest.h>

using namespace holdfast;
using history::ProcessEvent;
using test::kinds;
using test::Kinds;
using test::Story;
using State = history::ProcessEvent::State;

namespace {

verdict::CheckResult judged(Story& story) {
  return checks::check_processes(story.facts());
}

} // namespace

TEST_CASE("processes: an end that nobody asked for is a finding, one that was asked for or refused to start is none") {
  const auto judge = [](ProcessEvent end) {
    Story story;
    story.operation("buy", "u1");
    story.event(ProcessEvent{.instance = "web@1", .state = State::spawned, .pid = 7});
    end.instance = "web@1";
    end.state = State::ended;
    story.event(end);
    return kinds(judged(story));
  };
  CHECK(judge({.exit_code = 137}) == Kinds{"ended"});
  CHECK(judge({.exit_code = 0}) == Kinds{"ended"});
  CHECK(judge({.signal = "SIGSEGV"}) == Kinds{"ended"});
  CHECK(judge({.exit_code = 0, .asked = true}).empty());
  CHECK(judge({.exit_code = 1, .starting = true}).empty());
}

TEST_CASE("processes: what the scenario allows, and a launcher whose tree serves on, are said and not found") {
  Story story;
  story.operation("buy", "u1");
  story.event(ProcessEvent{.instance = "web@1", .state = State::ended, .exit_code = 0, .remaining = 2});
  story.operation("buy", "u1");
  story.probe("web@1", true);
  story.bundle.scenario.expect.may_end = {"worker"};
  story.event(ProcessEvent{.instance = "worker@1", .state = State::ended, .exit_code = 3});
  const auto result = judged(story);
  CHECK(result.findings.empty());
  REQUIRE(result.notes.size() == 2);
  CHECK(result.notes[0].find("launcher") != std::string::npos);
  CHECK(result.notes[1].find("worker@1 ended by itself") != std::string::npos);
  CHECK(result.notes[1].find("exit 3") != std::string::npos);
}

TEST_CASE("processes: a launcher whose tree does not serve any more has ended") {
  Story story;
  story.operation("buy", "u1");
  story.event(ProcessEvent{.instance = "web@1", .state = State::ended, .exit_code = 0, .remaining = 2});
  story.operation("buy", "u1");
  story.probe("web@1", false, "connect: Connection refused");
  story.event(ProcessEvent{.instance = "web@1", .state = State::spawned, .pid = 9});
  story.operation("buy", "u1");
  story.probe("web@1", true); // the next process
  CHECK(kinds(judged(story)) == Kinds{"ended"});
}

TEST_CASE("processes: it decides by default, and says the time and how it ended") {
  Story story;
  const auto id = story.operation("buy", "u1", {{"amount", "5"}}).id;
  story.step("restart");
  story.event(ProcessEvent{.instance = "web@1", .state = State::ended, .detail = "out of memory", .exit_code = 137});
  story.begin_checkpoint();
  story.read("bought", "u1", {{id, 5, {}, {}, {}}});
  story.end_ready();
  const auto report = story.report();
  CHECK(report.verdict == verdict::Verdict::fail);
  CHECK(report.reason == "processes: ended (1 instance)");
  for (const auto& check : report.checks)
    if (check.name == "processes") {
      CHECK(check.reason.find("web@1 ended by itself at 0.0") == 0);
      CHECK(check.reason.find("exit 137") != std::string::npos);
      CHECK(check.reason.find("out of memory") != std::string::npos);
    }
}

TEST_CASE("processes: what passes there is no evidence of what users have") {
  Story story;
  for (auto& operation : story.bundle.scenario.stack.operations)
    operation.role = scenario::Role::other;
  story.operation("buy", "u1");
  story.step("restart");
  story.begin_checkpoint();
  story.end_ready();
  CHECK(story.report().verdict == verdict::Verdict::inconclusive);
}

TEST_CASE("processes: a launcher is not to blame for what the harness does to its tree later") {
  using history::PhaseEvent;
  for (const bool by_phase : {true, false}) {
    Story story;
    story.operation("buy", "u1");
    story.event(ProcessEvent{.instance = "web@1", .state = State::ended, .exit_code = 0, .remaining = 2});
    story.operation("buy", "u1");
    story.probe("web@1", true);
    if (by_phase)
      story.event(PhaseEvent{PhaseEvent::Phase::cold_restart, PhaseEvent::State::began, {}});
    else
      story.event(ProcessEvent{.instance = "web@1", .state = State::stopping, .detail = "SIGTERM"});
    story.operation("buy", "u1");
    story.probe("web@1", false, "it is not running");
    CHECK(judged(story).findings.empty());
  }
}

TEST_CASE("processes: a launcher that ends as the run does was not looked at any more") {
  Story story;
  story.operation("buy", "u1");
  story.probe("web@1", true);
  story.event(ProcessEvent{.instance = "web@1", .state = State::ended, .exit_code = 0, .remaining = 2});
  story.end();
  CHECK(judged(story).findings.empty());
}
