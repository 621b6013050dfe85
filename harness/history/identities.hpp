// Entries of lists and the operations whose ids they have: every entry is looked up once, so that checks of tens of
// millions of them need not compare texts.
#pragma once

#include "harness/history/names.hpp"
#include "harness/history/operation.hpp"

namespace holdfast::history {

/// Numbers the operations by their places and identifies all entries of their lists: for histories that are made by
/// hand, since what the reader returns is identified. It may be called again when operations have been added. An entry
/// keeps the number that it was given: no operation may be taken away, and no entry moved to another history. Throws
/// std::invalid_argument when two operations have one id.
void identify(History& history);

} // namespace holdfast::history
