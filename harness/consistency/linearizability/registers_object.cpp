#include "harness/consistency/linearizability/registers_object.hpp"

#include "harness/consistency/linearizability/interner.hpp"
#include "harness/consistency/linearizability/zones.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <unordered_map>

namespace holdfast::consistency::linearizability {

namespace {

/// Small numbers for sequences.
class Sequences {
public:
  std::uint32_t number(const std::u32string& sequence) {
    const auto [known, is_new] = numbers_.emplace(sequence, static_cast<std::uint32_t>(all_.size()));
    if (is_new)
      all_.push_back(&known->first);
    return known->second;
  }
  [[nodiscard]] const std::u32string& operator[](std::uint32_t number) const { return *all_[number]; }
  [[nodiscard]] std::size_t size() const { return all_.size(); }

private:
  std::unordered_map<std::u32string, std::uint32_t> numbers_; ///< its keys stay where they are
  std::vector<const std::u32string*> all_;
};

/// What a transaction asks of the state before it and what it leaves, by register.
struct Meaning {
  std::vector<std::pair<std::uint32_t, Cell>> observed, left;
  bool is_impossible = false; ///< it reads two values of one register, or not its own write

  static Meaning of(const Transaction& transaction, const std::function<Cell(const Access&)>& cell_of) {
    Meaning meaning;
    const auto find = [](auto& list, std::uint32_t reg) {
      return std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.first == reg; });
    };
    for (const auto& access : transaction.accesses) {
      const auto cell = cell_of(access);
      const auto own = find(meaning.left, access.reg);
      const auto seen = find(meaning.observed, access.reg);
      if (access.is_write) {
        if (own == meaning.left.end())
          meaning.left.emplace_back(access.reg, cell);
        else
          own->second = cell;
      } else if (own != meaning.left.end()) {
        meaning.is_impossible = meaning.is_impossible || own->second != cell;
      } else if (seen == meaning.observed.end()) {
        meaning.observed.emplace_back(access.reg, cell);
      } else {
        meaning.is_impossible = meaning.is_impossible || seen->second != cell;
      }
    }
    std::sort(meaning.observed.begin(), meaning.observed.end());
    std::sort(meaning.left.begin(), meaning.left.end());
    // To write what it has read is to leave it.
    std::erase_if(meaning.left, [&](const auto& one) {
      return std::find(meaning.observed.begin(), meaning.observed.end(), one) != meaning.observed.end();
    });
    return meaning;
  }

  [[nodiscard]] std::u32string sequence() const {
    std::u32string all{is_impossible ? U'1' : U'0', static_cast<char32_t>(observed.size())};
    for (const auto* list : {&observed, &left})
      for (const auto& [reg, cell] : *list)
        all.append({static_cast<char32_t>(reg), static_cast<char32_t>(cell)});
    return all;
  }
};

/// What `Object::step` works with.
struct Machine {
  std::vector<Meaning> kinds;
  Sequences states; ///< the cell of each register

  std::optional<State> step(State state, Kind kind) {
    const auto& meaning = kinds[kind];
    const auto& before = states[static_cast<std::uint32_t>(state)];
    if (meaning.is_impossible || std::any_of(meaning.observed.begin(), meaning.observed.end(),
                                             [&](const auto& one) { return before[one.first] != one.second; }))
      return std::nullopt;
    if (meaning.left.empty())
      return state;
    auto after = before;
    for (const auto& [reg, cell] : meaning.left)
      after[reg] = static_cast<char32_t>(cell);
    return states.number(after);
  }
};

/// Cells are pairs of register and value. With `merges`, of each register all values that nobody reads are one.
class Cells {
public:
  Cells(std::span<const Transaction> transactions, std::uint32_t registers, std::uint32_t initial, bool merges)
      : merges_(merges) {
    for (const auto& transaction : transactions)
      for (const auto& access : transaction.accesses)
        if (!access.is_write)
          read_.number(pair(access.reg, access.value));
    for (std::uint32_t reg = 0; reg < registers; ++reg)
      initial_.push_back(of({reg, true, initial}));
  }

