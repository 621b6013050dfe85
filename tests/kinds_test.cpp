// The kinds of findings: one list, which the command prints and the documentation repeats.
#include "harness/checks/check.hpp"
#include "harness/cli/registry.hpp"
#include "harness/scenario/load.hpp"
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

TEST_CASE("kinds of findings: a scenario that expects what no check finds is an error") {
  const test::TemporaryFolder folder;
  folder.write("stack.toml", "[stack]\nname = \"s\"\n[services.web]\ncommand = [\"web\"]\n[operations.look]\nservice = "
                             "\"web\"\nrequest = { path = \"/\" }\n");
  const auto said = [&](const std::string& finding) {
    const auto file =
        folder.write("scenario.toml", "[scenario]\nname = \"x\"\nstack = \"stack.toml\"\n[workload]\njourney = "
                                      "{ look = 1 }\n[expect]\nfindings = [" +
                                          finding + "]\n");
    return scenario::describe(scenario::load_scenario(file, cli::make_registry().catalog()).diagnostics);
  };
  CHECK(said("{ check = \"sessions\", kind = \"lost\" }").empty());
  CHECK(said("{ check = \"sessions\", kind = \"lots\" }").find("did you mean 'lost'?") != std::string::npos);
  CHECK(said("{ check = \"sesions\", kind = \"lost\" }").find("sessions") != std::string::npos);
}
