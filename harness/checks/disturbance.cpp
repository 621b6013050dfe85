#include "harness/checks/disturbance.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::checks {

Disturbance::Disturbance(const Facts& facts) : tolerance_(facts.bundle.scenario.judge.loop_lag) {
  const auto& judge = facts.bundle.scenario.judge;
  for (const auto& event : facts.bundle.history.events) {
    if (event.type != "lag" && event.type != "starved")
      continue;
    const history::Time before = std::chrono::milliseconds(std::atoll(event.field("ms").c_str()));
    const Span span{event.time - before, event.time};
    if (event.type == "lag" && before > tolerance_)
      late_.push_back(span);
    if (event.type == "starved" && std::atof(event.field("percent").c_str()) >= 100 * judge.starved)
      starved_.push_back(span);
  }
}

bool Disturbance::loop_was_late(history::Time from, history::Time to) const {
  return std::any_of(late_.begin(), late_.end(), [&](const Span& one) { return one.to >= from && one.from <= to; });
}

history::Time Disturbance::covered(const std::vector<Span>& spans, history::Time from, history::Time to) {
  history::Time sum{};
  auto span = std::lower_bound(spans.begin(), spans.end(), from, [](const Span& one, auto at) { return one.to < at; });
  for (; span != spans.end() && span->from < to; ++span)
    sum += std::min(span->to, to) - std::max(span->from, from);
  return sum;
}

bool Disturbance::excuses(history::Time begin, history::Time end) const {
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
