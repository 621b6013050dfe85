// How many random histories a checker is held against: fewer in sanitized builds, which look for mistakes of memory.
#pragma once

namespace holdfast::test {

constexpr unsigned histories = HOLDFAST_HISTORIES;

} // namespace holdfast::test
