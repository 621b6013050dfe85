// The harness knows when its machine has no processor to spare.
#include "harness/run/processor_wait.hpp"

#include <atomic>
#include <chrono>
#include <doctest/doctest.h>
#include <sched.h>
#include <thread>

using namespace holdfast;

TEST_CASE("two threads that share a processor wait for it") {
  const auto before = run::processor_wait();
  if (!before)
    return; // a kernel without scheduler statistics
  std::atomic<bool> done = false;
  std::chrono::nanoseconds waited{};
  std::thread both([&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(sched_getcpu()), &one);
    REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
    std::thread other([&] { // inherits the affinity
      while (!done) {
      }
    });
    const auto begin = run::processor_wait().value();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (waited < std::chrono::milliseconds{5} && std::chrono::steady_clock::now() < deadline)
      waited = run::processor_wait().value() - begin;
    done = true;
    other.join();
  });
  both.join();
  CHECK(waited >= std::chrono::milliseconds{5});
}
