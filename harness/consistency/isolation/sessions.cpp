#include "harness/consistency/isolation/sessions.hpp"

namespace holdfast::consistency::isolation {

Sessions::Sessions(const Transactions& transactions) {
  FlatIndex numbers;
  for (const auto& operation : transactions.history->operations) {
    of_.push_back(numbers.insert(0, static_cast<std::uint64_t>(operation.process), count_));
    count_ += of_.back() == count_ ? 1 : 0;
  }
  // Numbers only for pairs of session and key that occur: all pairs would be too many.
  for (OperationId id = 0; id < transactions.count(); ++id)
    for (const auto& step : transactions.of(id))
      places_.insert(step.key, of_[id], static_cast<std::uint32_t>(places_.used()));
}

} // namespace holdfast::consistency::isolation
