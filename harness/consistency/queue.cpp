// `queue`: what goes in comes out, once. `enqueue` of an element, `dequeue` returns one, `drain` returns all that are
// left. In no order.
//
// An element is `lost` when it was acknowledged before the last drain began and came out nowhere; as many as there are
// dequeues of unknown outcome may have been taken by these, unseen. It is `duplicated` when it came out more often than
// it may have gone in, `unexpected` when nobody had begun to enqueue it. What was acknowledged after the last drain
// began is still inside, for all that is known: no verdict rests on it. Jepsen's total-queue calls that lost, as it
// does what a dequeue of unknown outcome may have taken, and it lets duplicates pass.
#include "harness/consistency/evidence.hpp"
#include "harness/consistency/line.hpp"
#include "harness/consistency/matching.hpp"
#include "harness/consistency/models.hpp"
#include "harness/consistency/numbering.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

namespace holdfast::consistency {

namespace {

/// All that happened to one element.
struct Flow {
  std::vector<Input> attempts;     ///< that may have put it in
  std::vector<Input> acknowledged; ///< that did
  std::vector<Output> outputs;
  bool is_rejected = false; ///< an attempt certainly failed
};

/// One queue: a key of the history, or all of it.
struct Queue {
  Position drain_began = 0; ///< of those that completed, the one that began last
  Position drain_ended = 0; ///< of all that completed, the last end
  std::optional<OperationId> drain;
  std::vector<OperationId> unsure; ///< dequeues and drains of unknown outcome
  std::vector<Input> left;         ///< acknowledged before the last drain began, and came out nowhere
};

class Judge {
public:
  explicit Judge(const History& history) : history_(history), elements_(history.values), keys_(history.values) {}

  /// A sentence when the operation is none of a queue.
  std::string take(OperationId id) {
    const auto& operation = history_.operations[id];
    const auto& values = history_.values;
    auto& queue = at(queues_, keys_.number(operation.key));
    if (values.is_name(operation.f, "enqueue")) {
      auto& flow = flow_of(operation.invoked, operation.key);
      if (operation.outcome == Outcome::fail) {
        flow.is_rejected = true;
        return {};
      }
      ++evidence.writes;
      flow.attempts.push_back({operation.invocation, id});
      if (operation.outcome == Outcome::ok)
        flow.acknowledged.push_back({operation.invocation, id});
      return {};
    }
    const bool is_drain = values.is_name(operation.f, "drain");
    if (!is_drain && !values.is_name(operation.f, "dequeue"))
      return fmt::format("a queue knows enqueue, dequeue and drain, not {}{}", values.show(operation.f),
                         at_line(operation.invoke_line));
    if (operation.outcome == Outcome::info)
      queue.unsure.push_back(id);
    if (operation.outcome != Outcome::ok)
      return {};
    ++evidence.reads;
    if (!is_drain) {
      if (!operation.completed.is_nil())
        flow_of(operation.completed, operation.key).outputs.push_back({operation.completion, id});
      return {};
    }
    if (!operation.completed.is_list())
      return fmt::format("a drain must return a list of elements, not {}{}", values.show(operation.completed),
                         at_line(operation.complete_line));
    for (const auto element : values.elements(operation.completed))
      flow_of(element, operation.key).outputs.push_back({operation.completion, id});
    if (!queue.drain || operation.invocation > queue.drain_began) {
      queue.drain = id;
      queue.drain_began = operation.invocation;
    }
    queue.drain_ended = std::max(queue.drain_ended, operation.completion);
    return {};
  }

  void judge(Result& result) {
    for (std::uint32_t number = 0; number < flows_.size(); ++number)
      judge(result, number);
    for (auto& queue : queues_)
      judge(result, queue);
  }

  Evidence evidence;
  std::size_t recovered = 0;
  std::size_t inside = 0;  ///< acknowledged, not out, and not drained since
  std::size_t unknown = 0; ///< that may have been taken unseen

private:
  template <typename T>
  static T& at(std::vector<T>& all, std::uint32_t number) {
    if (number >= all.size())
      all.resize(number + 1);
    return all[number];
  }
  Flow& flow_of(Value element, Value key) { return at(flows_, elements_.number(element, key)); }
  [[nodiscard]] std::string name(std::uint32_t number) const {
    return "element " + history_.values.show(elements_[number].value);
  }

