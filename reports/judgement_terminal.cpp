#include "harness/text/escape.hpp"
#include "reports/judgement.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::reports {

using consistency::Anomaly;
using consistency::OperationId;

namespace {

constexpr std::size_t shown_operations = 12; ///< of one counterexample; the JSON has all
constexpr std::size_t shown_prefix = 6;      ///< its end is what matters

std::string headline(const Judgement& judgement, Colour colour) {
  const auto verdict = verdict_of(judgement.result.validity);
  auto word = verdict;
  for (auto& letter : word)
    letter = static_cast<char>(std::toupper(letter));
  if (colour == Colour::on)
    word = fmt::format("\033[1;{}m{}\033[0m", verdict == "pass" ? 32 : verdict == "fail" ? 31 : 33, word);
  return fmt::format("{}  {}{}  {}\n", word, judgement.model, judgement.level.empty() ? "" : " at " + judgement.level,
                     text::terminal(judgement.file));
}

/// Lines up the places, so that the operations can be read below each other.
std::string operations(const Judgement& judgement, const std::vector<OperationId>& all, const std::string& indent) {
  std::size_t width = 0;
  const auto count = std::min(all.size(), shown_operations);
  for (std::size_t i = 0; i < count; ++i)
    width = std::max(width, place_text(judgement.history, all[i]).size());
  std::string out;
  for (std::size_t i = 0; i < count; ++i)
    out += fmt::format("{}{:<{}}  {}\n", indent, place_text(judgement.history, all[i]), width,
                       text::terminal(operation_text(judgement.history, all[i])));
  if (all.size() > count)
    out += fmt::format("{}and {} more\n", indent, all.size() - count);
  return out;
}

std::string example(const Judgement& judgement, const Anomaly& anomaly) {
  auto out = text::terminal_lines(anomaly.what, "    ") + operations(judgement, anomaly.operations, "      ");
  for (const auto& edge : anomaly.edges)
    out += fmt::format("    {} → {} ({}): {}\n", place_text(judgement.history, edge.from),
                       place_text(judgement.history, edge.to), edge.kind, text::terminal(edge.why));
  return out;
}

std::string prefix(const Judgement& judgement) {
  const auto& order = judgement.result.prefix;
  std::string out;
  if (!order.empty()) {
    const auto first = order.size() - std::min(order.size(), shown_prefix);
    out += first == 0 ? fmt::format("\n  the longest prefix that works, in an order that works\n")
                      : fmt::format("\n  the longest prefix that works, in an order that works: the last {} of {}\n",
                                    order.size() - first, order.size());
    for (auto i = first; i < order.size(); ++i)
      out += fmt::format("    {:>5}  {}: {}\n", i + 1, place_text(judgement.history, order[i]),
                         text::terminal(operation_text(judgement.history, order[i])));
  }
  if (!judgement.result.stuck.empty())
    out += "\n  what cannot be placed after it\n" + operations(judgement, judgement.result.stuck, "           ");
  return out;
}

} // namespace

std::string judgement_terminal(const Judgement& judgement, Colour colour) {
  const auto& result = judgement.result;
  auto out = headline(judgement, colour);
  if (!result.reason.empty())
    out += text::terminal_lines(result.reason, "  → ");
  out += fmt::format("  {} operations, {} examined\n", judgement.history.operations.size(), result.examined);
  for (const auto& finding : result.findings) {
    out += fmt::format("\n  {}, {} {}{}", text::terminal(finding.kind), finding.count,
                       finding.count == 1 ? "case" : "cases", finding.is_allowed ? ", which that level allows" : "");
    // One example of each finding: more of them only push the first one off the screen. The JSON has all.
    out += finding.examples.empty() ? "\n"
           : finding.count == 1     ? ":\n" + example(judgement, finding.examples.front())
                                    : ", for example\n" + example(judgement, finding.examples.front());
  }
  out += prefix(judgement);
  if (!result.ruled_out.empty()) {
    out += "\n  ruled out:";
    for (const auto& model : result.ruled_out)
      out += (&model == &result.ruled_out.front() ? " " : ", ") + model;
    out += "\n";
  }
  return out;
}

} // namespace holdfast::reports
