#include "tests/consistency/isolation_trial.hpp"

#include "tests/consistency/simulated_database.hpp"

#include <algorithm>
#include <rapidcheck.h>
#include <rapidcheck/shrink/Shrink.h>
#include <rapidcheck/shrinkable/Create.h>
#include <rapidcheck/shrinkable/Operations.h>

namespace holdfast::test {

using namespace consistency;

namespace {

using Bytes = std::vector<std::uint8_t>;

/// A step taken out of its history: what was written is one number, what was read of a register one or none.
struct PlainStep {
  bool is_write = false;
  std::int64_t key = 0;
  std::vector<std::int64_t> values;
};

struct PlainOperation {
  Operation times; ///< all but the values
  std::vector<PlainStep> steps;
};

std::vector<PlainOperation> taken_apart(const History& history) {
  std::vector<PlainOperation> all;
  for (const auto& operation : history.operations) {
    PlainOperation plain{operation, {}};
    for (const auto step :
         history.values.elements(operation.outcome == Outcome::ok ? operation.completed : operation.invoked)) {
      const auto parts = history.values.elements(step);
      PlainStep one{!history.values.is_name(parts[0], "r"), parts[1].integer(), {}};
      if (parts[2].is_integer())
        one.values.push_back(parts[2].integer());
      for (const auto element : history.values.elements(parts[2]))
        one.values.push_back(element.integer());
      plain.steps.push_back(std::move(one));
    }
    all.push_back(std::move(plain));
  }
  return all;
}

History put_together(std::vector<PlainOperation> all, bool is_lists) {
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.times.invocation < b.times.invocation; });
  History history;
  for (const auto& plain : all) {
    auto operation = plain.times;
    std::vector<Value> steps;
    for (const auto& step : plain.steps) {
      std::vector<Value> elements;
      for (const auto value : step.values)
        elements.push_back(Values::integer(value));
      const bool is_list = is_lists && !step.is_write;
      const auto value = is_list ? history.values.list(elements) : elements.empty() ? Value{} : elements.front();
      const std::vector<Value> parts{history.values.keyword(step.is_write ? (is_lists ? "append" : "w") : "r"),
                                     Values::integer(step.key), value};
      steps.push_back(history.values.list(parts));
    }
    operation.f = history.values.keyword("txn");
    operation.invoked = history.values.list(steps);
    operation.completed = operation.outcome == Outcome::ok ? operation.invoked : Value{};
    history.operations.push_back(operation);
    history.events = std::max(
        {history.events, operation.invocation + 1, operation.completion == never ? 0 : operation.completion + 1});
  }
  return history;
}

void alter(PlainOperation& operation, bool is_lists, Choices& choices) {
  if (operation.steps.empty())
    return;
  auto& step = operation.steps[choices.below(static_cast<unsigned>(operation.steps.size()))];
  auto& values = step.values;
  if (step.is_write)
    values.front() += 1 + choices.below(3);
  else if (!is_lists)
    values = values.empty() || choices.below(4) != 0 ? std::vector<std::int64_t>{1 + choices.below(4)}
                                                     : std::vector<std::int64_t>{};
  else if (values.empty() || choices.below(3) == 0)
    values.push_back(1 + choices.below(5));
  else if (choices.below(2) == 0 && values.size() > 1)
    std::swap(values[0], values[1]);
  else
    values.pop_back();
}

/// One acknowledged operation deleted, doubled, altered or exchanged with another. The last is left alone, which may
/// have read all.
std::string mutate(std::vector<PlainOperation>& all, bool is_lists, Choices& choices) {
  std::vector<std::size_t> acknowledged;
  for (std::size_t i = 0; i + 1 < all.size(); ++i)
    if (all[i].times.outcome == Outcome::ok)
      acknowledged.push_back(i);
  if (acknowledged.empty())
    return {};
  const auto any = [&] { return acknowledged[choices.below(static_cast<unsigned>(acknowledged.size()))]; };
  const auto which = any();
  switch (choices.below(4)) {
  case 0:
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(which));
    return "deleted";
  case 1: {
    auto copy = all[which];
    copy.times.process += 1000;
    all.push_back(std::move(copy));
    return "doubled";
  }
  case 2:
    alter(all[which], is_lists, choices);
    return "altered";
  default:
    std::swap(all[which].steps, all[any()].steps);
    return "reordered";
  }
}

