// Random histories of one model, small enough to judge by trying every order.
#pragma once

#include "harness/consistency/model.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::test {

/// What histories are made of: every choice is one byte, so that a shorter tape or smaller bytes are a simpler history.
using Tape = std::vector<std::uint8_t>;
/// Of each register, text or lock, by key.
using State = std::vector<std::string>;

struct Call {
  int f = 0;
  int key = 0;
  std::string argument, other, result;
  consistency::Outcome outcome = consistency::Outcome::info;
  int process = 0;
  int invocation = 0;
  int completion = std::numeric_limits<int>::max();
  bool is_closed = false; ///< somebody wrote down how it ended
};

/// A model, told twice: how to write its operations down, and its rules as plainly as they can be.
struct Subject {
  std::string model;
  std::map<std::string, std::string> declarations;
  State initial;
  std::function<Call(const std::function<unsigned(unsigned)>& choose, std::size_t nth)> invent;
  /// What the real thing does: changes the state and gives the result; false: refuses.
  std::function<bool(State&, Call&)> serve;
  /// Makes the result another.
  std::function<void(Call&, unsigned)> lie = [](Call& call, unsigned value) { call.result = std::to_string(value); };
  /// The rule: the state after a call that ended so, if it can have.
  std::function<std::optional<State>(const State&, const Call&)> step;
  std::function<void(consistency::Values&, const Call&, consistency::Operation&)> write;
};

/// At most 8 calls of at most 4 processes. Each is served at once, at its end or not at all; a result is now and then
/// made up.
std::vector<Call> make_calls(const Subject& subject, const Tape& tape);
consistency::History make_history(const Subject& subject, const std::vector<Call>& calls);
/// Tries every order.
bool is_linearizable(const Subject& subject, const std::vector<Call>& calls);
consistency::Result check(const Subject& subject, const std::vector<Call>& calls,
                          const std::map<std::string, std::string>& declarations = {});
std::string show(const Subject& subject, const std::vector<Call>& calls);

/// Runs a property on so many tapes; one that fails is made simpler as long as it fails, and shown.
void for_tapes(int count, const std::function<bool(const Tape&)>& holds,
               const std::function<std::string(const Tape&)>& show);

Subject register_subject();
Subject unique_register_subject();
Subject cas_register_subject();
Subject mismatch_register_subject(); ///< a failed compare-and-set is an observation
Subject multi_register_subject();
Subject mutex_subject();
Subject kv_subject();
std::vector<Subject> all_subjects();

} // namespace holdfast::test
