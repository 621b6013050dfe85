// What a user declares to a model, read as values.
#pragma once

#include "harness/consistency/model.hpp"

#include <string_view>

namespace holdfast::consistency::linearizability {

/// nil, true, false, an integer, :keyword, "text"; anything else is text.
Value read_value(Values& values, std::string_view text);
/// The declaration `initial`, `otherwise` when there is none.
Value declared_initial(History& history, const Question& question, Value otherwise);

} // namespace holdfast::consistency::linearizability
