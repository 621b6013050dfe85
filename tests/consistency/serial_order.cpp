#include "tests/consistency/serial_order.hpp"

#include "harness/consistency/isolation/transactions.hpp"

#include <algorithm>

namespace holdfast::test {

using namespace consistency;

namespace {

struct Trial {
  const isolation::Transactions& transactions;
  bool is_lists;
  Order order;
  std::vector<std::vector<Value>> state; ///< of each key what was written, one after the other

  [[nodiscard]] bool sees(const isolation::Step& read) const {
    const auto& written = state[read.key];
    if (!is_lists)
      return written.empty() ? read.value.is_nil() : read.value == written.back();
    const auto seen = transactions.history->values.elements(read.value);
    return std::equal(seen.begin(), seen.end(), written.begin(), written.end());
  }

  /// Whether the rest has an order after those that are `placed`.
  bool place(std::uint32_t placed) {
    const auto& operations = transactions.history->operations;
    const auto is_open = [&](OperationId id) {
      return (placed >> id & 1) == 0 && operations[id].outcome == Outcome::ok;
    };
    Position earliest = never; // of all acknowledged ones that have no place yet, the first completion
    for (OperationId id = 0; id < operations.size(); ++id)
      if (is_open(id))
        earliest = std::min(earliest, operations[id].completion);
    if (earliest == never)
      return true;
    for (OperationId id = 0; id < operations.size(); ++id) {
      if ((placed >> id & 1) != 0 || operations[id].outcome == Outcome::fail ||
          (order == Order::real_time && operations[id].invocation > earliest))
        continue;
      const auto steps = transactions.of(id);
      std::size_t done = 0;
      for (; done < steps.size(); ++done)
        if (steps[done].is_write)
          state[steps[done].key].push_back(steps[done].value);
        else if (operations[id].outcome == Outcome::ok && !sees(steps[done]))
          break;
      if (done == steps.size() && place(placed | 1U << id))
        return true;
      while (done-- > 0)
        if (steps[done].is_write)
          state[steps[done].key].pop_back();
    }
    return false;
  }
};

} // namespace

bool has_serial_order(const History& history, bool is_lists, Order order) {
  isolation::Transactions transactions;
  if (!isolation::read_transactions(history, {is_lists ? "append" : "w", is_lists}, transactions).empty())
    return false;
  Trial trial{transactions, is_lists, order, {}};
  trial.state.resize(transactions.keys.size());
  return trial.place(0);
}

} // namespace holdfast::test
