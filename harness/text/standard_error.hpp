// What cannot be said anywhere else.
#pragma once

#include <string_view>

namespace holdfast::text {

/// Writes to standard error. When nobody can read it, nothing can be done about that: the program goes on.
void to_standard_error(std::string_view text);

} // namespace holdfast::text
