// Tells the result of judging a history by a model (`holdfast check`): one writer for each output format.
#pragma once

#include "harness/consistency/result.hpp"
#include "reports/report.hpp"

#include <string>

namespace holdfast::reports {

/// What was judged, with its result. Must not outlive either.
struct Judgement {
  std::string file;
  std::string model;
  std::string level; ///< empty: the model has none
  const consistency::History& history;
  const consistency::Result& result;
};

/// For people, in a terminal.
[[nodiscard]] std::string judgement_terminal(const Judgement& judgement, Colour colour);
/// One JSON object.
[[nodiscard]] std::string judgement_json(const Judgement& judgement);
/// One HTML file that needs nothing else: the counterexample as a drawing.
[[nodiscard]] std::string judgement_html(const Judgement& judgement);

/// "pass", "fail" or "inconclusive".
[[nodiscard]] std::string verdict_of(consistency::Validity validity);
/// "process 3 :write 5 → ok"; long values are cut.
[[nodiscard]] std::string operation_text(const consistency::History& history, consistency::OperationId id);
/// "line 12", or "lines 12 and 15" where the completion stands elsewhere; "operation 4" without lines.
[[nodiscard]] std::string place_text(const consistency::History& history, consistency::OperationId id);

} // namespace holdfast::reports
