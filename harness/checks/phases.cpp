#include "harness/checks/phases.hpp"

#include <fmt/format.h>
#include <optional>

namespace holdfast::checks {

namespace {

using history::Time;

std::optional<Time> moment(const Facts& facts, std::string_view name, std::string_view state) {
  for (const auto& event : facts.bundle.history.events)
    if (event.type == "phase" && event.field("name") == name && event.field("state") == state)
      return event.time;
  return std::nullopt;
}

/// Time in checkpoints that began in [from, to).
Time reading_back(const Facts& facts, Time from, Time to, std::size_t& count) {
  Time sum{}, began{};
  bool inside = false;
  for (const auto& event : facts.bundle.history.events) {
    if (event.type != "checkpoint")
      continue;
    if (event.field("state") == "began") {
      inside = event.time >= from && event.time < to;
      began = event.time;
    } else if (inside && event.field("state") == "ended") {
      sum += event.time - began;
      ++count;
      inside = false;
    }
  }
  return sum;
}

} // namespace

std::vector<verdict::PhaseLine> phases_of(const Facts& facts) {
  std::vector<verdict::PhaseLine> phases;
  for (const auto* name : {"stack up", "setup"}) {
    const auto began = moment(facts, name, "began"), ended = moment(facts, name, "ended");
    if (began && ended)
      phases.push_back({name, *ended - *began});
  }
  const auto began = moment(facts, "steady", "began"), end = moment(facts, "end", "reached");
  if (!began || !end)
    return phases;
  const auto cold = moment(facts, "cold restart", "began"), warm = moment(facts, "cold restart", "ended");
  std::size_t checkpoints = 0;
  const auto timeline_end = cold.value_or(*end);
  const auto read = reading_back(facts, *began, timeline_end, checkpoints);
  phases.push_back({"timeline", timeline_end - *began - read});
  phases.push_back({fmt::format("{} checkpoint{}", checkpoints, checkpoints == 1 ? "" : "s"), read});
  if (cold && warm) {
    phases.push_back({"cold restart", *warm - *cold});
    std::size_t last = 0;
    phases.push_back({"last checkpoint", reading_back(facts, *warm, *end, last)});
  }
  phases.push_back({"stack down", facts.bundle.manifest.took - *end});
  return phases;
}

} // namespace holdfast::checks
