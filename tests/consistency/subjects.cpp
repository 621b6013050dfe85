// The models' rules as plainly as they can be, to try every order by.
#include "tests/consistency/random_histories.hpp"

#include <array>
#include <fmt/format.h>

namespace holdfast::test {

using consistency::Outcome;
using consistency::Value;
using consistency::Values;

namespace {

const std::string nothing; ///< nil

Value number(const std::string& text) {
  return text.empty() ? Value{} : Values::integer(std::stoi(text));
}

std::string small(unsigned value) {
  return std::to_string(value);
}

using Choose = std::function<unsigned(unsigned)>;

enum RegisterF { read, write, cas };

bool serve_register(State& state, Call& call) {
  if (call.f == read)
    call.result = state[0];
  if (call.f == cas && state[0] != call.argument)
    return false;
  if (call.f != read)
    state[0] = call.f == cas ? call.other : call.argument;
  return true;
}

void change_result(Call& call, unsigned value) {
  call.result = value == 3 ? nothing : small(value);
}

std::optional<State> step_register(const State& state, const Call& call) {
  if (call.outcome == Outcome::fail)
    return state;
  if (call.f == read && call.outcome == Outcome::ok && state[0] != call.result)
    return std::nullopt;
  if (call.f == cas && state[0] != call.argument)
    return std::nullopt;
  return call.f == read ? state : State{call.f == cas ? call.other : call.argument};
}

void write_register(Values& values, const Call& call, consistency::Operation& operation) {
  constexpr std::array names{"read", "write", "cas"};
  operation.f = values.keyword(names.at(static_cast<std::size_t>(call.f)));
  if (call.f == write)
    operation.invoked = number(call.argument);
  if (call.f == cas)
    operation.invoked = values.list(std::array{number(call.argument), number(call.other)});
  operation.completed = call.f == read && call.outcome == Outcome::ok ? number(call.result) : operation.invoked;
}

enum MutexF { acquire, release };

enum KvF { get, put, append };

} // namespace

Subject register_subject() {
  return {"register",
          {},
          {nothing},
          [](const Choose& choose, std::size_t) {
            return choose(2) == 0 ? Call{.f = read} : Call{.f = write, .argument = small(choose(3))};
          },
          serve_register,
          change_result,
          step_register,
          write_register};
}

Subject unique_register_subject() {
  auto subject = register_subject();
  subject.invent = [](const Choose& choose, std::size_t nth) {
    return choose(2) == 0 ? Call{.f = read} : Call{.f = write, .argument = std::to_string(nth)};
  };
  return subject;
}

Subject cas_register_subject() {
  auto subject = register_subject();
  subject.model = "cas-register";
  subject.declarations = {{"initial", "1"}};
  subject.initial = {"1"};
  subject.invent = [](const Choose& choose, std::size_t) {
    switch (choose(3)) {
    case 0:
      return Call{.f = read};
    case 1:
      return Call{.f = write, .argument = small(choose(3))};
    default:
      return Call{.f = cas, .argument = small(choose(3)), .other = small(choose(3))};
    }
  };
  return subject;
}

Subject mismatch_register_subject() {
  auto subject = cas_register_subject();
  subject.declarations["failed-cas"] = "mismatch";
  subject.step = [](const State& state, const Call& call) {
    return call.f == cas && call.outcome == Outcome::fail && state[0] == call.argument ? std::nullopt
                                                                                       : step_register(state, call);
  };
  return subject;
}

/// `argument`: letters by turns, what to do and to which register, "ra" or "wb1".
Subject multi_register_subject() {
  Subject subject;
  subject.model = "multi-register";
  subject.initial = {nothing, nothing};
  subject.invent = [](const Choose& choose, std::size_t) {
    Call call;
    for (unsigned i = 0, count = 1 + choose(2); i < count; ++i) {
      const bool reads = choose(2) == 0;
      const auto value = choose(3);
      call.argument += fmt::format("{}{}{}", reads ? 'r' : 'w', choose(2), reads ? 9 : value);
    }
    return call;
  };
  subject.serve = [](State& state, Call& call) {
    call.result.clear();
    for (std::size_t i = 0; i < call.argument.size(); i += 3) {
      auto& reg = state[static_cast<std::size_t>(call.argument[i + 1] - '0')];
      if (call.argument[i] == 'w')
        reg = call.argument.substr(i + 2, 1);
      call.result += call.argument.substr(i, 2) + (reg.empty() ? "-" : reg);
    }
    return true;
  };
  subject.lie = [](Call& call, unsigned value) {
    if (const auto at = call.result.rfind('r'); at != std::string::npos)
      call.result[at + 2] = "-012"[value];
  };
  subject.step = [](const State& state, const Call& call) -> std::optional<State> {
    auto after = state;
    const bool is_known = call.outcome == Outcome::ok;
    const auto& text = is_known ? call.result : call.argument;
    for (std::size_t i = 0; i < text.size() && call.outcome != Outcome::fail; i += 3) {
      auto& reg = after[static_cast<std::size_t>(text[i + 1] - '0')];
      const auto value = text[i + 2] == '-' ? nothing : text.substr(i + 2, 1);
      if (text[i] == 'w')
        reg = value;
      else if (is_known && reg != value)
        return std::nullopt;
    }
    return after;
  };
  subject.write = [](Values& values, const Call& call, consistency::Operation& operation) {
    const auto list = [&](const std::string& text, bool is_known) {
      std::vector<Value> accesses;
      for (std::size_t i = 0; i < text.size(); i += 3) {
        const bool is_shown = text[i] == 'w' || (is_known && text[i + 2] != '-');
        accesses.push_back(values.list(std::array{values.keyword(text.substr(i, 1)), Values::integer(text[i + 1] - '0'),
                                                  is_shown ? Values::integer(text[i + 2] - '0') : Value{}}));
      }
      return values.list(accesses);
    };
    operation.f = values.keyword("txn");
    operation.invoked = list(call.argument, false);
    operation.completed = call.outcome == Outcome::ok ? list(call.result, true) : operation.invoked;
  };
  return subject;
}

Subject mutex_subject() {
  Subject subject;
  subject.model = "mutex";
  subject.initial = {"free"};
  subject.invent = [](const Choose& choose, std::size_t) { return Call{.f = choose(2) == 0 ? acquire : release}; };
  subject.step = [](const State& state, const Call& call) -> std::optional<State> {
    if (call.outcome == Outcome::fail)
      return state;
    if ((state[0] == "free") != (call.f == acquire))
      return std::nullopt;
    return State{call.f == acquire ? "held" : "free"};
  };
  subject.serve = [](State& state, Call& call) {
    if ((state[0] == "free") != (call.f == acquire))
      return false;
    state[0] = call.f == acquire ? "held" : "free";
    return true;
  };
  subject.write = [](Values& values, const Call& call, consistency::Operation& operation) {
    operation.f = values.keyword(call.f == acquire ? "acquire" : "release");
  };
  return subject;
}

/// Texts of one letter repeated, so that different appends come to the same.
Subject kv_subject() {
  Subject subject;
  subject.model = "kv";
  subject.initial = {"", ""};
  subject.invent = [](const Choose& choose, std::size_t) {
    Call call{.f = static_cast<int>(choose(8) % 3), .key = choose(4) == 0 ? 1 : 0};
    call.argument = std::string(choose(2) + 1, choose(2) == 0 ? 'a' : 'b');
    return call;
  };
  subject.serve = [](State& state, Call& call) {
    auto& value = state[static_cast<std::size_t>(call.key)];
    if (call.f == get)
      call.result = value;
    else
      value = call.f == put ? call.argument : value + call.argument;
    return true;
  };
  subject.lie = [](Call& call, unsigned value) { call.result = std::array{"", "a", "ab", "aab"}.at(value); };
  subject.step = [](const State& state, const Call& call) -> std::optional<State> {
    auto after = state;
    auto& value = after[static_cast<std::size_t>(call.key)];
    if (call.outcome == Outcome::fail)
      return after;
    if (call.f == get && call.outcome == Outcome::ok && value != call.result)
      return std::nullopt;
    if (call.f != get)
      value = call.f == put ? call.argument : value + call.argument;
    return after;
  };
  subject.write = [](Values& values, const Call& call, consistency::Operation& operation) {
    constexpr std::array names{"get", "put", "append"};
    operation.f = values.keyword(names.at(static_cast<std::size_t>(call.f)));
    operation.key = values.text(fmt::format("k{}", call.key));
    operation.invoked = call.f == get ? Value{} : values.text(call.argument);
    operation.completed = call.f == get && call.outcome == Outcome::ok ? values.text(call.result) : operation.invoked;
  };
  return subject;
}

std::vector<Subject> all_subjects() {
  return {register_subject(),
          unique_register_subject(),
          cas_register_subject(),
          mismatch_register_subject(),
          multi_register_subject(),
          mutex_subject(),
          kv_subject()};
}

} // namespace holdfast::test
