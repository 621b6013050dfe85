// The models of queues and of unique ids against brute force, and case by case.
#include "tests/consistency/simulation.hpp"

#include <algorithm>
#include <set>

using namespace holdfast::consistency;
using namespace holdfast::consistency::test;

namespace {

enum { is_enqueue, is_dequeue, is_drain };

/// A bag; equal elements may be enqueued.
Drafts simulate_queue(const Script& script) {
  std::vector<int> inside;
  const auto take = [&](Draft& one) {
    one.result.push_back(inside.back());
    inside.pop_back();
  };
  return simulate(script, {.plan =
                               [&](Draft& one, Bits& bits, const Drafts& before) {
                                 one.kind = bits.take(3) == 0 ? is_dequeue : is_enqueue;
                                 one.value = static_cast<int>(bits.take(5));
                                 if (one.kind == is_dequeue && bits.take(3) == 0)
                                   one.kind = is_drain;
                                 if (before.size() + 1 == script.size() && script.size() > 2)
                                   one.kind = is_drain, one.outcome = Outcome::ok, one.takes_effect = true;
                               },
                           .apply =
                               [&](Draft& one) {
                                 if (one.kind == is_enqueue)
                                   inside.insert(inside.begin() + one.value % static_cast<int>(inside.size() + 1),
                                                 one.value);
                                 else if (one.kind == is_dequeue && inside.empty())
                                   one.outcome = one.is_ok() ? Outcome::fail : one.outcome;
                                 else if (one.kind == is_dequeue)
                                   take(one);
                                 else
                                   while (!inside.empty())
                                     take(one);
                               },
                           .spoil = [&](Draft& one, Bits& bits) -> bool {
                             const auto what = bits.take(3);
                             if (one.kind == is_enqueue || (one.result.empty() && what != 0))
                               return false;
                             if (one.kind == is_drain && what == 0)
                               one.result.push_back(static_cast<int>(bits.take(5)));
                             else if (one.kind == is_drain && what == 1)
                               one.result.push_back(one.result.front());
                             else if (one.kind == is_drain)
                               one.result.pop_back();
                             else
                               one.result = {static_cast<int>(bits.take(5))};
                             return true;
                           }});
}

History history_of(const Drafts& drafts) {
  return to_history(drafts, [](const Draft& draft, Values& values, Operation& one) {
    one.f = values.keyword(draft.kind == is_enqueue ? "enqueue" : draft.kind == is_dequeue ? "dequeue" : "drain");
    std::vector<Value> elements;
    for (const int element : draft.result)
      elements.push_back(Values::integer(element));
    if (draft.kind == is_enqueue)
      one.invoked = one.completed = Values::integer(draft.value);
    else if (draft.kind == is_drain)
      one.completed = values.list(elements);
    else if (!elements.empty())
      one.completed = elements.front();
  });
}

/// Gives every output an enqueue of its own, in all ways; then every acknowledged element that is left before the last
/// drain must be one that a dequeue of unknown outcome may have taken.
bool can_be(const Drafts& drafts, std::vector<std::pair<int, Position>> outputs, std::set<std::size_t> used) {
  if (!outputs.empty()) {
    const auto [element, ended] = outputs.back();
    outputs.pop_back();
    for (std::size_t i = 0; i < drafts.size(); ++i)
      if (drafts[i].kind == is_enqueue && !drafts[i].is_failed() && drafts[i].value == element &&
          drafts[i].invocation < ended && !used.contains(i)) {
        auto more = used;
        more.insert(i);
        if (can_be(drafts, outputs, more))
          return true;
      }
    return false;
  }
  const Draft* last = nullptr;
  Position ended = 0;
  for (const auto& one : drafts)
    if (one.kind == is_drain && one.is_ok())
      last = &one, ended = std::max(ended, one.completion);
  if (last == nullptr)
    return true;
  std::size_t left = 0, takers = 0;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const auto& one = drafts[i];
    left += one.kind == is_enqueue && one.is_ok() && one.before(*last) && !used.contains(i) ? 1 : 0;
    if (one.kind != is_enqueue && one.outcome == Outcome::info && one.invocation < ended)
      takers += one.kind == is_drain ? drafts.size() : 1;
  }
  return left <= takers;
}

