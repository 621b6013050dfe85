// Processes under the shim, and the chain that leaves nothing behind.
#include "harness/async/deadline.hpp"
#include "harness/async/event.hpp"
#include "harness/process/process.hpp"
#include "tests/support/support.hpp"

#include <csignal>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

using namespace holdfast;
namespace asio = boost::asio;
using namespace std::chrono_literals;
using process::Process;
using process::WaitStatus;

namespace {

process::ProcessSpec shell(const std::string& script) {
  return {{"sh", "-c", script}, {{"PATH", "/usr/bin:/bin"}}, "/tmp", HOLDFAST_BINARY_DIR "/holdfast-shim"};
}

} // namespace

TEST_CASE("exit and death by signal are told apart") {
  test::on_loop([](asio::any_io_executor executor, async::Clock&) -> asio::awaitable<void> {
    auto exited = co_await Process::spawn(executor, shell("exit 9"), [](auto, auto) {});
    co_await (*exited)->gone();
    CHECK((*exited)->status() == WaitStatus::for_exit(9));
    auto killed = co_await Process::spawn(executor, shell("kill -9 $$"), [](auto, auto) {});
    co_await (*killed)->gone();
    CHECK((*killed)->status() == WaitStatus::for_signal(SIGKILL));
    CHECK((*killed)->status()->describe() == "SIGKILL");
  });
}

TEST_CASE("a program that is missing is an error, not a process") {
  test::on_loop([](asio::any_io_executor executor, async::Clock&) -> asio::awaitable<void> {
    auto spec = shell("");
    spec.command = {"/no/such/program"};
    auto spawned = co_await Process::spawn(executor, spec, [](auto, auto) {});
    REQUIRE_FALSE(spawned);
    CHECK(spawned.error() == "there is no program '/no/such/program'");
  });
}

TEST_CASE("output arrives line by line, the last without a newline too") {
  std::vector<std::string> lines;
  test::on_loop([&](asio::any_io_executor executor, async::Clock&) -> asio::awaitable<void> {
    auto spawned = co_await Process::spawn(
        executor, shell("echo one; echo two >&2; printf three"), [&](process::Stream stream, std::string_view line) {
          lines.push_back((stream == process::Stream::out ? "out " : "err ") + std::string(line));
        });
    co_await (*spawned)->gone();
  });
  std::sort(lines.begin(), lines.end());
  CHECK(lines == std::vector<std::string>{"err two", "out one", "out three"});
}

TEST_CASE("a killed tree is gone, grandchildren that left their session included") {
  const test::TemporaryFolder folder;
  test::on_loop([&](asio::any_io_executor executor, async::Clock& clock) -> asio::awaitable<void> {
    bool up = false;
    auto spec =
        shell(fmt::format("setsid sh -c 'sleep 100 & sleep 101' {0} & (sh -c 'setsid sleep 102 {0}' &) ; echo up; wait",
                          folder.path().string()));
    spec.environment["MARK"] = folder.path().string();
    auto spawned =
        co_await Process::spawn(executor, spec, [&](auto, std::string_view line) { up = up || line == "up"; });
    while (!up)
      co_await clock.wait_for(1ms);
    CHECK(test::processes_of(folder.path()).size() >= 3);
    (*spawned)->kill();
    const bool gone = co_await async::until(clock, clock.now() + 5s, (*spawned)->gone());
    CHECK(gone);
    CHECK(test::processes_of(folder.path()).empty());
  });
}

TEST_CASE("a signal to a tree reaches what a second thread of it has started") {
  const test::TemporaryFolder folder;
  test::on_loop([&](asio::any_io_executor executor, async::Clock& clock) -> asio::awaitable<void> {
    pid_t child = 0;
    async::Event told(executor);
    auto spec = shell("");
    spec.command = {"python3", "-c", R"(import subprocess, threading
def start():
    child = subprocess.Popen(['sleep', '100'])
    print(child.pid, flush=True)
    child.wait()
thread = threading.Thread(target=start)
thread.start()
thread.join())"};
    auto spawned = co_await Process::spawn(executor, spec, [&](auto, std::string_view line) {
      child = std::atoi(std::string(line).c_str());
      told.notify();
    });
    const auto deadline = clock.now() + 10s;
    while (child == 0 && co_await async::until(clock, deadline, told.wait())) {
    }
    REQUIRE(child > 0);
    (*spawned)->signal_tree(SIGSTOP);
    char state = ' '; // of a process that is not ours the kernel tells nobody when it changes
    while (state != 'T' && clock.now() < deadline) {
      std::string pid, name;
      std::ifstream(fmt::format("/proc/{}/stat", child)) >> pid >> name >> state;
      co_await clock.wait_for(1ms);
    }
    CHECK(state == 'T');
    (*spawned)->kill();
    co_await (*spawned)->gone();
  });
}

TEST_CASE("SIGKILL of front, guardian, worker or the front's group at random moments leaves nothing behind") {
  const int rounds =
      std::getenv("HOLDFAST_KILL_ROUNDS") != nullptr ? std::atoi(std::getenv("HOLDFAST_KILL_ROUNDS")) : 24;
  const test::TemporaryFolder folder;
  const auto scenario =
      folder
          .write("scenario.toml", "[scenario]\nname = \"x\"\nstack = \"stack.toml\"\n[workload]\nusers = 3\nsteady = "
                                  "\"50ms\"\nlength = \"300ms\"\njourney = { put = 1 }\n")
          .string();
  folder.write("stack.toml", R"([stack]
name = "t"
hosts = 2
[services.tiny]
command = ["sh", "-c", "setsid sleep 50 & exec {bin}/tiny-service {address} {port} {dir}/items"]
ready = { http = "/ready", within = "5s", every = "1ms" }
[operations.put]
request = { method = "POST", path = "/items/{id}" }
)");
  std::mt19937 random(5);
  for (int round = 0; round < rounds; ++round) {
    const auto scratch = folder.path() / fmt::format("round{}", round);
    std::filesystem::create_directories(scratch);
    const pid_t front = fork();
    if (front == 0) {
      setpgid(0, 0);
      setenv("TMPDIR", scratch.c_str(), 1);
      const int null = open("/dev/null", O_RDWR);
      dup2(null, 1);
      dup2(null, 2);
      execl(test::holdfast_program().c_str(), "holdfast", "run", scenario.c_str(), "--out",
            (scratch / "bundles").c_str(), nullptr);
      _exit(127);
    }
    setpgid(front, front);
    (void)test::await_end(front, std::chrono::milliseconds(random() % 500)); // the moment is what is drawn at random
    const auto child_of = [](pid_t pid) {
      int child = 0;
      if (std::FILE* file = std::fopen(fmt::format("/proc/{0}/task/{0}/children", pid).c_str(), "r")) {
        if (std::fscanf(file, "%d", &child) != 1)
          child = 0;
        std::fclose(file);
      }
      return child;
    };
    const pid_t guardian = child_of(front);
    const pid_t worker = guardian != 0 ? child_of(guardian) : 0;
    const pid_t victims[] = {front, guardian, worker, -front};
    const auto victim = victims[round % 4];
    if (victim != 0)
      kill(victim, SIGKILL);
    int status = 0;
    waitpid(front, &status, 0);
    // The front may be the one that died: the others end without it.
    test::await_nothing_of(scratch, 8s);
    INFO("round ", round, " victim ", round % 4);
    CHECK(test::processes_of(scratch).empty());
    CHECK(test::workspaces_in(scratch).empty());
  }
}
