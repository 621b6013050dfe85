// From anomalies to a result: what the level asked for makes of them.
#pragma once

#include "harness/consistency/evidence.hpp"
#include "harness/consistency/isolation/cycles.hpp"
#include "harness/consistency/isolation/lattice.hpp"
#include "harness/consistency/isolation/transactions.hpp"
#include "harness/consistency/model.hpp"

#include <functional>

namespace holdfast::consistency::isolation {

/// One sentence for an edge, with the value that makes it.
using Explain = std::function<std::string(const Link&)>;

/// What a model has found out of a history.
struct Case {
  const Transactions& transactions;
  GraphBuilder dependencies;
  Result result;                  ///< with the anomalies that are no cycles
  std::string_view written_twice; ///< the kind of finding that says so of values; no level allows it, none forbids it
  std::string ambiguity;          ///< why `valid` cannot be said; else empty
};

/// The level that a question asks for, canonical; empty when there is none of that name that makes such promises.
[[nodiscard]] std::string level_of(const Question& question, Promises promises);
/// The answer to a level that there is none of.
[[nodiscard]] Result unknown_level(const Question& question, Promises promises);
/// The answer to what is no such history.
[[nodiscard]] Result unknown_because(std::string reason);

/// Why a history cannot be called valid that has a finding of this kind (values written twice); empty without one.
[[nodiscard]] std::string ambiguity_of(const Result& result, std::string_view kind);

/// Looks for cycles, explains them and holds everything against the level. Whatever lies beyond it is listed too, and
/// does not fail.
[[nodiscard]] Result judge(Case found, const std::string& level, const Explain& explain, Budget& budget);

/// The same for what versions of one family of histories show, beside findings that are already there, and a doubt.
template <class Versions>
[[nodiscard]] Result judge_versions(const Transactions& transactions, const Versions& versions,
                                    std::string_view written_twice, const std::string& level, Budget& budget,
                                    Result already = {}, const std::string& doubt = {}) {
  Case found{transactions, GraphBuilder(static_cast<std::uint32_t>(transactions.count())), std::move(already),
             written_twice, doubt};
  versions.find_anomalies(found.result);
  versions.add_dependencies(found.dependencies);
  if (found.ambiguity.empty())
    found.ambiguity = ambiguity_of(found.result, written_twice);
  const auto explain = [&](const Link& link) { return versions.explain(link.from, link.to, link.kind); };
  return judge(std::move(found), level, explain, budget);
}

/// "T3": how sentences name a transaction. By its line in the file where it has one.
[[nodiscard]] std::string name_of(const History& history, OperationId id);

} // namespace holdfast::consistency::isolation