bool is_wrong(const Drafts& drafts) {
  std::vector<std::pair<int, Position>> outputs;
  for (const auto& one : drafts)
    if (one.is_ok() && one.kind != is_enqueue)
      for (const int element : one.result)
        outputs.emplace_back(element, one.completion);
  return !can_be(drafts, outputs, {});
}

/// "enqueue 1", "dequeue 1", "drain 1 2"; "enqueue? 1" and "dequeue?" of unknown outcome; one after the other.
Result judge_story(const std::vector<std::string>& lines) {
  Drafts drafts;
  Position position = 0;
  for (const auto& line : lines) {
    std::istringstream words(line);
    std::string what;
    words >> what;
    Draft one{.kind = what.starts_with("enqueue") ? is_enqueue : what.starts_with("dequeue") ? is_dequeue : is_drain};
    one.outcome = what.ends_with("?") ? Outcome::info : what.ends_with("!") ? Outcome::fail : Outcome::ok;
    one.invocation = position++;
    one.completion = one.outcome == Outcome::info ? never : position++;
    for (int element = 0; words >> element;)
      if (one.kind == is_enqueue)
        one.value = element;
      else
        one.result.push_back(element);
    drafts.push_back(one);
  }
  auto history = history_of(drafts);
  return judge("queue", history);
}

Kinds kinds(const std::vector<std::string>& lines) {
  return test::kinds(judge_story(lines));
}

} // namespace

TEST_CASE("queue agrees with brute force") {
  check_against_brute_force(
      simulate_queue,
      [](const Drafts& drafts) {
        auto history = history_of(drafts);
        return judge("queue", history);
      },
      is_wrong,
      [](const Drafts& drafts) {
        return show(drafts, {"enqueue", "dequeue", "drain"});
      });
}

TEST_CASE("queues: lost, duplicated and unexpected elements are named") {
  CHECK(kinds({"enqueue 1", "enqueue 2", "dequeue 1", "drain 2"}).empty());
  CHECK(kinds({"enqueue 1", "enqueue 2", "dequeue 1", "drain"}) == Kinds{"lost"});
  CHECK(kinds({"enqueue 1", "dequeue 1", "drain 1"}) == Kinds{"duplicated"});
  CHECK(kinds({"enqueue 1", "enqueue 1", "dequeue 1", "drain 1"}).empty());
  CHECK(kinds({"enqueue? 1", "drain 1"}).empty());
  CHECK(kinds({"enqueue 1", "drain 1 2"}) == Kinds{"unexpected"});
  CHECK(kinds({"enqueue! 1", "drain 1"}) == Kinds{"unexpected"});
  CHECK(kinds({"dequeue 1", "enqueue 1"}) == Kinds{"unexpected"});
  const auto twice = judge_story({"enqueue 1", "enqueue 2", "dequeue 1", "drain 1 2"});
  REQUIRE(twice.findings.size() == 1);
  CHECK(twice.findings[0].examples[0].what == "element 1 came out 2 times and went in once");
  CHECK(twice.findings[0].examples[0].operations == std::vector<OperationId>{0, 2, 3});
}

TEST_CASE("queues: a dequeue of unknown outcome may have taken one element, and no more") {
  CHECK(judge_story({"enqueue 1", "dequeue?", "drain"}).validity == Validity::unknown);
  CHECK(kinds({"enqueue 1", "enqueue 2", "dequeue?", "drain"}) == Kinds{"lost"});
  CHECK(kinds({"enqueue 1", "drain", "dequeue?"}) == Kinds{"lost"}); // it came too late to have taken it
}

TEST_CASE("queues: what was not drained is no evidence") {
  const auto result = judge_story({"enqueue 1", "enqueue 2", "dequeue 1"});
  CHECK(result.validity == Validity::unknown);
  CHECK(result.reason == "1 acknowledged elements did not come out, and the queue was not drained after them");
  CHECK(judge_story({}).validity == Validity::unknown);
  CHECK(judge_story({"enqueue 1"}).validity == Validity::unknown);
  CHECK(judge_story({"drain"}).validity == Validity::unknown);
  CHECK(judge_story({"enqueue? 1", "dequeue?"}).validity == Validity::unknown);
}

