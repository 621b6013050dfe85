// Payments at a provider whose book the harness keeps.
#include "tests/support/story.hpp"

#include <doctest/doctest.h>

using namespace holdfast;
using history::Outcome;
using test::kinds;
using test::Kinds;
using test::Story;
using verdict::Verdict;

TEST_CASE("payments: paid twice, without an order, never, with another amount, by nobody, taken back is fine") {
  struct Told {
    Kinds kinds;
    Verdict verdict;
  };
  const auto after = [](Outcome outcome, bool ordered, const std::function<void(Story&, const std::string&)>& book,
                        const std::function<void(Story&, const std::string&)>& later = {}) {
    Story story;
    story.declare_payments();
    const auto id = story.operation("buy", "u1", {{"amount", "5"}}, outcome).id;
    book(story, id);
    story.begin_checkpoint();
    story.read("bought", "u1", ordered ? history::EntryList{{id, 5, {}, {}, {}}} : history::EntryList{});
    story.end_checkpoint();
    if (later)
      later(story, id);
    const auto result = checks::check_payments(story.facts());
    return Told{kinds(result), result.verdict};
  };
  const auto times = [](int payments, int voids, const std::string& amount = "5") {
    return [=](Story& story, const std::string& id) {
      for (int i = 0; i < payments; ++i)
        story.book(id, "payment", amount);
      for (int i = 0; i < voids; ++i)
        story.book(id, "void", amount);
    };
  };
  // As it should be; unknown outcomes may or may not be there, whole.
  CHECK(after(Outcome::ok, true, times(1, 0)).verdict == Verdict::pass);
  for (const auto outcome : {Outcome::info, Outcome::unauthenticated}) {
    CHECK(after(outcome, true, times(1, 0)).kinds.empty());
    CHECK(after(outcome, false, times(0, 0)).kinds.empty());
    CHECK(after(outcome, false, times(1, 1)).kinds.empty());
    CHECK(after(outcome, false, times(1, 0)).kinds == Kinds{"partial"});
    CHECK(after(outcome, true, times(0, 0)).kinds == Kinds{"partial"});
    CHECK(after(outcome, true, times(1, 1)).kinds == Kinds{"partial"});
    CHECK(after(outcome, false, times(2, 0)).kinds == Kinds{"duplicated", "partial"});
  }
  CHECK(after(Outcome::ok, true, times(2, 0)).kinds == Kinds{"duplicated"});
  CHECK(after(Outcome::ok, true, times(2, 1)).kinds.empty());
  CHECK(after(Outcome::ok, true, times(0, 0)).kinds == Kinds{"partial"});
  CHECK(after(Outcome::ok, false, times(0, 0)).kinds == Kinds{"partial"});
  CHECK(after(Outcome::ok, true, times(1, 0, "6")).kinds == Kinds{"altered"});
  CHECK(after(Outcome::fail, false, times(1, 1)).kinds.empty());
  CHECK(after(Outcome::fail, false, times(1, 2)).kinds == Kinds{"duplicated"});
  CHECK(after(Outcome::fail, false, times(1, 0)).kinds == Kinds{"phantom"});
  CHECK(after(Outcome::ok, true, [](Story& story, const std::string& id) {
          story.book(id, "payment", "5"), story.book("op99", "payment", "5");
        }).kinds == Kinds{"phantom"});
  // What was still pending at the read: paid after it, or taken back after it.
  CHECK(after(Outcome::info, false, times(0, 0), times(1, 0)).kinds.empty());
  CHECK(after(Outcome::info, false, times(1, 0), times(0, 1)).kinds.empty());
  // Another dependency's book, and entries of other kinds, are no payments.
  CHECK(after(Outcome::info, false, [](Story& story, const std::string& id) {
          story.book(id, "payment", "5", "elsewhere"), story.book(id, "reminder", "5");
        }).kinds.empty());
}

TEST_CASE("payments: no evidence, no pass") {
  const auto judge = [](const std::function<void(Story&)>& play) {
    Story story;
    story.declare_payments();
    play(story);
    return checks::check_payments(story.facts());
  };
  const auto buy = [](Story& story) { story.book(story.operation("buy", "u1", {{"amount", "5"}}).id, "payment", "5"); };
  CHECK(judge([](Story&) {}).verdict == Verdict::inconclusive); // nothing acknowledged
  CHECK(judge(buy).reason == "nothing was read back");
  CHECK(judge([&](Story& story) {
          buy(story), story.begin_checkpoint(), story.read("bought", "u1", {}, Outcome::info), story.end_checkpoint();
        }).reason == "1 acknowledged records were never read back");
  const auto served = judge([&](Story& story) {
    story.bundle.scenario.stack.dependencies[0].provider = scenario::Dependency::Provider::server;
    buy(story);
  });
  CHECK_FALSE(served.applicable); // a real provider's book is not ours to read
  CHECK(served.verdict == Verdict::inconclusive);
}
