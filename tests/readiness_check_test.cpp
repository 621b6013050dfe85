// Readiness and recovery: what instances say of themselves, and how long it takes.
#include "tests/support/story.hpp"

#include <doctest/doctest.h>

using namespace holdfast;
using history::Outcome;
using test::kinds;
using test::Kinds;
using test::Story;
using verdict::Verdict;

TEST_CASE("readiness: an instance that says ready while it serves nothing lies, declared rejections are service") {
  const auto judge = [](Outcome outcome, bool ready) {
    Story story;
    story.operation("buy", "u1"); // the stack file fits
    for (int i = 0; i < 300; ++i) {
      story.operation("buy", "u1", {}, outcome);
      if (i % 10 == 0) {
        story.probe("web@1", ready);
      }
    }
    return kinds(checks::check_readiness(story.facts()));
  };
  CHECK(judge(Outcome::info, true) == Kinds{"lying"});
  CHECK(judge(Outcome::info, false).empty());
  CHECK(judge(Outcome::fail, true).empty());
  CHECK(judge(Outcome::ok, true).empty());
}

TEST_CASE("readiness: what the harness's lateness may have failed is no lie, at whatever moment of an attempt it was") {
  const auto judge = [](bool in_flight) {
    Story story;
    for (int i = 0; i < 5; ++i)
      story.operation("buy", "u1");
    const auto lag = story.event(history::LagEvent{std::chrono::milliseconds{400}}).time;
    for (int i = 0; i < 300; ++i) {
      auto& last = story.operation("buy", "u1", {}, Outcome::info);
      last.attempts[0].begin_time = in_flight && i % 2 == 0 ? lag : last.attempts[0].end_time;
      if (i % 10 == 0)
        story.bundle.history.probes.push_back({last.completed, last.complete_time, "web@1", true, "200"});
    }
    return checks::check_readiness(story.facts()).verdict;
  };
  CHECK(judge(true) == Verdict::inconclusive);
  CHECK(judge(false) == Verdict::fail);
}

TEST_CASE("readiness: where the machine is starved a slow failure is no lie, a quick one is") {
  const auto judge = [](std::chrono::milliseconds took) {
    Story story;
    story.operation("buy", "u1");
    for (int i = 0; i < 1000; ++i) {
      auto& last = story.operation("buy", "u1", {}, Outcome::info);
      last.attempts[0].begin_time = last.attempts[0].end_time - took;
      if (i % 10 == 0)
        story.bundle.history.probes.push_back({last.completed, last.complete_time, "web@1", true, "200"});
    }
    story.event(history::StarvedEvent{std::chrono::seconds{100}, 80});
    return checks::check_readiness(story.facts()).verdict;
  };
  CHECK(judge(std::chrono::milliseconds{400}) == Verdict::inconclusive);
  CHECK(judge(std::chrono::milliseconds{40}) == Verdict::fail);
}

TEST_CASE("recovery: the limit counts although the next step came first") {
  using history::RecoveryEvent;
  const auto judge = [](std::chrono::milliseconds took) {
    Story story;
    story.bundle.scenario.expect.recovery_within = std::chrono::milliseconds{100};
    story.event(RecoveryEvent{"first", RecoveryEvent::State::next_step, took, 10});
    story.event(RecoveryEvent{"second", RecoveryEvent::State::recovered, std::chrono::milliseconds{5}, 10});
    return checks::check_recovery(story.facts()).verdict;
  };
  CHECK(judge(std::chrono::milliseconds{900}) == Verdict::fail);
  CHECK(judge(std::chrono::milliseconds{90}) == Verdict::pass);
}

TEST_CASE("readiness: an attempt counts for the instance that it was sent to") {
  Story story;
  for (int i = 0; i < 300; ++i) {
    auto& one = story.operation("buy", "u1");
    auto first = one.attempts[0];
    first.instance = "web@2";
    first.outcome = Outcome::info;
    one.attempts.insert(one.attempts.begin(), first); // the second try, elsewhere, was served
    if (i % 10 == 0)
      for (const auto* instance : {"web@1", "web@2"})
        story.bundle.history.probes.push_back({one.completed, one.complete_time, instance, true, "200"});
  }
  const auto result = checks::check_readiness(story.facts());
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].occurrences.size() == 1);
  CHECK(result.findings[0].occurrences[0].user == "web@2");
}

TEST_CASE("readiness: failing without a need that it may be ready without is no lie, with it back it is one") {
  const auto judge = [](bool declared, bool need_is_ready) {
    Story story;
    scenario::Service web{.name = "web", .needs = {"bank"}};
    if (declared)
      web.ready_without = {"bank"};
    story.bundle.scenario.stack.services = {web, {.name = "bank"}};
    story.operation("buy", "u1");
    for (int i = 0; i < 300; ++i) {
      const auto& last = story.operation("buy", "u1", {}, Outcome::info);
      if (i % 10 == 0) {
        story.bundle.history.probes.push_back({last.completed, last.complete_time, "web@1", true, "200"});
        story.bundle.history.probes.push_back({last.completed, last.complete_time, "bank@1", need_is_ready, ""});
      }
    }
    return kinds(checks::check_readiness(story.facts()));
  };
  CHECK(judge(true, false).empty());
  CHECK(judge(true, true) == Kinds{"lying"});
  CHECK(judge(false, false) == Kinds{"lying"});
}

