// Sessions: lost, out of reach, valid after their end, somebody else's.
#include "tests/support/story.hpp"

#include <doctest/doctest.h>

using namespace holdfast;
using history::Operation;
using history::Outcome;
using test::kinds;
using test::Kinds;
using test::Story;
using verdict::Verdict;

TEST_CASE("sessions: lost, unreachable, zombie and crossed, a logout of unknown outcome is neither") {
  const auto after = [](const std::function<void(Story&, const Operation&)>& play) {
    Story story;
    const auto login = story.operation("login", "u1");
    story.me(login);
    play(story, login);
    return kinds(checks::check_sessions(story.facts()));
  };
  const auto read = [](Story& s, const Operation& login, Outcome outcome) {
    s.begin_checkpoint();
    s.me(login, outcome);
    s.end_checkpoint();
  };
  CHECK(after([&](Story& s, const Operation& l) { read(s, l, Outcome::ok); }).empty());
  CHECK(after([&](Story& s, const Operation& l) { read(s, l, Outcome::unauthenticated); }) == Kinds{"lost"});
  CHECK(after([&](Story& s, const Operation& l) { read(s, l, Outcome::info), read(s, l, Outcome::ok); }) ==
        Kinds{"unreachable"});
  CHECK(after([&](Story& s, const Operation& l) { s.me(l, Outcome::ok, "u2"); }) == Kinds{"crossed"});
  CHECK(after([&](Story& s, const Operation& l) {
          s.operation("logout", "u1", {{"session", l.id}}), read(s, l, Outcome::unauthenticated);
        }).empty());
  CHECK(after([&](Story& s, const Operation& l) {
          s.operation("logout", "u1", {{"session", l.id}}), read(s, l, Outcome::ok);
        }) == Kinds{"zombie"});
  for (const auto outcome : {Outcome::ok, Outcome::unauthenticated})
    CHECK(after([&](Story& s, const Operation& l) {
            s.operation("logout", "u1", {{"session", l.id}}, Outcome::info), read(s, l, outcome);
          }).empty());
}

TEST_CASE("sessions: what a logout may have ended is not lost because a later login has ended it for certain") {
  Story story;
  story.bundle.scenario.stack.declare.one_session_per_user = true;
  const auto login = story.operation("login", "u1");
  story.me(login);
  story.operation("logout", "u1", {{"session", login.id}}, Outcome::info);
  story.begin_checkpoint();
  story.me(login, Outcome::unauthenticated);
  story.end_checkpoint();
  story.operation("login", "u1");
  CHECK(kinds(checks::check_sessions(story.facts())).empty());
}

TEST_CASE("sessions that nobody could look at after the strike are no evidence") {
  Story story;
  story.bundle.scenario.stack.declare.session_sliding = false;
  story.bundle.scenario.stack.declare.session_lifetime = std::chrono::milliseconds{5};
  const auto login = story.operation("login", "u1").id;
  story.step("kill", {.kind = "kill", .nature = Story::StepEvent::Nature::fault});
  for (int i = 0; i < 10; ++i)
    story.operation("buy", "u1"); // the session's time passes
  story.begin_checkpoint();
  story.operation("me", "u1", {{"session", login}}, Outcome::unauthenticated);
  story.end_checkpoint();
  CHECK(checks::check_sessions(story.facts()).verdict == Verdict::inconclusive);
}

TEST_CASE("a live session that is refused between checkpoints breaks what a session may rely on") {
  const auto after = [](const std::vector<Outcome>& looks, Outcome at_the_end = Outcome::ok, bool logout = false) {
    Story story;
    const auto login = story.operation("login", "u1");
    for (const auto outcome : looks)
      story.me(login, outcome);
    story.begin_checkpoint();
    story.me(login, at_the_end);
    story.end_checkpoint();
    if (logout)
      story.operation("logout", "u1", {{"session", login.id}});
    return kinds(checks::check_sessions(story.facts()));
  };
  CHECK(after({Outcome::ok, Outcome::ok}).empty());
  CHECK(after({Outcome::info, Outcome::fail}).empty()); // out of reach is no refusal
  CHECK(after({Outcome::unauthenticated}) == Kinds{"read-your-writes"});
  CHECK(after({Outcome::ok, Outcome::unauthenticated}) == Kinds{"monotonic-reads"});
  CHECK(after({Outcome::ok, Outcome::unauthenticated}, Outcome::unauthenticated) == Kinds{"lost"}); // said once
}

