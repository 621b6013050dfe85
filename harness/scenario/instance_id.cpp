#include "harness/scenario/instance_id.hpp"

#include <charconv>

namespace holdfast::scenario {

InstanceId InstanceId::parse(std::string_view text) {
  // Services have no "@" in their names (names.hpp). What is no host number behind one makes the whole text a name.
  const auto at = text.rfind('@');
  int host = 0;
  if (at != std::string_view::npos) {
    const auto* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + at + 1, end, host);
    if (parsed.ec == std::errc{} && parsed.ptr == end && host > 0)
      return {std::string(text.substr(0, at)), host};
  }
  return {std::string(text), 0};
}

std::string InstanceId::text() const {
  return host == 0 ? service : service + "@" + std::to_string(host);
}

} // namespace holdfast::scenario
