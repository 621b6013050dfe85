#include "harness/consistency/linearizability/explain.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::consistency::linearizability {

namespace {

constexpr std::size_t most_looked_at = 2'000'000; ///< calls, over all attempts to do without some
constexpr Nodes most_nodes = 20'000;              ///< of one attempt
constexpr std::size_t most_states = 4;            ///< that a sentence lists

/// Finds which calls must have taken effect when they said so for the stuck one to be stuck. A call that need not is
/// weakened to one that may take effect whenever it likes, or never: never dropped, because a read can be impossible
/// for want of its write too, and that would be another violation.
class Minimizer {
public:
  Minimizer(const Problem& problem, CallIndex stuck, Budget& budget) : budget_(budget) {
    trial_.object = problem.object;
    const auto end = problem.calls[stuck].deadline;
    for (CallIndex i = 0; i < problem.calls.size(); ++i) {
      auto call = problem.calls[i];
      if (call.start >= end)
        continue;
      if (call.deadline > end)
        weaken(call);
      if (i == stuck)
        stuck_ = calls_.size();
      calls_.push_back(call);
    }
  }

  std::vector<OperationId> run() {
    for (auto size = std::max<std::size_t>(1, calls_.size() / 2);; size /= 2) {
      for (std::size_t first = 0; first < calls_.size(); first += size)
        try_without(first, std::min(first + size, calls_.size()));
      if (size == 1)
        break;
    }
    std::vector<OperationId> needed;
    for (const auto& call : calls_)
      if (call.is_required)
        needed.push_back(call.operation);
    return needed;
  }

private:
  static void weaken(Call& call) {
    call.is_required = false;
    call.deadline = no_moment;
  }

  void try_without(std::size_t first, std::size_t last) {
    const auto weakens = [&](std::size_t i) { return calls_[i].is_required && i != stuck_; };
    auto i = first;
    while (i < last && !weakens(i))
      ++i;
    looked_at_ += calls_.size();
    if (i == last || looked_at_ > most_looked_at)
      return;
    auto weaker = calls_;
    for (; i < last; ++i)
      if (weakens(i))
        weaken(weaker[i]);
    trial_.calls = weaker;
    Options options;
    options.nodes = most_nodes;
    if (judge(trial_, options, budget_).verdict == Verdict::not_linearizable)
      calls_ = std::move(weaker);
  }

  Problem trial_;
  std::vector<Call> calls_;
  std::size_t stuck_ = 0;
  std::size_t looked_at_ = 0;
  Budget& budget_;
};

std::string where_it_is(const Problem& problem, const Answer& answer) {
  if (answer.states.size() < 2)
    return "after the longest prefix " + problem.object.describe(answer.state);
  std::string all;
  const auto listed = std::min(answer.states.size(), most_states);
  for (std::size_t i = 0; i < listed; ++i)
    all += (i == 0 ? "" : i + 1 == answer.states.size() ? " or " : ", ") + problem.object.describe(answer.states[i]);
  if (listed < answer.states.size())
    all += fmt::format(" or one of {} more states", answer.states.size() - listed);
  return "whichever order what ended before it took, " + all;
}

} // namespace

Anomaly explain(const History& history, Keys keys, const Problem& problem, const Answer& answer, const std::string& key,
                Budget& budget) {
  Anomaly anomaly;
  const auto stuck = problem.calls[*answer.stuck].operation;
  anomaly.what =
      fmt::format("{}{} cannot be placed: {}", key, describe(history, keys, stuck), where_it_is(problem, answer));
  anomaly.operations = Minimizer(problem, *answer.stuck, budget).run();
  return anomaly;
}

} // namespace holdfast::consistency::linearizability
