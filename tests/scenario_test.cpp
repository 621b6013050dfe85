// TOML to Scenario: what is wrong is said with its place, all at once.
#include "harness/cli/registry.hpp"
#include "harness/scenario/load.hpp"
#include "harness/scenario/placeholders.hpp"
#include "tests/support/support.hpp"

#include <doctest/doctest.h>
#include <random>

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

const std::string stack_toml = R"([stack]
name = "s"
hosts = 3
[dependencies]
store = { protocol = "redis" }
[services.web]
needs = ["store"]
command = ["web"]
[releases."1"]
[releases."2"]
web = { command = ["web2"] }
[operations.put]
role = "purchase"
request = { method = "POST", path = "/{id}" }
)";

const std::string head = "[scenario]\nname = \"x\"\nstack = \"stack.toml\"\n[workload]\njourney = { put = 1 }\n";

scenario::Loaded load(const std::string& text, const std::vector<scenario::Setting>& settings = {},
                      const std::string& stack_text = stack_toml) {
  const test::TemporaryFolder folder;
  folder.write("stack.toml", stack_text);
  return scenario::load_scenario(folder.write("scenario.toml", text), cli::make_registry().catalog(), settings);
}

/// The messages, with "line:column: " before each.
std::vector<std::string> errors(const scenario::Loaded& loaded) {
  std::vector<std::string> all;
  for (const auto& one : loaded.diagnostics)
    all.push_back(std::to_string(one.where.line) + ":" + std::to_string(one.where.column) + ": " + one.message);
  return all;
}

} // namespace

TEST_CASE("a scenario without mistakes loads") {
  const auto loaded = load(head + "[[step]]\nat = \"2s\"\ndo = \"restart\"\nhosts = 2\n");
  INFO(scenario::describe(loaded.diagnostics));
  REQUIRE(loaded.scenario);
  CHECK(loaded.scenario->steps.at(0).instances.host_count == 2);
  CHECK(std::get<scenario::AtTime>(loaded.scenario->steps.at(0).trigger).at == 2s);
  CHECK(loaded.scenario->stack.initial_release == "1");
}

TEST_CASE("a fault on messages takes one key or several, and says what else it was given") {
  const auto keys = [](const std::string& toml) {
    const auto loaded =
        load(head + "[[step]]\nat = \"1s\"\ndo = \"drop_reply\"\nlink = \"store\"\nfor = \"1s\"\n" + toml);
    INFO(scenario::describe(loaded.diagnostics));
    REQUIRE(loaded.scenario);
    return loaded.scenario->steps.at(0).get<std::vector<std::string>>("key").value_or(std::vector<std::string>{});
  };
  CHECK(keys("").empty());
  CHECK(keys("key = \"a\"\n") == std::vector<std::string>{"a"});
  CHECK(keys("key = [\"a\", \"b\"]\n") == std::vector<std::string>{"a", "b"});
  const auto wrong = errors(load(head + "[[step]]\nat = \"1s\"\ndo = \"error\"\nlink = \"store\"\nkey = 3\n"));
  REQUIRE(wrong.size() == 1);
  CHECK(wrong[0].find("must be a string or an array of strings, not an integer") != std::string::npos);
}

TEST_CASE("all mistakes of a file are reported at once, each with its place") {
  const auto loaded = load(
      head + "usres = 5\n[[step]]\nat = \"2s\"\ndo = \"restrt\"\n[[step]]\nat = \"1s\"\ndo = \"restart\"\nhosts = 4\n");
  CHECK(errors(loaded) == std::vector<std::string>{"6:1: unknown key 'usres' in [workload]",
                                                   "9:6: unknown step 'restrt'",
                                                   "11:6: this step begins at 1s, before the one above it at 2s",
                                                   "13:9: the stack 's' has 3 hosts, not 4"});
}

TEST_CASE("a mistake shows its line, a caret and the nearest name") {
  const auto loaded = load(head + "[[step]]\nat = \"2s\"\ndo = \"deploy\"\nrelease = \"3\"\nservise = \"web\"\n");
  const auto text = scenario::describe(loaded.diagnostics);
  CHECK(text.find("scenario.toml:9:11: error: unknown release '3'\n  9 | release = \"3\"\n    |           ^\n") !=
        std::string::npos);
  CHECK(text.find("hint: did you mean 'service'?") != std::string::npos);
}

