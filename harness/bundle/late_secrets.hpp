// Secrets that were written down before anybody knew them for secrets: a service stores a session before it gives its
// token out, and says so in its log.
#pragma once

#include "harness/bundle/bundle.hpp"

namespace holdfast::bundle {

/// Masks what a run has learnt in the files that it had written meanwhile: messages, bodies, probes, logs and
/// configuration files. Of a run that has ended.
[[nodiscard]] std::optional<Problem> mask_late_secrets(const std::filesystem::path& directory,
                                                       const history::Secrets& secrets);

} // namespace holdfast::bundle
