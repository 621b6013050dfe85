// No evidence, no verdict: what a history must hold before "valid" means anything.
#pragma once

#include "harness/consistency/result.hpp"

#include <cstddef>
#include <string>

namespace holdfast::consistency {

/// What a model counted. Operations that observe and change at once count as both.
struct Evidence {
  std::size_t reads = 0;  ///< acknowledged operations that observe something
  std::size_t writes = 0; ///< operations that change something, acknowledged or of unknown outcome
};

/// Sets the validity: `invalid` when `is_violated`; else `unknown` when the history is empty, none of its operations
/// completed, none is acknowledged, or it only reads or only writes; else `valid`. `reason` is filled where it is
/// empty.
void conclude(Result& result, const History& history, const Evidence& evidence, bool is_violated);

} // namespace holdfast::consistency
