#include "harness/history/entries.hpp"

namespace holdfast::history {

bool EntryList::operator==(const EntryList& other) const {
  if (size() != other.size())
    return false;
  for (std::size_t place = 0; place < size(); ++place)
    if (!equal_at(place, other, place))
      return false;
  return true;
}

bool EntryList::identify(const Names& operations) {
  bool all_found = true;
  for (const auto& entry : entries_) {
    if (entry->operation < no_operation)
      continue;
    const auto number = operations.find(entry->id);
    entry->operation = number == Names::unknown ? no_operation : number;
    all_found = all_found && number != Names::unknown;
  }
  return all_found;
}

} // namespace holdfast::history
