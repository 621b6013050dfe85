#include "tests/consistency/random_histories.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <random>
#include <rapidcheck.h>

namespace holdfast::test {

using consistency::Outcome;

namespace {

constexpr std::size_t most_calls = 8;
constexpr unsigned processes = 4;

class Maker {
public:
  Maker(const Subject& subject, const Tape& tape) : subject_(subject), tape_(tape), state_(subject.initial) {}

  std::vector<Call> run() {
    while (at_ < tape_.size()) {
      const auto process = choose(processes);
      if (open_[process])
        end(*open_[process]);
      else if (calls_.size() < most_calls)
        begin(static_cast<int>(process));
    }
    return std::move(calls_);
  }

private:
  unsigned choose(unsigned among) { return at_ < tape_.size() ? tape_[at_++] % among : 0; }

  void begin(int process) {
    auto call = subject_.invent([this](unsigned among) { return choose(among); }, calls_.size());
    call.process = process;
    call.invocation = time_++;
    open_[static_cast<std::size_t>(process)] = calls_.size();
    calls_.push_back(std::move(call));
    served_.push_back(false);
    if (choose(2) == 0)
      serve(calls_.size() - 1);
  }

  void serve(std::size_t i) {
    served_[i] = true;
    refused_[i] = !subject_.serve(state_, calls_[i]);
  }

  void end(std::size_t i) {
    auto& call = calls_[i];
    const auto how = choose(16);
    if (how >= 3 && !served_[i])
      serve(i);
    call.outcome = how < 2 ? Outcome::info : how == 2 || refused_[i] ? Outcome::fail : Outcome::ok;
    call.is_closed = true;
    if (how >= 12)
      subject_.lie(call, choose(4)); // mostly
    if (how >= 11 && refused_[i])
      call.outcome = Outcome::ok; // another
    if (call.outcome != Outcome::info)
      call.completion = time_;
    ++time_;
    open_[static_cast<std::size_t>(call.process)].reset();
  }

  const Subject& subject_;
  const Tape& tape_;
  State state_;
  std::size_t at_ = 0;
  int time_ = 0;
  std::vector<Call> calls_;
  std::vector<bool> served_;
  bool refused_[most_calls] = {};
  std::optional<std::size_t> open_[processes];
};

bool can_finish(const Subject& subject, const std::vector<Call>& calls, unsigned done, const State& state) {
  bool all = true;
  for (unsigned i = 0; i < calls.size(); ++i)
    all = all && ((done >> i & 1) != 0 || calls[i].outcome == Outcome::info);
  for (unsigned i = 0; i < calls.size() && !all; ++i) {
    bool may_be_next = (done >> i & 1) == 0;
    for (unsigned j = 0; j < calls.size(); ++j)
      may_be_next = may_be_next && ((done >> j & 1) != 0 || calls[j].completion > calls[i].invocation);
    if (const auto next = may_be_next ? subject.step(state, calls[i]) : std::nullopt; next)
      all = can_finish(subject, calls, done | 1U << i, *next);
  }
  return all;
}

} // namespace

std::vector<Call> make_calls(const Subject& subject, const Tape& tape) {
  return Maker(subject, tape).run();
}

bool is_linearizable(const Subject& subject, const std::vector<Call>& calls) {
  return can_finish(subject, calls, 0, subject.initial);
}

consistency::History make_history(const Subject& subject, const std::vector<Call>& calls) {
  consistency::History history;
  for (const auto& call : calls) {
    consistency::Operation operation;
    operation.outcome = call.outcome;
    operation.process = call.process;
    operation.invocation = static_cast<consistency::Position>(call.invocation);
    operation.invoke_line = operation.invocation + 1;
    if (call.outcome != Outcome::info)
      operation.completion = static_cast<consistency::Position>(call.completion);
    operation.complete_line = call.is_closed ? operation.completion + 1 : 0;
    subject.write(history.values, call, operation);
    history.operations.push_back(operation);
    history.events = std::max({history.events, operation.invocation + 1, operation.completion + 1});
  }
  return history;
}

consistency::Result check(const Subject& subject, const std::vector<Call>& calls,
                          const std::map<std::string, std::string>& declarations) {
  auto history = make_history(subject, calls);
  consistency::Question question;
  question.declarations = subject.declarations;
  question.declarations.insert(declarations.begin(), declarations.end());
  consistency::Budget budget({});
  return consistency::find_model(subject.model)->check(history, question, budget);
}

std::string show(const Subject& subject, const std::vector<Call>& calls) {
  const auto history = make_history(subject, calls);
  const auto& values = history.values;
  std::string all;
  for (const auto& one : history.operations)
    all += fmt::format("\n  {}-{} process {}: {} {} key {} {} -> {}", one.invocation,
                       one.completion == consistency::never ? "" : std::to_string(one.completion), one.process,
                       one.outcome == Outcome::ok     ? "ok"
                       : one.outcome == Outcome::fail ? "fail"
                                                      : "info",
                       values.show(one.f), values.show(one.key), values.show(one.invoked), values.show(one.completed));
  return all;
}

void for_tapes(int count, const std::function<bool(const Tape&)>& holds,
               const std::function<std::string(const Tape&)>& show) {
  std::mt19937_64 random(20230510);
  for (int i = 0; i < count; ++i) {
    Tape tape(24 + random() % 64);
    for (auto& byte : tape)
      byte = static_cast<std::uint8_t>(random());
    if (holds(tape))
      continue;
    Tape simplest = tape;
    const auto shrinkable = rc::shrinkable::shrinkRecur(tape, [](const Tape& one) {
      return rc::seq::concat(rc::shrink::removeChunks(one), rc::shrink::eachElement(one, [](std::uint8_t byte) {
                               return rc::shrink::towards(byte, std::uint8_t{0});
                             }));
    });
    rc::check("the simplest tape", [&] {
      const auto one = *rc::Gen<Tape>([&](const rc::Random&, int) { return shrinkable; });
      if (!holds(one)) {
        simplest = one;
        RC_FAIL("");
      }
    });
    FAIL("tape ", i, ":", show(simplest));
  }
}

} // namespace holdfast::test