TEST_CASE("queues: whatever is done to one acknowledged operation is seen") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Script script;
    rc::Random random(seed);
    for (int i = 0; i < 50; ++i)
      script.push_back(random.next() & ~std::uint64_t{1}); // all sound
    auto sound = simulate_queue(script);
    for (std::size_t i = 0; i < sound.size(); ++i)
      if (sound[i].kind == is_enqueue)
        sound[i].value = static_cast<int>(i) + 10;
    // With elements of their own: what comes out is matched again, first come, first served.
    std::vector<int> inside;
    for (auto& one : sound)
      one.result.clear();
    sound.back().outcome = Outcome::ok;
    for (auto& one : sound) {
      one.completion = one.invocation + 1;
      one.outcome = Outcome::ok;
      if (one.kind == is_enqueue)
        inside.push_back(one.value);
      while (one.kind != is_enqueue && !inside.empty()) {
        one.result.push_back(inside.front());
        inside.erase(inside.begin());
        if (one.kind == is_dequeue)
          break;
      }
    }
    for (std::size_t i = 0; i < sound.size(); ++i)
      sound[i].invocation = static_cast<Position>(2 * i), sound[i].completion = static_cast<Position>(2 * i + 1);
    auto whole = history_of(sound);
    REQUIRE(judge("queue", whole).validity == Validity::valid);
    for (std::size_t i = 0; i < sound.size(); ++i) {
      const auto flips = [&](const std::function<void(Drafts&)>& mutate) {
        auto drafts = sound;
        mutate(drafts);
        auto history = history_of(drafts);
        CHECK(judge("queue", history).validity == Validity::invalid);
      };
      const auto at = static_cast<std::ptrdiff_t>(i);
      if (sound[i].kind == is_enqueue) {
        flips([&](Drafts& all) { all.erase(all.begin() + at); });                 // deleted
        flips([&](Drafts& all) { all[i].value = 1000; });                         // altered
        flips([&](Drafts& all) { all.back().result.push_back(sound[i].value); }); // doubled
      } else if (!sound[i].result.empty() && i + 1 < sound.size()) {
        flips([&](Drafts& all) { all.erase(all.begin() + at); });
        flips([&](Drafts& all) { all[i].result.front() = 1000; });
        flips([&](Drafts& all) { all.back().result.push_back(sound[i].result.front()); });
      }
    }
  }
}

namespace {

Drafts simulate_ids(const Script& script) {
  int next = 0;
  return simulate(script, {.plan = [](Draft&, Bits&, const Drafts&) {},
                           .apply = [&](Draft& one) { one.result = {next++}; },
                           .spoil = [&](Draft& one, Bits& bits) -> bool {
                             one.result = {static_cast<int>(bits.take(static_cast<std::uint32_t>(next)))};
                             return true;
                           }});
}

Result judge_ids(const Drafts& drafts) {
  auto history = to_history(drafts, [](const Draft& draft, Values& values, Operation& one) {
    one.f = values.keyword("generate");
    if (!draft.result.empty())
      one.completed = Values::integer(draft.result.front());
  });
  return judge("unique-ids", history);
}

bool has_equal_ids(const Drafts& drafts) {
  for (std::size_t i = 0; i < drafts.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (drafts[i].is_ok() && drafts[j].is_ok() && drafts[i].result == drafts[j].result)
        return true;
  return false;
}

} // namespace

TEST_CASE("unique-ids agrees with brute force") {
  check_against_brute_force(simulate_ids, judge_ids, has_equal_ids,
                            [](const Drafts& drafts) { return show(drafts, {"generate"}); });
}

TEST_CASE("unique-ids: nothing to compare is no verdict") {
  CHECK(judge_ids({}).validity == Validity::unknown);
  CHECK(judge_ids({{.outcome = Outcome::ok, .completion = 1, .result = {7}}}).reason ==
        "one id was handed out: there is none that it could be equal to");
  const auto result = judge_ids({{.outcome = Outcome::ok, .completion = 1, .result = {7}},
                                 {.outcome = Outcome::ok, .invocation = 2, .completion = 3, .result = {7}}});
  CHECK(result.validity == Validity::invalid);
  CHECK(result.reason == "7 was handed out twice");
}
