// What a verdict may rest on: strikes and what was at risk of them, the step that is blamed, records that may show
// late, stack files that do not fit. On histories made by hand.
#include "tests/support/story.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace holdfast;
using history::Outcome;
using history::StepEvent;
using scenario::Role;
using test::kinds;
using test::Kinds;
using test::Story;
using verdict::Verdict;
using namespace std::chrono_literals;

namespace {

const verdict::CheckSummary* check(const verdict::Report& report, const std::string& name) {
  const auto found =
      std::find_if(report.checks.begin(), report.checks.end(), [&](const auto& one) { return one.name == name; });
  return found == report.checks.end() ? nullptr : &*found;
}

std::string example(const verdict::Report& report, const std::string& name) {
  const auto* found = check(report, name);
  return found == nullptr || found->findings.empty() || found->findings[0].examples.empty()
             ? std::string{}
             : found->findings[0].examples[0];
}

history::EntryList bought(const std::string& id) {
  return {{id, 5, {}, {}, {}}};
}

/// Purchases of u1 that may show late, and what reads of them show: its acknowledgement, then reads at times after it.
struct Late {
  Story story;
  std::string id;
  explicit Late(std::chrono::milliseconds within) {
    story.bundle.scenario.stack.declare.purchases_visible = within;
    story.read("bought", "u1", {});
    id = story.operation("buy", "u1", {{"amount", "5"}}).id;
  }
  Late& after(std::chrono::milliseconds time, bool shown) {
    story.pass(time);
    story.read("bought", "u1", shown ? bought(id) : history::EntryList{});
    return *this;
  }
  /// The last look, at a checkpoint.
  Kinds end(std::chrono::milliseconds time, bool shown) {
    story.begin_checkpoint();
    after(time, shown);
    story.end_checkpoint();
    return kinds(checks::check_purchases(story.facts()));
  }
};

} // namespace

TEST_CASE("a purchase that may show late is judged from when it is due") {
  CHECK(Late(100ms).after(20ms, false).end(50ms, true).empty()); // no read-your-writes
  CHECK(Late(0ms).after(20ms, false).end(50ms, true) == Kinds{"read-your-writes"});
  CHECK(Late(100ms).end(200ms, false) == Kinds{"lost"});
  CHECK(Late(100ms).after(150ms, false).end(50ms, true) == Kinds{"stale"});
  CHECK(Late(100ms).after(20ms, true).after(20ms, false).end(20ms, true) == Kinds{"flickering"});
  CHECK(Late(100ms).after(20ms, true).end(20ms, false) == Kinds{"lost"}); // seen, and then not
}

TEST_CASE("visible within counts from the recovery after the last step, where that is later") {
  for (const bool recovered_late : {false, true}) {
    Late late(100ms);
    late.story.step("restart");
    late.story.pass(300ms);
    if (recovered_late)
      late.story.event(history::RecoveryEvent{"restart", history::RecoveryEvent::State::recovered, 300ms, 10});
    late.story.read("bought", "u1", {});
    CHECK(late.end(50ms, true) == (recovered_late ? Kinds{} : Kinds{"stale"}));
  }
}

TEST_CASE("the order of entries that are pending is not judged") {
  for (const bool may_show_late : {false, true}) {
    Story story;
    if (may_show_late)
      story.bundle.scenario.stack.declare.purchases_visible = 1s;
    const auto first = story.operation("buy", "u1", {{"amount", "5"}}).id;
    const auto second = story.operation("buy", "u1", {{"amount", "5"}}).id;
    story.begin_checkpoint();
    story.read("bought", "u1", {{second, 5, {}, {}, {}}, {first, 5, {}, {}, {}}});
    story.end_checkpoint();
    CHECK(kinds(checks::check_purchases(story.facts())) == (may_show_late ? Kinds{} : Kinds{"reordered"}));
  }
}

