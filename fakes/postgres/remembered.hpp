// What was once found out about a text that clients send again and again: a hash and a comparison instead of a parser.
#pragma once

#include <string>
#include <unordered_map>

namespace holdfast::fakes {

template <class Value>
class Remembered {
public:
  /// `find_out(text)`, called when the text is new. Valid until the next call.
  template <class FindOut>
  const Value& of(const std::string& text, FindOut find_out) {
    if (const auto found = values_.find(text); found != values_.end())
      return found->second;
    if (values_.size() >= most)
      values_.clear(); // a client that writes its values into its texts: nothing of them comes again
    return values_.emplace(text, find_out(text)).first->second;
  }

private:
  static constexpr std::size_t most = 500;
  std::unordered_map<std::string, Value> values_;
};

} // namespace holdfast::fakes
