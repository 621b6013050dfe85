#include "harness/consistency/linearizability/explain.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::consistency::linearizability {

namespace {

// Limits of all attempts together (calls looked at, configurations visited), and of one attempt, which may visit a few
// times as many configurations as the first judgement did.
constexpr std::size_t most_calls = 1'000'000;
constexpr Nodes most_nodes = 20'000;
constexpr Nodes least_nodes_of_one = 200;
constexpr Nodes times_as_many_nodes = 4;
constexpr std::size_t most_states = 4; ///< that a sentence lists

/// Finds which calls must have taken effect when they said so for the stuck one to be stuck. A call that need not is
/// weakened to one that may take effect whenever it likes, or never: never dropped, because a read can be impossible
/// for want of its write too, and that would be another violation.
class Minimizer {
public:
  Minimizer(const Problem& problem, const Answer& answer, Budget& budget)
      : nodes_of_one_(std::max(least_nodes_of_one, times_as_many_nodes * answer.nodes)), budget_(budget) {
    trial_.object = problem.object;
    const auto end = problem.calls[*answer.stuck].deadline;
    for (CallIndex i = 0; i < problem.calls.size(); ++i) {
      auto call = problem.calls[i];
      // Calls that begin after the stuck one's deadline cannot be why it is stuck.
      if (call.start >= end)
        continue;
      if (call.deadline > end)
        weaken(call);
      if (i == *answer.stuck)
        stuck_ = calls_.size();
      calls_.push_back(call);
    }
  }

  std::vector<OperationId> run() {
    // Those that only observe first: without them fewer of the others are observed, and attempts cost less.
    do_without([&](const Call& call) { return trial_.object.kinds[call.kind].is_pure; });
    do_without([](const Call&) { return true; });
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

  /// Tries to weaken half of the chosen calls at a time, then a quarter, down to single ones: where few matter this
  /// takes far fewer attempts than one for each call.
  template <typename Choose>
  void do_without(Choose choose) {
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < calls_.size(); ++i)
      if (i != stuck_ && calls_[i].is_required && choose(calls_[i]))
        chosen.push_back(i);
    for (auto size = (chosen.size() + 1) / 2; size != 0; size = size == 1 ? 0 : (size + 1) / 2)
      for (std::size_t first = 0; first < chosen.size(); first += size)
        try_without(std::span(chosen).subspan(first, std::min(size, chosen.size() - first)));
  }

  void try_without(std::span<const std::size_t> some) {
    looked_at_ += calls_.size();
    if (looked_at_ > most_calls || nodes_ > most_nodes ||
        std::none_of(some.begin(), some.end(), [&](std::size_t i) { return calls_[i].is_required; }))
      return;
    // Kept only if the history is still not linearizable: then these calls' order in time is not what makes it so.
    trial_.calls = calls_;
    for (const auto i : some)
      weaken(trial_.calls[i]);
    Options options;
    options.nodes = nodes_of_one_;
    const auto answer = judge(trial_, options, budget_);
    nodes_ += answer.nodes;
    if (answer.verdict == Verdict::not_linearizable)
      calls_ = trial_.calls;
  }

  Problem trial_;
  std::vector<Call> calls_;
  std::size_t stuck_ = 0;
  std::size_t looked_at_ = 0;
  Nodes nodes_ = 0;
  Nodes nodes_of_one_;
  Budget& budget_;
};

/// ", whose last change is …", of the prefix; empty where the prefix changes nothing.
std::string last_change(const History& history, Keys keys, const Problem& problem, const Answer& answer) {
  const auto last = std::find_if(answer.order.rbegin(), answer.order.rend(), [&](CallIndex call) {
    return !problem.object.kinds[problem.calls[call].kind].is_pure;
  });
  return last == answer.order.rend()
             ? ""
             : ", whose last change is the " + describe(history, keys, problem.calls[*last].operation) + ",";
}

std::string where_it_is(const History& history, Keys keys, const Problem& problem, const Answer& answer) {
  if (answer.states.size() < 2)
    return fmt::format("after the longest prefix{} {}",
                       answer.state == problem.object.merged ? last_change(history, keys, problem, answer) : "",
                       problem.object.describe(answer.state));
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
  anomaly.what = fmt::format("{}{} cannot be placed: {}", key, describe(history, keys, stuck),
                             where_it_is(history, keys, problem, answer));
  anomaly.operations = Minimizer(problem, answer, budget).run();
  return anomaly;
}

} // namespace holdfast::consistency::linearizability
