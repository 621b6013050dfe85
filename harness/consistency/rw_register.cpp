// rw-register: transactions that read registers and write unique values to them. `[[:r :x 1] [:w :x 2]]`
#include "harness/consistency/isolation/judgement.hpp"
#include "harness/consistency/isolation/lattice.hpp"
#include "harness/consistency/isolation/register_guarantees.hpp"
#include "harness/consistency/isolation/register_versions.hpp"
#include "harness/consistency/models.hpp"

namespace holdfast::consistency {

namespace {

using namespace isolation;

Result check(History& history, const Question& question, Budget& budget) {
  const auto level = level_of(question, Promises::to_sessions_too);
  if (level.empty())
    return unknown_level(question, Promises::to_sessions_too);
  Transactions transactions;
  if (auto why = read_transactions(history, {"w", false}, transactions); !why.empty())
    return unknown_because(std::move(why));
  const auto is_declared = [&](const char* name) {
    const auto found = question.declarations.find(name);
    return found != question.declarations.end() && found->second != "false";
  };
  const Writes writes(transactions);
  const RegisterVersions versions(
      transactions, writes,
      {is_declared("linearizable-keys"), is_declared("sequential-keys"), is_declared("wfr-keys")});
  Result result;
  const auto doubt = find_register_breaches(transactions, writes, guarantees_of(level), result, budget);
  return judge_versions(transactions, versions, "duplicate-writes", level, budget, std::move(result), doubt);
}

} // namespace

Model rw_register_model() {
  return {"rw-register",
          "transactions that read registers and write unique values to them",
          level_names("strict-serializable", Promises::to_sessions_too),
          {"linearizable-keys: true if each key by itself is known to be linearizable",
           "sequential-keys: true if each key by itself is known to be sequentially consistent",
           "wfr-keys: true if within a transaction writes are known to follow reads at every level"},
          check};
}

} // namespace holdfast::consistency
