// The arrows between rooms point one way, and what is one room's business stays there.
#include "tests/support/support.hpp"

#include <doctest/doctest.h>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

namespace fs = std::filesystem;

namespace {

/// What each room may include besides itself.
const std::map<std::string, std::set<std::string>> arrows = {
    {"text", {}},
    {"config", {"text"}},
    {"scenario", {"config", "text"}},
    {"history", {"text"}},
    {"consistency", {"text"}},
    {"jepsen", {"consistency", "text"}},
    {"protocol", {"scenario"}},
    {"async", {"text"}},
    {"verdict", {"history"}},
    {"campaign", {"run", "checks", "bundle", "process", "scenario", "verdict", "history", "stack", "reports", "text"}},
    {"bundle", {"history", "scenario", "text"}},
    {"checks", {"bundle", "history", "verdict", "scenario", "consistency", "text"}},
    {"process", {"async", "text"}},
    {"stack", {"process", "scenario", "history", "config", "async", "text"}},
    {"link", {"protocol", "async", "scenario"}},
    {"faults", {"stack", "link", "async", "scenario", "config", "text"}},
    {"workload", {"scenario", "history", "async", "text"}},
    {"run",
     {"faults", "workload", "protocol", "stack", "link", "bundle", "history", "scenario", "process", "async", "text"}},
    {"cli",
     {"campaign", "run", "checks", "bundle", "scenario", "verdict", "config", "faults", "reports", "fakes",
      "consistency", "jepsen", "text"}},
    {"reports", {"verdict", "bundle", "history", "consistency", "text"}},
    {"fakes", {"protocol", "link", "async", "scenario"}},
};

struct Include {
  std::string file, room, target, line;
};

/// What stands in `line` behind `begin`, up to the first of `ends`; nothing where the line does not begin so.
std::optional<std::string> after(std::string_view line, std::string_view begin, std::string_view ends) {
  if (!line.starts_with(begin))
    return std::nullopt;
  line.remove_prefix(begin.size());
  return std::string(line.substr(0, line.find_first_of(ends)));
}

std::vector<Include> includes() {
  std::vector<Include> all;
  for (const auto* top : {"harness", "fakes", "reports"})
    for (const auto& entry : fs::recursive_directory_iterator(holdfast::test::source(top))) {
      if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp")
        continue;
      const auto relative = fs::relative(entry.path(), holdfast::test::source("")).string();
      const auto room = relative.starts_with("harness/")      ? relative.substr(8, relative.find('/', 8) - 8)
                        : relative.starts_with("fakes/shop/") ? std::string("shop")
                                                              : relative.substr(0, relative.find('/'));
      std::ifstream stream(entry.path());
      for (std::string line; std::getline(stream, line);) {
        auto included = after(line, "#include \"", "\"");
        if (!included)
          included = after(line, "#include <", ">");
        if (!included)
          continue;
        const auto& name = *included;
        const auto target = name.starts_with("harness/")      ? name.substr(8, name.find('/', 8) - 8)
                            : name.starts_with("fakes/shop/") ? std::string("shop")
                            : name.starts_with("fakes/")      ? std::string("fakes")
                            : name.starts_with("reports/")    ? std::string("reports")
                                                              : std::string{};
        all.push_back({relative, room, target, name});
      }
    }
  return all;
}

struct Source {
  std::string file, text;
};

std::vector<Source> sources(const std::string& top) {
  std::vector<Source> all;
  for (const auto& entry : fs::recursive_directory_iterator(holdfast::test::source(top)))
    if (entry.path().extension() == ".cpp" || entry.path().extension() == ".hpp") {
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      all.push_back({fs::relative(entry.path(), holdfast::test::source("")).string(), text.str()});
    }
  return all;
}

} // namespace

TEST_CASE("no room includes what it has no arrow to") {
  for (const auto& one : includes()) {
    if (one.target.empty() || one.target == one.room)
      continue;
    INFO(one.file, " includes ", one.line);
    if (one.room == "shop" || one.target == "shop")
      FAIL_CHECK("the shop has no arrow to or from the harness");
    else
      CHECK(arrows.at(one.room).contains(one.target));
  }
}

TEST_CASE("no arrow is drawn that nobody uses") {
  std::set<std::pair<std::string, std::string>> used;
  for (const auto& one : includes())
    used.emplace(one.room, one.target);
  // What is named without an include of its own came with another's.
  for (const auto& [room, targets] : arrows)
    for (const auto& one : sources(room == "fakes" || room == "reports" ? room : "harness/" + room))
      for (const auto& target : targets)
        if (one.text.find(target + "::") != std::string::npos)
          used.emplace(room, target);
  for (const auto& [room, targets] : arrows)
    for (const auto& target : targets) {
      INFO(room, " has an arrow to ", target);
      CHECK(used.contains({room, target}));
    }
}

