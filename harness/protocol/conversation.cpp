#include "harness/protocol/conversation.hpp"

#include <algorithm>
#include <cctype>

namespace holdfast::protocol {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

} // namespace holdfast::protocol
