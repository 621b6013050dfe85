#include "harness/checks/phases.hpp"

#include <fmt/format.h>
#include <optional>

namespace holdfast::checks {

namespace {

using history::CheckpointEvent;
using history::PhaseEvent;
using history::Time;
using Phase = PhaseEvent::Phase;
using PhaseState = PhaseEvent::State;

/// When a phase first entered a state; nothing when it never did.
std::optional<Time> moment(const Facts& facts, Phase name, PhaseState state) {
  for (const auto& event : facts.bundle.history.events)
    if (const auto* phase = event.as<PhaseEvent>(); phase != nullptr && phase->phase == name && phase->state == state)
      return event.time;
  return std::nullopt;
}

/// Time spent in checkpoints that began in [from, to), and how many there were. One that never ended counts for
/// nothing.
Time reading_back(const Facts& facts, Time from, Time to, std::size_t& count) {
  Time sum{}, began{};
  bool inside = false;
  for (const auto& event : facts.bundle.history.events) {
    const auto* checkpoint = event.as<CheckpointEvent>();
    if (checkpoint == nullptr)
      continue;
    if (checkpoint->state == CheckpointEvent::State::began) {
      inside = event.time >= from && event.time < to;
      began = event.time;
    } else if (inside) {
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
  for (const auto name : {Phase::stack_up, Phase::setup}) {
    const auto began = moment(facts, name, PhaseState::began), ended = moment(facts, name, PhaseState::ended);
    if (began && ended)
      phases.push_back({std::string(history::name_of(name)), *ended - *began});
  }
  const auto began = moment(facts, Phase::steady, PhaseState::began),
             end = moment(facts, Phase::end, PhaseState::reached);
  // A run that was cut short has no length of a timeline to tell.
  if (!began || !end)
    return phases;
  const auto cold = moment(facts, Phase::cold_restart, PhaseState::began),
             warm = moment(facts, Phase::cold_restart, PhaseState::ended);
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
