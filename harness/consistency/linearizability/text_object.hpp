// One text: get, put, append.
#pragma once

#include "harness/consistency/linearizability/judge.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::consistency::linearizability {

enum class TextAction : std::uint8_t { get, put, append };

struct TextCall {
  TextAction action = TextAction::get;
  OperationId operation = 0;
  std::string_view text; ///< must stay where it is while the problem is in use
};

/// `calls` by invocation, without those that had no effect.
///
/// A state is a prefix of a text that somebody got, or "something else": whatever is appended to a text that begins no
/// text that was got, it never becomes one. So no text is ever built, and all orders of appends that nobody saw are one
/// state.
Problem text_problem(const History& history, std::span<const TextCall> calls, std::string_view initial);

} // namespace holdfast::consistency::linearizability
