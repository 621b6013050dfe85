// Random transactions of sessions, one after the other: what their steps are is up to the model.
#pragma once

#include "tests/consistency/random_histories.hpp"
#include "tests/consistency/transaction_story.hpp"

#include <fmt/format.h>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace holdfast::test {

using Choose = std::function<unsigned(unsigned bound)>;

/// Chooses by the bytes of a tape, which must outlive it; 0 when they are used up.
inline Choose chooser(const Tape& tape) {
  return [&tape, at = std::size_t{0}](unsigned bound) mutable { return at < tape.size() ? tape[at++] % bound : 0U; };
}

template <class Part>
struct Drafted {
  int process = 0;
  consistency::Outcome outcome = ok;
  std::vector<Part> parts;
};

/// Two clients; each part is invented in its turn.
template <class Part, class Invent>
std::vector<Drafted<Part>> draft(const Choose& choose, const Invent& invent) {
  std::vector<Drafted<Part>> all(3 + choose(6));
  std::map<unsigned, int> generation; // after an unknown outcome a process goes on under another number
  for (auto& one : all) {
    const auto client = choose(2);
    one.process = static_cast<int>(client) + 2 * generation[client];
    const auto luck = choose(10);
    one.outcome = luck == 9 ? fail : luck == 8 ? info : ok;
    generation[client] += one.outcome == info ? 1 : 0;
    for (auto count = 2 + choose(2); count > 0; --count)
      one.parts.push_back(invent(one.outcome));
  }
  return all;
}

/// `write_down` tells a part as transaction_story.hpp reads it.
template <class Part, class WriteDown>
std::vector<Told> told(const std::vector<Drafted<Part>>& all, const WriteDown& write_down) {
  std::vector<Told> lines;
  for (const auto& one : all) {
    std::string steps;
    for (const auto& part : one.parts)
      steps += (steps.empty() ? "" : " ") + write_down(part);
    lines.push_back({steps, one.outcome, one.process});
  }
  return lines;
}

inline std::string show(const std::vector<Told>& all) {
  std::string text;
  for (const auto& line : all)
    text += fmt::format("  process {}: {} {}\n", line.process, line.steps,
                        line.outcome == ok     ? "ok"
                        : line.outcome == fail ? "fail"
                                               : "info");
  return text;
}

} // namespace holdfast::test
