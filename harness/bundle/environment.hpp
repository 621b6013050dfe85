// Where a run was played: what two people compare when they do not get the same result.
#pragma once

#include <string>

namespace holdfast::bundle {

/// One JSON object: harness, compiler, kernel, processors, memory, load and privileges of this machine, now.
[[nodiscard]] std::string describe_environment(const std::string& version);

} // namespace holdfast::bundle
