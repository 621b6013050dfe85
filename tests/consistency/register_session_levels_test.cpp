// Session guarantees of transactions on registers: what each forbids, and the fast check against the definition.
#include "tests/consistency/histories.hpp"
#include "tests/consistency/session_drafts.hpp"

#include <algorithm>
#include <array>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <set>

using namespace holdfast::consistency;
using namespace holdfast::test;

namespace {

constexpr std::array guarantees{"read-your-writes", "monotonic-reads", "monotonic-writes", "writes-follow-reads",
                                "PRAM"};

struct Part {
  char key = 'x';
  bool is_write = false;
  int value = 0; ///< 0: nil
};

using Transactions = std::vector<Drafted<Part>>;

/// Now and then a read shows another value than the last one that was written.
Transactions make(const Tape& tape) {
  const auto choose = chooser(tape);
  std::map<char, std::vector<int>> written;
  int value = 0;
  return draft<Part>(choose, [&](Outcome) {
    Part part{choose(3) == 2 ? 'y' : 'x'};
    auto& values = written[part.key];
    part.is_write = choose(2) == 0 && values.size() < 5;
    if (part.is_write)
      values.push_back(part.value = ++value);
    else if (choose(2) == 1) {
      const auto which = choose(static_cast<unsigned>(values.size()) + 1);
      part.value = which == values.size() ? 0 : values[which];
    } else
      part.value = values.empty() ? 0 : values.back();
    return part;
  });
}

std::vector<Told> told(const Transactions& all) {
  return holdfast::test::told(all, [](const Part& part) {
    return fmt::format("{}{}{}", part.is_write ? 'w' : 'r', part.key,
                       part.value == 0 ? "_" : std::to_string(part.value));
  });
}

/// The first value must not be later than the second.
struct Demand {
  char key;
  int first, second;
};

/// The definition: what a guarantee demands, and whether what was read could have broken it.
struct Demands {
  std::vector<Demand> all;
  bool is_evidence = false;
};

Demands demands_of(const Transactions& all, std::string_view guarantee) {
  Demands found;
  const auto demand = [&](const Part& met, const Part& then, bool is_evidence) {
    if (met.value == 0)
      return;
    found.all.push_back({met.key, met.value, then.value});
    found.is_evidence = found.is_evidence || is_evidence;
  };
  const bool is_met_by_writing = guarantee == "read-your-writes" || guarantee == "monotonic-writes";
  const bool is_of_reads = guarantee == "read-your-writes" || guarantee == "monotonic-reads";
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = i; j < all.size(); ++j)
      for (std::size_t a = 0; a < all[i].parts.size(); ++a)
        for (std::size_t b = i == j ? a + 1 : 0; b < all[j].parts.size(); ++b) {
          const auto& met = all[i].parts[a];
          const auto& then = all[j].parts[b];
          if (all[i].process != all[j].process || all[i].outcome != Outcome::ok || all[j].outcome == Outcome::fail ||
              (is_of_reads && all[j].outcome != Outcome::ok) || met.is_write != is_met_by_writing ||
              then.is_write == is_of_reads)
            continue;
          if (met.key == then.key)
            demand(met, then, is_of_reads);
          if (is_of_reads)
            continue;
          for (std::size_t reader = 0; reader < all.size(); ++reader)
            for (std::size_t c = 0; c < all[reader].parts.size(); ++c)
              for (std::size_t d = c + 1; d < all[reader].parts.size(); ++d) {
                const auto& sees = all[reader].parts[c];
                const auto& reads = all[reader].parts[d];
                if (reader != j && all[reader].outcome == Outcome::ok && !sees.is_write && sees.key == then.key &&
                    sees.value == then.value && !reads.is_write && reads.key == met.key)
                  demand(met, reads, true);
              }
        }
  return found;
}

bool has_order(char key, const std::vector<Demand>& demands) {
  std::set<int> values; // the others may be anywhere
  for (const auto& one : demands)
    if (one.key == key && one.first != one.second)
      values.insert({one.first, one.second});
  values.erase(0);
  std::vector<int> order(values.begin(), values.end());
  const auto place = [&](int value) {
    return value == 0 ? -1 : std::find(order.begin(), order.end(), value) - order.begin();
  };
  do
    if (std::all_of(demands.begin(), demands.end(), [&](const Demand& one) {
          return one.key != key || one.first == one.second || place(one.first) <= place(one.second);
        }))
      return true;
  while (std::next_permutation(order.begin(), order.end()));
  return false;
}