TEST_CASE("no step and no cold restart is no evidence, unless nothing was to happen") {
  for (const bool steady : {false, true})
    for (const bool cold : {false, true}) {
      Story story;
      story.bundle.scenario.expect.steady = steady;
      story.bundle.scenario.expect.survive = {{"purchases", "survive"}};
      const auto id = story.operation("buy", "u1", {{"amount", "5"}}).id;
      if (cold) {
        using Phase = history::PhaseEvent;
        story.event(Phase{Phase::Phase::cold_restart, Phase::State::began, {}});
        story.event(Phase{Phase::Phase::cold_restart, Phase::State::ended, {}});
      }
      story.begin_checkpoint();
      story.read("bought", "u1", bought(id));
      story.end_ready();
      const auto report = story.report();
      INFO(report.reason);
      CHECK(report.verdict == (steady || cold ? Verdict::pass : Verdict::inconclusive));
    }
}

TEST_CASE("a change that ended no process puts at risk what it changed") {
  Story story;
  story.bundle.scenario.expect.survive = {{"purchases", "survive"}};
  const auto id = story.operation("buy", "u1", {{"amount", "5"}}).id;
  story.pass(300ms); // longer ago than what a strike puts at risk
  story.step("set", {.kind = "config.set", .ends_processes = false});
  story.begin_checkpoint();
  story.read("bought", "u1", bought(id));
  story.end_ready();
  const auto report = story.report();
  INFO(report.reason);
  CHECK(report.verdict == Verdict::pass);
  CHECK(check(report, "purchases")->at_risk == 1);
}

TEST_CASE("what was found down counts neither as struck nor as restarted") {
  Story story;
  story.bundle.scenario.stack.hosts = 2;
  story.operation("buy", "u1", {{"amount", "5"}}); // on host 1
  story.begin_step("restart", {.instances = {"web@1", "web@2"}});
  story.event(StepEvent{.id = "restart",
                        .kind = "restart",
                        .state = StepEvent::State::proven,
                        .struck = {"web@2"},
                        .started = {"web@1"}});
  const auto facts = story.facts();
  CHECK(facts.at_risk(facts.of(Role::purchase)) == 0);
  CHECK_FALSE(facts.why_none_at_risk(facts.of(Role::purchase)).empty());
}

TEST_CASE("a loss is bound to the step after which it was first seen") {
  Story story;
  const auto id = story.operation("buy", "u1", {{"amount", "5"}}).id;
  story.begin_checkpoint();
  story.read("bought", "u1", bought(id));
  story.end_checkpoint();
  story.step("kill", {.kind = "kill", .nature = StepEvent::Nature::fault});
  story.begin_checkpoint();
  story.read("bought", "u1", {}); // it was emptied here
  story.end_checkpoint();
  for (const auto* harmless : {"harmless", "harmless-too"}) {
    story.step(harmless);
    story.begin_checkpoint();
    story.read("bought", "u1", {});
    story.end_checkpoint();
  }
  story.end();
  const auto report = story.report();
  const auto text = example(report, "purchases");
  INFO(text);
  CHECK(text.find("'kill'") != std::string::npos);
  CHECK(text.find("harmless") == std::string::npos);
}

TEST_CASE("steps that cannot be told apart are blamed together, and [expect] follows either") {
  for (const auto* after : {"one", "two", "three"}) {
    Story story;
    const auto id = story.operation("buy", "u1", {{"amount", "5"}}).id;
    story.step("one");
    story.step("two"); // nothing was read back between them
    story.begin_checkpoint();
    story.read("bought", "u1", {});
    story.end_checkpoint();
    story.step("three");
    story.begin_checkpoint();
    story.read("bought", "u1", {});
    story.end_checkpoint();
    story.bundle.scenario.expect.reproduction = true;
    story.bundle.scenario.expect.findings = {{.check = "purchases", .kind = "lost", .after = after}};
    story.end();
    const auto report = story.report();
    INFO(after, ": ", report.reason);
    CHECK((report.verdict == Verdict::reproduced) == (std::string(after) != "three"));
    if (std::string(after) == "one") {
      const auto& operations = story.bundle.history.operations;
      CHECK(story.facts().blamed(operations[0].completed, operations[1].completed).size() == 2);
    }
  }
}

