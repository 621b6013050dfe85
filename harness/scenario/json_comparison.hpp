// A field of a JSON value against what is wanted of it. What stack files say of requests to fakes and of replies.
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
