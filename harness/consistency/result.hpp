// What an engine says of a history. Plain data, with all that a person needs to follow it.
#pragma once

#include "harness/consistency/history.hpp"

#include <string>
#include <vector>

namespace holdfast::consistency {

enum class Validity {
  valid,
  invalid,
  unknown ///< inconclusive; `Result::reason` says why
};

/// One arrow of a counterexample: `from` must come before `to`, and why.
struct Edge {
  OperationId from = 0;
  OperationId to = 0;
  std::string kind; ///< ww, wr, rw, realtime, process
  std::string why;  ///< one sentence with the value that makes it
};

/// One counterexample.
struct Anomaly {
  std::string what;                    ///< one sentence
  std::vector<OperationId> operations; ///< the shortest list that shows it, in the order in which to read them
  std::vector<Edge> edges;             ///< of a cycle: each ends where the next begins, the last where the first begins
};

/// All cases of one kind.
struct Finding {
  std::string kind; ///< the usual name: "G1c", "lost-update", "duplicate-elements" …
  std::size_t count = 0;
  std::vector<Anomaly> examples; ///< a few of them, the shortest first
  bool is_allowed = false;       ///< the level that was asked for promises nothing about it
};

struct Result {
  Validity validity = Validity::unknown;
  std::string reason; ///< of `unknown` why, of `invalid` the first finding in a sentence, of `valid` what it rests on
  std::vector<Finding> findings;      ///< violations first, the gravest first
  std::vector<std::string> ruled_out; ///< consistency models that this history does not satisfy, weakest first
  std::size_t examined = 0;           ///< operations that the judgement rests on
  /// Linearizability: the longest prefix that works, in an order that works, and in `stuck` the operation after it that
  /// cannot be placed.
  std::vector<OperationId> prefix;
  std::vector<OperationId> stuck;

  /// Adds a case; all are counted, the first few kept.
  void add(const std::string& kind, Anomaly anomaly);
  /// Counts one more case of a kind that has examples already; false when it has none.
  bool count(const std::string& kind);
};

} // namespace holdfast::consistency
