// Lays a counterexample out in two steps. First each event of the drawn operations becomes a column, in the order of
// the events; then the columns move apart until every bar holds its label. No browser is asked for the width of a text,
// since the page has no scripts.
#include "reports/drawing.hpp"
#include "harness/text/escape.hpp"

#include "reports/judgement.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace holdfast::reports {

using consistency::never;
using consistency::OperationId;
using consistency::Outcome;

namespace {

// All in pixels. Letters of the bars are monospaced: their width is known without a browser.
constexpr double letter = 7.25, bar_height = 30, row_height = 92, left = 104, top = 56, least_gap = 46, right = 90;
constexpr std::size_t longest_label = 42;

struct Bar {
  OperationId id = 0;
  std::size_t row = 0, begin = 0, end = 0; ///< begin and end are columns
  std::string label;
  double x = 0, y = 0, width = 0;
  [[nodiscard]] double middle() const { return x + width / 2; }
};

/// What is asked and what is answered, without the process, which its row names; of a transaction the answer alone,
/// which repeats what was asked.
std::string label_of(const consistency::History& history, OperationId id) {
  const auto& one = history.operations[id];
  if (one.outcome == Outcome::ok && one.invoked.is_list() && one.completed.is_list())
    return (one.f.is_nil() ? "" : history.values.show(one.f) + " ") + history.values.show(one.completed);
  // It begins with "process N ", which its row already says: the label is what follows the second blank.
  auto text = operation_text(history, id);
  return text.substr(std::min(text.size(), text.find(' ', text.find(' ') + 1)) + 1);
}

/// Letters of UTF-8: bytes that continue one are not counted.
std::size_t letters_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & '\xc0') != '\x80'; }));
}

/// At most so many letters, the ellipsis included; never cut inside a letter.
std::string cut(const std::string& text, std::size_t letters) {
  if (letters_of(text) <= letters)
    return text;
  std::size_t end = 0;
  for (std::size_t count = 0; end < text.size(); ++end)
    if ((text[end] & '\xc0') != '\x80' && ++count > std::max<std::size_t>(letters, 2) - 1)
      break;
  return text.substr(0, end) + "…";
}

class Layout {
public:
  explicit Layout(const Drawing& drawing) : drawing_(drawing) {
    auto ids = drawing.operations;
    ids.insert(ids.end(), drawing.stuck.begin(), drawing.stuck.end());
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    place_columns(ids);
    place_bars();
  }

  [[nodiscard]] const std::vector<Bar>& bars() const { return bars_; }
  [[nodiscard]] const std::vector<std::int64_t>& processes() const { return processes_; }
  [[nodiscard]] double width() const { return edges_.back() + right; }
  [[nodiscard]] double height() const { return top + row_height * static_cast<double>(processes_.size()); }
  [[nodiscard]] const Bar* find(OperationId id) const {
    const auto found = std::find_if(bars_.begin(), bars_.end(), [&](const Bar& bar) { return bar.id == id; });
    return found == bars_.end() ? nullptr : &*found;
  }

private:
  /// Only the events of these operations become columns; the last one is where open operations fade out.
  void place_columns(const std::vector<OperationId>& ids) {
    std::vector<consistency::Position> positions;
    for (const auto id : ids) {
      const auto& one = drawing_.history.operations.at(id);
      positions.push_back(one.invocation);
      if (one.completion != never)
        positions.push_back(one.completion);
      processes_.push_back(one.process);
    }
    std::sort(positions.begin(), positions.end());
    std::sort(processes_.begin(), processes_.end());
    processes_.erase(std::unique(processes_.begin(), processes_.end()), processes_.end());
    const auto column = [&](consistency::Position position) {
      return static_cast<std::size_t>(std::lower_bound(positions.begin(), positions.end(), position) -
                                      positions.begin());
    };
    for (const auto id : ids) {
      const auto& one = drawing_.history.operations[id];
      const auto row = std::lower_bound(processes_.begin(), processes_.end(), one.process) - processes_.begin();
      bars_.push_back({id, static_cast<std::size_t>(row), column(one.invocation),
                       one.completion == never ? positions.size() : column(one.completion),
                       cut(label_of(drawing_.history, id), longest_label)});
    }
    gaps_.assign(positions.size() + 1, least_gap);
  }

