// From a syntax to events, whatever the syntax is.
#pragma once

#include "harness/jepsen/event.hpp"
#include "harness/jepsen/malformed.hpp"

#include <fmt/format.h>
#include <string_view>

namespace holdfast::jepsen {

/// Reads the operation maps of a history one by one. `Syntax` is Edn or Json.
template <class Syntax>
class Events {
public:
  Events(std::string_view text, consistency::Values& values) : in_(text, values) {}

  /// False at the history's end.
  bool next(Event& event) {
    if (!in_.next_map())
      return false;
    event = {};
    event.line = in_.line();
    try {
      in_.step();
      for (std::string_view key; in_.next_key(key);)
        field(key, event);
    } catch (const Malformed& bad) {
      if (bad.line == event.line)
        throw;
      throw Malformed{event.line, 0,
                      fmt::format("the operation that begins here is cut or wrong: {} (line {}, column {})",
                                  bad.message, bad.line, bad.column)};
    }
    if (event.type == Event::Type::none && !event.is_nemesis)
      throw Malformed{event.line, 0, "an operation without a type: invoke, ok, fail or info"};
    return true;
  }

private:
  void field(std::string_view key, Event& event) {
    if (key == "type")
      event.type = type();
    else if (key == "f")
      event.f = in_.value(), event.has_f = true;
    else if (key == "value")
      event.value = in_.value(), event.has_value = true;
    else if (key == "process")
      process(event);
    else if (key == "time")
      event.time = number("time");
    else if (key == "index")
      event.index = number("index");
    else if (key == "key")
      event.key = in_.value();
    else
      in_.skip();
  }

  Event::Type type() {
    const auto name = in_.name();
    if (name == "invoke")
      return Event::Type::invoke;
    if (name == "ok")
      return Event::Type::ok;
    if (name == "fail")
      return Event::Type::fail;
    if (name == "info")
      return Event::Type::info;
    in_.fail(fmt::format("the type '{}' is unknown: invoke, ok, fail and info are known", name.substr(0, 40)));
  }

  void process(Event& event) {
    if (const auto number = in_.integer()) {
      if (*number < 0)
        in_.fail("the number of a process is negative");
      event.process = *number;
      return;
    }
    if (in_.nothing())
      return;
    if (const auto name = in_.name(); name != "nemesis")
      in_.fail(fmt::format("the process '{}' is neither a number nor the nemesis", name.substr(0, 40)));
    event.is_nemesis = true;
  }

  std::int64_t number(const char* what) {
    if (in_.nothing())
      return Event::absent;
    const auto number = in_.integer();
    if (!number || *number < 0)
      in_.fail(fmt::format("the {} is no whole number from 0", what));
    return *number;
  }

  Syntax in_;
};

} // namespace holdfast::jepsen
