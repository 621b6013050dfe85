// What a user can do wrong ends in one clear sentence and the right exit status, with nothing left behind.
#include "tests/support/support.hpp"

#include <csignal>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

using namespace holdfast::test;

namespace {

/// The tiny stack with another command, and a scenario for it.
struct Tiny {
  TemporaryFolder folder;
  std::string stack = R"([stack]
name = "tiny"
[services.tiny]
command = ["{bin}/tiny-service", "{address}", "{port}", "{dir}/items"]
ready = { http = "/ready", within = "300ms", every = "1ms" }
[operations.put]
role = "purchase"
request = { method = "POST", path = "/items/{id}" }
ok = { status = [201] }
retry = { attempts = 8, wait = "1ms" }
[operations.list]
role = "purchases"
request = { path = "/items" }
ok = { status = [200], list = { at = "/items", id = "/id" } }
)";
  std::string scenario = R"([scenario]
name = "tiny"
stack = "stack.toml"
cold_restart = false
[workload]
users = 1
arrivals = "500/s"
journey = { put = 1 }
steady = "10ms"
)";

  void replace(std::string& text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  }
  Played play(const std::vector<std::string>& more = {}) {
    folder.write("stack.toml", stack);
    return seen(holdfast::test::play(folder.write("scenario.toml", scenario), folder.path(), more));
  }
  /// In a network of its own, by a program that runs the command it is given.
  Played play_alone(std::vector<std::string> by = {}) {
    folder.write("stack.toml", stack);
    for (const auto& word : play_command(folder.write("scenario.toml", scenario), folder.path()))
      by.push_back(word);
    return seen(played_by(in_own_network(by), folder.path()));
  }

private:
  Played seen(Played played) const {
    CHECK(processes_of(folder.path()).empty());
    CHECK(workspaces_in(folder.path()).empty());
    return played;
  }
};

bool says(const Played& played, const std::string& text) {
  const bool found = played.reason().find(text) != std::string::npos || played.err.find(text) != std::string::npos;
  if (!found)
    MESSAGE("reason: ", played.reason(), "\nstderr: ", played.err);
  return found;
}

} // namespace

TEST_CASE("an external dependency: its name is resolved, and a step on it needs somebody's word beyond loopback") {
  const auto with = [](const std::string& address, const std::string& step, const std::vector<std::string>& more = {}) {
    Tiny tiny;
    tiny.stack += fmt::format("[dependencies]\nledger = {{ protocol = \"postgres\", provider = \"external\", address = "
                              "\"{}\" }}\n",
                              address);
    tiny.replace(tiny.stack, "[services.tiny]\n", "[services.tiny]\nneeds = [\"ledger\"]\n");
    tiny.scenario += step;
    return tiny.play(more);
  };
  const std::string steady = "[expect]\nsteady = true\n"; // nothing is done to the stack
  const std::string hang = "[[step]]\nat = \"0ms\"\ndo = \"hang\"\nlink = \"ledger\"\nfor = \"10ms\"\n";
  CHECK(with("localhost:5432", steady).status == 0);
  const auto unknown = with("ledger.invalid:5432", "");
  CHECK(unknown.status == 2);
  CHECK(says(unknown, "dependency 'ledger': the host 'ledger.invalid' cannot be resolved: "));
  const auto no_port = with("ledger.invalid", "");
  CHECK(no_port.status == 3);
  CHECK(says(no_port, "stack.toml:17:68: error: [dependencies.ledger] with provider = \"external\" needs 'address'"));
  CHECK(with("127.0.0.1:5432", hang).status == 2); // it was allowed, and nothing passed while it was in force
  const auto forbidden = with("192.0.2.1:5432", hang);
  CHECK(forbidden.status == 3);
  CHECK(says(forbidden, "scenario.toml:13:8: error: 'ledger' is external, at 192.0.2.1:5432: no step may act on it"));
  CHECK(says(forbidden, "--allow-external 192.0.2.1"));
  CHECK(with("192.0.2.1:5432", hang, {"--allow-external", "192.0.2.1"}).status == 2);
}

