// Many runs: jobs, repeats, stopping early, reports of many; and reading a bundle in the terminal.
#include "tests/support/support.hpp"

#include <csignal>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <set>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace holdfast::test;

namespace {

const std::string minimal = source("tests/scenarios/minimal.toml").string();

Finished run(const TemporaryFolder& scratch, std::vector<std::string> more) {
  std::vector<std::string> command = {holdfast_program(), "run", "--out", (scratch.path() / "bundles").string()};
  command.insert(command.end(), more.begin(), more.end());
  return run_program(command, scratch.path());
}

std::string read(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

} // namespace

TEST_CASE("six runs two at a time are six seeds, six bundles, one report, and nothing is left") {
  const TemporaryFolder scratch;
  const auto junit = scratch.path() / "junit.xml";
  const auto ran =
      run(scratch, {minimal, "--jobs", "2", "--repeat", "6", "--junit", junit.string(), "--format", "json"});
  CHECK(ran.status == 0);
  const auto root = boost::json::parse(ran.out);
  CHECK(root.at("verdict").as_string() == "pass");
  std::set<std::int64_t> seeds;
  std::set<std::string> bundles;
  for (const auto& one : root.at("runs").as_array()) {
    seeds.insert(one.at("seed").to_number<std::int64_t>());
    bundles.emplace(one.at("bundle").as_string());
  }
  CHECK(seeds == std::set<std::int64_t>{1, 2, 3, 4, 5, 6});
  CHECK(bundles.size() == 6);
  const auto xml = read(junit);
  CHECK(xml.find("tests=\"6\" failures=\"0\" errors=\"0\"") != std::string::npos);
  CHECK(xml.find("name=\"minimal seed 4\"") != std::string::npos);
  CHECK(processes_of(scratch.path()).empty());
  CHECK(workspaces_in(scratch.path()).empty());
}

TEST_CASE("--fail-fast begins nothing after a failure, and JUnit says why") {
  const TemporaryFolder scratch;
  const auto junit = scratch.path() / "junit.xml";
  const auto ran = run(scratch, {source("tests/scenarios/notebook-forgetful.toml").string(), minimal, "--fail-fast",
                                 "--junit", junit.string(), "--format", "json"});
  CHECK(ran.status == 1);
  CHECK(boost::json::parse(ran.out).at("runs").as_array().size() == 1);
  const auto xml = read(junit);
  CHECK(xml.find("failures=\"1\"") != std::string::npos);
  CHECK(xml.find("sessions lost") != std::string::npos);
}

TEST_CASE("what cannot be judged is an error in JUnit, never green") {
  const TemporaryFolder scratch;
  const auto junit = scratch.path() / "junit.xml";
  const auto ran = run(scratch, {minimal, "--set", "services.tiny.command=[\"/nowhere\"]", "--junit", junit.string()});
  CHECK(ran.status == 2);
  CHECK(read(junit).find("errors=\"1\"") != std::string::npos);
}

TEST_CASE("a pattern that the shell left alone is expanded, a JUnit file that cannot be written is an error") {
  const TemporaryFolder scratch;
  const auto ran = run(scratch, {source("tests/scenarios").string() + "/minima*.toml"});
  CHECK(ran.status == 0);
  const auto unwritable = run(scratch, {minimal, "--junit", "/nowhere/junit.xml"});
  CHECK(unwritable.status == 4);
  CHECK(unwritable.err.find("cannot write /nowhere/junit.xml") != std::string::npos);
}

TEST_CASE("Ctrl-C in a campaign ends every run and leaves nothing behind") {
  const TemporaryFolder scratch;
  RunningProgram campaign({holdfast_program(), "run", source("tests/scenarios/notebook-good.toml"), "--jobs", "2",
                           "--repeat", "50", "--out", (scratch.path() / "bundles").string()},
                          scratch.path());
  await_workspaces(scratch.path(), 2); // two runs have begun
  campaign.interrupt();
  CHECK(campaign.end().status == 130);
  CHECK(processes_of(scratch.path()).empty());
  CHECK(workspaces_in(scratch.path()).empty());
}

TEST_CASE("Ctrl-C between two runs of a campaign: the report, 130, and nothing behind") {
  const TemporaryFolder scratch;
  const auto bundles = scratch.path() / "bundles";
  // Nobody reads what the first run's report is written to, so that the second run cannot begin.
  int out[2];
  REQUIRE(pipe(out) == 0);
  REQUIRE(fcntl(out[1], F_SETFL, O_NONBLOCK) == 0);
  while (write(out[1], "", 1) == 1) {
  }
  REQUIRE(fcntl(out[1], F_SETFL, 0) == 0);
  const pid_t child = fork();
  if (child == 0) {
    setenv("TMPDIR", scratch.path().c_str(), 1);
    dup2(out[1], STDOUT_FILENO);
    close(out[0]), close(out[1]);
    if (std::freopen((scratch.path() / "err").c_str(), "w", stderr) == nullptr)
      _exit(126);
    execl(holdfast_program().c_str(), "holdfast", "run", minimal.c_str(), "--repeat", "5", "--out", bundles.c_str(),
          nullptr);
    _exit(127);
  }
  close(out[1]);
  await_file(bundles / "minimal-1" / "report.json");
  kill(child, SIGINT);
  std::string said;
  char buffer[4096];
  for (ssize_t size = 0; (size = ::read(out[0], buffer, sizeof buffer)) > 0;)
    said.append(buffer, static_cast<std::size_t>(size));
  close(out[0]);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
  CHECK(said.find("PASS") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(bundles / "minimal-2"));
  CHECK(processes_of(scratch.path()).empty());
  CHECK(workspaces_in(scratch.path()).empty());
}

TEST_CASE("children that were there before a run are there after it") {
  const TemporaryFolder scratch;
  const auto pids = (scratch.path() / "pids").string();
  const auto run_json = (scratch.path() / "bundles/minimal-1/run.json").string();
  // A child of the shell that holdfast inherits, and one that is left to it when its parent ends amid the run.
  const auto ran = run_program(
      {"sh", "-c",
       "exec 3>&1 4>&2 >/dev/null 2>&1; sleep 100 3>&- 4>&- & echo $! >\"$1\"; "
       "sh -c 'sleep 101 & echo $! >>\"$1\"; until [ -e \"$2\" ]; do :; done' sh \"$1\" \"$2\" 3>&- 4>&- & "
       "until [ \"$(wc -l <\"$1\")\" = 2 ]; do :; done; "
       "shift 2; exec \"$@\" >&3 2>&4 3>&- 4>&-",
       "sh", pids, run_json, holdfast_program(), "run", minimal, "--out", (scratch.path() / "bundles").string()},
      scratch.path());
  CHECK(ran.status == 0);
  std::ifstream list(pids);
  int count = 0;
  for (pid_t pid = 0; list >> pid; ++count) {
    CHECK(kill(pid, 0) == 0);
    kill(pid, SIGKILL);
  }
  CHECK(count == 2);
}

TEST_CASE("show reads a bundle: timeline, one user, the moment of a step") {
  const TemporaryFolder scratch;
  const auto played = play(minimal, scratch.path());
  const std::string bundle(played.run.at("bundle").as_string());
  const auto show = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {holdfast_program(), "show", bundle});
    return run_program(more, scratch.path());
  };
  const auto all = show({});
  CHECK(all.status == 0);
  CHECK(all.out.find("did not come to its end") == std::string::npos);
  CHECK(all.out.find("step       step-1 (kill) proven") != std::string::npos);
  CHECK(all.out.find("probe      tiny@1 ready") != std::string::npos);
  const auto user = show({"--user", "user1"});
  CHECK(user.out.find("operation  user1 put op1-") != std::string::npos);
  const auto around = show({"--around", "step-1"});
  CHECK(around.out.find("process    tiny@1 ended") != std::string::npos);
  const auto unknown = show({"--around", "step-7"});
  CHECK(unknown.status == 3);
  CHECK(unknown.err.find("the run had no step 'step-7'; it had: step-1") != std::string::npos);
}

