#include "harness/consistency/linearizability/judge.hpp"

#include "harness/consistency/linearizability/explain.hpp"
#include "harness/consistency/linearizability/reduce.hpp"
#include "harness/consistency/linearizability/zones.hpp"

#include <charconv>
#include <fmt/format.h>

namespace holdfast::consistency::linearizability {

namespace {

constexpr std::size_t explained_parts = 8; ///< as many as a finding keeps

/// Searches the calls that `reduce` leaves, and translates the answer, whose indices are of those, back to the calls of
/// the problem. Both lists are in the same order.
Answer search_reduced(const Problem& problem, Budget& budget, Nodes nodes) {
  const auto calls = reduce(problem.object, problem.calls);
  auto answer = search(problem.object, calls, budget, nodes);
  std::vector<CallIndex> original;
  if (answer.stuck) {
    CallIndex at = 0;
    for (const auto& call : calls) {
      while (problem.calls[at].operation != call.operation)
        ++at;
      original.push_back(at++);
    }
    for (auto& call : answer.order)
      call = original[call];
    // One that only became required because it was observed stands for its observer, whose deadline it has.
    const auto deadline = calls[*answer.stuck].deadline;
    answer.stuck = original[*answer.stuck];
    if (!problem.calls[*answer.stuck].is_required)
      for (CallIndex i = 0; i < problem.calls.size(); ++i)
        if (problem.calls[i].is_required && problem.calls[i].deadline == deadline + 1)
          answer.stuck = i;
  }
  return answer;
}

} // namespace

std::string read_options(const Question& question, Options& options) {
  if (const auto nodes = question.declarations.find("nodes"); nodes != question.declarations.end()) {
    const auto& text = nodes->second;
    const auto* const end = text.data() + text.size();
    if (const auto [at, error] = std::from_chars(text.data(), end, options.nodes); error != std::errc{} || at != end)
      return fmt::format("nodes is to be a number, not \"{}\"", text);
  }
  if (const auto method = question.declarations.find("method"); method != question.declarations.end()) {
    if (method->second == "search")
      options.method = Method::search;
    else if (method->second == "direct")
      options.method = Method::direct;
    else
      return fmt::format("method is to be search or direct, not \"{}\"", method->second);
  }
  if (const auto wanted = question.declarations.find("counterexample"); wanted != question.declarations.end()) {
    options.explains = wanted->second != "no";
    if (options.explains)
      return fmt::format("counterexample is to be no, not \"{}\"", wanted->second);
  }
  return {};
}

std::vector<std::string> option_declarations() {
  return {"nodes: how many configurations the search of one key may visit",
          "method: search or direct; by default direct where no value is written twice",
          "counterexample: no when the verdict is enough; finding the operations that matter can take longer"};
}

Answer judge(const Problem& problem, const Options& options, Budget& budget) {
  if (options.method != Method::search && has_zones(problem.object, problem.calls))
    return judge_zones(problem.object, problem.calls);
  if (options.method == Method::direct) {
    Answer answer;
    answer.reason = "the direct method needs reads and writes alone, and no value written twice";
    return answer;
  }
  return search_reduced(problem, budget, options.nodes);
}

Result judge(const History& history, const Partition& partition, const Options& options,
             const std::function<Problem(std::span<const OperationId>)>& problem_of, Budget& budget) {
  Result result;
  result.examined = history.operations.size();
  const std::string kind = "nonlinearizable";
  std::size_t violated = 0;
  std::string undecided;
  Evidence evidence;
  for (std::size_t part = 0; part < partition.parts.size(); ++part) {
    const auto problem = problem_of(partition.parts[part]);
    evidence.reads += problem.evidence.reads;
    evidence.writes += problem.evidence.writes;
    auto answer = judge(problem, options, budget);
    const auto key =
        partition.keys == Keys::none ? "" : "key " + show_briefly(history.values, partition.names[part]) + ": ";
    if (answer.verdict == Verdict::undecided && undecided.empty())
      undecided = key + answer.reason;
    if (answer.verdict != Verdict::not_linearizable)
      continue;
    // Explaining costs a search for each operation in question; further parts name only the call that is stuck.
    if (violated++ < explained_parts && options.explains)
      result.add(kind, explain(history, partition.keys, problem, answer, key, budget));
    else
      result.add(kind,
                 {key + describe(history, partition.keys, problem.calls[*answer.stuck].operation) + " cannot be placed",
                  {problem.calls[*answer.stuck].operation},
                  {}});
    if (violated == 1) {
      for (const auto call : answer.order)
        result.prefix.push_back(problem.calls[call].operation);
      result.stuck.push_back(problem.calls[*answer.stuck].operation);
    }
  }
  if (violated != 0)
    result.ruled_out = {"linearizable", "strict-serializable"};
  if (violated == 0 && !undecided.empty())
    result.reason = undecided;
  else
    conclude(result, history, evidence, violated != 0);
  return result;
}

} // namespace holdfast::consistency::linearizability
