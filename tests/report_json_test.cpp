// What a worker tells of its run, as whoever started it reads it.
#include "harness/verdict/exit_status.hpp"
#include "harness/verdict/report_json.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

using namespace holdfast;

TEST_CASE("a report is read back as it was written") {
  verdict::Report report{.scenario = "one", .seed = 7, .verdict = verdict::Verdict::fail, .reason = "lost"};
  report.exit_status = verdict::status::failed;
  report.took = std::chrono::milliseconds{1500};
  const auto again = verdict::report_of(verdict::to_json(report));
  REQUIRE(again);
  CHECK(again->scenario == "one");
  CHECK(again->seed == 7);
  CHECK(again->verdict == verdict::Verdict::fail);
  CHECK(again->reason == "lost");
  CHECK(again->took == report.took);
  CHECK(again->exit_status == verdict::status::failed);
}

TEST_CASE("what says no exit status as a number is no report: nothing of it can pass") {
  for (const auto* text : {R"({"scenario":"one"})", R"({"exit_status":0})", R"({"scenario":"one","exit_status":"0"})",
                           R"({"scenario":"one","exit_status":null})", "[]", "0"})
    CHECK_FALSE(verdict::report_of(boost::json::parse(text)));
}

TEST_CASE("numbers that a report does not have stay what they are without it") {
  const auto report = verdict::report_of(boost::json::parse(R"({"scenario":"one","exit_status":1,"seed":"7"})"));
  REQUIRE(report);
  CHECK(report->exit_status == 1);
  CHECK(report->seed == 0);
  CHECK(report->verdict == verdict::Verdict::inconclusive);
}