/// No order, by trying all of them; and the evidence.
std::pair<bool, bool> is_broken(const Transactions& all, const std::string& guarantee) {
  auto parts = guarantee == "PRAM" ? std::vector<std::string>{guarantees[0], guarantees[1], guarantees[2]}
                                   : std::vector<std::string>{guarantee};
  std::vector<Demand> demands;
  bool is_evidence = std::any_of(all.begin(), all.end(), [](const Drafted<Part>& one) { // who only reads proves nothing
    return one.outcome != Outcome::fail &&
           std::any_of(one.parts.begin(), one.parts.end(), [](const Part& part) { return part.is_write; });
  });
  for (const auto& part : parts) {
    const auto found = demands_of(all, part);
    demands.insert(demands.end(), found.all.begin(), found.all.end());
    is_evidence = is_evidence && found.is_evidence;
  }
  return {!has_order('x', demands) || !has_order('y', demands), is_evidence};
}

Validity validity(const std::vector<Told>& all, const char* level) {
  return judged(one_by_one(all), "rw-register", level).validity;
}

} // namespace

TEST_CASE("rw-register agrees with each session guarantee by its definition") {
  for (const std::string guarantee : guarantees) {
    int valid = 0, invalid = 0, joint = 0;
    for_tapes(
        histories,
        [&](const Tape& tape) {
          const auto all = make(tape);
          const auto result = judged(one_by_one(told(all)), "rw-register", guarantee);
          const auto [broken, evidence] = is_broken(all, guarantee);
          (broken ? invalid : valid) += 1;
          if (!broken)
            return result.validity == (evidence ? Validity::valid : Validity::unknown);
          const auto kind = result.findings.empty() ? std::string{} : result.findings.front().kind;
          joint += kind == "PRAM" ? 1 : 0;
          return result.validity == Validity::invalid &&
                 (kind == "PRAM" ? std::none_of(guarantees.begin(), guarantees.begin() + 3,
                                                [&](const char* part) { return is_broken(all, part).first; })
                                 : is_broken(all, kind).first);
        },
        [](const Tape& tape) { return show(told(make(tape))); });
    INFO(guarantee, ": ", valid, " valid, ", invalid, " not, ", joint, " only together");
    CHECK(valid > static_cast<int>(histories) / 20);
    CHECK(invalid > static_cast<int>(histories) / 100);
    CHECK((joint > 0) == (guarantee == "PRAM"));
  }
}

TEST_CASE("rw-register: whoever breaks a session guarantee is not strong session serializable") {
  int broken = 0;
  for_tapes(
      histories / 4,
      [&](const Tape& tape) {
        const auto all = make(tape);
        const bool is_any_broken = std::any_of(guarantees.begin(), guarantees.end(),
                                               [&](const char* one) { return is_broken(all, one).first; });
        broken += is_any_broken ? 1 : 0;
        return !is_any_broken || validity(told(all), "strong-session-serializable") == Validity::invalid;
      },
      [](const Tape& tape) { return show(told(make(tape))); });
  CHECK(broken > static_cast<int>(histories) / 40);
}

TEST_CASE("rw-register: a broken session guarantee is told by the walks that contradict one another") {
  const auto back = judged(one_by_one({{"wx1", ok, 1}, {"rx1", ok, 2}, {"rx_", ok, 2}}), "rw-register", "MR");
  REQUIRE(back.validity == Validity::invalid);
  CHECK(kinds(back).starts_with("monotonic-reads"));
  CHECK(back.findings.front().examples.front().what ==
        "process 2: T1 (line 4) read :x as 1, and then T2 (line 6) read :x as nil");
  CHECK(back.findings.front().examples.front().operations == std::vector<OperationId>{1, 2});

  const auto crossed = judged(
      one_by_one({{"wx1 wy5", ok, 1}, {"wx2", ok, 2}, {"rx1", ok, 3}, {"rx2", ok, 4}, {"rx2", ok, 3}, {"rx1", ok, 4}}),
      "rw-register", "monotonic-reads");
  REQUIRE(crossed.validity == Validity::invalid);
  CHECK(
      crossed.findings.front().examples.front().what ==
      "process 3: T2 (line 6) read :x as 1, and then T4 (line 10) read :x as 2; but process 4: T3 (line 8) read :x as "
      "2, and then T5 (line 12) read :x as 1: no order of the values of :x allows that");

  const auto behind =
      judged(one_by_one({{"wx1", ok, 1}, {"wy2", ok, 1}, {"ry2 rx_", ok, 2}}), "rw-register", "monotonic-writes");
  REQUIRE(behind.validity == Validity::invalid);
  CHECK(behind.findings.front().examples.front().what ==
        "process 1: T0 (line 2) wrote 1 to :x, and then T1 (line 4) wrote 2 to :y; T2 (line 6) saw that, and then T2 "
        "(line 6) read :x as nil");
}

