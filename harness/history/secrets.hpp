// What must not reach a bundle or a report: passwords, tokens and the like in configurations, URLs and messages.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::history {

/// The text with these replaced by "***": the values of keys that look like secrets, passwords in URLs and in SQL,
/// credentials and cookies in HTTP heads, and the arguments of Redis' AUTH. Knows what secrets look like, not which
/// there are: a token that stands alone is not seen. For texts of some KiB.
[[nodiscard]] std::string mask_secrets(std::string_view text);

} // namespace holdfast::history