TEST_CASE("a service that ends at once is inconclusive, with its last lines") {
  Tiny tiny;
  tiny.replace(tiny.stack, R"(["{bin}/tiny-service", "{address}", "{port}", "{dir}/items"])",
               R"(["sh", "-c", "echo no database; exit 7"])");
  const auto played = tiny.play();
  CHECK(played.status == 2);
  CHECK(says(played, "tiny@1 ended (exit 7) before it was ready"));
  CHECK(says(played, "no database"));
}

TEST_CASE("a program that is missing is named") {
  Tiny tiny;
  tiny.replace(tiny.stack, "{bin}/tiny-service", "{bin}/tiny-servise");
  const auto played = tiny.play();
  CHECK(played.status == 2);
  CHECK(says(played, "tiny@1 cannot be started: there is no program"));
}

TEST_CASE("a service that never gets ready is named with its deadline") {
  Tiny tiny;
  tiny.replace(tiny.stack, R"(http = "/ready")", R"(http = "/not-there")");
  const auto played = tiny.play();
  CHECK(played.status == 2);
  CHECK(says(played, "tiny@1 is not ready within 300ms; the last probe was answered: 404"));
}

TEST_CASE("a port in use is named before anything is started") {
  Tiny tiny;
  // The first service's port, on every address.
  const auto played = tiny.play_alone({"python3", "-c",
                                       "import socket, subprocess, sys\n"
                                       "listener = socket.create_server(('', 20000))\n"
                                       "sys.exit(subprocess.run(sys.argv[1:]).returncode)"});
  CHECK(played.status == 4);
  CHECK(says(played, "port 20000 is in use"));
}

TEST_CASE("a service that ignores its address is reported, and plays on one host") {
  Tiny tiny;
  tiny.replace(tiny.stack, R"("{address}", "{port}")", R"("0.0.0.0", "{port}")");
  tiny.scenario += "[expect]\nsteady = true\n";
  const auto played = tiny.play_alone();
  CHECK(played.status == 0);
  const auto notes = boost::json::serialize(played.run.at("notes"));
  CHECK(notes.find("tiny@1 listens on 0.0.0.0:20000") != std::string::npos);
}

TEST_CASE("a service that ignores its address cannot play on two hosts") {
  Tiny tiny;
  tiny.replace(tiny.stack, R"("{address}", "{port}")", R"("0.0.0.0", "{port}")");
  tiny.replace(tiny.stack, "name = \"tiny\"", "name = \"tiny\"\nhosts = 2");
  const auto played = tiny.play_alone();
  CHECK(played.status == 2);
  CHECK(says(played, "another instance listens on 0.0.0.0:20000"));
}

TEST_CASE("a fault that never fires is inconclusive, with what was waited for") {
  Tiny tiny;
  tiny.scenario += R"([[step]]
do = "kill"
when = { link = "tiny", position = "reply", operation = "DELETE", deadline = "50ms" }
)";
  const auto played = tiny.play();
  CHECK(played.status == 2);
  CHECK(says(played, "its position was not reached within 50ms"));
}

TEST_CASE("an empty workload is an error of the scenario") {
  Tiny tiny;
  tiny.replace(tiny.scenario, "journey = { put = 1 }", "journey = { put = 0 }");
  const auto played = tiny.play();
  CHECK(played.status == 3);
  CHECK(says(played, "the workload is empty"));
}

TEST_CASE("a full disk under the bundle stops the run") {
  Tiny tiny;
  tiny.folder.write("stack.toml", tiny.stack);
  const auto scenario = tiny.folder.write("scenario.toml", tiny.scenario + "length = \"3s\"\n").string();
  const auto disk = tiny.folder.path() / "disk";
  std::filesystem::create_directories(disk);
  const auto command = fmt::format("mount -t tmpfs -o size=100k none {0} && exec {1} run {2} --out {0}", disk.string(),
                                   holdfast_program(), scenario);
  const auto finished =
      run_program({"unshare", geteuid() == 0 ? "-m" : "-rm", "sh", "-c", command}, tiny.folder.path());
  INFO(finished.out, finished.err);
  CHECK(finished.status == 4);
  CHECK(finished.out.find("No space left on device") != std::string::npos);
  CHECK(processes_of(tiny.folder.path()).empty());
  CHECK(workspaces_in(tiny.folder.path()).empty());
}

