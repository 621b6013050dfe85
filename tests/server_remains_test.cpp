// What servers leave outside of their folders goes with the run, whoever of it was killed.
#include "harness/stack/server_remains.hpp"
#include "tests/support/support.hpp"

#include <csignal>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace holdfast;

namespace {

bool exists(int segment) {
  shmid_ds now{};
  return shmctl(segment, IPC_STAT, &now) == 0;
}

/// A segment whose creator has ended, as one that was killed leaves it; removed at the end whatever came of it.
struct Left {
  Left() {
    int ids[2];
    REQUIRE(pipe(ids) == 0);
    creator = fork();
    if (creator == 0) {
      const int id = shmget(key, 56, IPC_CREAT | IPC_EXCL | 0600);
      _exit(write(ids[1], &id, sizeof id) == sizeof id ? 0 : 1);
    }
    close(ids[1]);
    REQUIRE(read(ids[0], &segment, sizeof segment) == sizeof segment);
    close(ids[0]);
    waitpid(creator, nullptr, 0);
    REQUIRE(segment >= 0);
  }
  ~Left() { shmctl(segment, IPC_RMID, nullptr); }
  Left(const Left&) = delete;
  Left& operator=(const Left&) = delete;
  /// PostgreSQL's lock file.
  [[nodiscard]] std::string lock_file(pid_t pid, int of_key) const {
    return fmt::format("{}\n/data\n1700000000\n24201\n\n127.0.0.1\n{:>9} {:>9}\nready   \n", pid, of_key, segment);
  }
  static constexpr key_t key = 0x401dfa57;
  pid_t creator = 0;
  int segment = -1;
};

/// The segment that a running postmaster's lock file names.
int segment_of(const std::filesystem::path& lock_file) {
  std::ifstream stream(lock_file);
  std::string line;
  for (int number = 0; number < 7; ++number)
    std::getline(stream, line);
  unsigned long key = 0;
  int id = -1;
  std::istringstream(line) >> key >> id;
  return id;
}

} // namespace

TEST_CASE("a segment is removed when its server made it and nobody uses it, and only then") {
  const test::TemporaryFolder folder;
  const Left left;
  const auto file = [&](pid_t pid, int key) { folder.write("ledger/data/postmaster.pid", left.lock_file(pid, key)); };
  file(left.creator + 1, Left::key); // somebody else's by now
  CHECK(stack::remove_server_remains(folder.path()).empty());
  CHECK(exists(left.segment));
  file(left.creator, Left::key + 1);
  CHECK(stack::remove_server_remains(folder.path()).empty());
  CHECK(exists(left.segment));
  file(left.creator, Left::key);
  void* const attached = shmat(left.segment, nullptr, SHM_RDONLY);
  CHECK(stack::remove_server_remains(folder.path()).empty());
  CHECK(exists(left.segment));
  shmdt(attached);
  CHECK(stack::remove_server_remains(folder.path()).empty());
  CHECK_FALSE(exists(left.segment));
  folder.write("ledger/data/postmaster.pid", "17\n/data\n");
  CHECK(stack::remove_server_remains(folder.path()).empty()); // it had not come so far
  CHECK(stack::remove_server_remains(folder.path() / "nowhere").empty());
}

TEST_CASE("a real PostgreSQL whose run is killed leaves no shared memory behind") {
  for (const bool worker : {true, false}) {
    const test::TemporaryFolder folder;
    folder.write("stack.toml", R"([stack]
name = "t"
[dependencies]
ledger = { protocol = "postgres", provider = "server" }
[services.tiny]
needs = ["ledger"]
command = ["sh", "-c", "touch up; exec {bin}/tiny-service {address} {port} {dir}/items"]
ready = { http = "/ready", within = "5s" }
[operations.put]
request = { method = "POST", path = "/items/{id}" }
)");
    const auto scenario = folder.write("scenario.toml", "[scenario]\nname = \"x\"\nstack = \"stack.toml\"\n[workload]\n"
                                                        "users = 1\nlength = \"60s\"\njourney = { put = 1 }\n");
    const pid_t front = fork();
    if (front == 0) {
      setenv("TMPDIR", folder.path().c_str(), 1);
      const int null = open("/dev/null", O_RDWR);
      dup2(null, 1), dup2(null, 2);
      execl(test::holdfast_program().c_str(), "holdfast", "run", scenario.c_str(), "--out",
            (folder.path() / "bundles").c_str(), nullptr);
      _exit(127);
    }
    test::await_workspaces(folder.path(), 1);
    const auto workspace = test::inner_workspace(test::workspaces_in(folder.path()).at(0));
    test::await_file(workspace / "instances/tiny@1/up"); // the server is ready, and its service has begun
    const int segment = segment_of(workspace / "dependencies/ledger/data/postmaster.pid");
    CHECK(exists(segment));
    for (const int pid : test::processes_of(folder.path())) {
      // The worker is the parent of the shims; the guardian is its parent.
      std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", pid));
      std::string command;
      for (int child = 0; children >> child;)
        std::getline(std::ifstream(fmt::format("/proc/{}/comm", child)), command);
      if (command == "holdfast-shim") {
        std::ifstream status(fmt::format("/proc/{}/stat", pid));
        std::string name, state;
        int self = 0, parent = 0;
        status >> self >> name >> state >> parent;
        kill(worker ? pid : parent, SIGKILL);
        break;
      }
    }
    int status = 0;
    waitpid(front, &status, 0);
    test::await_nothing_of(folder.path(), std::chrono::seconds{8});
    CHECK(test::processes_of(folder.path()).empty());
    CHECK(test::workspaces_in(folder.path()).empty());
    CHECK_FALSE(exists(segment));
    shmctl(segment, IPC_RMID, nullptr);
  }
}
