// The clients that are programs of their own, and the list of all.
#include "tests/contract/contract.hpp"
#include "tests/support/support.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fstream>
#include <sstream>

namespace holdfast::test::contract {

namespace {

/// A script prints one line a case: its name, a tab, what was seen.
Results play_script(const std::string& runner, const std::string& script, const std::string& cases, std::uint16_t port,
                    const std::filesystem::path& scratch) {
  const auto folder = source("tests/contract");
  // Debian's Python and Node modules, whatever else is in PATH; node-pg may lie unpacked beside them.
  const auto modules =
      std::string("NODE_PATH=") + HOLDFAST_SOURCE_DIR "/build/packages/usr/share/nodejs:/usr/share/nodejs";
  const auto ran =
      run_program({"env", modules, "PYTHONDONTWRITEBYTECODE=1", "timeout", "40", runner, (folder / script).string(),
                   (folder / cases).string(), "127.0.0.1", std::to_string(port)},
                  scratch);
  CHECK_MESSAGE(ran.status == 0, script, " ended with ", ran.status, "\n", ran.err);
  Results results;
  std::istringstream lines(ran.out);
  for (std::string line; std::getline(lines, line);)
    if (const auto tab = line.find('\t'); tab != std::string::npos)
      results.push_back({line.substr(0, tab), line.substr(tab + 1)});
  CHECK(results.size() > 10);
  return results;
}

template <const char* runner, const char* script, const char* cases>
Results play(std::uint16_t port, const std::filesystem::path& scratch) {
  return play_script(runner, script, cases, port, scratch);
}

constexpr char python[] = "/usr/bin/python3", node[] = "node";
constexpr char redis_cases[] = "redis.cases", postgres_cases[] = "postgres.cases";
constexpr char redis_py[] = "redis_py.py", node_redis[] = "node_redis.js", psycopg[] = "psycopg3.py",
               psycopg2[] = "psycopg_2.py", node_postgres[] = "node_postgres.js";

/// RESP3, which the libraries here do not speak yet. Cases whose replies come in no order are not for it.
Results play_redis_cli(std::uint16_t port, const std::filesystem::path& scratch) {
  Results results;
  for (const auto& one : read_cases("redis.cases")) {
    const bool two = std::any_of(one.steps.begin(), one.steps.end(), [](const Step& step) { return step.second; });
    if (two || one.name == "sets" || one.name == "keys")
      continue;
    const auto file = scratch / "commands";
    std::ofstream commands(file);
    commands << "FLUSHALL\n";
    for (const auto& step : one.steps)
      commands << step.text << "\n";
    commands.close();
    auto text =
        run_program({"sh", "-c", "redis-cli -3 --no-raw -p " + std::to_string(port) + " <" + file.string()}, scratch)
            .out;
    std::replace(text.begin(), text.end(), '\n', ';');
    results.push_back({one.name, text});
  }
  return results;
}

} // namespace

std::vector<Client> redis_clients() {
  return {{"hiredis", play_hiredis},
          {"redis-cli, RESP3", play_redis_cli},
          {"redis-py", play<python, redis_py, redis_cases>},
          {"node-redis", play<node, node_redis, redis_cases>}};
}

std::vector<Client> postgres_clients() {
  return {{"libpq", play_libpq},
          {"libpq, extended", play_libpq_extended},
          {"libpq, binary", play_libpq_binary},
          {"libpqxx", play_libpqxx},
          {"psycopg", play<python, psycopg, postgres_cases>},
          {"psycopg2", play<python, psycopg2, postgres_cases>},
          {"node-postgres", play<node, node_postgres, postgres_cases>}};
}

} // namespace holdfast::test::contract
