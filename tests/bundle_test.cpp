// What a run leaves: whole, private, and without secrets.
#include "harness/bundle/late_secrets.hpp"
#include "harness/bundle/masked_sources.hpp"
#include "harness/history/secrets.hpp"
#include "tests/support/support.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <toml++/toml.h>

using namespace holdfast;
using test::run_program;
using test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

std::string content(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

const std::string minimal = test::source("tests/scenarios/minimal.toml").string();

/// Files below a folder that hold a text.
std::vector<std::string> holding(const fs::path& folder, const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && content(entry.path()).find(text) != std::string::npos)
      found.push_back(fs::relative(entry.path(), folder).string());
  return found;
}

std::string bundle_of(const test::Played& played) {
  return std::string(played.run.at("bundle").as_string());
}

} // namespace

TEST_CASE("a bundle is its user's alone, file by file") {
  const TemporaryFolder scratch;
  const auto played = test::play(minimal, scratch.path());
  const fs::path bundle = bundle_of(played);
  const auto mode = [](const fs::path& path) {
    struct stat found {};
    REQUIRE(stat(path.c_str(), &found) == 0);
    return found.st_mode & 0777;
  };
  CHECK(mode(bundle) == 0700);
  for (const auto& entry : fs::recursive_directory_iterator(bundle)) {
    INFO(entry.path().string());
    CHECK(mode(entry.path()) == (entry.is_directory() ? 0700 : 0600));
  }
}

TEST_CASE("a bundle of which something is gone is damaged, which is no verdict") {
  const TemporaryFolder scratch;
  const fs::path bundle = bundle_of(test::play(minimal, scratch.path()));
  const auto check = [&] { return run_program({test::holdfast_program(), "check", bundle.string()}, scratch.path()); };
  CHECK(check().status == 0);
  for (const auto* name : {"history.jsonl", "events.jsonl", "probes.jsonl"}) {
    INFO(std::string(name));
    const auto whole = content(bundle / name);
    for (const auto& rest :
         {std::string(), whole.substr(0, whole.size() / 2), whole.substr(0, whole.rfind('\n', whole.size() - 2) + 1)}) {
      std::ofstream(bundle / name, std::ios::trunc) << rest;
      const auto said = check();
      CHECK(said.status == 4);
      CHECK(said.err.find("is damaged") != std::string::npos);
    }
    fs::remove(bundle / name);
    CHECK(check().status == 4);
    std::ofstream(bundle / name) << whole;
  }
  CHECK(check().status == 0);
}

