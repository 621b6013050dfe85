// Times the linearizable models on histories in files:   linearizability-bench MODEL [DECLARATION=VALUE]… FILE…
//
// For each file the median of several judgements, from the history in memory to the result with its counterexample, and
// the same without a counterexample; the operations; the verdict.
#include "harness/consistency/model.hpp"
#include "harness/jepsen/reader.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>

namespace {

using namespace holdfast::consistency;

constexpr int most_rounds = 201;
constexpr std::chrono::milliseconds enough{200}; ///< of each file

struct Timed {
  double median = 0; ///< µs
  Result result;
};

Timed time(const Model& model, History& history, const Question& question) {
  std::vector<double> took;
  Timed timed;
  const auto end = std::chrono::steady_clock::now() + enough;
  do {
    const auto begin = std::chrono::steady_clock::now();
    Budget budget({});
    timed.result = model.check(history, question, budget);
    took.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  } while (took.size() < most_rounds && std::chrono::steady_clock::now() < end);
  std::nth_element(took.begin(), took.begin() + static_cast<std::ptrdiff_t>(took.size() / 2), took.end());
  timed.median = took[took.size() / 2];
  return timed;
}

const char* show(Validity validity) {
  return validity == Validity::valid ? "valid" : validity == Validity::invalid ? "invalid" : "unknown";
}

} // namespace

int main(int count, char** arguments) {
  const auto* const model = count > 1 ? find_model(arguments[1]) : nullptr;
  if (model == nullptr) {
    fmt::print(stderr, "linearizability-bench MODEL [DECLARATION=VALUE]… FILE…\n");
    return EXIT_FAILURE;
  }
  Question question;
  double total = 0;
  double total_bare = 0;
  for (int i = 2; i < count; ++i) {
    const std::string argument = arguments[i];
    if (const auto equals = argument.find('='); equals != std::string::npos) {
      question.declarations[argument.substr(0, equals)] = argument.substr(equals + 1);
      continue;
    }
    holdfast::consistency::Budget budget({});
    auto read = holdfast::jepsen::read_file(argument, budget);
    if (const auto* error = std::get_if<holdfast::jepsen::ReadError>(&read)) {
      fmt::print(stderr, "{}\n", describe(*error));
      return EXIT_FAILURE;
    }
    auto& history = std::get<History>(read);
    const auto timed = time(*model, history, question);
    auto bare = question;
    bare.declarations["counterexample"] = "no";
    const auto without = time(*model, history, bare);
    total += timed.median;
    total_bare += without.median;
    fmt::print("{:<28} {:>8} operations {:>12.1f} µs {:>12.1f} µs without counterexample  {}  {}\n",
               argument.substr(argument.rfind('/') + 1), history.operations.size(), timed.median, without.median,
               show(timed.result.validity), timed.result.reason);
  }
  fmt::print("sum {:.1f} µs, {:.1f} µs without counterexamples\n", total, total_bare);
  return EXIT_SUCCESS;
}
