// toml++ is compiled here once; everywhere else only its declarations are read.
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