TEST_CASE("rw-register: session guarantees by hand") {
  CHECK(validity({{"wx1", ok, 1}, {"rx_", ok, 1}}, "read-your-writes") == Validity::invalid);
  CHECK(validity({{"wx1 rx_", ok, 1}}, "RYW") == Validity::invalid);
  // Another's write may have come after one's own.
  CHECK(validity({{"wx1", ok, 1}, {"wx2", ok, 2}, {"rx2", ok, 1}}, "RYW") == Validity::valid);
  // And one's own after it: each session read the other's value after its own write.
  CHECK(validity({{"wx1", ok, 1}, {"wx2", ok, 2}, {"rx2", ok, 1}, {"rx1", ok, 2}}, "RYW") == Validity::invalid);
  CHECK(validity({{"wx1", ok, 1}, {"rx1", ok, 2}, {"wy2", ok, 2}, {"ry2 rx_", ok, 3}}, "writes-follow-reads") ==
        Validity::invalid);
  CHECK(validity({{"wx1", ok, 1}, {"rx1", ok, 2}, {"wy2", ok, 2}, {"ry2 rx_", ok, 3}}, "read-your-writes") ==
        Validity::unknown);
  // What failed or is unknown promises nothing to its session.
  CHECK(validity({{"wx1", info, 1}, {"rx_", ok, 1}, {"wx2 rx2", ok, 3}}, "RYW") == Validity::valid);
  // Only together: its own write must not be after what it reads then, nor that after what it reads next.
  const std::vector<Told> together{{"wx1", ok, 1}, {"wx2", ok, 2}, {"rx2", ok, 1}, {"rx2", ok, 3},
                                   {"rx1", ok, 3}, {"wy3", ok, 4}, {"wz4", ok, 4}, {"rz4 ry3", ok, 5}};
  for (const auto* one : {"RYW", "MR", "MW"})
    CHECK(validity(together, one) == Validity::valid);
  const auto all = judged(one_by_one(together), "rw-register", "PRAM");
  CHECK(all.validity == Validity::invalid);
  CHECK(all.findings.front().kind == "PRAM");
  CHECK(std::find(all.ruled_out.begin(), all.ruled_out.end(), "PRAM") != all.ruled_out.end());
  CHECK(std::find(all.ruled_out.begin(), all.ruled_out.end(), "monotonic-reads") == all.ruled_out.end());
  // Who wrote what was read cannot be told.
  CHECK(validity({{"wx1", ok, 1}, {"wx1", ok, 2}, {"wx2 rx2", ok, 1}, {"rx1", ok, 1}}, "RYW") == Validity::unknown);
  CHECK(validity({{"wx1", ok, 1}, {"rx7", ok, 1}}, "RYW") == Validity::invalid); // nobody wrote that
  CHECK(judged(one_by_one({{"wx1"}, {"rx1"}}), "rw-register", "PRAM").reason ==
        "nothing that was read could have broken read-your-writes");
}

TEST_CASE("rw-register: every key whose versions have no order is a case, and a few are explained") {
  std::vector<Told> all;
  for (char key = 'a'; key < 'm'; ++key)
    all.insert(all.end(),
               {{fmt::format("w{}1 w{}2", key, key), ok, 1}, {fmt::format("r{}2 r{}1 r{}2", key, key, key), ok, 2}});
  const auto result = judged(one_by_one(all), "rw-register", "monotonic-reads");
  REQUIRE(result.validity == Validity::invalid);
  CHECK(result.findings.front().kind == "monotonic-reads");
  CHECK(result.findings.front().count == 12);
  for (const auto& example : result.findings.front().examples)
    CHECK(example.what.ends_with("allows that"));
}

TEST_CASE("rw-register: the shortest walks are told of versions that all lead to one another") {
  std::vector<Told> all;
  for (int i = 1; i <= 40; ++i)
    all.push_back({fmt::format("wx{}", i), ok, i});
  for (int i = 1; i <= 40; ++i) // each reads on, the last begins again
    all.push_back({fmt::format("rx{} rx{}", i, i % 40 + 1), ok, 100 + i});
  const auto around = judged(one_by_one(all), "rw-register", "monotonic-reads");
  REQUIRE(around.validity == Validity::invalid);
  CHECK(around.findings.front().count == 1);
  CHECK(around.findings.front().examples.front().operations.size() == 40);
  all.push_back({"rx30 rx29", ok, 200});
  const auto back = judged(one_by_one(all), "rw-register", "monotonic-reads");
  CHECK(back.findings.front().examples.front().operations.size() == 2);
}

TEST_CASE("rw-register: session guarantees keep to what they may cost") {
  auto history = one_by_one({{"wx1", ok, 1}, {"rx1 rx1", ok, 1}});
  Budget budget({std::chrono::seconds{30}, 1});
  const auto result =
      find_model("rw-register")->check(history, {.consistency = "monotonic-reads", .declarations = {}}, budget);
  CHECK(result.validity == Validity::unknown);
  CHECK(result.reason == budget.reason());
}
