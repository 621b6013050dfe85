// long-fork: each key is written once, by a transaction of its own; groups of keys are read together. Two reads of
// which each saw a write that the other did not show a fork of time, which parallel snapshot isolation allows and
// snapshot isolation does not (Sovran et al., "Transactional storage for geo-replicated systems", SOSP 2011, section
// 3).
#include "harness/consistency/isolation/judgement.hpp"
#include "harness/consistency/isolation/lattice.hpp"
#include "harness/consistency/isolation/register_versions.hpp"
#include "harness/consistency/models.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace holdfast::consistency {

namespace {

using namespace isolation;

/// Empty when every transaction is a single write, the only one of its key, or reads alone.
std::string other_than_expected(const Transactions& transactions) {
  std::vector<OperationId> writer(transactions.keys.size(), none);
  for (OperationId id = 0; id < transactions.count(); ++id) {
    const auto steps = transactions.of(id);
    const bool writes = std::any_of(steps.begin(), steps.end(), [](const Step& step) { return step.is_write; });
    if (!writes || transactions.outcome(id) == Outcome::fail)
      continue;
    if (steps.size() != 1)
      return fmt::format("{} is neither a single write nor reads alone", name_of(*transactions.history, id));
    auto& known = writer[steps.front().key];
    if (known != none)
      return fmt::format("{} and {} both write {}, which must be written once", name_of(*transactions.history, known),
                         name_of(*transactions.history, id), transactions.show_key(steps.front().key));
    known = id;
  }
  return {};
}

/// Reads of one group: a key's place is its bit, set where the read saw the write.
struct GroupRead {
  std::vector<bool> seen;
  std::size_t count = 0;
  OperationId by = 0;
};

/// Compares reads of exactly the same keys only. `seen` of two such reads has the same keys in the same places.
void find_forks(const Transactions& transactions, Result& result) {
  std::map<std::vector<std::uint32_t>, std::vector<GroupRead>> groups;
  for (OperationId id = 0; id < transactions.count(); ++id) {
    const auto steps = transactions.of(id);
    if (transactions.outcome(id) != Outcome::ok || steps.size() < 2)
      continue;
    std::vector<std::pair<std::uint32_t, bool>> sorted;
    for (const auto& step : steps)
      sorted.emplace_back(step.key, !step.value.is_nil());
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::uint32_t> keys;
    GroupRead read{{}, 0, id};
    for (const auto& [key, is_seen] : sorted) {
      keys.push_back(key);
      read.seen.push_back(is_seen);
      read.count += is_seen ? 1 : 0;
    }
    groups[keys].push_back(std::move(read));
  }
  for (auto& [keys, reads] : groups) {
    // They are a chain exactly when, sorted by how much they saw, each holds what the one before held.
    std::stable_sort(reads.begin(), reads.end(), [](const auto& a, const auto& b) { return a.count < b.count; });
    for (std::size_t i = 1; i < reads.size(); ++i) {
      const auto& less = reads[i - 1];
      const auto& more = reads[i];
      for (std::size_t key = 0; key < keys.size(); ++key) {
        if (!less.seen[key] || more.seen[key])
          continue;
        std::size_t other = 0;
        while (!more.seen[other] || less.seen[other])
          ++other; // it saw as much at least, so something else
        result.add("long-fork",
                   {fmt::format("{} saw the write of {} and not that of {}, and {} that of {} and not that "
                                "of {}",
                                name_of(*transactions.history, less.by), transactions.show_key(keys[key]),
                                transactions.show_key(keys[other]), name_of(*transactions.history, more.by),
                                transactions.show_key(keys[other]), transactions.show_key(keys[key])),
                    {less.by, more.by},
                    {}});
        break;
      }
    }
  }
}

Result check(History& history, const Question& question, Budget& budget) {
  const auto level =
      question.consistency.empty() ? "snapshot-isolation" : level_of(question, Promises::to_transactions);
  if (level.empty())
    return unknown_level(question, Promises::to_transactions);
  Transactions transactions;
  if (auto why = read_transactions(history, {"w", false}, transactions); !why.empty())
    return unknown_because(std::move(why));
  if (auto why = other_than_expected(transactions); !why.empty())
    return unknown_because(std::move(why));
  const Writes writes(transactions);
  const RegisterVersions versions(transactions, writes, {});
  Result forks;
  find_forks(transactions, forks);
  return judge_versions(transactions, versions, {}, level, budget, std::move(forks));
}

} // namespace

Model long_fork_model() {
  return {"long-fork",
          "keys written once, read in groups: do all see the writes in one order?",
          level_names("snapshot-isolation", Promises::to_transactions),
          {},
          check};
}

} // namespace holdfast::consistency
