// The directory of one run: everything that is needed to read it, to judge it again and to play it again.
//
//   run.json        what was played, with which seed and settings, and how it ended
//   scenario.toml   stack.toml   as they were read
//   environment.json   the machine and the harness that played it
//   history.jsonl   events.jsonl   probes.jsonl   wire.jsonl   see harness/history/FORMAT.md
//   bodies.jsonl    what messages held around each strike, bounded, secrets masked: see there
//   config/         every version of every configuration file, secrets masked
//   logs/           the output of every instance: its first MiB, and the newest 63 in further files
//   report.json     the verdict (written after judging)
#pragma once

#include "harness/history/operation.hpp"
#include "harness/history/secrets.hpp"
#include "harness/scenario/load.hpp"

#include <variant>

namespace holdfast::bundle {

/// How a run ended, as far as the harness is concerned; the verdict is another matter.
enum class Ending {
  completed,
  interrupted,
  stack_failed, ///< the stack never came up, or another thing of the user's was wrong while it ran
  harness_failed
};

struct Manifest {
  /// Of the files beside it. 1: neither ends of processes, routes nor cookies were recorded, events held texts only.
  static constexpr int current_format = 2;
  int format = current_format;
  std::string scenario;
  std::uint64_t seed = 0;
  std::vector<scenario::Setting> settings;
  std::string version;
  Ending ending = Ending::harness_failed;
  std::string reason;  ///< why it did not complete
  std::string started; ///< wall clock, RFC 3339
  history::Time took{};
  history::Counts lines; ///< of a run that completed: what its files must hold
};

struct Problem {
  std::string message;
  bool is_damaged = false; ///< it is a bundle, and something of it is gone: the harness's files are at fault
};

/// Creates `parent`/`name`, or with a number behind it when that exists; with logs/ and config/ in it.
[[nodiscard]] std::variant<std::filesystem::path, Problem> create(const std::filesystem::path& parent,
                                                                  const std::string& name);

/// Copies the files of the scenario into the bundle, secrets masked, so that it can be judged and played without the
/// originals.
[[nodiscard]] std::optional<Problem> save_sources(const std::filesystem::path& directory,
                                                  const scenario::Scenario& scenario, const history::Secrets& secrets);

/// What the run was played on.
[[nodiscard]] std::optional<Problem> save_environment(const std::filesystem::path& directory,
                                                      const std::string& version);

[[nodiscard]] std::optional<Problem> save_manifest(const std::filesystem::path& directory, const Manifest& manifest,
                                                   const history::Secrets& secrets);
[[nodiscard]] std::variant<Manifest, Problem> read_manifest(const std::filesystem::path& directory);

/// A run as checks see it: what was declared and what was recorded.
struct Bundle {
  Manifest manifest;
  scenario::Scenario scenario;
  history::History history;
  std::filesystem::path directory; ///< where its logs are
};

/// Masks secrets in what is shown of a bundle. It changes nothing where the run has masked them when it recorded them.
[[nodiscard]] history::Secrets secrets_of(const Bundle& bundle);

[[nodiscard]] std::variant<Bundle, Problem> read(const std::filesystem::path& directory,
                                                 const scenario::Catalog& catalog);

} // namespace holdfast::bundle
