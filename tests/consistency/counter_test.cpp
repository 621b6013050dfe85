// The model of counters against brute force, and case by case.
#include "tests/consistency/simulation.hpp"

#include <algorithm>

using namespace holdfast::consistency;
using namespace holdfast::consistency::test;

namespace {

enum { is_add, is_read };

Drafts simulate_counter(const Script& script) {
  int now = 0;
  return simulate(script, {.plan =
                               [&](Draft& one, Bits& bits, const Drafts& before) {
                                 one.kind = bits.take(2) == 0 ? is_read : is_add;
                                 one.value = static_cast<int>(bits.take(5)) - 1;
                                 if (before.size() + 1 == script.size() && script.size() > 2)
                                   one.kind = is_read, one.outcome = Outcome::ok, one.takes_effect = true;
                               },
                           .apply =
                               [&](Draft& one) {
                                 if (one.kind == is_add)
                                   now += one.value;
                                 else
                                   one.result = {now};
                               },
                           .spoil = [&](Draft& one, Bits& bits) -> bool {
                             if (one.kind == is_read)
                               one.result.front() += static_cast<int>(bits.take(9)) - 4;
                             return one.kind == is_read;
                           }});
}

History history_of(const Drafts& drafts) {
  return to_history(drafts, [](const Draft& draft, Values& values, Operation& one) {
    one.f = values.keyword(draft.kind == is_add ? "add" : "read");
    if (draft.kind == is_add)
      one.invoked = one.completed = Values::integer(draft.value);
    else if (!draft.result.empty())
      one.completed = Values::integer(draft.result.front());
  });
}

/// Each read lies between the least and the most that any choice of what is possible makes.
bool is_out_of_bounds(const Drafts& drafts) {
  for (const auto& read : drafts) {
    if (read.kind != is_read || !read.is_ok())
      continue;
    int least = 1000, most = -1000;
    for (std::size_t chosen = 0; chosen < std::size_t{1} << drafts.size(); ++chosen) {
      int sum = 0;
      for (std::size_t i = 0; i < drafts.size(); ++i)
        if (const auto& one = drafts[i]; one.kind == is_add && !one.is_failed() && one.invocation < read.completion)
          sum += one.before(read) || (chosen >> i & 1U) != 0 ? one.value : 0;
      least = std::min(least, sum);
      most = std::max(most, sum);
    }
    if (read.result.front() < least || read.result.front() > most)
      return true;
  }
  return false;
}

Result judge_counter(const Drafts& drafts) {
  auto history = history_of(drafts);
  return judge("counter", history);
}

/// Adds and reads, one after the other; `unsure` ones have no known outcome.
struct Story {
  Drafts drafts;
  Position position = 0;
  Story& add(int value, Outcome outcome = Outcome::ok) {
    drafts.push_back({.kind = is_add, .value = value, .outcome = outcome, .invocation = position++});
    if (outcome != Outcome::info)
      drafts.back().completion = position++;
    return *this;
  }
  Story& read(int value) {
    drafts.push_back({.kind = is_read, .invocation = position, .completion = position + 1, .result = {value}});
    position += 2;
    return *this;
  }
};

} // namespace

TEST_CASE("counter agrees with brute force") {
  check_against_brute_force(simulate_counter, judge_counter, is_out_of_bounds, [](const Drafts& drafts) {
    return show(drafts, {"add", "read"});
  });
}

TEST_CASE("counters: below is lost, above a phantom, each with the fewest adds that show it") {
  CHECK(judge_counter(Story().add(1).add(2).read(3).drafts).validity == Validity::valid);
  CHECK(judge_counter(Story().add(1).add(2, Outcome::info).read(3).read(1).drafts).validity == Validity::valid);
  const auto lost = judge_counter(Story().add(1).add(5).add(2).read(4).drafts);
  CHECK(lost.validity == Validity::invalid);
  CHECK(lost.reason == "4 was read, and acknowledged adds make it at least 8");
  REQUIRE(lost.findings.size() == 1);
  CHECK(lost.findings[0].kind == "lost");
  CHECK(lost.findings[0].examples[0].operations == std::vector<OperationId>{1, 3}); // 5 alone is more than 4
  const auto phantom = judge_counter(Story().add(1).add(2, Outcome::fail).read(3).drafts);
  CHECK(phantom.reason == "3 was read, and all adds that may have happened make it at most 1");
  CHECK(phantom.findings[0].kind == "phantom");
}

TEST_CASE("counters: many wrong reads are all counted, and a few explained") {
  Story story;
  for (int i = 0; i < 1000; ++i)
    story.add(1).read(0);
  const auto result = judge_counter(story.drafts);
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].count == 1000);
  CHECK(result.findings[0].examples.size() == 8);
}

TEST_CASE("counters: no evidence, no verdict, what is no counter is said with its line") {
  CHECK(judge_counter({}).validity == Validity::unknown);
  CHECK(judge_counter(Story().add(1).drafts).reason == "nothing was read: what was written could be anywhere");
  CHECK(judge_counter(Story().read(0).drafts).reason == "nothing was written: what was read shows nothing");
  CHECK(judge_counter(Story().add(1, Outcome::info).drafts).validity == Validity::unknown);
  auto history = history_of(Story().add(1).read(1).drafts);
  history.operations[0].invoked = history.values.keyword("x");
  history.operations[0].invoke_line = 7;
  CHECK(judge("counter", history).reason == "an add to a counter must have an integer, not :x (line 7)");
}

TEST_CASE("counters: whatever is done to one acknowledged add is seen by an exact read") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    rc::Random random(seed);
    Story story;
    int sum = 0;
    for (int i = 0; i < 30; ++i) {
      const int amount = 1 + static_cast<int>(random.next() % 5);
      sum += amount;
      story.add(amount).read(sum);
    }
    REQUIRE(judge_counter(story.drafts).validity == Validity::valid);
    const auto at = static_cast<std::ptrdiff_t>(2 * (random.next() % 30));
    const auto flips = [&](const std::function<void(Drafts&)>& mutate) {
      auto drafts = story.drafts;
      mutate(drafts);
      CHECK(judge_counter(drafts).validity == Validity::invalid);
    };
    flips([&](Drafts& all) { all.erase(all.begin() + at); });
    flips([&](Drafts& all) { all.insert(all.begin() + at, all[static_cast<std::size_t>(at)]); });
    flips([&](Drafts& all) { all[static_cast<std::size_t>(at)].value += 1; });
    flips([&](Drafts& all) { // reordered: acknowledged after the read that has it
      auto& add = all[static_cast<std::size_t>(at)];
      auto& read = all[static_cast<std::size_t>(at) + 1];
      std::swap(add.invocation, read.invocation);
      std::swap(add.completion, read.completion);
      std::swap(add, read);
    });
  }
}
