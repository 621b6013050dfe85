// Bytes as text: RFC 4648, section 4.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::history {

[[nodiscard]] std::string to_base64(std::string_view bytes);
/// Nothing when the text is no base64 with its padding.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

} // namespace holdfast::history
