// When steps are due: pure, with times handed in.
#include "harness/run/schedule.hpp"

#include <doctest/doctest.h>

using namespace holdfast;
using namespace std::chrono_literals;
using run::Schedule;
using run::StepState;
using scenario::StepSchema;

namespace {

struct Planned {
  scenario::Scenario scenario;
  std::vector<StepSchema> schemas;

  Planned() {
    scenario.judge.at_risk = 100ms;
    scenario.judge.recovery_deadline = 3s;
  }
  Planned& step(const std::string& kind, scenario::Trigger trigger, std::optional<scenario::Duration> lasts = {}) {
    scenario::Step one;
    one.id = std::to_string(scenario.steps.size());
    one.kind = kind;
    one.trigger = std::move(trigger);
    one.lasts = lasts;
    scenario.steps.push_back(one);
    StepSchema schema{.name = kind};
    schema.nature = kind == "restart" || kind == "rollback" || kind == "config.set" ? StepSchema::Nature::change
                                                                                    : StepSchema::Nature::fault;
    schema.ends = kind == "restart" || kind == "kill" ? StepSchema::Ends::processes : StepSchema::Ends::nothing;
    schema.restores = kind == "rollback";
    schemas.push_back(schema);
    return *this;
  }
  [[nodiscard]] Schedule schedule() const { return {scenario, schemas}; }
};

const auto nobody = [](std::size_t) { return false; };

} // namespace

TEST_CASE("a step is due at its time, after another, or when its position may be waited for") {
  Planned plan;
  plan.step("kill", scenario::AtTime{500ms})
      .step("kill", scenario::AfterStep{"0", 200ms})
      .step("kill", scenario::AtPosition{.link = "l", .not_before = 300ms, .deadline = 1s});
  auto schedule = plan.schedule();
  CHECK_FALSE(schedule.is_due(0, 499ms));
  CHECK(schedule.is_due(0, 500ms));
  CHECK_FALSE(schedule.is_due(1, 10s));
  CHECK(schedule.is_due(2, 300ms));
  CHECK(schedule.next(0ms, nobody) == 300ms);
  schedule.arm(2, 310ms);
  CHECK_FALSE(schedule.has_expired(2, 1309ms));
  CHECK(schedule.has_expired(2, 1310ms));
  schedule.run(0);
  CHECK(schedule.is_busy());
  schedule.end(0, 700ms);
  CHECK_FALSE(schedule.is_due(1, 899ms));
  CHECK(schedule.is_due(1, 900ms));
  CHECK_FALSE(schedule.has_ended());
  schedule.end(1, 1s);
  schedule.end(2, 1s);
  CHECK(schedule.has_ended());
  CHECK_FALSE(schedule.next(1s, nobody));
}

TEST_CASE("what lasts for a time is undone after it, what lasts to the end holds nobody up") {
  Planned plan;
  plan.step("pause", scenario::AtTime{0ms}, 400ms)
      .step("pause", scenario::AtTime{0ms})
      .step("kill", scenario::AfterStep{"1", 0ms});
  auto schedule = plan.schedule();
  schedule.last(0, 100ms);
  schedule.last(1, 100ms);
  CHECK_FALSE(schedule.must_undo(0, 499ms));
  CHECK(schedule.must_undo(0, 500ms));
  CHECK_FALSE(schedule.must_undo(1, 10s));
  CHECK(schedule.is_due(2, 100ms));
  CHECK_FALSE(schedule.has_ended());
  schedule.end(0, 500ms);
  schedule.end(2, 500ms);
  CHECK(schedule.has_ended());
}

TEST_CASE("after a checkpoint a strike waits until something can be at risk") {
  Planned plan;
  plan.step("kill", scenario::AtTime{1s});
  auto schedule = plan.schedule();
  CHECK_FALSE(schedule.waits(0, 1s)); // there was none
  schedule.read_back(950ms);
  CHECK_FALSE(schedule.waits(0, 990ms)); // it is not due
  CHECK(schedule.waits(0, 1s));
  CHECK_FALSE(schedule.is_due(0, 1s));
  CHECK(schedule.waits_at_least_until() == 1050ms);
  CHECK(schedule.wait_ends_at() == 3950ms);
  CHECK(schedule.next(1s, nobody) == 1050ms);
  CHECK(schedule.next(1060ms, nobody) == 3950ms);
  schedule.end_wait(0, 1070ms);
  CHECK(schedule.is_due(0, 1070ms));
  schedule.read_back(1080ms); // another checkpoint: it waits again
  CHECK(schedule.waits(0, 1080ms));
}

TEST_CASE("a delay counts from the end of the wait, and a position is armed after it") {
  Planned plan;
  plan.step("restart", scenario::AtTime{0ms})
      .step("kill", scenario::AfterStep{"0", 400ms})
      .step("kill", scenario::AtPosition{.link = "l", .not_before = 500ms});
  auto schedule = plan.schedule();
  schedule.end(0, 600ms);
  schedule.read_back(700ms);
  CHECK(schedule.waits(1, 700ms));
  schedule.end_wait(1, 850ms);
  CHECK_FALSE(schedule.is_due(1, 1249ms));
  CHECK(schedule.is_due(1, 1250ms));
  CHECK(schedule.waits(2, 700ms));
  CHECK_FALSE(schedule.is_due(2, 700ms));
  schedule.end_wait(2, 800ms);
  CHECK(schedule.is_due(2, 800ms));
}

TEST_CASE("what restores, what ends nothing and what is told not to wait does not") {
  Planned plan;
  plan.step("rollback", scenario::AtTime{0ms})
      .step("config.set", scenario::AtTime{0ms})
      .step("hang", scenario::AtTime{0ms});
  auto schedule = plan.schedule();
  schedule.read_back(0ms);
  CHECK_FALSE(schedule.waits(0, 0ms));
  CHECK_FALSE(schedule.waits(1, 0ms));
  CHECK(schedule.waits(2, 0ms)); // a fault
  plan.scenario.judge.at_risk = 0ms;
  auto hasty = plan.schedule();
  hasty.read_back(0ms);
  CHECK_FALSE(hasty.waits(2, 0ms));
}

TEST_CASE("something is due although it must still wait for something to be at risk") {
  Planned plan;
  plan.step("kill", scenario::AtTime{1s});
  auto schedule = plan.schedule();
  schedule.read_back(0ms);
  CHECK_FALSE(schedule.is_anything_due(999ms, nobody));
  CHECK(schedule.is_anything_due(1s, nobody));
  CHECK_FALSE(schedule.is_anything_due(1s, [](std::size_t) { return true; })); // held up by another step
}
