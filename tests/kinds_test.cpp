// The kinds of findings: one list, which the command prints and the documentation repeats.
#include "harness/checks/check.hpp"
#include "harness/scenario/parse_steps.hpp"
#include "tests/support/support.hpp"

#include <doctest/doctest.h>
#include <fstream>
#include <sstream>

using namespace holdfast;

TEST_CASE("kinds of findings: scenarios/README.md has the table that `check --kinds` prints") {
  const test::TemporaryFolder scratch;
  const auto printed = test::run_program({test::holdfast_program(), "check", "--kinds"}, scratch.path());
  CHECK(printed.status == 0);
  CHECK(printed.out.starts_with("| check | kind | it says |\n"));
  std::ostringstream readme;
  readme << std::ifstream(test::source("scenarios/README.md")).rdbuf();
  CHECK(readme.str().find(printed.out) != std::string::npos);
}

TEST_CASE("kinds of findings: the checks that scenarios may name are those that there are") {
  std::vector<std::string> names;
  for (const auto& check : checks::all_checks())
    names.emplace_back(check.name);
  CHECK(scenario::check_names() == names);
}
