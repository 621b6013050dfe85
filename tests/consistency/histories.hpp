// How many random histories a checker is held against. Sanitized builds look for mistakes of memory, in fewer.
#pragma once

namespace holdfast::test {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOLDFAST_FEWER_HISTORIES
#endif
#endif
#ifdef HOLDFAST_FEWER_HISTORIES
constexpr unsigned histories = 4'000;
#else
constexpr unsigned histories = 100'000;
#endif

} // namespace holdfast::test
