#include "harness/history/entries.hpp"

namespace holdfast::history {

// Entry by entry: lists of one user mostly share their entries, and equal_at then compares two addresses.
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
    // Entries are shared between lists: most were identified with an earlier one. Those that named no operation are
    // looked up again, since the reader may have come to it by now.
    if (entry->operation < no_operation)
      continue;
    const auto number = operations.find(entry->id);
    entry->operation = number == Names::unknown ? no_operation : number;
    all_found = all_found && number != Names::unknown;
  }
  return all_found;
}

} // namespace holdfast::history
