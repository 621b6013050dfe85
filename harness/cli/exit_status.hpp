// The command line as a whole, and the exit statuses of the program.
#pragma once

#include "harness/verdict/exit_status.hpp"

namespace holdfast::cli {

namespace status = verdict::status;

/// The whole command line.
[[nodiscard]] int main_with(int argc, char** argv);

} // namespace holdfast::cli