  /// Columns move apart until every bar holds its label, those of short operations first: the room that they take also
  /// serves the longer ones around them, which then need less of their own.
  void place_bars() {
    auto shortest = bars_;
    std::sort(shortest.begin(), shortest.end(),
              [](const Bar& a, const Bar& b) { return a.end - a.begin < b.end - b.begin; });
    for (const auto& bar : shortest) {
      double has = 0;
      for (auto i = bar.begin; i < bar.end; ++i)
        has += gaps_[i];
      const auto needs = static_cast<double>(letters_of(bar.label)) * letter + 22;
      for (auto i = bar.begin; has < needs && i < bar.end; ++i)
        gaps_[i] += (needs - has) / static_cast<double>(bar.end - bar.begin);
    }
    edges_.assign(1, left);
    for (const auto gap : gaps_)
      edges_.push_back(edges_.back() + gap);
    for (auto& bar : bars_) {
      bar.x = edges_[bar.begin];
      bar.width = edges_[bar.end] - bar.x;
      bar.y = top + row_height * static_cast<double>(bar.row) + (row_height - bar_height) / 2;
    }
  }

  const Drawing& drawing_;
  std::vector<Bar> bars_;
  std::vector<std::int64_t> processes_;
  std::vector<double> gaps_, edges_; ///< the width between two columns; the x of each column
};

std::string bar_svg(const Drawing& drawing, const Bar& bar) {
  const auto& one = drawing.history.operations[bar.id];
  const bool is_stuck = std::find(drawing.stuck.begin(), drawing.stuck.end(), bar.id) != drawing.stuck.end();
  const char* outcome = one.outcome == Outcome::ok ? "ok" : one.outcome == Outcome::fail ? "fail" : "info";
  // A browser shows the title of an element as a hint: there the whole operation stands, and not what fits into its
  // bar.
  auto hint = place_text(drawing.history, bar.id) + ": " + operation_text(drawing.history, bar.id);
  if (one.invoke_time != 0)
    hint += fmt::format("\ninvoked at {:.6f} s", static_cast<double>(one.invoke_time) / 1e9);
  if (one.complete_time != 0)
    hint += fmt::format(", completed at {:.6f} s", static_cast<double>(one.complete_time) / 1e9);
  auto out =
      fmt::format("<g class=\"bar {}{}\"><title>{}</title>", outcome, is_stuck ? " stuck" : "", text::html(hint));
  // Without an end on the right where none is known.
  out += one.completion == never
             ? fmt::format("<path d=\"M{0:.1f} {2:.1f}H{1:.1f}a4 4 0 0 0-4 4v{3}a4 4 0 0 0 4 4H{0:.1f}\"/>",
                           bar.x + bar.width, bar.x + 4, bar.y, bar_height - 8)
             : fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"4\"/>", bar.x, bar.y,
                           bar.width, bar_height);
  out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", bar.x + 9, bar.y + 20, text::html(bar.label));
  out += fmt::format("<text class=\"place\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", bar.x + 1, bar.y + bar_height + 14,
                     text::html(place_text(drawing.history, bar.id)));
  if (const auto number = drawing.numbers.find(bar.id); number != drawing.numbers.end())
    out +=
        fmt::format("<g class=\"number\"><rect x=\"{0:.1f}\" y=\"{1:.1f}\" width=\"{2:.1f}\" height=\"18\" rx=\"9\"/>"
                    "<text x=\"{3:.1f}\" y=\"{4:.1f}\">{5}</text></g>",
                    bar.x - 6, bar.y - 12, static_cast<double>(number->second.size()) * letter + 12, bar.x, bar.y + 1,
                    text::html(number->second));
  if (is_stuck)
    out +=
        fmt::format("<text class=\"cannot\" x=\"{:.1f}\" y=\"{:.1f}\">cannot be placed</text>", bar.x + 1, bar.y - 6);
  return out + "</g>\n";
}

struct Point {
  double x = 0, y = 0;
};

/// A cubic curve: its ends and what bends it.
struct Curve {
  Point begin, first, second, end;
  [[nodiscard]] Point middle() const {
    return {(begin.x + 3 * first.x + 3 * second.x + end.x) / 8, (begin.y + 3 * first.y + 3 * second.y + end.y) / 8};
  }
};

