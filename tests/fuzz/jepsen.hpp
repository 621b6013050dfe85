// Any text is a history that holds together, or an error with its line.
#pragma once

#include "harness/jepsen/reader.hpp"

#include <cstdlib>

namespace holdfast::fuzz {

inline void must(bool holds) {
  if (!holds)
    std::abort();
}

inline void read(std::string_view text, jepsen::Format format) {
  const auto read = jepsen::read(text, "history", format);
  if (const auto* error = std::get_if<jepsen::ReadError>(&read)) {
    must(error->line != 0 && !error->message.empty());
    return;
  }
  const auto& history = std::get<consistency::History>(read);
  consistency::Position last = 0;
  for (const auto& one : history.operations) {
    must(one.invocation >= last && one.invocation < history.events);
    must((one.completion == consistency::never) == (one.outcome == consistency::Outcome::info));
    must(one.completion > one.invocation && one.process >= 0 && one.invoke_line != 0);
    last = one.invocation;
    for (const auto value : {one.f, one.key, one.invoked, one.completed}) {
      must(history.values.equal(value, value));
      must(history.values.hash(value) == history.values.hash(value) && !history.values.show(value).empty());
    }
  }
}

} // namespace holdfast::fuzz
