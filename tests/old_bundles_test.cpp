// Runs of the first format are judged for ever as on the day they were recorded: tests/data/bundles.
#include "tests/support/support.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fstream>
#include <sstream>

using namespace holdfast::test;
namespace json = boost::json;

namespace {

const json::object* named(const json::array& checks, const json::string& name) {
  const auto found = std::find_if(checks.begin(), checks.end(),
                                  [&](const json::value& one) { return one.at("name").as_string() == name; });
  return found == checks.end() ? nullptr : &found->as_object();
}

/// Kind, cases and users of each finding; examples are words, and words may become better.
std::string findings_of(const json::object& check) {
  std::string all;
  for (const auto& finding : check.at("findings").as_array())
    all += json::serialize(finding.at("kind")) + " " + json::serialize(finding.at("count")) + " " +
           json::serialize(finding.at("users")) + "\n";
  return all;
}

} // namespace

TEST_CASE("bundles of the first format: their verdicts and findings are what they were") {
  const TemporaryFolder scratch;
  for (const auto* name : {"pass", "fail", "reproduced"}) {
    INFO(name);
    const auto bundle = source("tests/data/bundles") / name;
    std::ostringstream saved;
    saved << std::ifstream(bundle / "report.json").rdbuf();
    const auto was = json::parse(saved.str()).at("runs").at(0).as_object();
    const auto judged = run_program({holdfast_program(), "check", bundle.string(), "--format", "json"}, scratch.path());
    INFO(judged.err);
    const auto is = json::parse(judged.out).at("runs").at(0).as_object();
    CHECK(is.at("verdict") == was.at("verdict"));
    CHECK(is.at("reason") == was.at("reason"));
    CHECK(judged.status == was.at("exit_status").to_number<int>());
    for (const auto& value : was.at("checks").as_array()) {
      const auto& old = value.as_object();
      const auto* now = named(is.at("checks").as_array(), old.at("name").as_string());
      INFO(std::string(old.at("name").as_string()));
      REQUIRE(now != nullptr);
      CHECK(now->at("verdict") == old.at("verdict"));
      CHECK(now->at("judged") == old.at("judged"));
      CHECK(now->at("at_risk") == old.at("at_risk"));
      CHECK(now->at("examined") == old.at("examined"));
      CHECK(findings_of(*now) == findings_of(old));
    }
    for (const auto& value : is.at("checks").as_array())
      if (named(was.at("checks").as_array(), value.at("name").as_string()) ==
          nullptr) { // it needs what was not recorded
        CHECK_FALSE(value.at("judged").as_bool());
        CHECK(value.at("findings").as_array().empty());
        CHECK(std::string(value.at("reason").as_string()).find("not recorded") != std::string::npos);
      }
  }
}

TEST_CASE("bundles of the first format: what they show is masked") {
  const TemporaryFolder scratch;
  const auto bundle = source("tests/data/bundles/fail").string();
  const std::string token = "2473791676e5b28de2b7918ee756e67d"; // a session's, which that format wrote down
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"show", bundle, "--around", "kill"}, {"export", bundle, "--format", "jepsen-edn"}}) {
    auto words = command;
    words.insert(words.begin(), holdfast_program());
    const auto said = run_program(words, scratch.path());
    CHECK(said.status == 0);
    CHECK(said.out.find("op7-5") != std::string::npos);
    CHECK(said.out.find(token) == std::string::npos);
  }
}