/// Over the bars of its row, the further the higher; `shift` keeps arrows apart that join the same bars.
Curve curve_in_row(const Bar& from, const Bar& to, double shift) {
  const double away = from.middle() < to.middle() ? 12 : -12; // arrows in and out of one bar do not touch
  const Point begin{from.middle() + away, from.y}, end{to.middle() - away, to.y};
  const double lift = 26 + shift + std::min(26.0, std::abs(end.x - begin.x) * 0.03);
  return {begin, {begin.x, begin.y - lift}, {end.x, end.y - lift}, end};
}

/// Bent to the side, so that arrows there and back lie apart.
Curve curve_between_rows(const Bar& from, const Bar& to, double shift) {
  const bool is_down = from.row < to.row;
  const double side = is_down ? 1 : -1;
  const Point begin{from.middle() + side * 14, from.y + (is_down ? bar_height : 0)};
  const Point end{to.middle() - side * 14, to.y + (is_down ? 0 : bar_height)};
  const double half = (begin.y + end.y) / 2, bend = side * (24 + shift);
  return {begin, {begin.x + bend, half}, {end.x + bend, half}, end};
}

std::string edge_svg(const Bar& from, const Bar& to, const consistency::Edge& edge, std::size_t number) {
  const auto shift = static_cast<double>(number % 3) * 8;
  const auto [begin, first, second, end] =
      from.row == to.row ? curve_in_row(from, to, shift) : curve_between_rows(from, to, shift);
  const auto label = Curve{begin, first, second, end}.middle();
  return fmt::format("<g class=\"edge\"><title>{}</title><path d=\"M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} "
                     "{:.1f}\" marker-end=\"url(#tip)\"/><text x=\"{:.1f}\" y=\"{:.1f}\">{} {}</text></g>\n",
                     text::html(edge.why), begin.x, begin.y, first.x, first.y, second.x, second.y, end.x, end.y,
                     label.x, label.y + 4, number + 1, text::html(edge.kind));
}

} // namespace

std::string svg(const Drawing& drawing) {
  if (drawing.operations.empty() && drawing.stuck.empty())
    return {};
  const Layout layout(drawing);
  auto out = fmt::format("<svg viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\" role=\"img\">\n"
                         "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" "
                         "markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n"
                         "<text class=\"axis\" x=\"{2}\" y=\"20\">time, in the order of the events →</text>\n",
                         layout.width(), layout.height(), left);
  for (std::size_t row = 0; row < layout.processes().size(); ++row) {
    const auto y = top + row_height * (static_cast<double>(row) + 0.5);
    out += fmt::format("<text class=\"process\" x=\"8\" y=\"{:.1f}\">process {}</text><path class=\"line\" "
                       "d=\"M{} {:.1f}H{:.1f}\"/>\n",
                       y + 4, layout.processes()[row], left - 4, y, layout.width() - 8);
  }
  for (const auto& bar : layout.bars())
    out += bar_svg(drawing, bar);
  for (std::size_t i = 0; i < drawing.edges.size(); ++i)
    if (const auto *from = layout.find(drawing.edges[i].from), *to = layout.find(drawing.edges[i].to); from && to)
      out += edge_svg(*from, *to, drawing.edges[i], i);
  return out + "</svg>\n";
}

std::string drawing_style() {
  return R"(svg{display:block;font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
svg text{fill:var(--text)}
.axis,.process,.place{fill:var(--quiet)!important}.place{font-size:11px}
.line{stroke:var(--rule);stroke-dasharray:2 4}
.bar>rect,.bar>path{fill:var(--ok);stroke:var(--ok-edge)}
.bar.info>rect,.bar.info>path{fill:var(--info);stroke:var(--info-edge);stroke-dasharray:5 3}
.bar.fail>rect{fill:var(--fail);stroke:var(--fail-edge)}
.bar.stuck>rect,.bar.stuck>path{fill:var(--stuck);stroke:var(--stuck-edge);stroke-width:2.5}
.cannot{fill:var(--stuck-edge)!important;font-weight:bold}
.number rect{fill:var(--text)}.number text{fill:var(--page);font-weight:bold}
.edge path{fill:none;stroke:var(--edge);stroke-width:1.6}
.edge text{fill:var(--edge);font-weight:bold;text-anchor:middle;paint-order:stroke;stroke:var(--page);stroke-width:5px}
#tip path{fill:var(--edge)}
)";
}

} // namespace holdfast::reports
