// Why a run cannot go on, by whose fault.
#pragma once

#include <stdexcept>

namespace holdfast::run {

/// A thing of the user's that does not work: the run ends with this sentence.
struct StackError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Something of this machine that the run cannot have: an address, a file.
struct EnvironmentError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

} // namespace holdfast::run