TEST_CASE("no secret of a stack reaches any file or output, and the verdict is the same") {
  const TemporaryFolder scratch;
  scratch.write("stack.toml", fmt::format(R"([stack]
name = "s"
[dependencies]
sessions = {{ protocol = "redis" }}
[services.notebook]
needs = ["sessions"]
command = ["python3", "{}", "{{address}}", "{{port}}", "{{link.sessions}}", "{{dir}}/purchases"]
environment = {{ DB_PASSWORD = "hunter2-of-env", MY_PIN = "hunter2-pin" }}
ready = {{ http = "/ready", within = "10s" }}
config = {{ name = "n.conf", text = "db_password = hunter2-of-config and hunter2-words\nurl = postgres://u:hunter2-of-url@h/x\nmy_pin = hunter2-pin\n" }}
[operations.login]
request = {{ method = "POST", path = "/login", headers = {{ Authorization = "Basic hunter2-basic" }}, json = {{ user = "{{user}}" }} }}
ok = {{ status = [200], capture = {{ token = "/token" }} }}
[operations.me]
role = "whoami"
request = {{ path = "/me", headers = {{ X-Token = "{{token}}" }} }}
ok = {{ status = [200], capture = {{ user = "/user" }} }}
[operations.buy]
role = "purchase"
request = {{ method = "POST", path = "/buy", headers = {{ X-Token = "{{token}}" }}, json = {{ id = "{{id}}", amount = "{{amount}}" }} }}
ok = {{ status = [201] }}
[operations.bought]
role = "purchases"
request = {{ path = "/bought", headers = {{ X-Token = "{{token}}" }} }}
ok = {{ status = [200], list = {{ at = "", id = "/id", amount = "/amount" }} }}
[declare]
secret = ["my_pin"]
)",
                                          test::source("tests/services/notebook.py").string()));
  const auto scenario = scratch.write("scenario.toml", R"([scenario]
name = "s"
stack = "stack.toml"
[workload]
users = 3
arrivals = "60/s"
journey = { buy = 1, me = 1, login = 1 }
[[step]]
do = "kill"
when = { link = "notebook", position = "reply", operation = "POST", not_before = "400ms" }
[[step]]
id = "rotate"
after = "step-1"
do = "config.set"
key = "db_password"
value = "hunter2-new"
[[step]]
id = "forget"
after = "rotate"
do = "config.unset"
key = "my_pin"
[judge]
at_risk = "300ms"
recovery_window = "100ms"
)");
  const auto play = [&](const std::vector<std::string>& more) { return test::play(scenario, scratch.path(), more); };
  const auto usual = play({"--set", "services.notebook.environment.API_TOKEN=\"hunter2-set\""});
  INFO(usual.err);
  const fs::path bundle = bundle_of(usual);
  CHECK(fmt::format("{}", fmt::join(holding(bundle, "hunter2"), " ")) == "");
  CHECK(!holding(bundle, "***").empty());
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"show", bundle.string(), "--around", "step-1"},
        {"check", bundle.string()},
        {"export", bundle.string(), "--format", "jepsen-json"}}) {
    auto words = command;
    words.insert(words.begin(), test::holdfast_program());
    const auto said = run_program(words, scratch.path());
    CHECK((said.out + said.err).find("hunter2") == std::string::npos);
  }
  // Session tokens are sixteen hex digits, as notebook.py gives them out: redis has them as keys.
  const auto bodies = content(bundle / "bodies.jsonl");
  CHECK(bodies.find("X-Token: ***") != std::string::npos);
  // From its files alone it is judged as it was live.
  const auto again =
      run_program({test::holdfast_program(), "check", bundle.string(), "--format", "json"}, scratch.path());
  const auto judged = boost::json::parse(again.out).at("runs").at(0).as_object();
  CHECK(judged.at("verdict") == usual.run.at("verdict"));
  CHECK(judged.at("checks") == usual.run.at("checks"));
  const auto kept = play({"--keep-secrets"});
  CHECK(!holding(bundle_of(kept), "hunter2-of-config").empty());
  CHECK(kept.verdict() == usual.verdict());
}

TEST_CASE("sources in a bundle stay TOML that says the same, but for secrets") {
  const history::Secrets secrets;
  const std::string text = R"(# the stack's password is none: comments go by the same rules
[services.web]
environment = { DB_PASSWORD = "hunter2", NAME = "web", OTHER_PASSWORD = "{address}-opensesame" }
config = { name = "a.conf", text = """
password = hunter2
listen = {address}
""" }
[operations.login]
request = { path = "/login", json = { user = "{user}", password = "{password}" } }
ok = { status = [200], capture = { token = "/token" } }
[operations.me]
request = { path = "/me", headers = { Authorization = "Bearer {token}", Cookie = "session={token}" } }
[operations.overview]
request = { path = "/overview", headers = { Authorization = "Basic aHVudGVyMjpodW50ZXIy", Cookie = "key=hunter2-27; s={token}" } }
)";
  const auto masked = bundle::masked_toml(text, secrets);
  INFO(masked);
  CHECK(masked.find("hunter2") == std::string::npos);
  const auto was = toml::parse(text), is = toml::parse(masked);
  CHECK(is.at_path("services.web.environment.DB_PASSWORD").value<std::string>() == secrets.mark("hunter2"));
  CHECK(is.at_path("services.web.environment.NAME").value<std::string>() == "web");
  CHECK(is.at_path("services.web.environment.OTHER_PASSWORD").value<std::string>() ==
        "{address}" + secrets.mark("-opensesame"));
  CHECK(is.at_path("operations.login").node()->as_table() != nullptr);
  CHECK(*is.at_path("operations.login").as_table() == *was.at_path("operations.login").as_table());
  // Whether an operation carries a token is judged from here.
  CHECK(*is.at_path("operations.me").node()->as_table() == *was.at_path("operations.me").as_table());
  const auto headers = is.at_path("operations.overview.request.headers");
  CHECK(headers.at_path("Authorization").value<std::string>() == secrets.mark("Basic aHVudGVyMjpodW50ZXIy"));
  CHECK(headers.at_path("Cookie").value<std::string>() == secrets.mark("key=hunter2-27; s=") + "{token}");
  CHECK(bundle::masked_toml("no toml, password=hunter2", secrets).find("hunter2") == std::string::npos);
}

