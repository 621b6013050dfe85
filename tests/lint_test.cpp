// What lint says beside errors: what an author may not have meant.
#include "harness/cli/registry.hpp"
#include "harness/cli/remarks.hpp"
#include "harness/scenario/load.hpp"
#include "tests/support/support.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace holdfast;

namespace {

const std::string stack = R"([stack]
name = "s"
[dependencies]
store = { protocol = "redis" }
[services.web]
needs = ["store"]
command = ["web"]
config = { name = "web.conf", text = "listen = {address}:{port}\ncache = on\n" }
[services.mail]
command = ["mail"]
[operations.buy]
role = "purchase"
service = "web"
request = { method = "POST", path = "/{id}" }
[operations.look]
service = "web"
request = { path = "/" }
role = "whoami"
ok = { status = [200], capture = { user = "/user" } }
)";

std::string said(const std::string& steps, const std::string& journey = "buy = 1") {
  const test::TemporaryFolder folder;
  folder.write("stack.toml", stack);
  const auto registry = cli::make_registry();
  const auto loaded = scenario::load_scenario(
      folder.write("scenario.toml", "[scenario]\nname = \"x\"\nstack = \"stack.toml\"\n[workload]\njourney = { " +
                                        journey + " }\n" + steps),
      registry.catalog());
  REQUIRE_MESSAGE(loaded.scenario, scenario::describe(loaded.diagnostics));
  std::string all;
  for (const auto& remark : cli::remarks(*loaded.scenario, registry))
    all += remark.text + "\n";
  return all;
}

std::string step(const std::string& more) {
  return "[[step]]\nat = \"1s\"\n" + more + "\n";
}

} // namespace

TEST_CASE("lint: a key that no file has is said, whatever is to be done with it") {
  const auto set = [](const std::string& key) {
    return step("do = \"config.set\"\nservice = \"web\"\nkey = \"" + key + "\"\nvalue = \"off\"");
  };
  CHECK(said(set("cache")).empty());
  CHECK(said(set("cahce"))
            .find("is about the key 'cahce', which 'web.conf' of 'web' does not have: it is written as a "
                  "new one") != std::string::npos);
  CHECK(said(set("new") + step("do = \"config.unset\"\nservice = \"web\"\nkey = \"new\"")).find("'new'") ==
        said(set("new") + step("do = \"config.unset\"\nservice = \"web\"\nkey = \"new\"")).rfind("'new'")); // said once
  CHECK(said(step("do = \"config.unset\"\nservice = \"web\"\nkey = \"gone\"")).find("there is nothing to change") !=
        std::string::npos);
}

TEST_CASE("lint: a strike that can hurt nothing is said") {
  CHECK(said(step("do = \"kill\"\nservice = \"web\"")).empty());
  CHECK(said(step("do = \"kill\"\nservice = \"mail\"")).find("nothing can be at risk of step 'step-1'") !=
        std::string::npos);
  CHECK(said(step("do = \"kill\""), "look = 1").find("nothing can be at risk") != std::string::npos);
  CHECK(said(step("do = \"refuse\"\nlink = \"store\"")).empty());
  CHECK(said(step("do = \"config.set\"\nservice = \"web\"\nkey = \"cache\"\nvalue = true"), "look = 1").empty());
}

TEST_CASE("lint: a position without a key depends on the order of arrival") {
  CHECK(
      said(
          "[[step]]\ndo = \"kill\"\ninstances = \"that\"\nwhen = { link = \"store\", position = \"reply\", operation = "
          "\"set\" }\n")
          .find("depends on the order of arrival") != std::string::npos);
}

TEST_CASE("lint: on HTTP an operation is a method alone") {
  const auto at = [](const std::string& link, const std::string& operation) {
    return said("[[step]]\ndo = \"kill\"\nservice = \"web\"\nwhen = { link = \"" + link +
                "\", position = \"request\", operation = \"" + operation + "\", key = \"x\" }\n");
  };
  CHECK(at("web", "POST").empty());
  CHECK(at("web", "POST /orders").find("write operation = \"POST\", key = \"/orders\"") != std::string::npos);
  CHECK(at("store", "SET key").empty()); // another protocol
}
