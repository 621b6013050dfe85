// Exit statuses: 0 pass or reproduced, 1 fail, 2 inconclusive, 3 the scenario or command line is wrong, 4 the harness
// itself failed, 130 interrupted.
#pragma once

namespace holdfast::cli {

constexpr int verdict_failed = 1;
constexpr int inconclusive = 2;
constexpr int wrong_usage = 3;
constexpr int harness_failed = 4;
constexpr int interrupted = 130;

/// The whole command line.
[[nodiscard]] int main_with(int argc, char** argv);

} // namespace holdfast::cli