TEST_CASE("a scenario that is not there, and one with an error, end with status 3") {
  const TemporaryFolder folder;
  CHECK(play(folder.path() / "nothing.toml", folder.path()).status == 3);
  const auto bad = play(folder.write("bad.toml", "[scenario]\nname = 3\n"), folder.path());
  CHECK(bad.status == 3);
  CHECK(bad.err.find("bad.toml:2:8: error: 'name' of [scenario] must be a string, not an integer") !=
        std::string::npos);
}

TEST_CASE("Ctrl-C in the middle ends with 130, a readable bundle, and nothing left behind") {
  Tiny tiny;
  tiny.folder.write("stack.toml", tiny.stack);
  const auto scenario = tiny.folder.write("scenario.toml", tiny.scenario + "length = \"20s\"\n").string();
  // The first words of what is interrupted: the run's own description, its first operation, one in the middle.
  const std::pair<std::string, std::string> moments[] = {
      {"scenario.toml", "[scenario]"}, {"history.jsonl", "\"invoke\""}, {"history.jsonl", "-40\""}};
  int number = 0;
  for (const auto& [file, text] : moments) {
    const auto bundles = tiny.folder.path() / fmt::format("bundles-{}", ++number);
    RunningProgram run({holdfast_program(), "run", scenario, "--out", bundles.string()}, tiny.folder.path());
    await_text(bundles / "tiny-1" / file, text);
    run.interrupt();
    const auto finished = run.end();
    INFO(file, " ", text, " ", finished.out, finished.err);
    CHECK(finished.status == 130);
    CHECK(processes_of(tiny.folder.path()).empty());
    CHECK(workspaces_in(tiny.folder.path()).empty());
    CHECK(run_program({holdfast_program(), "check", (bundles / "tiny-1").string()}, tiny.folder.path())
              .out.find("interrupted by SIGINT") != std::string::npos);
  }
}

TEST_CASE("what a stack does while it is taken down is nobody's finding") {
  const TemporaryFolder scratch;
  const auto history_file = scratch.path() / "outage-2023-05-10-20230510" / "history.jsonl";
  RunningProgram run({holdfast_program(), "run", source("scenarios/incidents/2023-05-10.toml"), "--set",
                      "workload.users=500", "--out", scratch.path().string()},
                     scratch.path());
  // Amid a checkpoint every user has a read under way, which services on their way down answer somehow.
  await_text(history_file, R"("checkpoint":1,)");
  run.interrupt();
  const auto finished = run.end();
  INFO(finished.out, finished.err);
  CHECK(finished.status == 130);
  std::ifstream stream(history_file);
  const std::string history(std::istreambuf_iterator<char>(stream), {});
  CHECK(history.find("\"complete\"") != std::string::npos);
  CHECK(history.find("no instance is ready") == std::string::npos);
}

TEST_CASE("lint says the mistakes of a shared stack once") {
  const TemporaryFolder folder;
  folder.write("stack.toml", "[stack]\nname = \"t\"\nhost = 2\n[services.web]\ncommand = [\"web\"]\n");
  for (const auto* name : {"a.toml", "b.toml"})
    folder.write(std::string("scenarios/") + name, "[scenario]\nname = \"x\"\nstack = \"../stack.toml\"\n");
  const auto lint = run_program({holdfast_program(), "lint", (folder.path() / "scenarios").string()}, folder.path());
  CHECK(lint.status == 3);
  const auto first = lint.err.find("'host'");
  CHECK(first != std::string::npos);
  CHECK(lint.err.find("'host'", first + 1) == std::string::npos);
  CHECK(lint.err.find("2 of 2 scenarios have errors") != std::string::npos);
}
