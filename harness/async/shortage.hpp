// What the harness itself lacks of its machine: descriptors, memory, ports, processes. Never the outcome of an
// operation or a start: the code that meets it throws, and the run ends as the harness's own failure.
#pragma once

#include <boost/system/error_code.hpp>
#include <optional>
#include <stdexcept>
#include <string>

namespace holdfast::async {

struct Shortage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What is lacking, as a sentence, when an error of the system says so.
[[nodiscard]] std::optional<std::string> shortage_of(int error);

/// Throws Shortage when an error of the system says that something is lacking; `doing` is what was being done:
/// "connecting to 127.16.0.1:20000".
void throw_shortage(const boost::system::error_code& error, const std::string& doing);

} // namespace holdfast::async
