#include "harness/text/pattern.hpp"

#include <re2/re2.h>

namespace holdfast::text {

namespace {
constexpr std::size_t longest_text = 1U << 20U;
constexpr std::int64_t most_memory = 8 << 20;
} // namespace

std::variant<Pattern, BadPattern> Pattern::compile(const std::string& pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(most_memory);
  auto compiled = std::make_shared<const RE2>(pattern, options);
  if (compiled->ok())
    return Pattern(std::move(compiled));
  const auto at = pattern.find(compiled->error_arg());
  return BadPattern{compiled->error(), at == std::string::npos ? 0 : at};
}

bool Pattern::is_in(std::string_view text) const {
  const auto bounded = text.substr(0, longest_text);
  return RE2::PartialMatch(re2::StringPiece(bounded.data(), bounded.size()), *compiled_);
}

const std::string& Pattern::source() const {
  return compiled_->pattern();
}

} // namespace holdfast::text
