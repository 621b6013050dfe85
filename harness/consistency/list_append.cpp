// list-append: transactions that read lists and append to them. `[[:r :x [1 2]] [:append :x 3]]`
#include "harness/consistency/isolation/append_versions.hpp"
#include "harness/consistency/isolation/judgement.hpp"
#include "harness/consistency/isolation/lattice.hpp"
#include "harness/consistency/models.hpp"

namespace holdfast::consistency {

namespace {

using namespace isolation;

Result check(History& history, const Question& question, Budget& budget) {
  const auto level = level_of(question, Promises::to_sessions_too);
  if (level.empty())
    return unknown_level(question, Promises::to_sessions_too);
  Transactions transactions;
  if (auto why = read_transactions(history, {"append", true}, transactions); !why.empty())
    return unknown_because(std::move(why));
  const Writes writes(transactions);
  const AppendVersions versions(transactions, writes);
  Result result;
  const auto doubt = versions.find_breaches(guarantees_of(level), result, budget);
  return judge_versions(transactions, versions, "duplicate-appends", level, budget, std::move(result), doubt);
}

} // namespace

Model list_append_model() {
  return {"list-append",
          "transactions that read lists and append unique values to them",
          level_names("strict-serializable", Promises::to_sessions_too),
          {},
          check};
}

} // namespace holdfast::consistency