TEST_CASE("show prints what the messages around a step held, without secrets") {
  const TemporaryFolder scratch;
  const auto played = play(source("tests/scenarios/links-between-services.toml"), scratch.path());
  INFO(played.reason());
  const std::string bundle(played.run.at("bundle").as_string());
  const auto shown = run_program({holdfast_program(), "show", bundle, "--around", "kill"}, scratch.path());
  CHECK(shown.out.find("body       orders>bank orders@") != std::string::npos);
  CHECK(shown.out.find("POST /charges HTTP/1.1\\x0d\\x0a") != std::string::npos);
  // The token that the services show each other; the first line has the scenario's name, which holds the same words.
  CHECK(shown.out.find("between-services", shown.out.find('\n')) == std::string::npos);
  CHECK(read(std::filesystem::path(bundle) / "bodies.jsonl").find("between-services") == std::string::npos);
}

TEST_CASE("a list in pages is read to its last page, and a first page alone is not enough") {
  const TemporaryFolder scratch;
  const auto scenario = source("tests/scenarios/notebook-good.toml");
  const std::vector<std::string> pages = {"--set", "operations.bought.request.path=/pages/1", "--set",
                                          "operations.bought.ok.list.at=/items"};
  auto whole = pages;
  whole.insert(whole.end(), {"--set", "operations.bought.ok.list.next=/next"});
  const auto read_all = play(scenario, scratch.path(), whole);
  INFO(read_all.reason());
  CHECK(read_all.verdict() == "pass");
  const auto read_one = play(scenario, scratch.path(), pages);
  CHECK(read_one.kinds("purchases") == std::vector<std::string>{"lost"});
}