TEST_CASE("a stack file that never fitted is at fault, one that fitted before a deploy is not") {
  for (const int read_before : {0, 5}) {
    Story story;
    std::string id = story.operation("buy", "u1", {{"amount", "5"}}).id;
    for (int i = 0; i < 5; ++i)
      story.read("bought", "u1", bought(id), i < read_before ? Outcome::ok : Outcome::info).reason =
          "at '/0/amount' is a text (\"7\"), and a number was meant";
    story.step("deploy", {.kind = "deploy"});
    story.begin_checkpoint();
    auto& read = story.read("bought", "u1", {}, Outcome::info);
    read.reason = "at '/0/amount' is a text (\"7\"), and a number was meant";
    story.end_ready();
    const auto report = story.report();
    INFO(report.reason);
    CHECK(report.verdict == (read_before == 0 ? Verdict::inconclusive : Verdict::fail));
    if (read_before == 0) {
      CHECK(report.reason.find("a number was meant") != std::string::npos);
      CHECK(check(report, "purchases")->findings.empty());
    } else {
      CHECK(kinds(checks::check_purchases(story.facts())) == Kinds{"unreachable"});
    }
  }
}

TEST_CASE("recovery: where nothing was offered nothing is known") {
  const auto judge = [](std::uint64_t seen) {
    Story story;
    story.bundle.scenario.expect.recovery_within = 1s;
    story.event(history::RecoveryEvent{"restart", history::RecoveryEvent::State::not_recovered, 3s, seen});
    return checks::check_recovery(story.facts()).verdict;
  };
  CHECK(judge(0) == Verdict::inconclusive);
  CHECK(judge(20) == Verdict::fail);
}

TEST_CASE("what follows from a late probe is as doubtful as the probe") {
  const auto judge = [](bool starved, bool timed_out) {
    Story story;
    const auto id = story.operation("buy", "u1", {{"amount", "5"}}).id;
    story.read("bought", "u1", bought(id));
    story.step("restart");
    story.pass(1s);
    if (starved)
      story.event(history::StarvedEvent{1000ms, 90});
    story.event(
        history::RouteEvent{"web@1", history::RouteEvent::State::out, "no answer within 500ms", 500ms, timed_out});
    story.begin_checkpoint();
    auto& read = story.read("bought", "u1", {}, Outcome::fail);
    read.answered = read.attempts[0].answered = false; // in no time: there was nobody to ask
    read.attempts[0].instance = read.instance = std::string(history::no_instance);
    story.end_checkpoint();
    const auto result = checks::check_purchases(story.facts());
    return std::pair(kinds(result), result.verdict);
  };
  CHECK(judge(true, true).first.empty());
  CHECK(judge(true, true).second == Verdict::inconclusive);
  CHECK(judge(false, true).first == Kinds{"unreachable"});
  CHECK(judge(true, false).first == Kinds{"unreachable"}); // it was refused: that takes no processor
}

TEST_CASE("a late probe that took one instance out says nothing of another") {
  for (const bool other_is_out_too : {false, true}) {
    Story story;
    const auto id = story.operation("buy", "u1", {{"amount", "5"}}).id;
    story.read("bought", "u1", bought(id));
    story.step("restart");
    story.pass(1s);
    story.event(history::StarvedEvent{1000ms, 90});
    using State = history::RouteEvent::State;
    story.event(history::RouteEvent{"web@1", State::out, "no answer within 500ms", 500ms, true});
    if (other_is_out_too)
      story.event(history::RouteEvent{"web@2", State::out, "no answer within 500ms", 500ms, true});
    story.event(history::RouteEvent{"web@1", State::in, "200", {}, false});
    story.begin_checkpoint();
    auto& read = story.read("bought", "u1", {}, Outcome::fail);
    read.answered = read.attempts[0].answered = false;
    read.attempts[0].instance = read.instance = std::string(history::no_instance);
    story.end_checkpoint();
    CHECK(kinds(checks::check_purchases(story.facts())) == (other_is_out_too ? Kinds{} : Kinds{"unreachable"}));
  }
}

