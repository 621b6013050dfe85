#include "harness/consistency/linearizability/register_object.hpp"

#include "harness/consistency/linearizability/value_numbers.hpp"
#include "harness/consistency/linearizability/zones.hpp"

#include <memory>

namespace holdfast::consistency::linearizability {

namespace {

constexpr std::uint64_t number_bits = 31;

/// What `Object::step` works with.
struct Meaning {
  Action action;
  Cell value, next;
};

class Builder {
public:
  Builder(const History& history, std::span<const RegisterCall> calls, Value initial)
      : history_(history), calls_(calls), numbers_(history.values), initial_(numbers_.number(initial)) {
    numbered_.reserve(calls.size());
    for (const auto& call : calls) {
      numbered_.push_back({call.action, numbers_.number(call.value),
                           call.action == Action::swap ? numbers_.number(call.next) : Cell{0}});
      auto& meaning = numbered_.back();
      if (meaning.action == Action::swap && meaning.value == meaning.next)
        meaning.action = Action::read; // it changes nothing
      has_mismatch_ = has_mismatch_ || meaning.action == Action::mismatch;
      only_reads_and_writes_ = only_reads_and_writes_ && meaning.action <= Action::write;
    }
  }

  /// The direct method needs every written value told apart; the search is faster when those are one state that
  /// nobody tells apart.
  Problem build(const std::string& noun) {
    name_cells();
    Problem problem;
    if (only_reads_and_writes_)
      problem = make();
    if (!only_reads_and_writes_ || !has_zones(problem.object, problem.calls)) {
      merge_unobserved();
      problem = make();
      if (merged_ != Interner::none)
        problem.object.merged = merged_;
      // A failed compare-and-set tells the merged state from the value that it names: it does observe something of it.
      if (!has_mismatch_)
        problem.object.unobservable = problem.object.merged;
    }
    const auto meanings = std::make_shared<std::vector<Meaning>>(std::move(meanings_));
    problem.object.step = [meanings](State state, Kind kind) -> std::optional<State> {
      const auto& meaning = (*meanings)[kind];
      switch (meaning.action) {
      case Action::read:
        return state == meaning.value ? std::optional(state) : std::nullopt;
      case Action::write:
        return meaning.value;
      case Action::swap:
        return state == meaning.value ? std::optional<State>(meaning.next) : std::nullopt;
      case Action::mismatch:
        return state != meaning.value ? std::optional(state) : std::nullopt;
      }
      return std::nullopt;
    };
    problem.object.describe = [noun, merged = merged_, values = &history_.values,
                               shown = std::move(shown_)](State state) {
      return state == merged ? noun + " holds something that nobody read"
                             : noun + " is " + show_briefly(*values, shown[state]);
    };
    return problem;
  }

private:
  /// Every value its own cell.
  void name_cells() {
    for (Cell cell = 0; cell < numbers_.size(); ++cell) {
      cell_of_.push_back(cell);
      shown_.push_back(numbers_.value(cell));
    }
  }

  /// Gives all values that nobody observes one cell. How many there are then no longer multiplies the states that the
  /// search tells apart.
  void merge_unobserved() {
    std::vector<bool> observed(numbers_.size());
    for (const auto& meaning : numbered_)
      if (meaning.action != Action::write)
        observed[meaning.value] = true;
    shown_.clear();
    for (Cell number = 0; number < numbers_.size(); ++number) {
      if (!observed[number] && merged_ != Interner::none) {
        cell_of_[number] = merged_;
        continue;
      }
      if (!observed[number])
        merged_ = static_cast<Cell>(shown_.size());
      cell_of_[number] = static_cast<Cell>(shown_.size());
      shown_.push_back(numbers_.value(number));
    }
  }

  /// The object and its calls, with the cells that values have now: all apart, or the unobserved ones merged.
  Problem make() {
    Problem problem;
    auto& object = problem.object;
    object.is_register = true;
    object.cell_count = static_cast<Cell>(shown_.size());
    object.initial = cell_of_[initial_];
    object.initial_cells = {cell_of_[initial_]};
    meanings_.clear();
    Interner kinds;
    problem.calls.reserve(calls_.size());
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      auto meaning = numbered_[i];
      meaning.value = cell_of_[meaning.value];
      meaning.next = meaning.action == Action::swap ? cell_of_[meaning.next] : Cell{0};
      const auto kind = kinds.number(static_cast<std::uint64_t>(meaning.action) << 2 * number_bits |
                                     std::uint64_t{meaning.value} << number_bits | meaning.next);
      if (kind == object.kinds.size())
        add_kind(object, meaning);
      const auto& operation = history_.operations[calls_[i].operation];
      problem.calls.push_back({calls_[i].operation, kind, operation.outcome != Outcome::info,
                               moment(operation.invocation), moment(operation.completion)});
    }
    return problem;
  }

  void add_kind(Object& object, const Meaning& meaning) {
    meanings_.push_back(meaning);
    Traits traits;
    traits.first = static_cast<std::uint32_t>(object.cells.size());
    traits.is_pure = meaning.action == Action::read || meaning.action == Action::mismatch;
    traits.is_blind = meaning.action == Action::write;
    traits.observes_all = meaning.action == Action::mismatch;
    if (meaning.action == Action::read || meaning.action == Action::swap) {
      object.cells.push_back(meaning.value);
      traits.observed = 1;
    }
    if (meaning.action == Action::write || meaning.action == Action::swap) {
      object.cells.push_back(meaning.action == Action::swap ? meaning.next : meaning.value);
      traits.left = 1;
    }
    object.kinds.push_back(traits);
  }

  const History& history_;
  std::span<const RegisterCall> calls_;
  ValueNumbers numbers_;
  Cell initial_;
  std::vector<Meaning> numbered_; ///< by call, in numbers of values
  std::vector<Meaning> meanings_; ///< by kind, in cells
  std::vector<Cell> cell_of_;     ///< by number
  std::vector<Value> shown_;      ///< by cell
  Cell merged_ = Interner::none;  ///< the cell of all that nobody observes
  bool has_mismatch_ = false;
  bool only_reads_and_writes_ = true;
};

} // namespace

Problem register_problem(const History& history, std::span<const RegisterCall> calls, Value initial,
                         const std::string& noun) {
  return Builder(history, calls, initial).build(noun);
}

} // namespace holdfast::consistency::linearizability