TEST_CASE("wrong types are errors, also where TOML could convert them") {
  CHECK(errors(load(head + "users = 2.0\n")) ==
        std::vector<std::string>{"6:9: 'users' of [workload] must be an integer, not a number with a fraction"});
  CHECK(errors(load(head + "users = true\n")) ==
        std::vector<std::string>{"6:9: 'users' of [workload] must be an integer, not a boolean"});
  CHECK(errors(load(head + "steady = 3\n")) ==
        std::vector<std::string>{
            "6:10: 'steady' of [workload] must be a duration such as \"1500ms\" or \"2s\", not an integer"});
}

TEST_CASE("names of links, services and releases must exist") {
  const auto text = head + "[[step]]\ndo = \"kill\"\nservice = \"wep\"\nwhen = { link = \"stroe\", position = "
                           "\"reply\" }\n[[step]]\nat = \"1s\"\ndo = \"refuse\"\nlink = \"web>store\"\n";
  CHECK(errors(load(text)) == std::vector<std::string>{"8:11: unknown service 'wep'", "9:17: unknown link 'stroe'",
                                                       "13:8: unknown link 'web>store'"});
}

TEST_CASE("a position may ask for one key or for several") {
  const auto keys = [](const std::string& written) {
    return load(
        head +
        "[[step]]\ndo = \"kill\"\ninstances = \"that\"\nwhen = { link = \"store\", position = \"reply\", key = " +
        written + " }\n");
  };
  const auto read = [&](const std::string& written) {
    return std::get<scenario::AtPosition>(keys(written).scenario.value().steps.at(0).trigger).keys;
  };
  CHECK(read("\"a\"") == std::vector<std::string>{"a"});
  CHECK(read("[\"a\", \"b\"]") == std::vector<std::string>{"a", "b"});
  CHECK(read("\"\"").empty());
  CHECK(keys("5").diagnostics.at(0).message ==
        "'key' of 'when' of a step must be a string or an array of strings, not an integer");
}

TEST_CASE("--set goes through the same checks") {
  CHECK(load(head, {{"workload.users", "60000"}}).scenario->workload.users == 60000);
  CHECK(load(head, {{"workload.routing", "pinned"}}).scenario->workload.routing == scenario::Routing::pinned);
  const auto bad = load(head, {{"workload.users", "many"}});
  CHECK(bad.diagnostics.at(0).message == "'users' of [workload] must be an integer, not a string");
  CHECK(bad.diagnostics.at(0).where.file == "--set workload.users=many");
  CHECK_FALSE(load(head, {{"workload.usres", "3"}}).scenario);
}

TEST_CASE("a syntax error of TOML has its place") {
  const auto loaded = load("[scenario\nname = 1\n");
  REQUIRE(loaded.diagnostics.size() == 1);
  CHECK(loaded.diagnostics[0].where.line == 1);
}

TEST_CASE("placeholders that nothing fills are errors of the stack") {
  auto bad = stack_toml;
  bad.replace(bad.find("[\"web\"]"), 7, "[\"web\", \"{link.stoer}\"]");
  const auto loaded = load(head, {}, bad);
  REQUIRE_FALSE(loaded.diagnostics.empty());
  CHECK(loaded.diagnostics[0].message == "nothing fills '{link.stoer}' of 'web' in release '1'");
  CHECK(loaded.diagnostics[0].hint == "did you mean 'link.store'?");
  CHECK(loaded.diagnostics[0].source_line.substr(loaded.diagnostics[0].where.column - 1).starts_with("{link.stoer}"));
  const auto with = [](const std::string& words) {
    auto stack = stack_toml;
    stack.replace(stack.find("[\"web\"]"), 7, words);
    return load(head, {}, stack);
  };
  CHECK_FALSE(with(R"(["web", "{python}"])").scenario); // a whole argument
  CHECK(with(R"(["web", "--map={python}"])").scenario); // perhaps the program's own
  CHECK_FALSE(with(R"(["web", "--to={adress}"])").scenario);
  CHECK(with(R"(["web", "${adress}", "{{adress}}"])").scenario);
  auto lonely = stack_toml; // the service does not say that it needs what it names
  lonely.replace(lonely.find("[\"web\"]"), 7, "[\"web\", \"{link.store}\"]");
  lonely.replace(lonely.find("needs = [\"store\"]\n"), 18, "");
  const auto without = load(head, {}, lonely);
  REQUIRE_FALSE(without.diagnostics.empty());
  CHECK(without.diagnostics[0].message ==
        "nothing fills '{link.store}' of 'web' in release '1': 'store' is none of its "
        "needs");
}

