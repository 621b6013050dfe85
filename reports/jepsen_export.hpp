// A run as a Jepsen history, so that others' checkers can judge it. What it looks like: harness/jepsen/FORMATS.md.
#pragma once

#include "harness/bundle/bundle.hpp"

#include <iosfwd>

namespace holdfast::reports {

enum class JepsenSyntax { edn, json };

/// One operation map a line, steps of the timeline as operations of the nemesis. `secrets` masks what the history still
/// holds of them: one that a run of the first format recorded.
void jepsen_export(const history::History& history, const history::Secrets& secrets, JepsenSyntax syntax,
                   std::ostream& out);

} // namespace holdfast::reports
