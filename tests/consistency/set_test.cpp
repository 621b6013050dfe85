// The models of sets against brute force, on mutated histories, and case by case.
#include "tests/consistency/simulation.hpp"

#include <algorithm>
#include <set>

using namespace holdfast::consistency;
using namespace holdfast::consistency::test;

namespace {

enum { is_add, is_remove, is_read };

/// A set that takes every element at most once and removes only what certainly is in it.
Drafts simulate_set(const Script& script, bool with_removals = true) {
  std::set<int> now;
  int next = 0;
  return simulate(
      script, {.plan =
                   [&](Draft& one, Bits& bits, const Drafts& before) {
                     one.kind = bits.take(2) == 0 ? is_add : is_read;
                     one.value = next;
                     if (one.kind == is_read && with_removals && bits.take(4) == 0)
                       for (const auto& other : before)
                         if (other.kind == is_add && other.is_ok() && other.completion != never)
                           one.kind = is_remove, one.value = other.value;
                     if (before.size() + 1 == script.size() && script.size() > 2) // or nothing could be concluded
                       one.kind = is_read, one.outcome = Outcome::ok, one.takes_effect = true;
                     next += one.kind == is_add ? 1 : 0;
                     if (one.kind == is_read)
                       one.outcome = one.is_failed() ? Outcome::ok : one.outcome, one.takes_effect = one.is_ok();
                   },
               .apply =
                   [&](Draft& one) {
                     if (one.kind == is_add)
                       now.insert(one.value);
                     if (one.kind == is_remove)
                       now.erase(one.value);
                     if (one.kind == is_read)
                       one.result.assign(now.begin(), now.end());
                   },
               .spoil =
                   [&](Draft& one, Bits& bits) {
                     if (one.kind != is_read)
                       return false;
                     const auto what = bits.take(4);
                     if (what == 0 || one.result.empty())
                       one.result.push_back(static_cast<int>(bits.take(static_cast<std::uint32_t>(next) + 1)));
                     else if (what == 1)
                       one.result.push_back(one.result.front());
                     else
                       one.result.erase(one.result.begin() + bits.take(static_cast<std::uint32_t>(one.result.size())));
                     return true;
                   }});
}

History history_of(const Drafts& drafts) {
  return to_history(drafts, [](const Draft& draft, Values& values, Operation& one) {
    one.f = values.keyword(draft.kind == is_add ? "add" : draft.kind == is_remove ? "remove" : "read");
    if (draft.kind != is_read) {
      one.invoked = one.completed = Values::integer(draft.value);
      return;
    }
    std::vector<Value> elements;
    for (const int element : draft.result)
      elements.push_back(Values::integer(element));
    one.completed = values.list(elements);
  });
}

std::string show_set(const Drafts& drafts) {
  return show(drafts, {"add", "remove", "read"});
}

bool holds(const Draft& read, int element) {
  return std::find(read.result.begin(), read.result.end(), element) != read.result.end();
}

/// Whether the operations on one element can be put in an order that respects real time and in which every read is
/// right: by trying them all.
bool is_linearizable(std::vector<const Draft*> open, int element, bool is_in) {
  if (std::none_of(open.begin(), open.end(), [](const Draft* one) { return one->is_ok(); }))
    return true;
  for (std::size_t i = 0; i < open.size(); ++i) {
    const auto* next = open[i];
    if (std::any_of(open.begin(), open.end(), [&](const Draft* other) { return other->before(*next); }) ||
        (next->kind == is_read && holds(*next, element) != is_in))
      continue;
    auto rest = open;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
    if (is_linearizable(rest, element, next->kind == is_read ? is_in : next->kind == is_add))
      return true;
  }
  return false;
}

std::set<int> elements_of(const Drafts& drafts) {
  std::set<int> all;
  for (const auto& one : drafts) {
    if (one.kind != is_read)
      all.insert(one.value);
    all.insert(one.result.begin(), one.result.end());
  }
  return all;
}

bool has_duplicates(const Draft& read) {
  return std::set<int>(read.result.begin(), read.result.end()).size() != read.result.size();
}

bool is_not_linearizable(const Drafts& drafts) {
  for (const int element : elements_of(drafts)) {
    std::vector<const Draft*> of_element;
    for (const auto& one : drafts)
      if (!one.is_failed() && (one.kind == is_read ? one.is_ok() : one.value == element))
        of_element.push_back(&one);
    if (!is_linearizable(of_element, element, false))
      return true;
  }
  return std::any_of(drafts.begin(), drafts.end(), [](const Draft& one) { return has_duplicates(one); });
}

/// The element may be there, for all that anybody did before the read ended.
bool may_show(const Drafts& drafts, const Draft& read, int element) {
  return std::any_of(drafts.begin(), drafts.end(), [&](const Draft& one) {
    return one.kind == is_add && one.value == element && !one.is_failed() && one.invocation < read.completion;
  });
}

/// What is wrong at every level: by definition, over all reads.
bool is_wrong_anyhow(const Drafts& drafts) {
  for (const int element : elements_of(drafts)) {
    Position known = never;
    const Draft* last = nullptr;
    for (const auto& one : drafts) {
      if (one.kind == is_add && one.value == element && one.is_ok())
        known = std::min(known, one.completion);
      if (one.kind == is_read && one.is_ok() && holds(one, element)) {
        known = std::min(known, one.completion);
        if (has_duplicates(one) || !may_show(drafts, one, element))
          return true;
      }
      if (one.kind == is_read && one.is_ok() && (last == nullptr || one.invocation > last->invocation))
        last = &one;
    }
    if (last != nullptr && !holds(*last, element) && last->invocation > known)
      return true;
  }
  return false;
}

/// The guarantees as they are worded, with a loop for each of their operations.
bool breaks(const Drafts& drafts, const std::string& guarantee) {
  for (const auto& view : drafts)
    for (const auto& write : drafts) {
      if (view.kind != is_read || !view.is_ok() || write.kind != is_add || write.is_failed())
        continue;
      const bool shown = holds(view, write.value);
      if (guarantee == "read-your-writes" && write.process == view.process && write.before(view) && !shown)
        return true;
      for (const auto& earlier : drafts) {
        const bool seen = earlier.kind == is_read && earlier.is_ok();
        if (guarantee == "monotonic-reads" && seen && earlier.process == view.process && earlier.before(view) &&
            holds(earlier, write.value) && !shown)
          return true;
        if (earlier.process != write.process || !earlier.before(write) || !shown)
          continue;
        if (guarantee == "monotonic-writes" && earlier.kind == is_add && earlier.is_ok() && !holds(view, earlier.value))
          return true;
        if (guarantee == "writes-follow-reads" && seen)
          for (const int element : earlier.result)
            if (may_show(drafts, earlier, element) && !holds(view, element))
              return true;
      }
    }
  return false;
}

/// The last read is some set of elements between what is certain and what is possible, each once.
bool is_final_read_wrong(const Drafts& drafts) {
  const Draft* last = nullptr;
  for (const auto& one : drafts)
    if (one.kind == is_read && one.is_ok())
      last = &one;
  if (last == nullptr)
    return false;
  std::vector<int> certain, possible;
  for (const auto& one : drafts)
    if (one.kind == is_add && !one.is_failed() && one.invocation < last->completion)
      (one.before(*last) ? certain : possible).push_back(one.value);
  auto result = last->result;
  std::sort(result.begin(), result.end());
  for (std::size_t chosen = 0; chosen < std::size_t{1} << possible.size(); ++chosen) {
    auto set = certain;
    for (std::size_t i = 0; i < possible.size(); ++i)
      if ((chosen >> i & 1U) != 0)
        set.push_back(possible[i]);
    std::sort(set.begin(), set.end());
    if (set == result)
      return false;
  }
  return true;
}

/// "add 1", "read 1 2", "remove 1", "info 3" (an add of unknown outcome), "fail 3"; one after the other.
History story(const std::vector<std::string>& lines) {
  Drafts drafts;
  Position position = 0;
  for (const auto& line : lines) {
    std::istringstream words(line);
    std::string what;
    words >> what;
    Draft one{.kind = what == "read" ? is_read : what == "remove" ? is_remove : is_add};
    one.outcome = what == "info" ? Outcome::info : what == "fail" ? Outcome::fail : Outcome::ok;
    one.invocation = position++;
    one.completion = one.outcome == Outcome::info ? never : position++;
    for (int element = 0; words >> element;)
      one.kind == is_read ? one.result.push_back(element) : void(one.value = element);
    drafts.push_back(one);
  }
  return history_of(drafts);
}

Result judge_story(const char* model, const std::vector<std::string>& lines, const char* level = "") {
  auto history = story(lines);
  return judge(model, history, {.consistency = level});
}

} // namespace

