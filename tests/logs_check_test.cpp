// What processes may not write: on logs made by hand.
#include "tests/support/story.hpp"
#include "tests/support/support.hpp"

#include <doctest/doctest.h>
#include <filesystem>

using namespace holdfast;
using test::Kinds;
using test::Story;
using verdict::Verdict;

namespace {

/// A stack that forbids "panic", and what it wrote.
struct Logged {
  test::TemporaryFolder folder;
  Story story;

  explicit Logged(const std::string& from = "") {
    std::filesystem::create_directories(folder.path() / "logs");
    story.bundle.directory = folder.path();
    auto& told = story.bundle.scenario.stack.declare.of_checks["logs"];
    told["forbid"] = std::vector<std::string>{"panic", "(?i)out of memory"};
    if (!from.empty())
      told["from"] = from;
    story.pass(std::chrono::seconds{1});
    story.step("restart");
    story.pass(std::chrono::seconds{3});
    story.operation("buy", "u1");
  }
  verdict::CheckResult judge() {
    for (const auto& check : checks::all_checks())
      if (check.name == "logs")
        return check.run(story.facts());
    return {};
  }
};

} // namespace

TEST_CASE("logs: a forbidden line is found, with who wrote it, when, and which step it is bound to") {
  Logged logged;
  logged.folder.write("logs/web@1.log", "     0.500000 out panic: before the first step\n"
                                        "     2.000000 out all is well\n"
                                        "     2.500000 err panic: too much\n");
  logged.folder.write("logs/web@2.log", "     2.600000 err Out Of Memory\n");
  const auto result = logged.judge();
  REQUIRE(test::kinds(result) == Kinds{"forbidden"});
  REQUIRE(result.findings[0].occurrences.size() == 2);
  const auto& first = result.findings[0].occurrences[0];
  CHECK(first.user == "web@1");
  CHECK(first.what == "web@1 wrote at 2.500s, against 'panic': panic: too much");
  const auto facts = logged.story.facts();
  REQUIRE(facts.blamed(first.known_good, first.sequence).size() == 1);
  CHECK(facts.blamed(first.known_good, first.sequence)[0]->id == "restart");
  CHECK(result.examined == 3);
}

TEST_CASE("logs: lines before the first step count where the stack says so") {
  for (const auto* from : {"", "first step", "start"}) {
    Logged logged(from);
    logged.folder.write("logs/web@1.log", "     0.500000 out panic: before the first step\n");
    CHECK(test::kinds(logged.judge()) == (std::string(from) == "start" ? Kinds{"forbidden"} : Kinds{}));
  }
}

TEST_CASE("logs: what was dropped for its size is no evidence that nothing stood there") {
  for (const bool is_cut : {false, true}) {
    Logged logged;
    logged.folder.write("logs/web@1.log", "     2.000000 out all is well\n");
    logged.folder.write(is_cut ? "logs/web@1.7.log" : "logs/web@1.2.log", "     2.500000 out still\n");
    const auto result = logged.judge();
    CHECK(result.findings.empty());
    CHECK(result.verdict == (is_cut ? Verdict::inconclusive : Verdict::pass));
    logged.folder.write("logs/web@2.log", "     2.500000 out panic\n");
    CHECK(logged.judge().verdict == Verdict::fail);
  }
}

TEST_CASE("logs: an empty log is one in which nothing stands, no log is no evidence") {
  Logged logged;
  CHECK(logged.judge().verdict == Verdict::inconclusive);
  logged.folder.write("logs/web@1.log", "");
  CHECK(logged.judge().verdict == Verdict::pass);
}

TEST_CASE("logs: who writes a thousand such lines is told with the first hundred and their number") {
  Logged logged;
  std::string lines;
  for (int i = 0; i < 1000; ++i)
    lines += "     2.000000 out panic\n";
  logged.folder.write("logs/web@1.log", lines);
  const auto result = logged.judge();
  CHECK(result.findings[0].occurrences.size() == 100);
  REQUIRE(result.notes.size() == 1);
  CHECK(result.notes[0].find("1000 such lines") != std::string::npos);
}

TEST_CASE("logs: a stack that forbids nothing has nothing to say") {
  Story story;
  for (const auto& check : checks::all_checks())
    if (check.name == "logs") {
      const auto result = check.run(story.facts());
      CHECK_FALSE(result.applicable);
      CHECK_FALSE(result.says_why);
    }
}
