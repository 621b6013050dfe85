// Entries of lists and the operations whose ids they have: every entry is looked up once, so that checks of tens of
// millions of them need not compare texts.
#pragma once

#include "harness/history/names.hpp"
#include "harness/history/operation.hpp"

namespace holdfast::history {

/// Numbers the operations by their places and identifies all entries of their lists: for histories that are made by
/// hand; what the reader returns is identified. Throws std::invalid_argument when two operations have one id.
void identify(History& history);

/// Identifies entries with operations that came after them in the file. `ids` are those of the operations.
void identify_entries(History& history, const Names& ids);

} // namespace holdfast::history
