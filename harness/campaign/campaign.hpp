// Runs from their plans to their reports: one, or many, how many at a time, and when to stop. Each is played and judged
// in a process of its own, so that a crash there costs that run alone. Results are data: whoever calls shows them.
#pragma once

#include "harness/run/run.hpp"
#include "harness/verdict/verdict.hpp"

#include <functional>
#include <memory>

namespace holdfast::campaign {

/// One run that is to be. Many share a scenario.
struct Planned {
  std::shared_ptr<const scenario::Scenario> scenario;
  std::uint64_t seed = 1;
};

struct Options {
  std::filesystem::path out;               ///< where bundles go
  std::size_t jobs = 1;                    ///< runs at a time
  bool fail_fast = false;                  ///< begin none after one that did not pass
  bool quiet = false;                      ///< no progress of single runs
  bool keep_secrets = false;               ///< bundles hold them as they are
  std::vector<scenario::Setting> settings; ///< with which the scenarios were loaded
};

struct Campaign {
  std::vector<verdict::Report> reports; ///< in the order of the plans; of plans that were not begun there is none
  bool interrupted = false;             ///< somebody asked for its end before it had come

  /// The one that matters most: interrupted > harness > user's mistake > fail > inconclusive > pass.
  [[nodiscard]] int exit_status() const;
};

/// Plays the plans and judges each. `on_report` sees each report as it comes, in the order in which
/// runs end. Children that this process has already are not taken for runs; one that ends meanwhile is reaped.
[[nodiscard]] Campaign play(const std::vector<Planned>& plans, const run::Registry& registry, const Options& options,
                            const std::function<void(const verdict::Report&)>& on_report);

/// One plan alone. The report says where its bundle is.
[[nodiscard]] verdict::Report run_one(const Planned& plan, const run::Registry& registry, const Options& options);

} // namespace holdfast::campaign