  Cell of(const Access& access) {
    const auto full = pair(access.reg, access.value);
    const bool is_merged = merges_ && read_.find(full) == Interner::none;
    const auto cell = cells_.number(is_merged ? pair(access.reg, merged) : full);
    return cell;
  }
  [[nodiscard]] const std::vector<Cell>& initial() const { return initial_; }
  [[nodiscard]] Cell size() const { return static_cast<Cell>(cells_.size()); }
  /// `merged` when nobody reads it.
  [[nodiscard]] std::uint32_t value(Cell cell) const { return static_cast<std::uint32_t>(cells_.key(cell)); }

  static constexpr std::uint32_t merged = 0xffffffff;

private:
  static std::uint64_t pair(std::uint32_t reg, std::uint32_t value) { return std::uint64_t{reg} << 32 | value; }

  bool merges_;
  Interner read_;
  Interner cells_;
  std::vector<Cell> initial_;
};

/// A transaction is blind only if it sets every register: otherwise the state after it depends on the one before.
Traits add_cells(Object& object, const Meaning& meaning, std::uint32_t registers) {
  Traits traits;
  traits.is_pure = meaning.left.empty();
  traits.is_blind = meaning.observed.empty() && !meaning.is_impossible && meaning.left.size() == registers;
  traits.first = static_cast<std::uint32_t>(object.cells.size());
  traits.observed = static_cast<std::uint32_t>(meaning.observed.size());
  traits.left = static_cast<std::uint32_t>(meaning.left.size());
  for (const auto* list : {&meaning.observed, &meaning.left})
    for (const auto& one : *list)
      object.cells.push_back(one.second);
  return traits;
}

struct Built {
  Problem problem;
  std::shared_ptr<Machine> machine;
  std::shared_ptr<Cells> cells;
};

Built build(const History& history, std::span<const Transaction> transactions, std::uint32_t registers,
            std::uint32_t initial, bool merges) {
  Built built{{}, std::make_shared<Machine>(), std::make_shared<Cells>(transactions, registers, initial, merges)};
  auto& object = built.problem.object;
  object.is_register = registers == 1;
  object.initial_cells = built.cells->initial();
  object.initial = built.machine->states.number({object.initial_cells.begin(), object.initial_cells.end()});
  Sequences kinds;
  for (const auto& transaction : transactions) {
    auto meaning = Meaning::of(transaction, [&](const Access& access) { return built.cells->of(access); });
    const auto kind = kinds.number(meaning.sequence());
    const auto& operation = history.operations[transaction.operation];
    if (kind == object.kinds.size()) {
      object.kinds.push_back(add_cells(object, meaning, registers));
      object.is_register = object.is_register && !meaning.is_impossible;
      built.machine->kinds.push_back(std::move(meaning));
    }
    if (object.kinds[kind].observed + object.kinds[kind].left == 0 && !built.machine->kinds[kind].is_impossible)
      continue; // it neither saw nor did anything
    built.problem.calls.push_back({transaction.operation, kind, operation.outcome != Outcome::info,
                                   moment(operation.invocation), moment(operation.completion)});
  }
  object.cell_count = built.cells->size();
  return built;
}

} // namespace

Problem registers_problem(const History& history, std::span<const Transaction> transactions, std::uint32_t registers,
                          std::uint32_t initial, const NameRegister& name_register, const NameValue& name_value) {
  auto built = build(history, transactions, registers, initial, false);
  // The direct method needs every value told apart; for the search all that nobody reads may be one.
  if (!has_zones(built.problem.object, built.problem.calls))
    built = build(history, transactions, registers, initial, true);
  auto& object = built.problem.object;
  object.step = [machine = built.machine](State state, Kind kind) { return machine->step(state, kind); };
  object.describe = [machine = built.machine, cells = built.cells, name_register, name_value](State state) {
    std::string all;
    const auto& now = machine->states[static_cast<std::uint32_t>(state)];
    for (std::uint32_t reg = 0; reg < now.size(); ++reg) {
      const auto value = cells->value(now[reg]);
      all += (all.empty() ? "" : ", ") + name_register(reg) + " is " +
             (value == Cells::merged ? "something that nobody read" : name_value(value));
    }
    return shorten(std::move(all));
  };
  return std::move(built.problem);
}

} // namespace holdfast::consistency::linearizability
