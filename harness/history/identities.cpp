#include "harness/history/identities.hpp"

#include <stdexcept>

namespace holdfast::history {

void identify(History& history) {
  Names ids;
  ids.reserve(history.operations.size());
  for (auto& operation : history.operations) {
    operation.number = static_cast<std::uint32_t>(ids.size());
    // Numbers are given in the order of first appearance: an id that does not get the next one was there before.
    if (ids.number(operation.id) != operation.number)
      throw std::invalid_argument("two operations have the id " + operation.id);
  }
  for (auto& operation : history.operations) {
    operation.list.identify(ids);
    operation.statement.identify(ids);
  }
}

} // namespace holdfast::history
