// toml++ is compiled here once; everywhere else only its declarations are read.
//
// Its parser holds assumptions that some malformed input breaks: an assertion in debug builds, and undefined behaviour
// in release builds, where they become __builtin_assume. Here they are checked in every build and thrown, for the
// loader to report.
#undef NDEBUG
#include <stdexcept>
#define TOML_ASSERT(expr) ((expr) ? static_cast<void>(0) : throw std::invalid_argument("malformed TOML"))
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
