// Text with `{placeholders}`. A brace that does not open a name (letters, digits, '_', '.', '-', '>') is plain text, so
// that JSON can be a template as it is; so is one behind a '$', which shells and others fill. `{{x}}` writes `{x}`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::scenario {

using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

/// Every placeholder's name, in order, with repetitions.
[[nodiscard]] std::vector<std::string> placeholders(std::string_view text);

/// Replaces what `lookup` knows and leaves the rest as it stands.
[[nodiscard]] std::string substitute(std::string_view text, const Lookup& lookup);

} // namespace holdfast::scenario