TEST_CASE("set-full agrees with linearizability by brute force") {
  check_against_brute_force([](const Script& script) { return simulate_set(script); },
                            [](const Drafts& drafts) {
                              auto history = history_of(drafts);
                              return judge("set-full", history);
                            },
                            is_not_linearizable, show_set);
}

TEST_CASE("set-full agrees with each session guarantee by brute force") {
  for (const std::string level :
       {"eventual", "read-your-writes", "monotonic-reads", "monotonic-writes", "writes-follow-reads"}) {
    INFO(level);
    check_against_brute_force([](const Script& script) { return simulate_set(script, false); },
                              [&](const Drafts& drafts) {
                                auto history = history_of(drafts);
                                return judge("set-full", history, {.consistency = level});
                              },
                              [&](const Drafts& drafts) { return is_wrong_anyhow(drafts) || breaks(drafts, level); },
                              show_set);
  }
}

TEST_CASE("set agrees with brute force") {
  check_against_brute_force([](const Script& script) { return simulate_set(script, false); },
                            [](const Drafts& drafts) {
                              auto history = history_of(drafts);
                              return judge("set", history);
                            },
                            is_final_read_wrong, show_set);
}

TEST_CASE("sets: what goes wrong has its name, and its shortest evidence") {
  const auto full = [](const std::vector<std::string>& lines) { return kinds(judge_story("set-full", lines)); };
  CHECK(full({"add 1", "read 1"}).empty());
  CHECK(full({"add 1", "read 1", "read"}) == Kinds{"lost"});
  CHECK(full({"add 1", "read", "read"}) == Kinds{"lost"});
  CHECK(full({"add 1", "read", "read 1"}) == Kinds{"stale"});
  CHECK(full({"add 1", "read 1", "read", "read 1"}) == Kinds{"flickering"});
  CHECK(full({"info 1", "read 1", "read", "read 1"}) == Kinds{"flickering"});
  CHECK(full({"info 1", "read", "read 1"}).empty());
  CHECK(full({"add 1", "read 1 1"}) == Kinds{"duplicated"});
  CHECK(full({"add 1", "read 1 2"}) == Kinds{"phantom"});
  CHECK(full({"read 1", "add 1"}) == Kinds{"phantom"});
  CHECK(full({"fail 1", "read 1", "add 2", "read 1 2"}) == Kinds{"phantom"});
  CHECK(full({"add 1", "read 1", "remove 1", "read", "read 1"}) == Kinds{"resurrected"});
  CHECK(full({"add 1", "read 1", "remove 1", "read"}).empty());
  const auto lost = judge_story("set-full", {"add 1", "add 2", "read 1 2", "read 2", "read 2"});
  REQUIRE(lost.findings.size() == 1);
  CHECK(lost.findings[0].examples[0].what == "element 1 was added and acknowledged, and is not in the last read");
  CHECK(lost.findings[0].examples[0].operations == std::vector<OperationId>{0, 4});
  CHECK(kinds(judge_story("set-full", {"add 1", "read", "read 1"}, "eventual")).empty());
  CHECK(kinds(judge_story("set-full", {"add 1", "read", "read 1"}, "read-your-writes")) == Kinds{"read-your-writes"});
  CHECK(kinds(judge_story("set", {"add 1", "add 2", "read 1 1"})) == Kinds{"duplicated", "lost"});
}

