// The exit statuses of the program, for the script or person that started it.
#pragma once

namespace holdfast::verdict::status {

constexpr int passed = 0; ///< or reproduced
constexpr int failed = 1;
constexpr int inconclusive = 2;
constexpr int wrong_usage = 3; ///< the scenario or the command line is wrong
constexpr int harness_failed = 4;
constexpr int interrupted = 130;

} // namespace holdfast::verdict::status
