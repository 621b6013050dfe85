// Session guarantees of transactions on lists: what each forbids, and the fast check against the definition.
#include "tests/consistency/histories.hpp"
#include "tests/consistency/session_drafts.hpp"

#include <algorithm>
#include <array>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace holdfast::consistency;
using namespace holdfast::test;

namespace {

constexpr std::array guarantees{"read-your-writes", "monotonic-reads", "monotonic-writes", "writes-follow-reads"};

struct Part {
  char key = 'x';
  int appended = 0;           ///< 0: it is a read
  std::size_t prefix = 0;     ///< of a read
  std::vector<int> seen = {}; ///< of a read
};

using Transactions = std::vector<Drafted<Part>>;

/// Now and then an append is put before others, or a read shows less than there is.
Transactions make(const Tape& tape) {
  const auto choose = chooser(tape);
  std::map<char, std::vector<int>> orders;
  int value = 0;
  auto all = draft<Part>(choose, [&](Outcome outcome) {
    Part part{choose(2) == 1 ? 'y' : 'x'};
    auto& order = orders[part.key];
    const bool is_odd = choose(2) == 1;
    if (choose(2) == 0) {
      part.appended = ++value;
      if (outcome != Outcome::fail)
        order.insert(order.end() - (is_odd ? choose(static_cast<unsigned>(order.size()) + 1) : 0), value);
    } else {
      part.prefix = is_odd ? choose(static_cast<unsigned>(order.size()) + 1) : order.size();
    }
    return part;
  });
  for (auto& one : all)
    for (auto& part : one.parts)
      part.seen.assign(orders[part.key].begin(), orders[part.key].begin() + static_cast<std::ptrdiff_t>(part.prefix));
  // Another copy of the data, which never got one of them.
  const auto forks = choose(4) == 3 ? 1 + choose(2) : 0;
  for (unsigned fork = 0; fork < forks; ++fork)
    if (auto& part = all[choose(8) % all.size()].parts.front(); part.seen.size() > 1)
      part.seen.erase(part.seen.begin() + static_cast<std::ptrdiff_t>(choose(static_cast<unsigned>(part.seen.size()))));
  return all;
}

std::vector<Told> told(const Transactions& all) {
  return holdfast::test::told(all, [](const Part& part) {
    return fmt::format("{}{}{}", part.appended != 0 ? 'a' : 'r', part.key,
                       part.appended != 0  ? std::to_string(part.appended)
                       : part.seen.empty() ? "_"
                                           : fmt::format("[{}]", fmt::join(part.seen, ",")));
  });
}

bool has(const std::vector<int>& seen, int value) {
  return std::find(seen.begin(), seen.end(), value) != seen.end();
}

/// Somebody shows the second, which transaction `writer` appended, and then not the first, or the first after it.
bool is_shown_otherwise(const Transactions& all, char key, int first, char key_of_second, int second,
                        std::size_t writer) {
  for (std::size_t reader = 0; reader < all.size(); ++reader)
    for (std::size_t b = 0; b < all[reader].parts.size(); ++b)
      for (std::size_t a = b; a < all[reader].parts.size(); ++a) {
        const auto& shows = all[reader].parts[b];
        const auto& lacks = all[reader].parts[a];
        if (all[reader].outcome != Outcome::ok || lacks.appended != 0 || shows.appended != 0 || lacks.key != key ||
            shows.key != key_of_second || !has(shows.seen, second))
          continue;
        const auto found = std::find(lacks.seen.begin(), lacks.seen.end(), first);
        if (found == lacks.seen.end() ? reader != writer
                                      : a == b && found > std::find(lacks.seen.begin(), lacks.seen.end(), second))
          return true;
      }
  return false;
}

/// Somebody else shows what transaction `writer` appended, and then reads the key; or one read shows both.
bool is_shown_with(const Transactions& all, char key, const std::vector<int>& first, char key_of_second, int second,
                   std::size_t writer) {
  for (std::size_t reader = 0; reader < all.size(); ++reader)
    for (std::size_t b = 0; b < all[reader].parts.size(); ++b)
      for (std::size_t a = b; a < all[reader].parts.size(); ++a) {
        const auto& shows = all[reader].parts[b];
        const auto& reads = all[reader].parts[a];
        const bool is_read = all[reader].outcome == Outcome::ok && shows.appended == 0 && reads.appended == 0 &&
                             shows.key == key_of_second && reads.key == key && has(shows.seen, second);
        if (is_read && (reader != writer || (a == b && std::any_of(first.begin(), first.end(),
                                                                   [&](int value) { return has(shows.seen, value); }))))
          return true;
      }
  return false;
}

enum class Ask { is_broken, could_be };

/// The definition, for two steps of one session.
bool holds(Ask ask, const Transactions& all, std::string_view guarantee, std::size_t i, const Part& a, std::size_t j,
           const Part& b) {
  if (all[i].process != all[j].process || all[i].outcome != Outcome::ok || all[j].outcome == Outcome::fail)
    return false;
  const auto met = a.appended != 0 ? std::vector{a.appended} : a.seen;
  if (b.appended != 0 && ask == Ask::could_be)
    return guarantee == (a.appended != 0 ? "monotonic-writes" : "writes-follow-reads") && !met.empty() &&
           is_shown_with(all, a.key, met, b.key, b.appended, j);
  if (b.appended != 0)
    return guarantee == (a.appended != 0 ? "monotonic-writes" : "writes-follow-reads") &&
           std::any_of(met.begin(), met.end(),
                       [&](int value) { return is_shown_otherwise(all, a.key, value, b.key, b.appended, j); });
  return all[j].outcome == Outcome::ok && a.key == b.key &&
         guarantee == (a.appended != 0 ? "read-your-writes" : "monotonic-reads") &&
         std::any_of(met.begin(), met.end(), [&](int value) { return ask == Ask::could_be || !has(b.seen, value); });
}

bool holds(Ask ask, const Transactions& all, std::string_view guarantee) {
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = i; j < all.size(); ++j)
      for (std::size_t a = 0; a < all[i].parts.size(); ++a)
        for (std::size_t b = i == j ? a + 1 : 0; b < all[j].parts.size(); ++b)
          if (holds(ask, all, guarantee, i, all[i].parts[a], j, all[j].parts[b]))
            return true;
  return false;
}

