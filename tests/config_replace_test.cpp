// Another text in the place of a configuration file: how it is asked for, proven and gone back from.
#include "harness/history/reader.hpp"
#include "tests/support/support.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

using namespace holdfast;
using test::Played;

namespace {

/// A service with a configuration that no single key can be changed in.
Played play(const std::string& steps, test::TemporaryFolder& folder) {
  folder.write("stack.toml", fmt::format(R"([stack]
name = "stall"
release = "1"
[services.stall]
ready = {{ http = "/ready", within = "5s" }}
[releases.1]
stall = {{ command = ["/usr/bin/python3", "{}", "{{address}}", "{{port}}", "{{dir}}/purchases"], config = {{ name = "stall.conf", format = "text", text = "first of {{address}}" }} }}
[operations.login]
request = {{ method = "POST", path = "/login", json = {{ user = "{{user}}" }} }}
ok = {{ status = [200] }}
[operations.me]
role = "whoami"
request = {{ path = "/me" }}
ok = {{ status = [200], capture = {{ user = "/user" }} }}
)",
                                         test::source("tests/services/stall.py").string()));
  return test::play(folder.write("scenario.toml", fmt::format(R"([scenario]
name = "replaced"
stack = "stack.toml"
[workload]
users = 4
arrivals = "60/s"
journey = {{ me = 1, login = 1 }}
[judge]
recovery_window = "200ms"
{}
)",
                                                              steps)),
                    folder.path(), {});
}

} // namespace

TEST_CASE("config.replace: proven by the bytes, the same bytes are no change, a rollback goes back") {
  test::TemporaryFolder folder;
  folder.write("other.conf", "second of {host}");
  const auto played = play(R"(
[[step]]
id = "text"
at = "600ms"
do = "config.replace"
text = "another"
[[step]]
id = "file"
after = "text"
do = "config.replace"
file = "other.conf"
[[step]]
id = "same"
after = "file"
do = "config.replace"
text = "second of 1"
[[step]]
id = "back"
after = "same"
do = "rollback"
what = "configuration"
)",
                           folder);
  INFO(played.reason(), played.err);
  std::map<std::string, std::string> evidence;
  std::map<std::string, bool> proven;
  for (const auto& step : played.run.at("steps").as_array()) {
    const std::string id(step.at("id").as_string());
    proven[id] = step.at("proven").as_bool();
    evidence[id] = step.at("evidence").as_string();
  }
  CHECK(proven["text"]);
  CHECK(evidence["text"].find("1 of 1 instances changed: stall.conf of stall@1 is ") == 0);
  CHECK(proven["file"]);
  CHECK_FALSE(proven["same"]);
  CHECK(evidence["same"] == "no configuration file changed: each had this text already");
  CHECK(proven["back"]);
  std::vector<std::string> versions;
  const std::filesystem::path bundle = played.run.at("bundle").as_string().c_str();
  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(bundle / "config"))
    if (entry.is_regular_file()) {
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      all += text.str() + "\n";
    }
  INFO(all);
  CHECK(all.find("another") != std::string::npos);
  CHECK(all.find("second of 1") != std::string::npos); // placeholders are filled
}

TEST_CASE("config.replace: what is wrong with it is said before anything is started") {
  for (const auto& [keys, sentence] :
       {std::pair{"", "'config.replace' needs one of text, file, and none is given"},
        {"text = \"a\"\nfile = \"b\"", "'config.replace' needs one of text, file, and several are given"},
        {"file = \"not-there.conf\"", "of the file 'not-there.conf'"},
        {"text = \"{adress}\"", "nothing fills '{adress}' of 'text'"}}) {
    test::TemporaryFolder folder;
    const auto played = play(fmt::format("[[step]]\nat = \"1s\"\ndo = \"config.replace\"\n{}\n", keys), folder);
    INFO(keys, ": ", played.err);
    CHECK(played.status == 3);
    CHECK(played.err.find(sentence) != std::string::npos);
  }
}