  void judge(Result& result, std::uint32_t number) {
    auto& flow = flows_[number];
    for (const auto& output : unmatched_outputs(flow.attempts, flow.outputs)) {
      // Unmatched although there are attempts: where one of them began only after it came out, it came out too early,
      // and otherwise too often.
      const bool is_early = !flow.attempts.empty() && flow.attempts.back().begun > output.ended;
      if (flow.attempts.empty() || is_early) {
        result.add("unexpected", {fmt::format("{} came out {}", name(number),
                                              is_early           ? "before anybody had begun to enqueue it"
                                              : flow.is_rejected ? "although its enqueue certainly failed"
                                                                 : "although nobody enqueued it"),
                                  is_early ? std::vector{output.operation, flow.attempts.back().operation}
                                           : std::vector{output.operation},
                                  {}});
        continue;
      }
      std::vector<OperationId> operations{flow.attempts.front().operation};
      for (const auto& one : flow.outputs)
        if (operations.size() <= flow.attempts.size() + 1)
          operations.push_back(one.operation);
      result.add("duplicated",
                 {fmt::format("{} came out {} times and went in {}", name(number), flow.outputs.size(),
                              flow.attempts.size() == 1 ? "once" : fmt::format("{} times", flow.attempts.size())),
                  std::move(operations),
                  {}});
    }
    if (!flow.outputs.empty() && flow.acknowledged.empty() && !flow.attempts.empty())
      ++recovered;
    auto& queue = queues_[keys_.number(elements_[number].key)];
    const auto before = [&](const Input& input) {
      return queue.drain && history_.operations[input.operation].completion < queue.drain_began;
    };
    // Matched twice: against all acknowledged enqueues, and against those from before the last drain. What is left only
    // of the first may still be inside the queue; what is left of the second was drained past.
    const auto all_left = unmatched_inputs(flow.acknowledged, flow.outputs).size();
    std::erase_if(flow.acknowledged, [&](const Input& input) { return !before(input); });
    const auto left = unmatched_inputs(flow.acknowledged, flow.outputs);
    inside += all_left - left.size();
    queue.left.insert(queue.left.end(), left.begin(), left.end());
  }

  /// Each dequeue of unknown outcome may have taken one of those that are left, a drain any number.
  void judge(Result& result, Queue& queue) {
    std::size_t takers = 0;
    for (const auto id : queue.unsure)
      if (history_.operations[id].invocation < queue.drain_ended)
        takers += history_.values.is_name(history_.operations[id].f, "drain") ? queue.left.size() : 1;
    if (takers >= queue.left.size()) {
      unknown += queue.left.size();
      return;
    }
    std::sort(queue.left.begin(), queue.left.end(), [](const Input& a, const Input& b) { return a.begun < b.begun; });
    // Which elements the unknown dequeues took cannot be told: the earliest are given to them, the others are named.
    for (auto input = queue.left.begin() + static_cast<std::ptrdiff_t>(takers); input != queue.left.end(); ++input) {
      auto what = fmt::format("element {} was enqueued and acknowledged, and came out nowhere, although the queue was "
                              "drained after it",
                              history_.values.show(history_.operations[input->operation].invoked));
      if (takers > 0)
        what += fmt::format(" ({} such elements, and {} dequeues of unknown outcome)", queue.left.size(), takers);
      result.add("lost", {std::move(what), {input->operation, *queue.drain}, {}});
    }
  }

  const History& history_;
  Numbering elements_;
  Numbering keys_;
  std::vector<Flow> flows_;
  std::vector<Queue> queues_;
};

Result check(History& history, const Question&, Budget& budget) {
  Result result;
  Judge judge(history);
  for (OperationId id = 0; id < history.operations.size(); ++id) {
    if (budget.exhausted())
      result.reason = budget.reason();
    else
      result.reason = judge.take(id);
    if (!result.reason.empty())
      return result;
  }
  judge.judge(result);
  result.examined = judge.evidence.reads + judge.evidence.writes;
  conclude(result, history, judge.evidence, !result.findings.empty());
  if (result.validity != Validity::valid)
    return result;
  if (judge.recovered > 0)
    result.reason += fmt::format("; {} of unknown outcome came out", judge.recovered);
  if (judge.inside > 0 || judge.unknown > 0)
    result.validity = Validity::unknown;
  if (judge.inside > 0)
    result.reason = fmt::format("{} acknowledged elements did not come out, and the queue was not drained after them",
                                judge.inside);
  else if (judge.unknown > 0)
    result.reason =
        fmt::format("{} acknowledged elements came out nowhere that is known; dequeues of unknown outcome may "
                    "have taken them",
                    judge.unknown);
  return result;
}

} // namespace

Model queue_model() {
  return {.name = "queue",
          .about = "enqueue, dequeue, drain: lost, duplicated, unexpected",
          .levels = {},
          .declarations = {},
          .check = check};
}

} // namespace holdfast::consistency