TEST_CASE("what is whole before a step and half after it is bound to that step, not to the last") {
  Story story;
  const auto sent = story.operation("pay", "u1", {{"amount", "5"}, {"peer", "u2"}}).id;
  const auto look = [&](bool has_credit, int times_debited = 1) {
    story.begin_checkpoint();
    history::EntryList debits;
    for (int i = 0; i < times_debited; ++i)
      debits.push_back({sent, -5, {}, "u2", {}});
    story.read("statement", "u1", debits);
    story.read("statement", "u2", has_credit ? history::EntryList{{sent, 5, {}, "u1", {}}} : history::EntryList{});
    story.end_checkpoint();
  };
  look(true);
  story.step("half", {.kind = "kill", .nature = StepEvent::Nature::fault});
  look(false);
  story.step("twice", {.kind = "kill", .nature = StepEvent::Nature::fault});
  look(false, 2);
  story.step("harmless");
  look(false, 2);
  story.end();
  const auto facts = story.facts();
  const auto result = checks::check_transactions(facts);
  std::map<std::string, std::vector<std::string>> blamed;
  for (const auto& finding : result.findings)
    for (const auto& one : finding.occurrences)
      for (const auto* step : facts.blamed(one.known_good, one.sequence))
        blamed[finding.kind].push_back(step->id);
  CHECK(blamed["partial"] == Kinds{"half"});
  CHECK(blamed["duplicated"] == Kinds{"twice"});
  CHECK(blamed["unbalanced"].empty());
}

TEST_CASE("until: what is seen at the first look after a step may have come about before its end, later it may not") {
  const auto judge = [](bool looked_between) {
    Story story;
    const auto id = story.operation("buy", "u1", {{"amount", "5"}}).id;
    story.begin_checkpoint();
    story.read("bought", "u1", bought(id));
    story.end_checkpoint();
    story.step("out");
    story.step("back");
    if (looked_between) {
      story.begin_checkpoint();
      story.read("bought", "u1", bought(id));
      story.end_checkpoint();
      story.step("later");
    }
    story.begin_checkpoint();
    story.read("bought", "u1", {});
    story.end_checkpoint();
    story.bundle.scenario.expect.reproduction = true;
    story.bundle.scenario.expect.findings = {{.check = "purchases", .kind = "lost", .after = "out", .until = "back"}};
    story.end();
    return story.report().verdict;
  };
  CHECK(judge(false) == Verdict::reproduced);
  CHECK(judge(true) == Verdict::fail);
}

TEST_CASE("a reproduction that finds too little on a starved machine is inconclusive, and fails by what nobody named") {
  const auto judge = [](bool starved, bool duplicated) {
    Story story;
    const auto one = story.operation("buy", "u1", {{"amount", "5"}}).id;
    story.operation("buy", "u2", {{"amount", "5"}});
    story.operation("buy", "u3", {{"amount", "5"}});
    story.bundle.scenario.workload.users = 3;
    story.read("bought", "u1", bought(one));
    story.step("restart");
    story.begin_checkpoint();
    story.read("bought", "u3", {}, Outcome::fail);
    story.pass(3s);
    story.read("bought", "u1",
               duplicated ? history::EntryList{{one, 5, {}, {}, {}}, {one, 5, {}, {}, {}}} : bought(one));
    auto& out = story.read("bought", "u2", {}, Outcome::fail);
    out.attempts[0].begin_time = out.attempts[0].end_time - 1s;
    if (starved)
      story.event(history::StarvedEvent{1000ms, 90});
    story.end_checkpoint();
    story.bundle.scenario.expect.reproduction = true;
    story.bundle.scenario.expect.findings = {
        {.check = "purchases", .kind = "unreachable", .users = scenario::Range{0.6, 0.7}, .after = "restart"}};
    story.end();
    return story.report();
  };
  CHECK(judge(false, false).verdict == Verdict::reproduced);
  const auto doubtful = judge(true, false);
  CHECK(doubtful.verdict == Verdict::inconclusive);
  INFO(doubtful.reason);
  CHECK(doubtful.reason.find("may have because of the machine") != std::string::npos);
  CHECK(judge(true, true).verdict == Verdict::fail);
}