TEST_CASE("readiness: too few requests tell nothing, and that is said") {
  const auto judge = [](int requests, int least) {
    Story story;
    story.bundle.scenario.judge.lying_requests = least;
    story.operation("buy", "u1");
    for (int i = 0; i < requests; ++i) {
      story.pass(std::chrono::milliseconds{60});
      story.operation("buy", "u1", {}, Outcome::info);
      story.probe("web@1", true);
    }
    return checks::check_readiness(story.facts());
  };
  CHECK(kinds(judge(20, 10)) == Kinds{"lying"});
  const auto few = judge(6, 10);
  CHECK(kinds(few).empty());
  CHECK(few.verdict != Verdict::fail);
  CHECK(few.reason.find("lying_requests") != std::string::npos);
  CHECK(kinds(judge(6, 4)) == Kinds{"lying"});
}

TEST_CASE("readiness: what a fake keeps back on purpose counts as lost, like a step that does the same") {
  for (const bool withheld : {false, true}) {
    Story story;
    scenario::Service web{.name = "web", .needs = {"provider"}, .ready_without = {"provider"}};
    story.bundle.scenario.stack.services = {web};
    story.bundle.scenario.stack.dependencies = {{.name = "provider", .protocol = "http"}};
    story.operation("buy", "u1");
    for (int i = 0; i < 300; ++i) {
      auto& one = story.operation("buy", "u1", {}, Outcome::info);
      one.attempts[0].begin_time -= std::chrono::milliseconds{1};
      if (withheld)
        story.event(history::WithheldEvent{"provider", "web@1", "pay", "decline"});
      one.attempts[0].end_time += std::chrono::milliseconds{2};
      if (i % 10 == 0)
        story.probe("web@1", true);
    }
    CHECK(kinds(checks::check_readiness(story.facts())) == (withheld ? Kinds{} : Kinds{"lying"}));
  }
}

TEST_CASE("readiness: an instance that is unready while others serve its users is honest, unless all must be ready") {
  using history::ProcessEvent;
  const auto judge = [](bool all_ready, bool users_hurt) {
    Story story;
    story.bundle.scenario.stack.hosts = 2;
    story.bundle.scenario.expect.all_ready = all_ready;
    story.operation("buy", "u1");
    story.probe("web@1", true);
    story.event(ProcessEvent{.instance = "web@1", .state = ProcessEvent::State::spawned, .pid = 9});
    story.event(ProcessEvent{
        .instance = "web@1", .state = ProcessEvent::State::not_ready, .detail = "answered: 503 within 5s"});
    story.event(history::RouteEvent{"web@1", history::RouteEvent::State::out, "503", {}, false});
    for (int i = 0; i < 20; ++i) {
      auto& one = story.operation("buy", "u1", {}, users_hurt ? Outcome::fail : Outcome::ok);
      one.attempts[0].instance = users_hurt ? std::string(history::no_instance) : "web@2";
      one.instance = one.attempts[0].instance;
      if (users_hurt)
        one.answered = one.attempts[0].answered = false;
      story.probe("web@1", false, "503");
    }
    return kinds(checks::check_readiness(story.facts()));
  };
  CHECK(judge(false, false).empty());
  CHECK(judge(true, false) == Kinds{"late"});
  CHECK(judge(false, true) == Kinds{"late"});
}

TEST_CASE("readiness: who found nobody before an instance was late, or after it was back, was not hurt by it") {
  using history::ProcessEvent;
  using history::RouteEvent;
  const auto judge = [](int hurt_at, bool is_stopped = false) {
    Story story;
    const auto buy = [&](bool is_hurt) {
      auto& one = story.operation("buy", "u1", {}, is_hurt ? Outcome::fail : Outcome::ok);
      if (is_hurt) {
        one.instance = one.attempts[0].instance = std::string(history::no_instance);
        one.answered = one.attempts[0].answered = false;
      }
      story.probe("web@1", true);
    };
    buy(hurt_at == 0);
    story.event(RouteEvent{"web@1", RouteEvent::State::out, "503", {}, false});
    story.event(ProcessEvent{.instance = "web@1", .state = ProcessEvent::State::spawned, .pid = 9});
    buy(hurt_at == 1); // while it starts, in time
    story.event(ProcessEvent{.instance = "web@1", .state = ProcessEvent::State::not_ready, .detail = "within 5s"});
    buy(hurt_at == 2);
    if (is_stopped)
      story.event(ProcessEvent{.instance = "web@1", .state = ProcessEvent::State::stopping});
    buy(hurt_at == 3); // while everything is restarted
    story.event(RouteEvent{"web@1", RouteEvent::State::in, "200", {}, false});
    buy(hurt_at == 4);
    return kinds(checks::check_readiness(story.facts()));
  };
  CHECK(judge(0).empty());
  CHECK(judge(1).empty());
  CHECK(judge(2) == Kinds{"late"});
  CHECK(judge(3) == Kinds{"late"});
  CHECK(judge(3, true).empty());
  CHECK(judge(4).empty());
}
