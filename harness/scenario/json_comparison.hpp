// Compares a field of a JSON value with what a stack file wants of it: in a request to a fake, or in a reply that says
// that it does not know the session.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace holdfast::scenario {

struct JsonComparison {
  enum class Is { equal, different, at_least, at_most };
  std::string pointer; ///< JSON pointer; a value without the field fits nothing
  Is is = Is::equal;
  std::string value; ///< as JSON; at_least and at_most: a number
};

[[nodiscard]] bool fits(const JsonComparison& comparison, const boost::json::value& value);

} // namespace holdfast::scenario
