// Regular expressions that users write, on RE2: linear in the text, whatever the pattern.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace re2 {
class RE2;
}

namespace holdfast::text {

/// What RE2 refuses, and at which letter of the pattern.
struct BadPattern {
  std::string message;
  std::size_t at = 0; ///< bytes from its front
};

/// Copies share the compiled pattern.
class Pattern {
public:
  [[nodiscard]] static std::variant<Pattern, BadPattern> compile(const std::string& pattern);
  /// Looks anywhere in the first MiB of a text.
  [[nodiscard]] bool is_in(std::string_view text) const;
  [[nodiscard]] const std::string& source() const;

private:
  explicit Pattern(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const re2::RE2> compiled_;
};

} // namespace holdfast::text