/// Two reads of a key of which neither is the beginning of the other.
bool is_forked(const Transactions& all) {
  std::map<char, std::vector<std::vector<int>>> reads;
  for (const auto& one : all)
    for (const auto& part : one.parts)
      if (one.outcome == Outcome::ok && part.appended == 0)
        reads[part.key].push_back(part.seen);
  for (const auto& [key, lists] : reads)
    for (const auto& a : lists)
      for (const auto& b : lists)
        if (a.size() <= b.size() && !std::equal(a.begin(), a.end(), b.begin()))
          return true;
  return false;
}

} // namespace

TEST_CASE("list-append agrees with each session guarantee by its definition") {
  for (const std::string guarantee : guarantees) {
    int valid = 0, invalid = 0;
    for_tapes(
        histories,
        [&](const Tape& tape) {
          const auto all = make(tape);
          const auto result = judged(one_by_one(told(all)), "list-append", guarantee);
          const bool is_broken = holds(Ask::is_broken, all, guarantee);
          (is_broken ? invalid : valid) += 1;
          const bool is_of_others = guarantee == "monotonic-writes" || guarantee == "writes-follow-reads";
          if (is_of_others && is_forked(all) && result.validity == Validity::unknown)
            return true;
          if (is_broken)
            return result.validity == Validity::invalid && result.findings.front().kind == guarantee;
          return result.validity == (holds(Ask::could_be, all, guarantee) ? Validity::valid : Validity::unknown);
        },
        [](const Tape& tape) { return show(told(make(tape))); });
    INFO(guarantee, ": ", valid, " valid, ", invalid, " not");
    CHECK(valid > static_cast<int>(histories) / 20);
    CHECK(invalid > static_cast<int>(histories) / 20);
  }
}

