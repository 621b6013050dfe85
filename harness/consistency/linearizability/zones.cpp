#include "harness/consistency/linearizability/zones.hpp"

#include <algorithm>
#include <numeric>

namespace holdfast::consistency::linearizability {

namespace {

/// Of one value.
struct Cluster {
  Moment earliest_deadline = no_moment;
  Moment latest_start = 0;
  Moment write_start = no_moment;
  Moment earliest_read_deadline = no_moment;
  bool is_there = false; ///< something of it certainly happened

  void add(const Call& call, bool is_write) {
    earliest_deadline = std::min(earliest_deadline, call.deadline);
    latest_start = std::max(latest_start, call.start);
    (is_write ? write_start : earliest_read_deadline) =
        is_write ? call.start : std::min(earliest_read_deadline, call.deadline);
    is_there = is_there || call.is_required;
  }
  [[nodiscard]] bool is_forward() const { return earliest_deadline < latest_start; }
  [[nodiscard]] Moment left() const { return std::min(earliest_deadline, latest_start); }
  [[nodiscard]] Moment right() const { return std::max(earliest_deadline, latest_start); }
};

class Zones {
public:
  Zones(const Object& object, std::span<const Call> calls) : object_(object), calls_(calls) {}

  /// As far as what was known before a moment goes: later starts have not been, what ends later is open.
  bool are_compatible(Moment until) {
    build(until);
    if (std::any_of(clusters_.begin(), clusters_.end(), [](const Cluster& cluster) {
          return cluster.is_there && cluster.earliest_read_deadline <= cluster.write_start;
        }))
      return false;
    Moment covered = 0; ///< by the forward zones so far
    Moment covered_from = 0;
    for (const auto cell : order_) {
      const auto& cluster = clusters_[cell];
      // By their left ends: a forward zone must not begin within the last forward one, a backward zone not lie within
      // it.
      if (cluster.is_forward() ? cluster.left() < covered : cluster.left() > covered_from && cluster.right() < covered)
        return false;
      if (cluster.is_forward()) {
        covered_from = cluster.left();
        covered = cluster.right();
      }
    }
    return true;
  }

  /// Of the last `are_compatible` that was true.
  [[nodiscard]] std::vector<CallIndex> linearization(Moment until) const {
    std::vector<CallIndex> order;
    std::vector<std::vector<CallIndex>> by_cell(clusters_.size());
    for (CallIndex i = 0; i < calls_.size(); ++i) {
      if (!counts(calls_[i], until))
        continue;
      const auto cell = cell_of(calls_[i]);
      if (is_write(calls_[i]))
        by_cell[cell].insert(by_cell[cell].begin(), i);
      else
        by_cell[cell].push_back(i);
    }
    for (const auto cell : order_)
      order.insert(order.end(), by_cell[cell].begin(), by_cell[cell].end());
    return order;
  }

private:
  [[nodiscard]] bool is_write(const Call& call) const { return object_.kinds[call.kind].is_blind; }
  [[nodiscard]] Cell cell_of(const Call& call) const { return object_.cells[object_.kinds[call.kind].first]; }
  /// Reads count once they are over: before, they could return anything.
  [[nodiscard]] bool counts(const Call& call, Moment until) const {
    return is_write(call) ? call.start < until : call.is_required && call.deadline < until;
  }

  void build(Moment until) {
    clusters_.assign(object_.cell_count, {});
    for (const auto cell : object_.initial_cells)
      clusters_[cell].write_start = clusters_[cell].earliest_deadline = 0;
    for (auto call : calls_) {
      if (!counts(call, until))
        continue;
      // Seen from that moment it is still open: it may or may not have happened.
      if (call.deadline >= until) {
        call.deadline = no_moment;
        call.is_required = false;
      }
      // Moments from 1: the initial value is written at 0.
      ++call.start;
      call.deadline += call.deadline == no_moment ? 0 : 1;
      clusters_[cell_of(call)].add(call, is_write(call));
    }
    order_.clear();
    for (Cell cell = 0; cell < clusters_.size(); ++cell)
      if (clusters_[cell].is_there)
        order_.push_back(cell);
    std::sort(order_.begin(), order_.end(), [&](Cell a, Cell b) { return clusters_[a].left() < clusters_[b].left(); });
  }

  const Object& object_;
  std::span<const Call> calls_;
  std::vector<Cluster> clusters_;
  std::vector<Cell> order_;
};

/// The first of some ascending deadlines up to which the zones are not compatible; the last is one.
std::size_t first_incompatible(Zones& zones, std::span<const CallIndex> by_deadline, std::span<const Call> calls) {
  std::size_t low = 0;
  std::size_t high = by_deadline.size() - 1;
  while (low < high) {
    const auto middle = (low + high) / 2;
    if (zones.are_compatible(calls[by_deadline[middle]].deadline + 1))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

} // namespace

bool has_zones(const Object& object, std::span<const Call> calls) {
  if (!object.is_register || object.initial_cells.size() != 1)
    return false;
  std::vector<bool> written(object.cell_count);
  written[object.initial_cells.front()] = true;
  for (const auto& call : calls) {
    const auto& traits = object.kinds[call.kind];
    if (traits.observes_all || traits.observed + traits.left != 1)
      return false;
    if (traits.left == 1) {
      const auto cell = object.cells[traits.first];
      if (written[cell])
        return false;
      written[cell] = true;
    }
  }
  return true;
}

Answer judge_zones(const Object& object, std::span<const Call> calls) {
  Answer answer;
  Zones zones(object, calls);
  if (zones.are_compatible(no_moment)) {
    answer.verdict = Verdict::linearizable;
    return answer;
  }
  answer.verdict = Verdict::not_linearizable;
  std::vector<CallIndex> by_deadline(calls.size());
  std::iota(by_deadline.begin(), by_deadline.end(), 0);
  std::erase_if(by_deadline, [&](CallIndex call) { return !calls[call].is_required; });
  std::sort(by_deadline.begin(), by_deadline.end(),
            [&](CallIndex a, CallIndex b) { return calls[a].deadline < calls[b].deadline; });
  const auto stuck = by_deadline[first_incompatible(zones, by_deadline, calls)];
  const auto until = calls[stuck].deadline; // without it
  zones.are_compatible(until);
  answer.stuck = stuck;
  answer.order = zones.linearization(until);
  // The state after the prefix, for the sentence that explains what is stuck.
  answer.state = object.initial;
  for (const auto call : answer.order)
    answer.state = object.step(answer.state, calls[call].kind).value_or(answer.state);
  return answer;
}

} // namespace holdfast::consistency::linearizability
