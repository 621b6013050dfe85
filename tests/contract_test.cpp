// The fakes keep the contract of the real servers: real clients play the same cases on both, and every difference is
// listed with its reason in tests/contract/divergences.toml. A listed one that no longer occurs fails as well.
#include "tests/contract/contract.hpp"
#include "tests/support/serving.hpp"
#include "tests/support/support.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>

using namespace holdfast;
using namespace holdfast::test::contract;

namespace {

std::vector<Results> play_all(test::Provider provider, const std::string& protocol,
                              const std::vector<Client>& clients) {
  std::vector<Results> results;
  const test::TemporaryFolder scratch;
  test::serve(provider, protocol, [&] {
    for (const auto& client : clients)
      results.push_back(client.play(test::served_port(), scratch.path()));
  });
  return results;
}

/// The steps whose results differ, one a line.
std::string differences(const std::string& fake, const std::string& server) {
  const auto steps = [](std::string text) {
    std::vector<std::string> all;
    for (std::size_t end = 0; (end = text.find(" ; ")) != std::string::npos; text.erase(0, end + 3))
      all.push_back(text.substr(0, end));
    all.push_back(text);
    return all;
  };
  const auto a = steps(fake), b = steps(server);
  std::string text;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const auto x = i < a.size() ? a[i] : "nothing", y = i < b.size() ? b[i] : "nothing";
    if (x != y)
      text += fmt::format("\n  step {}\n    fake:   {}\n    server: {}", i + 1, x, y);
  }
  return text;
}

/// The reason why this client may see a difference in this case; null when there is none.
Divergence* listed(std::vector<Divergence>& all, const std::string& client, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Divergence& one) {
    return one.test_case == name &&
           (one.clients.empty() || std::find(one.clients.begin(), one.clients.end(), client) != one.clients.end());
  });
  return found == all.end() ? nullptr : &*found;
}

/// Compares, and writes the table as Markdown below the build folder.
void compare(const std::string& protocol, const std::vector<Client>& clients) {
  const auto fake = play_all(test::Provider::fake, protocol, clients);
  const auto server = play_all(test::Provider::server, protocol, clients);
  auto divergences = read_divergences();
  std::erase_if(divergences, [&](const Divergence& one) { return one.protocol != protocol; });
  std::vector<std::string> table, seen;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const auto& client = clients[i].name;
    CHECK_MESSAGE(fake[i].size() == server[i].size(), client, " played ", fake[i].size(), " cases on the fake, ",
                  server[i].size(), " on the server");
    for (std::size_t k = 0; k < std::min(fake[i].size(), server[i].size()); ++k) {
      const auto& name = server[i][k].name;
      REQUIRE(fake[i][k].name == name);
      const bool same = fake[i][k].text == server[i][k].text;
      const auto* reason = listed(divergences, client, name);
      table.push_back(fmt::format("| {} | {} | {} |", name, client,
                                  same ? "same" : "diverges: " + (reason == nullptr ? "NOT LISTED" : reason->why)));
      CHECK_MESSAGE((same || reason != nullptr), client, ", ", name, ": an unlisted divergence",
                    differences(fake[i][k].text, server[i][k].text));
      if (!same)
        seen.push_back(name + "\t" + client);
    }
  }
  for (const auto& one : divergences) {
    auto expected = one.clients;
    if (expected.empty()) {
      const bool any = std::any_of(seen.begin(), seen.end(),
                                   [&](const auto& line) { return line.starts_with(one.test_case + "\t"); });
      CHECK_MESSAGE(any, protocol, ", ", one.test_case, ": listed as a divergence, but nothing differs");
    }
    for (const auto& client : expected)
      CHECK_MESSAGE(std::find(seen.begin(), seen.end(), one.test_case + "\t" + client) != seen.end(), protocol, ", ",
                    one.test_case, ", ", client, ": listed as a divergence, but nothing differs");
  }
  std::stable_sort(table.begin(), table.end());
  std::ofstream file(std::string(HOLDFAST_BINARY_DIR) + "/contract-" + protocol + ".md");
  file << fmt::format("## {}\n\n| case | client | fake and real server |\n|---|---|---|\n{}\n", protocol,
                      fmt::join(table, "\n"));
}

} // namespace

TEST_CASE("contract: the redis fake answers real clients as Redis does") {
  compare("redis", redis_clients());
}

TEST_CASE("contract: the postgres fake answers real clients as PostgreSQL does") {
  compare("postgres", postgres_clients());
}
