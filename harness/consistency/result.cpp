#include "harness/consistency/result.hpp"

#include <algorithm>

namespace holdfast::consistency {

namespace {

constexpr std::size_t kept_examples = 8;

}

bool Result::count(const std::string& kind) {
  const auto finding =
      std::find_if(findings.begin(), findings.end(), [&](const auto& one) { return one.kind == kind; });
  if (finding == findings.end())
    return false;
  ++finding->count;
  return true;
}

/// Keeps the shortest examples: they are the ones that a person can follow.
void Result::add(const std::string& kind, Anomaly anomaly) {
  auto finding = std::find_if(findings.begin(), findings.end(), [&](const auto& one) { return one.kind == kind; });
  if (finding == findings.end())
    finding = findings.insert(findings.end(), {kind, 0, {}});
  ++finding->count;
  auto& examples = finding->examples;
  const auto shorter = [](const Anomaly& a, const Anomaly& b) { return a.operations.size() < b.operations.size(); };
  examples.insert(std::upper_bound(examples.begin(), examples.end(), anomaly, shorter), std::move(anomaly));
  if (examples.size() > kept_examples)
    examples.pop_back();
}

} // namespace holdfast::consistency
