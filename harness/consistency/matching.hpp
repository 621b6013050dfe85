// What came out against what was put in, where several may be equal: who can have been whom.
#pragma once

#include "harness/consistency/history.hpp"

#include <vector>

namespace holdfast::consistency {

/// Something that was put in: it can come out of what ended after it was begun.
struct Input {
  Position begun = 0;
  OperationId operation = 0;
};

struct Output {
  Position ended = 0;
  OperationId operation = 0;
};

/// The outputs that no input is left for, when as many as possible are given one each. Sorts both.
///
/// Inputs become available in the order of their beginning, so an output that ends early can only have inputs that one
/// ending late can have as well: to give each output, by its end, any input begun before is the largest matching.
[[nodiscard]] std::vector<Output> unmatched_outputs(std::vector<Input>& inputs, std::vector<Output>& outputs);

/// The inputs that came out nowhere, when as many as possible did: the same from the other side. That both can be had
/// at once is the theorem of Mendelsohn and Dulmage (1958). Sorts both.
[[nodiscard]] std::vector<Input> unmatched_inputs(std::vector<Input>& inputs, std::vector<Output>& outputs);

} // namespace holdfast::consistency