TEST_CASE("the correct shop survives every regression scenario") {
  const TemporaryFolder scratch;
  const auto ran = run(scratch, {source("scenarios/regression").string(), "--jobs", "2", "--format", "json"});
  const auto root = boost::json::parse(ran.out);
  CHECK(root.at("runs").as_array().size() >= 28);
  for (const auto& one : root.at("runs").as_array()) {
    INFO(std::string(one.at("scenario").as_string()), ": ", std::string(one.at("reason").as_string()));
    CHECK(one.at("verdict").as_string() == "pass");
  }
  CHECK(processes_of(scratch.path()).empty());
}

TEST_CASE("a worker that dies costs its run alone: the harness has failed there, and the campaign goes on") {
  const TemporaryFolder scratch;
  const auto junit = scratch.path() / "junit.xml";
  // The service kills what has spawned its shim, in the first run only.
  scratch.write("stack.toml", R"([stack]
name = "t"
[services.tiny]
command = ["sh", "-c", "mkdir \"$1/once\" 2>/dev/null && { read -r _ _ _ w _ </proc/$PPID/stat; kill -9 $w; sleep 9; }; exec {bin}/tiny-service {address} {port} {dir}/items", "sh", "{stack}"]
ready = { http = "/ready", within = "3s" }
[operations.put]
role = "purchase"
request = { method = "POST", path = "/items/{id}" }
ok = { status = [201] }
retry = { attempts = 8, wait = "1ms" }
[operations.list]
role = "purchases"
request = { path = "/items" }
ok = { status = [200], list = { at = "/items", id = "/id" } }
retry = { attempts = 8, wait = "1ms" }
)");
  const auto scenario = scratch.write("scenario.toml", R"([scenario]
name = "dying"
stack = "stack.toml"
[workload]
users = 1
arrivals = "500/s"
journey = { put = 1 }
steady = "50ms"
[[step]]
at = "100ms"
do = "kill"
)");
  const auto ran = run(scratch, {scenario.string(), "--repeat", "2", "--junit", junit.string(), "--format", "json"});
  CHECK(ran.status == 4);
  const auto runs = boost::json::parse(ran.out).at("runs").as_array();
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].at("exit_status").to_number<int>() == 4);
  CHECK(std::string(runs[0].at("reason").as_string()).find("SIGKILL") != std::string::npos);
  CHECK(std::filesystem::exists(std::filesystem::path(runs[0].at("bundle").as_string().c_str()) / "report.json"));
  CHECK(runs[1].at("verdict").as_string() == "pass");
  const auto xml = read(junit);
  CHECK(xml.find("tests=\"2\" failures=\"0\" errors=\"1\"") != std::string::npos);
  CHECK(processes_of(scratch.path()).empty());
  CHECK(workspaces_in(scratch.path()).empty());
}

TEST_CASE("what a run has left that died before it had a lock goes with the next run, another's stays") {
  const TemporaryFolder scratch;
  RunningProgram dead({"true"}, scratch.path());
  const auto gone = scratch.path() / fmt::format("holdfast-{}-abcdef", dead.pid());
  const auto alive = scratch.path() / fmt::format("holdfast-{}-abcdef", getpid());
  CHECK(dead.end().status == 0);
  std::filesystem::create_directory(gone);
  std::filesystem::create_directory(alive);
  CHECK(run(scratch, {minimal}).status == 0);
  CHECK(workspaces_in(scratch.path()) == std::vector{alive});
}

TEST_CASE("a judge that dies costs its run alone, and the bundle is kept") {
  const TemporaryFolder scratch;
  RunningProgram campaign(
      {holdfast_program(), "run", minimal, minimal, "--out", (scratch.path() / "bundles").string(), "--format", "json"},
      scratch.path());
  await_workspaces(scratch.path(), 1);
  // The process of a run, which plays it by others and judges it: the only child of the one that was started.
  std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", campaign.pid()));
  int judge = 0;
  children >> judge;
  REQUIRE(judge > 0);
  kill(judge, SIGKILL);
  const auto ended = campaign.end();
  CHECK(ended.status == 4);
  const auto runs = boost::json::parse(ended.out).at("runs").as_array();
  REQUIRE(runs.size() == 2);
  CHECK(std::string(runs[0].at("reason").as_string()).find("ended with SIGKILL, and no report; `holdfast check") !=
        std::string::npos);
  CHECK(runs[1].at("verdict").as_string() == "pass");
  await_nothing_of(scratch.path(), std::chrono::seconds{8});
  CHECK(processes_of(scratch.path()).empty());
  CHECK(workspaces_in(scratch.path()).empty());
}
