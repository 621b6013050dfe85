// Contract cases: the same list played by real clients on a fake and on the real server, and what may differ.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::test::contract {

/// One request of a case.
struct Step {
  bool second = false; ///< asked on the second connection
  std::string text;
  std::vector<std::optional<std::string>> parameters = {};
};

struct Case {
  std::string name;
  std::vector<Step> steps;
};

/// Reads `tests/contract/FILE`: a case is a line "== name" and its steps; "b> " is the second connection, " ~ [JSON]"
/// the parameters.
[[nodiscard]] std::vector<Case> read_cases(const std::string& file);
/// Splits at blanks; "..." keeps them together.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text);

struct Result {
  std::string name; ///< of the case
  std::string text; ///< all that the client saw, on one line
};
using Results = std::vector<Result>;

/// A client that plays all cases of its protocol against 127.0.0.1:`port`.
struct Client {
  std::string name;
  Results (*play)(std::uint16_t port, const std::filesystem::path& scratch);
};
[[nodiscard]] std::vector<Client> redis_clients();
[[nodiscard]] std::vector<Client> postgres_clients();

// One file a client written in C++.
[[nodiscard]] Results play_hiredis(std::uint16_t port, const std::filesystem::path& scratch);
[[nodiscard]] Results play_libpq(std::uint16_t port, const std::filesystem::path& scratch);
[[nodiscard]] Results play_libpq_extended(std::uint16_t port, const std::filesystem::path& scratch);
[[nodiscard]] Results play_libpq_binary(std::uint16_t port, const std::filesystem::path& scratch);
[[nodiscard]] Results play_libpqxx(std::uint16_t port, const std::filesystem::path& scratch);

/// A difference that is meant.
struct Divergence {
  std::string protocol, test_case, why;
  std::vector<std::string> clients; ///< that see it; empty: all
};
[[nodiscard]] std::vector<Divergence> read_divergences();

} // namespace holdfast::test::contract
