// Where output cannot go: the verdict is never lost, and the status says what happened.
#include "tests/support/support.hpp"

#include <chrono>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

using namespace holdfast::test;
namespace fs = std::filesystem;

namespace {

const std::string passing = source("tests/scenarios/minimal.toml").string();
const std::string failing = source("tests/scenarios/notebook-forgetful.toml").string();

/// A shell command in which `holdfast` is the built one.
Finished shell(const TemporaryFolder& scratch, const std::string& command) {
  return run_program({"bash", "-c",
                      fmt::format("set -o pipefail; cd '{}'; holdfast() {{ '{}' \"$@\"; }}; {}",
                                  scratch.path().string(), holdfast_program(), command)},
                     scratch.path());
}

std::string content(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

bool is_xml(const TemporaryFolder& scratch, const std::string& file) {
  return shell(scratch, "xmllint --noout " + file).status == 0;
}

} // namespace

TEST_CASE("outputs: a full standard output costs no verdict: 4 with a sentence, 1 where the verdict is fail") {
  const TemporaryFolder scratch;
  const auto passed = shell(scratch, fmt::format("holdfast run {} --junit j.xml > /dev/full", passing));
  CHECK(passed.status == 4);
  CHECK(passed.err.find("holdfast: cannot write to standard output: No space left on device") != std::string::npos);
  CHECK(is_xml(scratch, "j.xml"));
  CHECK(content(scratch.path() / "j.xml").find("failures=\"0\"") != std::string::npos);
  const auto failed = shell(scratch, fmt::format("holdfast run {} --junit f.xml > /dev/full", failing));
  CHECK(failed.status == 1);
  CHECK(content(scratch.path() / "f.xml").find("failures=\"1\"") != std::string::npos);
  CHECK(fs::exists(scratch.path() / "bundles/minimal-1/report.json"));
  const auto closed = shell(scratch, fmt::format("holdfast run {} >&-", passing));
  CHECK(closed.status == 4);
}

TEST_CASE("outputs: who reads no further ends show, check and export silently") {
  const TemporaryFolder scratch;
  REQUIRE(shell(scratch, fmt::format("holdfast run {}", failing)).status == 1);
  const auto bundle = fs::directory_iterator(scratch.path() / "bundles")->path().string();
  for (const auto& command : {fmt::format("show {}", bundle), fmt::format("export {} --format jepsen-edn", bundle)}) {
    INFO(command);
    const auto said =
        shell(scratch, fmt::format("holdfast {} | head -n 1 > /dev/null; echo ${{PIPESTATUS[0]}}", command));
    CHECK(said.out == "0\n");
    CHECK(said.err.empty());
  }
  const auto checked = shell(scratch, fmt::format("holdfast check {} | true; echo ${{PIPESTATUS[0]}}", bundle));
  CHECK(checked.out == "1\n"); // the verdict's
  CHECK(checked.err.empty());
  CHECK(shell(scratch, fmt::format("holdfast check {} > /dev/full", bundle)).status == 1);
  CHECK(shell(scratch, fmt::format("holdfast show {} > /dev/full", bundle)).status == 4);
}

TEST_CASE("outputs: standard error that nobody can read stops nothing") {
  const TemporaryFolder scratch;
  CHECK(shell(scratch, fmt::format("holdfast run {} 2> /dev/full", passing)).status == 0);
  CHECK(shell(scratch, fmt::format("holdfast run {} 2>&-", passing)).status == 0);
}

TEST_CASE("outputs: files that cannot be written are named, and what was there stays") {
  const TemporaryFolder scratch;
  const auto junit = shell(scratch, fmt::format("holdfast run {} --junit /nowhere/j.xml", passing));
  CHECK(junit.status == 4);
  CHECK(junit.err == "holdfast: cannot write /nowhere/j.xml: No such file or directory\n");
  CHECK_FALSE(fs::exists(scratch.path() / "bundles")); // before anything was played
  CHECK(shell(scratch, fmt::format("holdfast run {} --junit /dev/full", failing)).status == 1);
  REQUIRE(shell(scratch, fmt::format("holdfast run {}", passing)).status == 0);
  CHECK(shell(scratch, "holdfast export bundles/minimal-1 --format jepsen-edn --out /nowhere/x").status == 4);
  scratch.write("h.edn",
                "{:type :invoke, :process 0, :f :write, :value 1}\n{:type :ok, :process 0, :f :write, :value 1}\n"
                "{:type :invoke, :process 0, :f :read, :value nil}\n{:type :ok, :process 0, :f :read, :value 2}\n");
  const auto explained = shell(scratch, "holdfast check h.edn --model register --explain /nowhere/x.html");
  CHECK(explained.status == 1); // the verdict is fail
  CHECK(explained.err.find("cannot write /nowhere/x.html") != std::string::npos);
  CHECK(shell(scratch,
              "holdfast check h.edn --model register --explain e.html; "
              "/usr/bin/python3 -c 'import html5lib; html5lib.HTMLParser(strict=True).parse(open(\"e.html\"))'")
            .status == 0);
}

TEST_CASE("outputs: numbers out of range are errors of the command line") {
  const TemporaryFolder scratch;
  for (const auto* wrong : {"--seed -1", "--seed 99999999999999999999", "--seed 1.5", "--seed x", "--jobs 0",
                            "--jobs -1", "--repeat -5", "--repeat 99999999999"}) {
    INFO(std::string(wrong));
    const auto said = shell(scratch, fmt::format("holdfast run {} {}", passing, wrong));
    CHECK(said.status == 3);
  }
  CHECK(shell(scratch, fmt::format("holdfast run {} --seed -1", passing)).err.find("'-1' is no whole number from 0") !=
        std::string::npos);
}

TEST_CASE("inputs: what has no end is not begun") {
  const TemporaryFolder scratch;
  REQUIRE(::mkfifo((scratch.path() / "pipe").c_str(), 0600) == 0);
  const auto begin = std::chrono::steady_clock::now();
  for (const auto* command :
       {"check /dev/zero --model register", "check pipe --model register", "check . ", "check /proc", "run pipe",
        "run /dev/zero", "lint pipe", "show pipe", "show .", "export /dev --format jepsen-edn"}) {
    INFO(std::string(command));
    const auto said = shell(scratch, std::string("timeout 20 '") + holdfast_program() + "' " + command);
    INFO(said.err);
    CHECK(said.status == 3);
    CHECK_FALSE(said.err.empty());
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{20});
}

TEST_CASE("inputs: the limits of time and memory include reading") {
  const TemporaryFolder scratch;
  std::ofstream file(scratch.path() / "long.edn");
  for (int i = 0; i < 200'000; ++i)
    file << fmt::format(
        "{{:type :invoke, :process {0}, :f :write, :value \"{0}-{0}-{0}-{0}\"}}\n{{:type :ok, :process {0}, "
        ":f :write, :value \"{0}-{0}-{0}-{0}\"}}\n",
        i);
  file.close();
  const auto memory = shell(scratch, "holdfast check long.edn --model register --memory-limit 10MB");
  CHECK(memory.status == 2);
  CHECK(memory.out.find("the memory limit of 10 MB was reached while the history was read") != std::string::npos);
  const auto time = shell(scratch, "holdfast check long.edn --model register --time-limit 1ms");
  CHECK(time.status == 2);
  CHECK(time.out.find("while the history was read") != std::string::npos);
}
