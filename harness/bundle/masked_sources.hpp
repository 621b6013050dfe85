// The files of a scenario as they go into a bundle: still TOML that says the same, with secrets as marks.
#pragma once

#include "harness/history/secrets.hpp"

#include <string>

namespace holdfast::bundle {

/// Masks the values of secret names, and whatever texts hold that looks like a secret, where they stand: every other
/// byte stays. What only names a place (a JSON pointer of a capture, a placeholder) is no secret. A text that is no
/// TOML is masked as any other.
[[nodiscard]] std::string masked_toml(const std::string& toml, const history::Secrets& secrets);

} // namespace holdfast::bundle