TEST_CASE("an empty list shows nothing of its elements: what is first shown otherwise is no release's fault") {
  for (const bool had_elements : {false, true}) {
    Story story;
    std::string id = story.operation("buy", "u1", {{"amount", "5"}}).id;
    auto& kind =
        *std::find_if(story.bundle.scenario.stack.operations.begin(), story.bundle.scenario.stack.operations.end(),
                      [](const auto& one) { return one.name == "bought"; });
    kind.ok.list = scenario::ListCapture{.at = "/items", .fields = {{"id", "/id"}}};
    for (int i = 0; i < 5; ++i)
      story.read("bought", "u2", {});
    if (had_elements)
      story.read("bought", "u1", bought(id));
    else
      story.read("bought", "u1", {}, Outcome::info).reason = "at '/items/0/id' is nothing";
    story.step("restart");
    story.begin_checkpoint();
    story.read("bought", "u1", {}, Outcome::info).reason = "at '/items/0/id' is nothing";
    story.end_ready();
    const auto report = story.report();
    INFO(report.reason);
    CHECK(report.verdict == (had_elements ? Verdict::fail : Verdict::inconclusive));
  }
}

TEST_CASE("a stack that never came up is that, whatever was seen meanwhile") {
  Story story;
  const auto id = story.operation("buy", "u1", {{"amount", "5"}}).id;
  story.begin_checkpoint();
  story.read("bought", "u1", {});
  story.end_checkpoint();
  story.bundle.manifest.ending = bundle::Ending::stack_failed;
  story.bundle.manifest.reason = "web@1 was not ready within 5s";
  const auto report = story.report();
  CHECK(report.exit_status == 2);
  CHECK(report.verdict == Verdict::inconclusive);
  CHECK(report.reason == "web@1 was not ready within 5s");
}

TEST_CASE("lists that were empty at every good read say nothing of the stack file, whatever else went wrong") {
  const auto judge = [](int empty, int silent, int bad_later) {
    Story story;
    const auto id = story.operation("buy", "u1", {{"amount", "5"}}).id;
    auto& kind =
        *std::find_if(story.bundle.scenario.stack.operations.begin(), story.bundle.scenario.stack.operations.end(),
                      [](const auto& one) { return one.name == "bought"; });
    kind.ok.list = scenario::ListCapture{.at = "/items", .fields = {{"id", "/id"}}};
    for (int i = 0; i < empty; ++i)
      story.read("bought", "u2", {});
    for (int i = 0; i < silent; ++i) {
      auto& read = story.read("bought", "u2", {}, Outcome::info);
      read.answered = read.attempts[0].answered = false;
    }
    story.step("restart");
    story.begin_checkpoint();
    for (int i = 0; i < bad_later; ++i)
      story.read("bought", "u2", {}, Outcome::info);
    story.read("bought", "u1", {}); // it is gone
    story.end_ready();
    return story.report().verdict;
  };
  CHECK(judge(6, 0, 0) == Verdict::fail);
  CHECK(judge(6, 1, 0) == Verdict::fail);
  CHECK(judge(0, 0, 0) == Verdict::fail);
}
