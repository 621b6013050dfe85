// A model: what a history is held against. One file a model; `models()` lists them.
#pragma once

#include "harness/consistency/budget.hpp"
#include "harness/consistency/result.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::consistency {

/// What the user asks, beside the history.
struct Question {
  std::string consistency;                         ///< the level; empty: the model's own
  std::map<std::string, std::string> declarations; ///< what the model must be told: `total` of the bank …
};

struct Model {
  std::string name;
  std::string about;                     ///< one line, for --help
  std::vector<std::string> levels;       ///< that it can be asked for, its own first; empty: it has none
  std::vector<std::string> declarations; ///< that it understands, each "name: what"
  /// Adds to the history's values at most. The model's own preconditions that a history does not keep (a transaction
  /// that is no list, …) come back as `unknown` with the line.
  Result (*check)(History& history, const Question& question, Budget& budget) = nullptr;
};

[[nodiscard]] const std::vector<Model>& models();
/// Null when there is none of that name.
[[nodiscard]] const Model* find_model(std::string_view name);

} // namespace holdfast::consistency