History made_of_forks(Choices& choices) {
  std::vector<PlainOperation> all;
  std::vector<Position> open;
  Position now = 0;
  const auto groups = 1 + choices.below(2);
  const auto size = 2 + choices.below(2);
  std::vector<std::uint8_t> written(groups * size);
  for (auto left = 2 + choices.below(7); left > 0; --left) {
    PlainOperation one;
    one.times.process = now;
    one.times.outcome = choices.below(6) != 5 ? Outcome::ok : choices.below(2) == 0 ? Outcome::info : Outcome::fail;
    one.times.invocation = now++;
    const auto key = choices.below(groups * size);
    if (choices.below(2) == 0 && written[key] == 0) {
      written[key] = one.times.outcome != Outcome::fail ? 1 : 0;
      one.steps.push_back({true, key, {1}});
    } else
      for (auto other = key / size * size; other < (key / size + 1) * size; ++other)
        one.steps.push_back(
            {false, other, std::vector<std::int64_t>(choices.below(8) != 7 ? written[other] : choices.below(2), 1)});
    open.push_back(static_cast<Position>(all.size()));
    all.push_back(std::move(one));
    while (!open.empty() && (left == 1 || choices.below(2) == 0)) { // what is open completes in any order
      const auto which = open.begin() + choices.below(static_cast<unsigned>(open.size()));
      if (auto& times = all[*which].times; times.outcome != Outcome::info)
        times.completion = now++;
      open.erase(which);
    }
  }
  return put_together(std::move(all), false);
}

Trial make(const Bytes& bytes, Family family) {
  Choices choices(bytes);
  Trial trial;
  const bool is_lists = family == Family::lists;
  if (family == Family::long_fork)
    trial.history = made_of_forks(choices);
  else {
    Workload workload;
    workload.level = static_cast<Level>(choices.below(5));
    const bool mutates = choices.below(2) != 0;
    workload.is_lists = is_lists;
    workload.reads_all_in_the_end = choices.below(2) != 0;
    workload.transactions = 2 + choices.below(workload.reads_all_in_the_end ? 6 : 7);
    workload.processes = 1 + choices.below(4);
    workload.keys = 1 + choices.below(3);
    workload.longest = 1 + choices.below(3);
    workload.aborts = choices.below(2) * 20;
    workload.lost = choices.below(2) * 20;
    trial.history = simulate(workload, choices);
    trial.was_valid = workload.level == Level::strict_serializable;
    if (mutates) {
      auto all = taken_apart(trial.history);
      trial.mutation = mutate(all, is_lists, choices);
      trial.history = put_together(std::move(all), is_lists);
    }
  }
  trial.has_order_in_time = has_serial_order(trial.history, is_lists, Order::real_time);
  trial.has_order = trial.has_order_in_time || has_serial_order(trial.history, is_lists, Order::any);
  return trial;
}

std::string show(const History& history) {
  std::string text;
  for (const auto& one : history.operations)
    text += "\n  process " + std::to_string(one.process) + " from " + std::to_string(one.invocation) + " to " +
            (one.completion == never ? "ever" : std::to_string(one.completion)) +
            (one.outcome == Outcome::ok     ? " ok "
             : one.outcome == Outcome::fail ? " fail "
                                            : " info ") +
            history.values.show(one.outcome == Outcome::ok ? one.completed : one.invoked);
  return text;
}

} // namespace

Tally try_many(unsigned count, Family family, const std::function<std::string(Trial&)>& check) {
  Tally tally;
  Choices chance(1 + static_cast<unsigned>(family));
  for (unsigned i = 0; i < count; ++i) {
    Bytes bytes(24 + chance.below(100));
    for (auto& byte : bytes)
      byte = static_cast<std::uint8_t>(chance.below(256));
    auto trial = make(bytes, family);
    ++(trial.has_order_in_time ? tally.valid : tally.invalid);
    if (check(trial).empty())
      continue;
    const auto smaller = [](const Bytes& all) {
      return rc::seq::concat(rc::shrink::removeChunks(all), rc::shrink::eachElement(all, [](std::uint8_t byte) {
                               return rc::shrink::towards<std::uint8_t>(byte, 0);
                             }));
    };
    const auto least = rc::shrinkable::findLocalMin(rc::shrinkable::shrinkRecur(bytes, smaller), [&](const Bytes& all) {
      auto candidate = make(all, family);
      return !check(candidate).empty();
    });
    trial = make(least.first, family);
    tally.failure = check(trial);
    tally.failure += (trial.mutation.empty() ? "" : " (" + trial.mutation + ")") + show(trial.history);
    break;
  }
  return tally;
}

} // namespace holdfast::test
