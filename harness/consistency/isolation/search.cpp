#include "harness/consistency/isolation/search.hpp"

#include <algorithm>

namespace holdfast::consistency::isolation {

namespace {

/// Edges looked at in one search before a shorter cycle than the one found is given up.
constexpr std::size_t patience = std::size_t{1} << 23;

/// Cuts a walk that comes through an operation twice into cycles that do not.
std::vector<Cycle> simple_cycles(const Cycle& walk) {
  std::vector<Cycle> cycles;
  Cycle open;
  for (const auto& link : walk) {
    open.push_back(link);
    const auto begin =
        std::find_if(open.begin(), open.end(), [&](const Link& earlier) { return earlier.from == link.to; });
    if (begin == open.end())
      continue;
    cycles.emplace_back(begin, open.end());
    open.erase(begin, open.end());
  }
  return cycles;
}

} // namespace

Search::Search(const Component& component, Budget& budget) : component_(component), budget_(budget) {
  const auto places = component.graph.hubs * states;
  seen_.assign(places, 0);
  from_.resize(places);
  via_.resize(places);
  passed_.assign(places, 0);
}

bool Search::is_goal(State state) const {
  return (pattern_->must == 0 || (state & has_must) != 0) && (!pattern_->needs_second || (state & has_second) != 0) &&
         !(pattern_->alternates && (state & was_rw) != 0);
}

std::uint32_t Search::component_of(std::uint32_t node, State state) const {
  return within_->of[pattern_->alternates ? 2 * node + (state & was_rw) : node];
}

/// The walk that is found may come through an operation twice; a cycle cut out of it counts only if it is of the kind
/// that is looked for. No cycle is shorter than two.
Search::Answer Search::shortest(const Pattern& pattern, const Components& within,
                                std::span<const std::uint32_t> starts) {
  pattern_ = &pattern;
  within_ = &within;
  best_ = steps_ = 0;
  Answer answer;
  for (const auto start : starts) {
    if (best_ == 2)
      break;
    if (steps_ > patience || budget_.exhausted()) {
      answer.is_complete = false;
      break;
    }
    look_from(start);
    if (!is_found_)
      continue;
    for (auto& cycle : simple_cycles(cycle_))
      if (classify(cycle) == pattern.name && (best_ == 0 || cycle.size() < best_)) {
        best_ = cycle.size();
        answer.shortest = std::move(cycle);
      }
  }
  return answer;
}

std::vector<Cycle> Search::any(const Pattern& pattern, const Components& within, std::uint32_t start) {
  pattern_ = &pattern;
  within_ = &within;
  best_ = 0;
  look_from(start);
  return is_found_ ? simple_cycles(cycle_) : std::vector<Cycle>{};
}

/// Breadth first, one length at a time, and no further than would still be shorter than the best cycle known.
void Search::look_from(std::uint32_t start) {
  start_ = start;
  label_ = component_of(start, 0);
  is_found_ = false;
  ++round_;
  const auto members = static_cast<std::uint32_t>(component_.members.size());
  earliest_.fill(members);
  now_.clear();
  next_.clear();
  const auto root = start * states; // not marked as seen: the way back to it must be found
  expand(root, true);
  for (std::size_t length = 1; !is_found_ && !next_.empty(); ++length) {
    if (best_ != 0 && length + 1 >= best_)
      return;
    now_.swap(next_);
    next_.clear();
    for (const auto place : now_) {
      expand(place, false);
      if (is_found_)
        return;
    }
    if (budget_.exhausted() || (best_ != 0 && steps_ > patience))
      return;
  }
}

void Search::expand(std::uint32_t place, bool is_first) {
  const auto& graph = component_.graph;
  const auto node = place / states;
  const State state = place % states;
  const auto allowed = is_first ? pattern_->start : pattern_->rest;
  const auto follow = [&](std::uint32_t at) {
    for (auto edge = graph.first[at]; edge < graph.first[at + 1] && !is_found_; ++edge) {
      const auto to = graph.to[edge];
      const auto kind = graph.kind[edge];
      ++steps_;
      if (to >= graph.hubs || (bit(kind) & order_kinds) != 0)
        continue; // points in time: `visit_order` knows better
      if (kind == Kind::through || to >= graph.operations) {
        // A hub is passed once in each state, the first step not counted: it may take other edges than the rest.
        if (const auto hub = to * states + state; is_first || seen_[hub] != round_) {
          seen_[hub] = is_first ? 0 : round_;
          inner_.push_back(to);
        }
      } else if ((bit(kind) & allowed) != 0)
        step(to, state, is_first ? no_place : place, kind);
    }
  };
  inner_.clear();
  follow(node);
  while (!inner_.empty() && !is_found_) {
    const auto hub = inner_.back();
    inner_.pop_back();
    follow(hub);
  }
  if (!is_found_ && (allowed & order_kinds) != 0)
    visit_order(node, state, is_first ? no_place : place, allowed);
}

/// From one operation to the next: refuses what the pattern does not allow here, and notes what it still asks for.
void Search::step(std::uint32_t node, State state, std::uint32_t from, Kind kind) {
  const bool is_rw = (bit(kind) & rw_kinds) != 0;
  const bool is_first = from == no_place;
  if (is_first)
    state = 0;
  else if (pattern_->second_is_next && (state & has_second) == 0) {
    if (!is_rw)
      return;
    state |= has_second;
  } else if (is_rw && pattern_->alternates) {
    if ((state & was_rw) != 0)
      return;
    state |= has_second;
  }
  if (pattern_->alternates)
    state = is_rw ? state | was_rw : state & ~was_rw;
  if ((bit(kind) & pattern_->must) != 0)
    state |= has_must;
  visit(node, state, from, kind);
}

void Search::visit(std::uint32_t node, State state, std::uint32_t from, Kind kind) {
  if (is_found_ || component_of(node, state) != label_)
    return;
  if (node == start_ && is_goal(state)) {
    keep(from, kind);
    return;
  }
  const auto place = node * states + state;
  if (seen_[place] == round_)
    return;
  seen_[place] = round_;
  from_[place] = from;
  via_[place] = kind;
  next_.push_back(place);
}

void Search::visit_order(std::uint32_t node, State state, std::uint32_t from, Kinds allowed) {
  // All of these take the same step to the same state, so whoever was passed over once need not be looked at again.
  if (pattern_->second_is_next && (state & has_second) == 0)
    return;
  const auto members = static_cast<std::uint32_t>(component_.members.size());
  if ((allowed & bit(Kind::realtime)) != 0) {
    const State target = (state & ~was_rw) | has_must; // real time is allowed only where it is a must
    auto& earliest = earliest_[target];
    const auto end = earliest;
    const auto begin = component_.later[node];
    earliest = std::min(earliest, begin);
    for (auto other = begin; other < end && !is_found_; ++other, ++steps_)
      step(other, state, from, Kind::realtime);
  } else if ((allowed & bit(Kind::process)) != 0) {
    const State target = (state & ~was_rw) | has_must;
    for (auto other = component_.same_process[node]; other < members && !is_found_;
         other = component_.same_process[other], ++steps_) {
      auto& passed = passed_[other * states + target];
      if (passed == round_)
        return;
      passed = round_;
      step(other, state, from, Kind::process);
    }
  }
}

/// Goes back over `from_` to the start, which gives the links of the cycle in reverse.
void Search::keep(std::uint32_t last, Kind kind) {
  is_found_ = true;
  cycle_.clear();
  auto to = start_;
  for (auto place = last;; place = from_[place]) {
    const auto node = place == no_place ? start_ : place / states;
    cycle_.push_back({node, to, kind});
    if (place == no_place)
      break;
    kind = via_[place];
    to = node;
  }
  std::reverse(cycle_.begin(), cycle_.end());
}

} // namespace holdfast::consistency::isolation
