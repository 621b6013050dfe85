#include "harness/scenario/json_comparison.hpp"

#include <boost/json.hpp>

namespace holdfast::scenario {

namespace json = boost::json;

bool fits(const JsonComparison& comparison, const json::value& body) {
  boost::system::error_code none;
  const auto* value = comparison.pointer.empty() ? &body : body.find_pointer(comparison.pointer, none);
  if (value == nullptr)
    return false;
  const auto wanted = json::parse(comparison.value);
  // Numbers are compared by value: 10 and 10.0 are equal, although JSON's parser makes an integer of one and not of the
  // other.
  const bool numbers = value->is_number() && wanted.is_number();
  const auto number = [](const json::value& one) { return one.to_number<double>(); };
  switch (comparison.is) {
  case JsonComparison::Is::equal:
    return numbers ? number(*value) == number(wanted) : *value == wanted;
  case JsonComparison::Is::different:
    return numbers ? number(*value) != number(wanted) : *value != wanted;
  case JsonComparison::Is::at_least:
    return numbers && number(*value) >= number(wanted);
  case JsonComparison::Is::at_most:
    return numbers && number(*value) <= number(wanted);
  }
  return false;
}

} // namespace holdfast::scenario
