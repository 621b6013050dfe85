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

} // namespace holdfast::history
