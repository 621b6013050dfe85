#include "harness/history/secrets.hpp"

#include <regex>
#include <utility>

namespace holdfast::history {

std::string mask_secrets(std::string_view text) {
  using std::regex;
  static const std::pair<regex, const char*> all[] = {
      // An HTTP head's line, before what looks like an assignment in it.
      {regex(R"re(((?:authorization|cookie)[ \t]*:[ \t]*)[^\r\n]+)re", regex::icase), "$1***"},
      {regex(
           R"re(((?:password|passwd|secret|token|api_?key|credential)[\w.-]*["']?[ \t]*[=:][ \t]*)("[^"]*"|'[^']*'|[^\s,}]+))re",
           regex::icase),
       "$1***"},
      {regex(R"re((\bpassword[ \t]+)'[^']*')re", regex::icase), "$1'***'"},
      {regex(R"re((\w+://[^\s:/@]*:)[^\s@/]+@)re"), "$1***@"},
      {regex(R"re((\bauth\r\n\$\d+\r\n)[^\r\n]*(?:\r\n\$\d+\r\n[^\r\n]*)?)re", regex::icase), "$1***"},
  };
  std::string masked(text);
  for (const auto& [pattern, replacement] : all)
    masked = std::regex_replace(masked, pattern, replacement);
  return masked;
}

} // namespace holdfast::history