TEST_CASE("sessions: a cookie that a reply made the browser drop is evidence, with the reply") {
  Story story;
  const auto login = story.operation("login", "u1");
  story.me(login);
  story.step("deploy", {.kind = "deploy"});
  auto& bought = story.operation("buy", "u1", {{"session", login.id}});
  bought.attempts[0].dropped = {{"sid", bought.id, "Max-Age=0"}};
  const auto by = bought.id;
  story.begin_checkpoint();
  story.me(login, Outcome::unauthenticated);
  story.end_ready();
  const auto report = story.report();
  std::string example;
  for (const auto& check : report.checks)
    if (check.name == "sessions" && !check.findings.empty())
      example = check.findings[0].examples.at(0);
  INFO(example);
  CHECK(example.find("'sid'") != std::string::npos);
  CHECK(example.find("Max-Age=0") != std::string::npos);
  CHECK(example.find(by + " buy") != std::string::npos); // the reply that did it
}

TEST_CASE("sessions: a login that goes on with the session before it gives out no other") {
  Story story;
  const auto first = story.operation("login", "u1").id;
  auto& second = story.operation("login", "u1");
  second.continues = first;
  story.operation("me", "u1", {{"session", first}}).captured.set("user", "u1");
  story.begin_checkpoint();
  story.operation("me", "u1", {{"session", first}}).captured.set("user", "u1");
  story.end_checkpoint();
  const auto result = checks::check_sessions(story.facts());
  CHECK(kinds(result).empty());
  CHECK(result.examined == 1);
}

TEST_CASE("sessions: one that is refused is lost once, whatever its user did next") {
  Story story;
  const auto login = story.operation("login", "u1");
  story.me(login);
  story.step("kill", {.kind = "kill", .nature = Story::StepEvent::Nature::fault});
  for (int i = 0; i < 10; ++i)
    story.me(login, Outcome::unauthenticated); // the service says so whenever it is asked
  const auto again = story.operation("login", "u1");
  for (int i = 0; i < 30; ++i)
    story.me(again);
  story.begin_checkpoint();
  story.me(login, Outcome::unauthenticated);
  story.me(again);
  for (int i = 0; i < 10; ++i)
    story.probe("web@1", true);
  story.end_checkpoint();
  const auto facts = story.facts();
  const auto result = checks::check_sessions(facts);
  REQUIRE(kinds(result) == Kinds{"lost"});
  CHECK(result.findings[0].occurrences.size() == 1);
  CHECK(kinds(checks::check_readiness(facts)).empty()); // no lie
}

TEST_CASE("sessions: one that may be known late is judged from when it is due") {
  const auto after = [](std::chrono::milliseconds time, Outcome at_first, Outcome at_last) {
    Story story;
    story.bundle.scenario.stack.declare.sessions_visible = std::chrono::milliseconds{100};
    const auto before = story.operation("login", "u2");
    story.me(before);
    const auto login = story.operation("login", "u1");
    story.pass(time);
    story.me(login, at_first);
    story.begin_checkpoint();
    story.pass(std::chrono::milliseconds{200});
    story.me(login, at_last);
    story.end_checkpoint();
    return kinds(checks::check_sessions(story.facts()));
  };
  CHECK(after(std::chrono::milliseconds{20}, Outcome::unauthenticated, Outcome::ok).empty());
  CHECK(after(std::chrono::milliseconds{150}, Outcome::unauthenticated, Outcome::ok) == Kinds{"stale"});
  CHECK(after(std::chrono::milliseconds{20}, Outcome::unauthenticated, Outcome::unauthenticated) == Kinds{"lost"});
}

TEST_CASE("sessions: what a cookie's loss did not hurt is no evidence of what came later") {
  Story story;
  const auto login = story.operation("login", "u1");
  auto& bought = story.operation("buy", "u1", {{"session", login.id}});
  bought.attempts[0].dropped = {{"theme", bought.id, "Max-Age=0"}};
  story.begin_checkpoint();
  story.me(login); // accepted without it
  story.end_checkpoint();
  story.step("restart");
  story.begin_checkpoint();
  story.me(login, Outcome::unauthenticated);
  story.end_ready();
  const auto report = story.report();
  for (const auto& check : report.checks)
    if (check.name == "sessions") {
      REQUIRE_FALSE(check.findings.empty());
      CHECK(check.findings[0].examples.at(0).find("theme") == std::string::npos);
    }
}

TEST_CASE("sessions: after a login of unknown outcome a refusal says nothing, and no answer is none all the same") {
  for (const auto& [outcome, found] :
       {std::pair{Outcome::unauthenticated, Kinds{}}, {Outcome::info, Kinds{"unreachable"}}, {Outcome::ok, Kinds{}}}) {
    Story story;
    story.bundle.scenario.stack.declare.one_session_per_user = true;
    const auto login = story.operation("login", "u1");
    story.me(login);
    story.step("restart");
    story.operation("login", "u1", {{"session", login.id}}, Outcome::info);
    story.begin_checkpoint();
    story.me(login, outcome);
    story.end_checkpoint();
    CHECK(kinds(checks::check_sessions(story.facts())) == found);
  }
}