TEST_CASE("time is read in the clock, and where something outside of a run is dated") {
  static const std::set<std::string> homes = {
      "harness/run/system_clock.cpp",  "harness/run/run.cpp",            // when a run was, for people
      "harness/process/supervise.cpp", "harness/consistency/budget.cpp", // the age of a folder; what a search may take
      "fakes/redis/expiry.cpp",        "fakes/redis/greeting.cpp",
      "fakes/postgres/moment.cpp"};
  for (const auto* top : {"harness", "fakes", "reports"})
    for (const auto& one : sources(top)) {
      if (one.file.starts_with("fakes/shop/") || homes.contains(one.file))
        continue;
      INFO(one.file);
      for (const auto* way : {"_clock::now", "std::time(", "clock_gettime(", "gettimeofday("})
        CHECK(one.text.find(way) == std::string::npos);
    }
}

TEST_CASE("pure rooms know no Asio, Boost.Process and the loop have one home each") {
  static const std::set<std::string> pure = {"scenario", "history",     "verdict", "checks", "reports", "protocol",
                                             "bundle",   "consistency", "jepsen",  "text",   "config"};
  for (const auto& one : includes()) {
    INFO(one.file, " includes ", one.line);
    if (pure.contains(one.room))
      CHECK(one.line.find("boost/asio") == std::string::npos);
    if (one.line.find("boost/process") != std::string::npos)
      CHECK(one.room == "process");
    if (one.line.find("io_context") != std::string::npos || one.line.find("steady_timer") != std::string::npos)
      CHECK((one.room == "run" || one.room == "shop"));
    if (one.line.find("sqlite3") != std::string::npos)
      CHECK(one.file.starts_with("fakes/postgres/"));
    CHECK(one.line != "regex"); // it recurses over what a service answers: RE2 does not
  }
}

TEST_CASE("every test case can be run by its name") {
  // CMake takes a semicolon for the end of a name: what is behind it runs nothing and passes.
  std::size_t found = 0;
  for (const auto& entry : fs::recursive_directory_iterator(holdfast::test::source("tests"))) {
    if (entry.path().extension() != ".cpp")
      continue;
    std::ifstream stream(entry.path());
    for (std::string line; std::getline(stream, line);) {
      const auto name = after(line, "TEST_CASE(\"", "\"");
      if (!name)
        continue;
      ++found;
      INFO(entry.path().string(), ": ", line);
      CHECK(name->find(';') == std::string::npos);
    }
  }
  CHECK(found > 200);
}

TEST_CASE("what an instance is called is put together and taken apart in one place") {
  for (const auto& one : sources("harness")) {
    if (one.file == "harness/scenario/instance_id.cpp")
      continue;
    INFO(one.file);
    for (const auto* way : {"rfind('@')", "find('@')", "{}@{}", "+ \"@\" +"})
      if (one.file != "harness/history/secrets.cpp") // passwords of URLs
        CHECK(one.text.find(way) == std::string::npos);
  }
}

TEST_CASE("what a room lists is named nowhere else") {
  // Checks are known by their own names in their own files; who needs to know them asks the list.
  for (const auto& one : sources("harness")) {
    if (one.file.starts_with("harness/checks/") || one.file.starts_with("harness/scenario/parse_"))
      continue;
    INFO(one.file);
    for (const auto* check : {"\"sessions\"", "\"purchases\"", "\"payments\"", "\"availability\"", "\"readiness\""})
      if (one.file != "harness/scenario/stack.cpp") // roles have such names as well
        CHECK(one.text.find(check) == std::string::npos);
  }
  for (const auto& one : sources("harness")) {
    if (one.file.starts_with("harness/protocol/") || one.file.starts_with("harness/jepsen/") ||
        one.file == "harness/cli/registry.cpp") // says which have a fake
      continue;
    INFO(one.file);
    for (const auto* protocol : {"\"redis\"", "\"postgres\"", "== \"http\"", "!= \"http\"", "\"tcp\"}"})
      CHECK(one.text.find(protocol) == std::string::npos);
  }
  for (const auto& one : sources("harness/cli")) {
    INFO(one.file);
    for (const auto* step : {"\"kill\"", "\"restart\"", "\"deploy\"", "kill_kind", "\"config.set\""})
      CHECK(one.text.find(step) == std::string::npos);
  }
}