TEST_CASE("what was written before it was known for a secret is masked at the run's end") {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "logs");
  const std::string token = "a1b2c3d4-e5f6-token", other = "99887766-not-given-out";
  folder.write("wire.jsonl", "{\"seq\":7,\"keys\":[\"session:" + token + "\",\"" + other + "\"]}\n{\"seq\":8}\n");
  folder.write("logs/web@1.log", "created " + token + "\nno line end: " + token);
  folder.write("probes.jsonl", "{\"seq\":9,\"instance\":\"" + token + "@1\",\"detail\":\"" + token + "\"}\n");
  history::Secrets secrets;
  secrets.learn(token);
  CHECK_FALSE(bundle::mask_late_secrets(folder.path(), secrets));
  const auto read = [&](const char* name) { return content(folder.path() / name); };
  CHECK(read("wire.jsonl") ==
        "{\"seq\":7,\"keys\":[\"session:" + secrets.mark(token) + "\",\"" + other + "\"]}\n{\"seq\":8}\n");
  // What names an instance is compared, whatever somebody calls a token.
  CHECK(read("probes.jsonl") ==
        "{\"seq\":9,\"instance\":\"" + token + "@1\",\"detail\":\"" + secrets.mark(token) + "\"}\n");
  CHECK(read("logs/web@1.log") == "created " + secrets.mark(token) + "\nno line end: " + secrets.mark(token));
}

TEST_CASE("a bundle has its templates, wherever its stack found them, and is judged without the files that they were") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "mine");
  const auto outside = folder.write("outside.conf", "port = {port}\n");
  const auto absolute = folder.write("absolute.conf", "host = {host}\n");
  folder.write("mine/stack.toml", fmt::format(R"([stack]
name = "tiny"
[services.tiny]
command = ["sh", "-c", "read line <\"$0\"; exec {{bin}}/tiny-service {{address}} {{port}} {{dir}}/items", "{{config}}"]
ready = {{ http = "/ready" }}
config = {{ name = "tiny.conf", file = "../outside.conf" }}
[services.other]
command = ["sh", "-c", "read line <\"$0\"; exec {{bin}}/tiny-service {{address}} {{port}} {{dir}}/items", "{{config}}"]
ready = {{ http = "/ready" }}
config = {{ name = "other.conf", file = "{}" }}
[operations.put]
service = "tiny"
role = "purchase"
request = {{ method = "POST", path = "/items/{{id}}" }}
ok = {{ status = [201] }}
[operations.list]
service = "tiny"
role = "purchases"
request = {{ path = "/items" }}
ok = {{ status = [200], list = {{ at = "/items", id = "/id" }} }}
)",
                                              absolute.string()));
  const auto played = test::play(folder.write("mine/scenario.toml", R"([scenario]
name = "templates"
stack = "stack.toml"
[workload]
users = 1
arrivals = "200/s"
journey = { put = 1 }
[[step]]
at = "300ms"
do = "restart"
[judge]
at_risk = "500ms"
recovery_window = "100ms"
)"),
                                 folder.path());
  INFO(played.reason(), played.err);
  CHECK(played.verdict() == "pass");
  std::filesystem::remove(outside);
  std::filesystem::remove(absolute);
  const auto again =
      run_program({test::holdfast_program(), "check", played.run.at("bundle").as_string().c_str()}, folder.path());
  INFO(again.out, again.err);
  CHECK(again.status == 0);
}
