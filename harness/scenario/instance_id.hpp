// What an instance is called: "bank@2" is the service bank on host 2. A server that stands alone is called by its name.
// The only place that knows how the two are written together.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace holdfast::scenario {

struct InstanceId {
  std::string service; ///< or the server's name
  int host = 0;        ///< from 1; 0 of a server that stands alone

  /// A text without a host, and any that is no instance's, "none" for one, is the name of something that stands alone.
  [[nodiscard]] static InstanceId parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  auto operator<=>(const InstanceId&) const = default;
};

} // namespace holdfast::scenario
