// `[scenario] extends`: one file laid over another, and where each of them is wrong.
#include "harness/cli/registry.hpp"
#include "harness/scenario/load.hpp"
#include "tests/support/support.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

/// A stack and a base beside each other, the scenario in a folder of its own.
struct Extending {
  test::TemporaryFolder folder;
  std::string base = R"([scenario]
name = "base"
about = "what is shared"
stack = "stack.toml"
seed = 7
[stack]
hosts = 2
[workload]
users = 40
journey = { put = 3, get = 1 }
[judge]
at_risk = "500ms"
recovery_window = "200ms"
[[step]]
at = "1s"
do = "kill"
[expect]
purchases = "survive"
)";
  scenario::Loaded load(const std::string& more, const std::vector<scenario::Setting>& settings = {},
                        const std::string& name = "common/base.toml") {
    std::filesystem::create_directories(folder.path() / "common");
    std::filesystem::create_directories(folder.path() / "mine");
    folder.write("common/stack.toml", R"([stack]
name = "s"
[services.web]
command = ["web"]
[operations.put]
role = "purchase"
request = { method = "POST", path = "/{id}" }
[operations.get]
role = "purchases"
request = { path = "/" }
ok = { status = [200], list = { at = "/items", id = "/id" } }
)");
    folder.write("common/base.toml", base);
    const auto file =
        folder.write("mine/one.toml", fmt::format("[scenario]\nname = \"one\"\nextends = \"../{}\"\n{}", name, more));
    return scenario::load_scenario(file, cli::make_registry().catalog(), settings);
  }
};

/// "file:line: message" of each.
std::vector<std::string> errors(const scenario::Loaded& loaded) {
  std::vector<std::string> all;
  for (const auto& one : loaded.diagnostics)
    all.push_back(fmt::format("{}:{}: {}", std::filesystem::path(one.where.file).filename().string(), one.where.line,
                              one.message));
  return all;
}

} // namespace

TEST_CASE("extends: a scenario has what it does not say from the file that it extends") {
  Extending files;
  const auto loaded = files.load("[workload]\nusers = 5\n[judge]\nat_risk = \"1s\"\n");
  INFO(scenario::describe(loaded.diagnostics));
  REQUIRE(loaded.scenario);
  const auto& one = *loaded.scenario;
  CHECK(one.name == "one");
  CHECK(one.about.empty()); // a description is of one scenario
  CHECK(one.seed == 7);
  CHECK(one.stack.hosts == 2);
  CHECK(one.workload.users == 5);
  CHECK(one.judge.at_risk == 1s);
  CHECK(one.judge.recovery_window == 200ms);
  CHECK(one.steps.size() == 1);
  CHECK(one.expect.survive.size() == 1);
  CHECK(one.extended_text == files.base);
}

TEST_CASE("extends: steps, a journey and what is expected are taken as a whole") {
  Extending files;
  const auto loaded = files.load(
      "[workload]\njourney = { put = 1 }\n[[step]]\nat = \"2s\"\ndo = \"restart\"\n[expect]\nsteady = true\n");
  INFO(scenario::describe(loaded.diagnostics));
  REQUIRE(loaded.scenario);
  CHECK(loaded.scenario->workload.journey.size() == 1);
  REQUIRE(loaded.scenario->steps.size() == 1);
  CHECK(loaded.scenario->steps[0].kind == "restart");
  CHECK(loaded.scenario->expect.survive.empty());
}

TEST_CASE("extends: what is set on the command line stands over both files") {
  Extending files;
  const auto loaded = files.load("[workload]\nusers = 5\n", {{"workload.users", "9"}, {"stack.hosts", "3"}});
  REQUIRE(loaded.scenario);
  CHECK(loaded.scenario->workload.users == 9);
  CHECK(loaded.scenario->stack.hosts == 3);
}

TEST_CASE("extends: a mistake is said of the file that it stands in") {
  Extending files;
  files.base.replace(files.base.find("at_risk"), 7, "at_rsik");
  CHECK(errors(files.load("[workload]\nuser = 5\n")) ==
        std::vector<std::string>{"base.toml:12: unknown key 'at_rsik' in [judge]",
                                 "one.toml:5: unknown key 'user' in [workload]"});
  CHECK(errors(files.load("", {}, "common/nothing.toml")).at(0).starts_with("one.toml:3: of the scenario "));
  files.base = "[scenario]\nextends = \"other.toml\"\nstack = \"stack.toml\"\n";
  CHECK(errors(files.load("[workload]\njourney = { put = 1 }\n")) ==
        std::vector<std::string>{"base.toml:2: a scenario that is extended cannot extend another"});
  files.base = "[scenario\n";
  CHECK(errors(files.load("")).at(0).starts_with("base.toml:1: "));
}