TEST_CASE("durations are read and written") {
  CHECK(scenario::parse_duration("1500ms") == 1500ms);
  CHECK(scenario::parse_duration("0.5s") == 500ms);
  CHECK(scenario::parse_duration("3h") == 3h);
  for (const auto* bad : {"", "5", "s", "-1s", "1 s", "1e3s", "nan", "inf", "99999999999h"})
    CHECK_FALSE(scenario::parse_duration(bad));
  CHECK(scenario::format_duration(2s) == "2s");
  CHECK(scenario::format_duration(1500ms) == "1.50s");
  CHECK(scenario::format_duration(40ms) == "40ms");
}

TEST_CASE("placeholders leave JSON's braces alone") {
  const auto filled = scenario::substitute(R"({"a": {"b": "{x}"}, "{y}": {}})",
                                           [](std::string_view name) -> std::optional<std::string> {
                                             if (name == "x")
                                               return "1";
                                             return std::nullopt;
                                           });
  CHECK(filled == R"({"a": {"b": "1"}, "{y}": {}})");
}

TEST_CASE("placeholders of others, and braces that are meant") {
  const auto fill = [](std::string_view text) {
    return scenario::substitute(text, [](std::string_view name) -> std::optional<std::string> {
      return name == "x" ? std::optional<std::string>("1") : std::nullopt;
    });
  };
  CHECK(fill("${x} {x}") == "${x} 1");
  CHECK(fill("{{x}}") == "{x}");
  CHECK(fill("{{x}} {x} {{y}}{x}") == "{x} 1 {y}1");
  CHECK(fill("{{x}") == "{1");
  CHECK(fill("{x}}") == "1}");
}

TEST_CASE("a scenario lays tables over its stack, with places and order") {
  const auto over = load(head + "[stack]\nhosts = 1\nrelease = \"a\"\n[releases.b]\n[releases.a]\nextends = \"b\"\n",
                         {{"dependencies.store.provider", "server"}});
  REQUIRE(over.scenario);
  CHECK(over.scenario->stack.hosts == 1);
  CHECK(over.scenario->stack.initial_release == "a");
  CHECK(over.scenario->stack.dependencies[0].provider == scenario::Dependency::Provider::server);
  CHECK(errors(load(head + "[stack]\nhosts = \"two\"\n"))[0].starts_with("7:"));
  CHECK(errors(load(head + "[declare]\n", {}, "declare = 3\n" + stack_toml))[0] == "1:11: 'declare' must be a table");
}

TEST_CASE("no input crashes the reader of scenarios") {
  std::mt19937 random(7);
  const auto good =
      head + "[[step]]\nat = \"2s\"\ndo = \"deploy\"\nrelease = \"2\"\n[expect]\nsessions = \"survive\"\n";
  const auto catalog = cli::make_registry().catalog();
  const test::TemporaryFolder folder;
  folder.write("stack.toml", stack_toml);
  for (int round = 0; round < 2000; ++round) {
    auto text = good;
    for (int i = 0; i < 1 + round % 5; ++i) {
      const auto at = random() % text.size();
      if (random() % 3 == 0)
        text.erase(at, 1 + random() % 8);
      else
        text[at] = "[]{}=\"'\n.,0x#"[random() % 13];
      if (text.empty())
        text = "x";
    }
    const auto loaded = scenario::parse_scenario(text, folder.path() / "scenario.toml", catalog);
    CHECK(loaded.scenario.has_value() == loaded.diagnostics.empty());
  }
}

