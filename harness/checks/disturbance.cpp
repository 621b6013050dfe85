#include "harness/checks/disturbance.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::checks {

Disturbance::Disturbance(const bundle::Bundle& bundle) : tolerance_(bundle.scenario.judge.loop_lag) {
  for (const auto& event : bundle.history.events) {
    // Both kinds of event are recorded at the end of the stretch of time that they are about.
    if (const auto* lag = event.as<history::LagEvent>(); lag != nullptr && lag->late > tolerance_)
      late_.push_back({event.time - lag->late, event.time});
    if (const auto* starved = event.as<history::StarvedEvent>();
        starved != nullptr && starved->percent >= 100 * bundle.scenario.judge.starved)
      starved_.push_back({event.time - starved->window, event.time});
  }
}

bool Disturbance::loop_was_late(history::Time from, history::Time to) const {
  return std::any_of(late_.begin(), late_.end(), [&](const Span& one) { return one.to >= from && one.from <= to; });
}

history::Time Disturbance::covered(const std::vector<Span>& spans, history::Time from, history::Time to) {
  // The windows of a run follow each other and do not overlap, so that what they cover can be added up.
  history::Time sum{};
  auto span = std::lower_bound(spans.begin(), spans.end(), from, [](const Span& one, auto at) { return one.to < at; });
  for (; span != spans.end() && span->from < to; ++span)
    sum += std::min(span->to, to) - std::max(span->from, from);
  return sum;
}

bool Disturbance::excuses(history::Time begin, history::Time end) const {
  // A refused connection, for one, fails at once even on a starved machine: nothing excuses that.
  return end - begin > tolerance_ && 2 * covered(starved_, begin, end) >= end - begin;
}

std::optional<history::Time> Disturbance::worst_lag() const {
  std::optional<history::Time> worst;
  for (const auto& one : late_)
    worst = std::max(worst.value_or(history::Time{}), one.to - one.from);
  return worst;
}

std::string Disturbance::describe() const {
  return fmt::format("the harness's loop was more than {} late, or its machine starved",
                     scenario::format_duration(tolerance_));
}

} // namespace holdfast::checks
