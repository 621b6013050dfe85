// Names that users give: checked once, when a file is loaded, so that no code behind it need look for separators in
// them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::scenario {

/// Why this cannot be the name of a service or dependency, which becomes part of addresses, file names and
/// placeholders: a sentence, or nothing.
[[nodiscard]] std::optional<std::string> wrong_identifier(std::string_view name);

/// The same for what people read: scenarios, steps, releases. Blanks and letters of any script are allowed.
[[nodiscard]] std::optional<std::string> wrong_title(std::string_view name);

} // namespace holdfast::scenario
