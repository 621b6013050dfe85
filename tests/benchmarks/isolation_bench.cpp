// How long judging transactions takes, and how it grows: isolation-bench [MODEL] [LARGEST] [DATABASE] [CONSISTENCY]
//
// Histories of a simulated database, 50 clients, up to 4 steps a transaction, ten keys in use at any time, each written
// 32 times. Each size is judged in a process of its own, so that its memory is its own; the history is part of it.
#include "harness/consistency/model.hpp"
#include "tests/consistency/simulated_database.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fmt/core.h>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace holdfast;

namespace {

double megabytes(const char* field) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == field) {
      double kilobytes = 0;
      status >> kilobytes;
      return kilobytes / 1024;
    }
  return 0;
}

/// Of this process, so that a busy machine does not count.
double processor_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct Subject {
  std::string model;
  std::string consistency; ///< empty: the model's own
};

double judge(const Subject& subject, test::Level level, unsigned transactions) {
  test::Choices choices(transactions);
  test::Workload workload{level, subject.model == "list-append", transactions, 20, 40, 4, 64, 2, 1};
  auto history = test::simulate(workload, choices);
  const auto before = megabytes("VmRSS:");
  const auto processor = processor_seconds();
  const auto begin = std::chrono::steady_clock::now();
  consistency::Budget budget{{std::chrono::hours{1}, std::size_t{64} << 30}};
  const auto result = consistency::find_model(subject.model)
                          ->check(history, {.consistency = subject.consistency, .declarations = {}}, budget);
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double seconds = processor_seconds() - processor;
  std::string kinds;
  for (const auto& finding : result.findings)
    kinds += fmt::format(" {}:{}", finding.kind, finding.count);
  const auto acknowledged = std::count_if(history.operations.begin(), history.operations.end(),
                                          [](const auto& one) { return one.outcome == consistency::Outcome::ok; });
  fmt::print("{:>10} ({:.0f} % ok) {:>8.3f} s {:>8.3f} s of processor {:>6.2f} us/txn {:>8.0f} MB history {:>8.0f} MB "
             "peak  {}{}\n",
             transactions, 100.0 * static_cast<double>(acknowledged) / transactions, wall, seconds,
             seconds / transactions * 1e6, before, megabytes("VmHWM:"),
             result.validity == consistency::Validity::valid     ? "valid"
             : result.validity == consistency::Validity::invalid ? "invalid:"
                                                                 : "unknown: " + result.reason,
             kinds);
  std::fflush(stdout);
  return seconds;
}

/// In a process of its own.
double judge_apart(const Subject& subject, test::Level level, unsigned transactions) {
  int ends[2];
  if (pipe(ends) != 0)
    return 0;
  double seconds = 0;
  const auto child = fork();
  if (child == 0) {
    seconds = judge(subject, level, transactions);
    _exit(write(ends[1], &seconds, sizeof seconds) == sizeof seconds ? 0 : 1);
  }
  close(ends[1]);
  if (read(ends[0], &seconds, sizeof seconds) != sizeof seconds)
    fmt::print("{:>10} did not end well\n", transactions);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return seconds;
}

void judge_all_sizes(const Subject& subject, test::Level level, const char* name, unsigned largest) {
  fmt::print("{}{}{}, a database that is {}\n", subject.model, subject.consistency.empty() ? "" : " at ",
             subject.consistency, name);
  std::fflush(stdout);
  double n = 0;
  double sum_x = 0;
  double sum_y = 0;
  double sum_xx = 0;
  double sum_xy = 0;
  for (unsigned transactions = 10'000; transactions <= largest; transactions *= 10) {
    const auto x = std::log(transactions);
    const auto y = std::log(judge_apart(subject, level, transactions));
    n += 1;
    sum_x += x;
    sum_y += y;
    sum_xx += x * x;
    sum_xy += x * y;
  }
  if (n > 1)
    fmt::print("  processor time grows with the power {:.2f}\n",
               (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x));
}

} // namespace

int main(int count, char** arguments) {
  const Subject subject{count > 1 ? arguments[1] : "list-append", count > 4 ? arguments[4] : ""};
  const auto largest = static_cast<unsigned>(count > 2 ? std::stoul(arguments[2]) : 1'000'000);
  const std::string only = count > 3 ? arguments[3] : "";
  for (const auto& [level, name] : {std::pair{test::Level::strict_serializable, "strict-serializable"},
                                    std::pair{test::Level::snapshot_isolation, "snapshot-isolation"},
                                    std::pair{test::Level::read_committed, "read-committed"},
                                    std::pair{test::Level::read_uncommitted, "read-uncommitted"}})
    if (only.empty() || only == name)
      judge_all_sizes(subject, level, name, largest);
}