TEST_CASE("a letter of any alphabet at the wrong place is an error with that place") {
  const auto catalog = cli::make_registry().catalog();
  const auto say = [](char32_t letter) {
    std::string text;
    text += static_cast<char>(0xe0 | (letter >> 12));
    text += static_cast<char>(0x80 | ((letter >> 6) & 0x3f));
    text += static_cast<char>(0x80 | (letter & 0x3f));
    return text;
  };
  for (char32_t letter = 0x800; letter <= 0xffff; ++letter) {
    if (letter >= 0xd800 && letter < 0xe000)
      continue; // halves of a pair are no UTF-8
    const auto text = letter % 8 != 7 ? say(letter) + "=1\n" : "a=" + say(letter) + "\n";
    const auto loaded = scenario::parse_scenario(text, "scenario.toml", catalog);
    if (loaded.scenario || loaded.diagnostics.empty() || loaded.diagnostics[0].where.line == 0)
      FAIL_CHECK(static_cast<std::uint32_t>(letter), " in ", text);
  }
}

TEST_CASE("names cannot lead out of their folders, hide, or pass for options") {
  const auto named = [](const std::string& name) {
    auto text = head;
    const std::string old = "name = \"x\"";
    REQUIRE(text.find(old) != std::string::npos);
    return load(text.replace(text.find(old), old.size(), "name = \"" + name + "\""));
  };
  CHECK(named("Black Friday, 2026 <old> -> new").scenario);
  CHECK(named("Käufe am Morgen").scenario);
  for (const auto* bad : {"", "..", "a/b", "../../etc", "-x", ".hidden", "a\\u202eb", "a\\u0007", "a\\nb"})
    CHECK_FALSE_MESSAGE(named(bad).scenario, std::string(bad));
  CHECK_FALSE(named(std::string(101, 'x')).scenario);
  const auto step = [](const std::string& id) {
    return load(head + "[[step]]\nid = \"" + id + "\"\nat = \"2s\"\ndo = \"restart\"\n");
  };
  CHECK(step("the first").scenario);
  for (const auto* bad : {"a/b", "..", "-x", ""})
    CHECK_FALSE_MESSAGE(step(bad).scenario, std::string(bad));
  const auto service = [](const std::string& name) {
    auto stack = stack_toml;
    for (const std::string old : {"[services.web]"})
      stack.replace(stack.find(old), old.size(), "[services.\"" + name + "\"]");
    return load(head, {}, stack);
  };
  for (const auto* bad : {"a/b", "a@1", "..", "-x", "a>b", "a b"})
    CHECK_FALSE_MESSAGE(service(bad).scenario, std::string(bad));
}

TEST_CASE("a latency of nothing, and a change of a file that is no such file, are errors at load") {
  CHECK(errors(load(head + "[[step]]\nat = \"2s\"\ndo = \"latency\"\nlink = \"store\"\nlatency = \"0ms\"\n"))
            .at(0)
            .find("of nothing does nothing") != std::string::npos);
  CHECK_FALSE(errors(load(head + "[[step]]\nat = \"2s\"\ndo = \"latency\"\nlink = \"store\"\n")).empty());
  const auto with_config = [](const std::string& config, const std::string& value = "\"yes\"") {
    auto stack = stack_toml;
    const std::string at = "[services.web]\n";
    REQUIRE(stack.find(at) != std::string::npos);
    stack.insert(stack.find(at) + at.size(), "config = " + config + "\n");
    return load(head + "[[step]]\nat = \"2s\"\ndo = \"config.set\"\nkey = \"appendonly\"\nvalue = " + value + "\n", {},
                stack);
  };
  CHECK(with_config("{ name = \"a.conf\", text = \"appendonly = no\" }").scenario);
  for (const auto* value : {"7", "7.5", "true", "\"x\""})
    CHECK(with_config("{ name = \"a.conf\", text = \"appendonly = no\" }", value).scenario);
  CHECK(with_config("{ name = \"a.json\", format = \"json\", text = \"{\\\"a\\\": 1}\" }", "[1, 2]").scenario);
  const auto redis = with_config("{ name = \"redis.conf\", text = \"appendonly no\" }");
  CHECK(errors(redis).at(0).find("'config.set' cannot change 'redis.conf' of 'web': line 1 ") != std::string::npos);
  CHECK_FALSE(with_config("{ name = \"nginx.conf\", format = \"text\", text = \"a = 1\" }").scenario);
}
