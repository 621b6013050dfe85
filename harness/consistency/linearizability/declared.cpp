#include "harness/consistency/linearizability/declared.hpp"

#include <charconv>

namespace holdfast::consistency::linearizability {

Value read_value(Values& values, std::string_view text) {
  if (text == "nil")
    return {};
  if (text == "true" || text == "false")
    return Values::boolean(text == "true");
  std::int64_t number = 0;
  if (const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      error == std::errc{} && at == text.data() + text.size() && number >= -Values::largest_integer &&
      number <= Values::largest_integer)
    return Values::integer(number);
  if (text.size() > 1 && text.front() == ':')
    return values.keyword(text.substr(1));
  if (text.size() > 1 && text.front() == '"' && text.back() == '"')
    return values.text(text.substr(1, text.size() - 2));
  return values.text(text);
}

Value declared_initial(History& history, const Question& question, Value otherwise) {
  const auto declared = question.declarations.find("initial");
  return declared == question.declarations.end() ? otherwise : read_value(history.values, declared->second);
}

} // namespace holdfast::consistency::linearizability