TEST_CASE("list-append: a broken session guarantee names both transactions, and what it rules out") {
  const auto result =
      judged(one_by_one({{"ax1", ok, 1}, {"rx[1]", ok, 1}, {"rx_", ok, 1}}), "list-append", "monotonic-reads");
  REQUIRE(result.validity == Validity::invalid);
  CHECK(result.findings.front().kind == "monotonic-reads");
  CHECK(result.findings.front().examples.front().what ==
        "process 1: T1 (line 4) read :x as [1], and then T2 (line 6) read :x as nil");
  CHECK(result.findings.front().examples.front().operations == std::vector<OperationId>{1, 2});
  const auto ruled_out = [&](const char* level) {
    return std::find(result.ruled_out.begin(), result.ruled_out.end(), level) != result.ruled_out.end();
  };
  CHECK(ruled_out("monotonic-reads"));
  CHECK(ruled_out("PRAM"));
  CHECK(ruled_out("strong-session-serializable"));
  CHECK_FALSE(ruled_out("read-your-writes"));
  CHECK_FALSE(ruled_out("serializable"));
}

TEST_CASE("list-append: copies that have parted break what sessions were promised, or leave it open") {
  const std::vector<Told> parted{{"ax1", ok, 1}, {"rx[2]", ok, 1}, {"ax2", ok, 2}, {"rx[1,2]", ok, 3}};
  const auto in_turn =
      judged(one_by_one({parted[0], parted[2], parted[1], parted[3]}), "list-append", "read-your-writes");
  CHECK(in_turn.validity == Validity::invalid);
  const std::vector<Told> vanished{{"ax1 ax2 ax3", ok, 0}, {"rx[1,2]", ok, 1}, {"rx[1,3]", ok, 1}};
  CHECK(judged(one_by_one(vanished), "list-append", "monotonic-reads").validity == Validity::invalid);
  const auto open = judged(one_by_one(vanished), "list-append", "writes-follow-reads");
  CHECK(open.validity == Validity::unknown);
  CHECK(open.reason == "reads of :x are prefixes of no one order: who saw what before what cannot be told");
  CHECK(judged(one_by_one({{"ax1", ok, 1}, {"rx[1,7]", ok, 2}}), "list-append", "PRAM").validity == Validity::invalid);
}

TEST_CASE("list-append: PRAM is made of three session guarantees, and others' transactions do not matter to it") {
  const auto validity = [](const std::vector<Told>& all, const char* level) {
    return judged(one_by_one(all), "list-append", level).validity;
  };
  const std::vector<Told> not_its_own{{"ax1", ok, 1}, {"rx[1]", ok, 1}, {"rx[1]", ok, 1},
                                      {"ax2", ok, 1}, {"rx_", ok, 2},   {"rx[1,2]", ok, 2}};
  CHECK(validity(not_its_own, "PRAM") == Validity::valid);
  CHECK(validity(not_its_own, "strict-serializable") == Validity::invalid);
  CHECK(validity({{"ax1", ok, 1}, {"rx_", ok, 1}}, "PRAM") == Validity::invalid);
  CHECK(validity({{"ax1", ok, 1}, {"ax2", ok, 1}, {"rx[2,1]", ok, 2}}, "PRAM") == Validity::invalid);
  CHECK(validity({{"ax1", ok, 1}, {"ay2", ok, 1}, {"ry[2] rx_", ok, 2}}, "PRAM") == Validity::invalid);
  const std::vector<Told> ahead_of_what_it_read{{"ax1", ok, 1}, {"rx[1]", ok, 2}, {"ay2", ok, 2}, {"ry[2] rx_", ok, 3}};
  CHECK(validity(ahead_of_what_it_read, "PRAM") == Validity::unknown); // it offers no evidence
  CHECK(validity(ahead_of_what_it_read, "writes-follow-reads") == Validity::invalid);
  // Reads at different moments, or of nothing but one's own, prove nothing about others.
  CHECK(validity({{"ax1", ok, 1}, {"ax2", ok, 1}, {"rx_ rx[1,2]", ok, 2}}, "monotonic-writes") == Validity::valid);
  CHECK(validity({{"ax1", ok, 1}, {"ay2 ry[2] rx_", ok, 1}}, "monotonic-writes") == Validity::unknown);
  CHECK(validity({{"ax1 rx_", ok, 1}}, "read-your-writes") == Validity::invalid);
  CHECK(judged(one_by_one({{"ax1", ok, 1}, {"rx[1]", ok, 2}}), "list-append", "read-your-writes").reason ==
        "nothing that was read could have broken read-your-writes");
}
