// Several registers, read and written by transactions [[:r key value] [:w key value] …] that are linearizable as a
// whole.
//
// Registers that no transaction touches together are judged apart: each group is an object of its own. A transaction
// reads its own writes. A read of nil saw that nothing was there.
#include "harness/consistency/linearizability/declared.hpp"
#include "harness/consistency/linearizability/registers_object.hpp"
#include "harness/consistency/linearizability/value_numbers.hpp"
#include "harness/consistency/models.hpp"

#include <fmt/format.h>
#include <numeric>

namespace holdfast::consistency {

namespace {

using namespace linearizability;

/// Which registers are touched together: a union-find.
class Groups {
public:
  std::uint32_t of(std::uint32_t reg) {
    while (reg >= parents_.size())
      parents_.push_back(static_cast<std::uint32_t>(parents_.size()));
    while (parents_[reg] != reg)
      reg = parents_[reg] = parents_[parents_[reg]];
    return reg;
  }
  void join(std::uint32_t a, std::uint32_t b) { parents_[of(a)] = of(b); }

private:
  std::vector<std::uint32_t> parents_;
};

class Reading {
public:
  explicit Reading(History& history) : history_(history), keys_(history.values), values_(history.values) {}

  /// Why a history is none of transactions; empty when it is one.
  [[nodiscard]] std::string complaint() const {
    for (const auto& one : history_.operations) {
      if (!are_accesses(one.invoked) || (one.outcome == Outcome::ok && !are_accesses(one.completed)))
        return fmt::format("line {}: a transaction is to be [[:r key value] [:w key value] …], not {}", one.invoke_line,
                           show_briefly(history_.values, one.invoked));
    }
    return {};
  }

  /// Groups the registers and what was done to them; once.
  Partition read() {
    for (OperationId id = 0; id < history_.operations.size(); ++id)
      if (history_.operations[id].outcome != Outcome::fail)
        read(id);
    Partition partition;
    Interner numbers;
    for (std::uint32_t i = 0; i < transactions_.size(); ++i) {
      const auto& accesses = transactions_[i].accesses;
      if (accesses.empty())
        continue;
      const auto part = numbers.number(groups_.of(accesses.front().reg));
      if (part == partition.parts.size()) {
        partition.parts.emplace_back();
        partition.names.emplace_back();
      }
      partition.parts[part].push_back(i);
    }
    if (partition.parts.size() > 1)
      name(partition);
    return partition;
  }

  /// `part`: places in what `read` read.
  Problem problem(std::span<const OperationId> part, Value initial) {
    Problem problem;
    std::vector<Transaction> transactions;
    std::vector<std::uint32_t> globals; ///< keys by register
    Interner locals;
    Evidence evidence;
    for (const auto i : part) {
      transactions.push_back(transactions_[i]);
      bool reads = false;
      bool writes = false;
      for (auto& access : transactions.back().accesses) {
        (access.is_write ? writes : reads) = true;
        access.reg = locals.number(access.reg);
      }
      evidence.reads += reads ? 1 : 0;
      evidence.writes += writes ? 1 : 0;
    }
    for (std::uint32_t reg = 0; reg < locals.size(); ++reg)
      globals.push_back(static_cast<std::uint32_t>(locals.key(reg)));
    problem = registers_problem(
        history_, transactions, static_cast<std::uint32_t>(locals.size()), values_.number(initial),
        [this, globals](std::uint32_t reg) { return show_briefly(history_.values, keys_.value(globals[reg])); },
        [this](std::uint32_t value) { return show_briefly(history_.values, values_.value(value)); });
    problem.evidence = evidence;
    return problem;
  }

private:
  [[nodiscard]] bool are_accesses(Value list) const {
    const auto& values = history_.values;
    if (!list.is_list())
      return false;
    for (const auto access : values.elements(list)) {
      const auto parts = values.elements(access);
      if (!access.is_list() || parts.size() != 3 || (!is_read(parts[0]) && !is_write(parts[0])))
        return false;
    }
    return true;
  }
  [[nodiscard]] bool is_read(Value f) const {
    return history_.values.is_name(f, "r") || history_.values.is_name(f, "read");
  }
  [[nodiscard]] bool is_write(Value f) const {
    return history_.values.is_name(f, "w") || history_.values.is_name(f, "write");
  }

  /// Of an acknowledged transaction all accesses count, of one of unknown outcome only the writes: what it read was
  /// never said.
  void read(OperationId id) {
    const auto& one = history_.operations[id];
    const bool is_ok = one.outcome == Outcome::ok;
    Transaction transaction{id, {}};
    std::uint32_t first = Interner::none;
    for (const auto access : history_.values.elements(is_ok ? one.completed : one.invoked)) {
      const auto parts = history_.values.elements(access);
      const auto reg = keys_.number(parts[1]);
      if (is_write(parts[0]) || is_ok) { // of what it would have read nothing is known
        transaction.accesses.push_back({reg, is_write(parts[0]), values_.number(parts[2])});
        first = first == Interner::none ? reg : first;
        groups_.join(reg, first);
      }
    }
    transactions_.push_back(std::move(transaction));
  }

  /// Names each part by its registers, for sentences; needed only where there are several.
  void name(Partition& partition) {
    partition.keys = Keys::events;
    for (std::size_t part = 0; part < partition.parts.size(); ++part) {
      Interner regs;
      for (const auto i : partition.parts[part])
        for (const auto& access : transactions_[i].accesses)
          regs.number(access.reg);
      std::vector<Value> keys;
      for (std::uint32_t reg = 0; reg < regs.size(); ++reg)
        keys.push_back(keys_.value(static_cast<std::uint32_t>(regs.key(reg))));
      partition.names[part] = keys.size() == 1 ? keys.front() : history_.values.list(keys);
    }
  }

  History& history_;
  ValueNumbers keys_;
  ValueNumbers values_;
  Groups groups_;
  std::vector<Transaction> transactions_; ///< those that did not fail
};

Result check(History& history, const Question& question, Budget& budget) {
  Result result;
  Options options;
  result.reason = read_options(question, options);
  const auto initial = declared_initial(history, question, Value{});
  Reading reading(history);
  if (result.reason.empty())
    result.reason = reading.complaint();
  if (!result.reason.empty())
    return result;
  return judge(
      history, reading.read(), options,
      [&](std::span<const OperationId> part) { return reading.problem(part, initial); }, budget);
}

} // namespace

Model multi_register_model() {
  auto declarations = linearizability::option_declarations();
  declarations.insert(declarations.begin(),
                      "initial: the value of every register before its first write; nil by default");
  return {"multi-register",
          "transactions on registers are linearizable: [[:r key value] [:w key value] ...]",
          {"linearizable"},
          std::move(declarations),
          check};
}

} // namespace holdfast::consistency
