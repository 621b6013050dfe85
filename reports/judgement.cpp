#include "reports/judgement.hpp"
#include "harness/text/escape.hpp"

#include <fmt/format.h>

namespace holdfast::reports {

using consistency::Outcome;
using consistency::Validity;

namespace {

constexpr std::size_t value_limit = 300;

}

std::string verdict_of(Validity validity) {
  return validity == Validity::valid ? "pass" : validity == Validity::invalid ? "fail" : "inconclusive";
}

std::string operation_text(const consistency::History& history, consistency::OperationId id) {
  const auto& one = history.operations.at(id);
  const auto& values = history.values;
  const auto show = [&](consistency::Value value) { return text::clipped(values.show(value), value_limit); };
  auto text = fmt::format("process {}", one.process);
  if (!one.f.is_nil())
    text += " " + show(one.f);
  if (!one.key.is_nil())
    text += fmt::format(" of {}", show(one.key));
  if (!one.invoked.is_nil())
    text += " " + show(one.invoked);
  if (one.outcome == Outcome::info)
    return text + (one.complete_line == 0 ? " → never completed" : " → unknown");
  if (one.outcome == Outcome::fail)
    return text + " → failed";
  // A completion that only repeats what was asked, as that of a write, is not shown again.
  return text +
         (values.equal(one.completed, one.invoked) && !one.invoked.is_nil() ? " → ok" : " → ok " + show(one.completed));
}

std::string place_text(const consistency::History& history, consistency::OperationId id) {
  const auto& one = history.operations.at(id);
  if (one.invoke_line == 0)
    return fmt::format("operation {}", id);
  if (one.complete_line == 0 || one.complete_line == one.invoke_line)
    return fmt::format("line {}", one.invoke_line);
  return fmt::format("lines {} and {}", one.invoke_line, one.complete_line);
}

} // namespace holdfast::reports
