#include "harness/consistency/matching.hpp"

#include <algorithm>

namespace holdfast::consistency {

namespace {

void sort(std::vector<Input>& inputs, std::vector<Output>& outputs) {
  std::sort(inputs.begin(), inputs.end(), [](const Input& a, const Input& b) { return a.begun < b.begun; });
  std::sort(outputs.begin(), outputs.end(), [](const Output& a, const Output& b) { return a.ended < b.ended; });
}

} // namespace

std::vector<Output> unmatched_outputs(std::vector<Input>& inputs, std::vector<Output>& outputs) {
  sort(inputs, outputs);
  std::vector<Output> left;
  auto input = inputs.begin();
  for (const auto& output : outputs)
    if (input != inputs.end() && input->begun < output.ended)
      ++input;
    else
      left.push_back(output);
  return left;
}

/// Backwards: inputs that began late can only have outputs that ended later still, so they choose first.
std::vector<Input> unmatched_inputs(std::vector<Input>& inputs, std::vector<Output>& outputs) {
  sort(inputs, outputs);
  std::vector<Input> left;
  auto output = outputs.rbegin();
  for (auto input = inputs.rbegin(); input != inputs.rend(); ++input)
    if (output != outputs.rend() && input->begun < output->ended)
      ++output;
    else
      left.push_back(*input);
  return left;
}

} // namespace holdfast::consistency
