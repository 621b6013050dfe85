// holdfast check --explain: one page that needs nothing else, neither scripts nor the network.
#include "harness/text/escape.hpp"
#include "reports/drawing.hpp"
#include "reports/judgement.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::reports {

using consistency::Anomaly;
using consistency::OperationId;

namespace {

constexpr std::size_t drawn_operations = 40; ///< of one counterexample; beyond that nobody can see anything
constexpr std::size_t drawn_prefix = 12;     ///< its end is what matters

constexpr auto page_style = R"(:root{color-scheme:light dark;--page:#fff;--text:#1b1f24;--quiet:#5c6670;--rule:#c9d1d9;
--ok:#d9e8fb;--ok-edge:#3572b0;--info:#fdf0cf;--info-edge:#a06a00;--fail:#eceff1;--fail-edge:#8a949e;
--stuck:#fde0dd;--stuck-edge:#c02717;--edge:#8a2da5;--good:#1a7f37}
@media(prefers-color-scheme:dark){:root{--page:#14181d;--text:#e4e8ec;--quiet:#9aa5b1;--rule:#39424c;
--ok:#173a5e;--ok-edge:#6aa9ea;--info:#4a3a10;--info-edge:#e0b040;--fail:#2a3037;--fail-edge:#7b8691;
--stuck:#561d18;--stuck-edge:#ff7b6b;--edge:#d79bea;--good:#57c878}}
body{background:var(--page);color:var(--text);font:15px/1.5 system-ui,sans-serif;margin:2rem auto;padding:0 1.5rem;max-width:1400px}
h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:2.2rem 0 .4rem;border-top:1px solid var(--rule);padding-top:1.2rem}
.verdict{text-transform:uppercase}.verdict.fail{color:var(--stuck-edge)}.verdict.pass{color:var(--good)}
.verdict.inconclusive{color:var(--info-edge)}.quiet{color:var(--quiet)}
.drawing{overflow-x:auto;margin:.8rem 0}code,td{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:13px}
table{border-collapse:collapse}td{padding:.15rem 1rem .15rem 0;vertical-align:top;overflow-wrap:anywhere}td:first-child{white-space:nowrap;color:var(--quiet)}
ol{padding-left:1.6rem}.kind{color:var(--edge);font-weight:bold}
)";

std::string paragraph(const std::string& text, const char* style = "") {
  return text.empty() ? std::string{} : fmt::format("<p class=\"{}\">{}</p>\n", style, text::html(text));
}

std::string table(const Judgement& judgement, const std::vector<OperationId>& all) {
  std::string out = "<table>\n";
  for (const auto id : all)
    out += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", text::html(place_text(judgement.history, id)),
                       text::html(operation_text(judgement.history, id)));
  return out + "</table>\n";
}

std::string drawn(const Drawing& drawing) {
  return "<div class=\"drawing\">\n" + svg(drawing) + "</div>\n";
}

std::string example(const Judgement& judgement, const Anomaly& anomaly) {
  auto out = paragraph(anomaly.what);
  Drawing drawing{.history = judgement.history, .operations = anomaly.operations, .edges = anomaly.edges};
  if (drawing.operations.size() > drawn_operations) {
    out += paragraph(
        fmt::format("Drawn are the first {} of {} operations.", drawn_operations, drawing.operations.size()), "quiet");
    drawing.operations.resize(drawn_operations);
  }
  out += drawn(drawing);
  if (!anomaly.edges.empty())
    out += "<ol>\n";
  for (const auto& edge : anomaly.edges)
    out += fmt::format("<li>{} → {} <span class=\"kind\">({})</span>: {}</li>\n",
                       text::html(place_text(judgement.history, edge.from)),
                       text::html(place_text(judgement.history, edge.to)), text::html(edge.kind), text::html(edge.why));
  if (!anomaly.edges.empty())
    out += "</ol>\n";
  return out + table(judgement, anomaly.operations);
}

/// The end of the prefix, numbered in an order that works, and what cannot follow it.
std::string prefix(const Judgement& judgement) {
  const auto& result = judgement.result;
  const auto first = result.prefix.size() - std::min(result.prefix.size(), drawn_prefix);
  Drawing drawing{.history = judgement.history, .stuck = result.stuck};
  for (auto i = first; i < result.prefix.size(); ++i) {
    drawing.operations.push_back(result.prefix[i]);
    drawing.numbers[result.prefix[i]] = std::to_string(i + 1);
  }
  auto out = fmt::format("<h2>The longest prefix that works</h2>\n");
  out += paragraph(fmt::format(
      "{} operations work in the order of their numbers{}. After them comes an operation that fits "
      "nowhere.",
      result.prefix.size(), first == 0 ? "" : fmt::format("; the last {} are drawn", drawing.operations.size())));
  out += drawn(drawing);
  auto all = drawing.operations;
  all.insert(all.end(), result.stuck.begin(), result.stuck.end());
  return out + table(judgement, all);
}

} // namespace

std::string judgement_html(const Judgement& judgement) {
  const auto& result = judgement.result;
  const auto verdict = verdict_of(result.validity);
  // The page holds text of a file that anybody may have written. It is escaped everywhere; the policy also forbids
  // scripts, and loading anything.
  auto out = fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                         "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"
                         "<title>{0}: {1}</title>\n<style>\n{2}{3}</style></head><body>\n"
                         "<h1><span class=\"verdict {0}\">{0}</span> {1}{4}</h1>\n",
                         verdict, text::html(judgement.model), page_style, drawing_style(),
                         judgement.level.empty() ? "" : " at " + text::html(judgement.level));
  out += paragraph(result.reason);
  out += paragraph(fmt::format("{}: {} operations, {} examined", judgement.file, judgement.history.operations.size(),
                               result.examined),
                   "quiet");
  if (!result.ruled_out.empty()) {
    std::string models;
    for (const auto& model : result.ruled_out)
      models += (models.empty() ? "" : ", ") + model;
    out += paragraph("Ruled out: " + models);
  }
  for (const auto& finding : result.findings) {
    out += fmt::format("<h2>{}, {} {}{}</h2>\n", text::html(finding.kind), finding.count,
                       finding.count == 1 ? "case" : "cases", finding.is_allowed ? ", which that level allows" : "");
    if (!finding.examples.empty())
      out += example(judgement, finding.examples.front());
  }
  if (!result.stuck.empty())
    out += prefix(judgement);
  return out + "</body></html>\n";
}

} // namespace holdfast::reports
