#include "harness/jepsen/assembler.hpp"

#include "harness/jepsen/malformed.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::jepsen {

using consistency::Outcome;

namespace {

/// Jepsen counts processes up from 0: those are found by index in a vector. Greater numbers go into a map, since a
/// single great one in a file must not take memory for all below it.
constexpr std::int64_t small_numbers = 1 << 16;

const char* name_of(Event::Type type) {
  switch (type) {
  case Event::Type::invoke:
    return "invoke";
  case Event::Type::ok:
    return "ok";
  case Event::Type::fail:
    return "fail";
  case Event::Type::info:
    return "info";
  case Event::Type::none:
    break;
  }
  return "none";
}

Outcome outcome_of(Event::Type type) {
  return type == Event::Type::ok ? Outcome::ok : type == Event::Type::fail ? Outcome::fail : Outcome::info;
}

[[noreturn]] void fail(const Event& event, std::string message) {
  throw Malformed{event.line, 0, std::move(message)};
}

} // namespace

Assembler::Process& Assembler::find(std::int64_t number) {
  if (number >= small_numbers) {
    auto& process = large_[number];
    process.name = process.name == 0 ? number : process.name;
    return process;
  }
  const auto place = static_cast<std::size_t>(number);
  for (auto next = small_.size(); next <= place; ++next)
    small_.push_back({.name = static_cast<std::int64_t>(next)});
  return small_[place];
}

/// Without processes an operation ends before the next begins; but then none of them may have one.
void Assembler::check_process(const Event& event) {
  auto& seen = event.process == Event::absent ? without_process_ : with_process_;
  seen = seen == 0 ? event.line : seen;
  if (with_process_ != 0 && without_process_ != 0)
    fail(event,
         fmt::format("an operation {} a process, and the one of line {} {}",
                     event.process == Event::absent ? "without" : "with", std::min(with_process_, without_process_),
                     event.process == Event::absent ? "has one" : "has none"));
}

/// Times of one process must not run backwards; between processes they may cross, as clocks do.
void Assembler::check_time(const Event& event, Process& process) {
  if (event.time == Event::absent)
    return;
  if (event.time < process.last_time)
    fail(event, fmt::format("time runs backwards: process {} is at {} here and was at {} on line {}", event.process,
                            event.time, process.last_time, process.last_line));
  process.last_time = event.time;
  process.last_line = event.line;
}

/// Positions are counted here and not taken from `:index`: nemesis operations are left out, and :info completions get
/// none, so they may take effect at any time afterwards.
consistency::Position Assembler::next_position(const Event& event) {
  if (history_.events + 1 == consistency::never)
    fail(event, "the history has more events than 32 bits count");
  return history_.events++;
}

void Assembler::add(const Event& event) {
  if (event.is_nemesis)
    return;
  check_process(event);
  auto& process = find(std::max<std::int64_t>(event.process, 0));
  largest_process_ = std::max(largest_process_, event.process);
  check_time(event, process);
  if (event.type == Event::Type::invoke)
    invoke(event, process);
  else
    complete(event, process);
}

/// Opens an operation; its completion is added to it when it comes, or never.
void Assembler::invoke(const Event& event, Process& process) {
  auto& operations = history_.operations;
  if (process.open != none)
    fail(event, fmt::format("process {} invokes an operation while its last one, invoked on line {}, is open",
                            std::max<std::int64_t>(event.process, 0), operations[process.open].invoke_line));
  if (process.has_crashed) {
    process.has_crashed = false;
    // Jepsen gives a process a new number after :info. A file that uses the old number again means another process: the
    // operation before may still take effect while the new one runs.
    process.name = -++reborn_; // a free number is known at the end
  }
  process.open = static_cast<consistency::OperationId>(operations.size());
  operations.push_back({.f = event.f,
                        .key = event.key,
                        .invoked = event.value,
                        .process = process.name,
                        .invoke_time = std::max<std::int64_t>(event.time, 0),
                        .invocation = next_position(event),
                        .invoke_line = event.line});
}

/// Closes the operation that its process has open. An :info gets no position: it may still take effect later.
void Assembler::complete(const Event& event, Process& process) {
  if (process.open == none)
    fail(event, fmt::format("process {} completes an operation (:{}) without having invoked one",
                            std::max<std::int64_t>(event.process, 0), name_of(event.type)));
  auto& operation = history_.operations[process.open];
  if (event.has_f && !history_.values.equal(event.f, operation.f))
    fail(event, fmt::format("process {} completes {}, and what it invoked on line {} is {}",
                            std::max<std::int64_t>(event.process, 0), history_.values.show(event.f),
                            operation.invoke_line, history_.values.show(operation.f)));
  operation.outcome = outcome_of(event.type);
  // What is acknowledged without a word is what was asked for.
  operation.completed = event.has_value || event.type != Event::Type::ok ? event.value : operation.invoked;
  if (operation.key.is_nil())
    operation.key = event.key;
  operation.complete_time = std::max<std::int64_t>(event.time, 0);
  operation.complete_line = event.line;
  if (event.type != Event::Type::info)
    operation.completion = next_position(event);
  process.has_crashed = event.type == Event::Type::info;
  process.open = none;
}

/// Gives each process that took over a crashed one's number a number above all that the file uses. Which ones are free
/// is known only now.
void Assembler::finish() {
  if (reborn_ != 0)
    for (auto& operation : history_.operations)
      if (operation.process < 0)
        operation.process = largest_process_ - operation.process;
}

} // namespace holdfast::jepsen
