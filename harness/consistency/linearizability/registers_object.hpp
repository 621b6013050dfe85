// Several registers that transactions read and write at once.
#pragma once

#include "harness/consistency/linearizability/judge.hpp"

#include <vector>

namespace holdfast::consistency::linearizability {

struct Access {
  std::uint32_t reg = 0;
  bool is_write = false;
  std::uint32_t value = 0; ///< read or written, however the caller numbers values
};

struct Transaction {
  OperationId operation = 0;
  std::vector<Access> accesses; ///< in order; reads of unknown result left out
};

/// How a register and a value are called in a sentence.
using NameRegister = std::function<std::string(std::uint32_t reg)>;
using NameValue = std::function<std::string(std::uint32_t value)>;

/// `transactions` by invocation; registers from 0, all of them `initial` at first.
Problem registers_problem(const History& history, std::span<const Transaction> transactions, std::uint32_t registers,
                          std::uint32_t initial, const NameRegister& name_register, const NameValue& name_value);

} // namespace holdfast::consistency::linearizability