TEST_CASE("sets: no evidence, no verdict") {
  for (const auto* model : {"set", "set-full"}) {
    const auto reason = [&](const std::vector<std::string>& lines) {
      const auto result = judge_story(model, lines);
      CHECK(result.validity == Validity::unknown);
      return result.reason;
    };
    CHECK(reason({}) == "the history has no operations");
    CHECK(reason({"read", "read"}) == "nothing was written: what was read shows nothing");
    CHECK(reason({"add 1"}) == "nothing was read: what was written could be anywhere");
    CHECK(reason({"info 1", "info 2"}) == "none of the 2 operations completed");
    CHECK(reason({"fail 1"}) == "none of the 1 operations is acknowledged: all failed or have an unknown outcome");
    CHECK(reason({"add 1", "read 1", "add 2"}) ==
          "1 acknowledged elements were never read back, the first of them element 2");
  }
}

TEST_CASE("sets: whatever is done to one acknowledged operation is seen") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Script script;
    rc::Random random(seed);
    for (int i = 0; i < 60; ++i)
      script.push_back(random.next() & ~std::uint64_t{1}); // all sound
    const auto sound = simulate_set(script);
    auto whole = history_of(sound);
    REQUIRE(judge("set-full", whole).validity != Validity::invalid);
    for (std::size_t i = 0; i < sound.size(); ++i) {
      INFO("seed ", seed, ", operation ", i, "\n", show_set(sound));
      const auto& one = sound[i];
      const auto is_seen = [&](const Draft& other) { return other.kind == is_read && holds(other, one.value); };
      const auto flips = [&](const std::function<void(Drafts&)>& mutate) {
        auto drafts = sound;
        mutate(drafts);
        auto history = history_of(drafts);
        CHECK(judge("set-full", history).validity == Validity::invalid);
      };
      if (one.kind == is_add && one.is_ok() && std::any_of(sound.begin(), sound.end(), is_seen)) {
        flips([&](Drafts& all) { all.erase(all.begin() + static_cast<std::ptrdiff_t>(i)); }); // deleted
        flips([&](Drafts& all) { all[i].value = 1000; });                                     // altered
        flips([&](Drafts& all) {                                                              // done twice
          const auto shown = std::find_if(all.begin(), all.end(), is_seen);
          shown->result.push_back(one.value);
        });
        flips([&](Drafts& all) { // reordered: acknowledged before, begun after it was seen
          all[i].invocation = 10'000, all[i].completion = 10'001;
          std::rotate(all.begin() + static_cast<std::ptrdiff_t>(i), all.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                      all.end());
        });
      }
      if (one.kind == is_read && one.is_ok())
        for (const auto& other : sound) { // forgotten by one read that began after its acknowledgement
          const bool removed = std::any_of(sound.begin(), sound.end(), [&](const Draft& any) {
            return any.kind == is_remove && any.value == other.value && !any.is_failed();
          });
          if (other.kind == is_add && other.is_ok() && other.before(one) && !removed && i % 7 == 0)
            flips([&](Drafts& all) { std::erase(all[i].result, other.value); });
        }
    }
  }
}
