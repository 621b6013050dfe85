// Reads the histories that the benchmark is run on: one operation a line, {:process 3, :type :ok, :f :read, :value 4}.
#pragma once

#include "harness/consistency/history.hpp"

#include <string>

namespace holdfast::bench {

/// Values are nil, integers, keywords, texts without escapes, and lists of them. Throws on anything else.
consistency::History read_history(const std::string& file);

} // namespace holdfast::bench
