#include "harness/scenario/diagnostic.hpp"

#include "harness/text/escape.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::scenario {

namespace {

/// A line of a file as a terminal may show it. Tabs stay: what is below them stands as far to the right.
std::string shown(const std::string& line) {
  std::string out;
  for (std::size_t from = 0;;) {
    const auto tab = line.find('\t', from);
    out += text::terminal(std::string_view(line).substr(from, tab - from));
    if (tab == std::string::npos)
      return out;
    out += '\t';
    from = tab + 1;
  }
}

} // namespace

std::string describe(const Diagnostic& diagnostic) {
  std::string text = text::terminal(diagnostic.where.file);
  if (diagnostic.where.line != 0)
    text += fmt::format(":{}:{}", diagnostic.where.line, diagnostic.where.column);
  text += fmt::format(": error: {}\n", text::terminal(diagnostic.message));
  if (!diagnostic.source_line.empty() && diagnostic.where.line != 0) {
    const auto number = std::to_string(diagnostic.where.line);
    // Tabs stay tabs in front of the caret, so that it stands below its column whatever a tab is wide.
    std::string lead;
    for (std::size_t i = 0; i + 1 < diagnostic.where.column && i < diagnostic.source_line.size(); ++i)
      lead += diagnostic.source_line[i] == '\t' ? '\t' : ' ';
    text += fmt::format("  {} | {}\n  {} | {}^\n", number, shown(diagnostic.source_line),
                        std::string(number.size(), ' '), lead);
  }
  if (!diagnostic.hint.empty())
    text += fmt::format("  hint: {}\n", text::terminal(diagnostic.hint));
  return text;
}

std::string describe(const Diagnostics& diagnostics) {
  std::string text;
  for (const auto& diagnostic : diagnostics)
    text += describe(diagnostic);
  return text;
}

namespace {

/// How many letters must be put in, taken out, replaced or exchanged with their neighbour to make `b` of `a`: "adn" is
/// one mistake away from "and", not two.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j)
    d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

} // namespace

std::optional<std::string> nearest(const std::string& name, const std::vector<std::string>& candidates) {
  // Time and memory grow with the product of both lengths: for a key of a megabyte there is no suggestion.
  if (name.size() > 100)
    return std::nullopt;
  std::optional<std::string> best;
  // One more than what is allowed, since the best must be below it. In the shortest names one letter may be wrong.
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    if (candidate.size() > 100)
      continue;
    if (const auto d = distance(name, candidate); d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

bool is_near(const std::string& name, const std::vector<std::string>& candidates, std::size_t letters) {
  return std::any_of(candidates.begin(), candidates.end(),
                     [&](const std::string& candidate) { return distance(name, candidate) <= letters; });
}

std::string suggest(const std::string& name, const std::vector<std::string>& candidates) {
  if (auto close = nearest(name, candidates))
    return fmt::format("did you mean '{}'?", *close);
  if (candidates.empty())
    return "there is none to choose from";
  return fmt::format("known: {}", fmt::join(candidates, ", "));
}

} // namespace holdfast::scenario
