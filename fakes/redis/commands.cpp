// The table of all data commands, and what several groups of them share: how numbers, patterns and ranges are read.
#include "fakes/redis/commands.hpp"

#include "harness/protocol/conversation.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>

namespace holdfast::fakes {

/// Seventeen digits read back as the same double, and are what Redis prints.
std::string shown(double value) {
  if (std::isinf(value))
    return value > 0 ? "inf" : "-inf";
  return fmt::format("{:.17g}", value);
}

const CommandTable& redis_commands() {
  static const CommandTable all = [] {
    CommandTable table;
    add_string_commands(table);
    add_key_commands(table);
    add_expiry_commands(table);
    add_hash_commands(table);
    add_list_commands(table);
    add_set_commands(table);
    add_sorted_set_commands(table);
    return table;
  }();
  return all;
}

namespace redis {

std::string wrong_arity(std::string_view command) {
  return fmt::format("ERR wrong number of arguments for '{}' command", command);
}

std::optional<std::int64_t> to_integer(const std::string& text) {
  std::int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool one_spelling = text == "0" || (!text.starts_with("0") && !text.starts_with("-0")); // as Redis wants it
  if (error != std::errc{} || rest != text.data() + text.size() || !one_spelling)
    return std::nullopt;
  return value;
}

/// Like Redis this takes inf and -inf, and no blanks around the number.
std::optional<double> to_real(const std::string& text) {
  if (text.empty() || std::isspace(static_cast<unsigned char>(text[0])) != 0)
    return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size() || std::isnan(value))
    return std::nullopt;
  return value;
}

std::string plain_real(long double value) {
  auto text = fmt::format("{:.17Lf}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.'))
    text.pop_back();
  return text == "-0" ? "0" : text;
}

bool glob(std::string_view pattern, std::string_view text) {
  while (!pattern.empty()) {
    const char c = pattern[0];
    pattern.remove_prefix(1);
    if (c == '*') {
      while (pattern.starts_with('*'))
        pattern.remove_prefix(1);
      for (std::size_t skipped = 0; skipped <= text.size(); ++skipped)
        if (glob(pattern, text.substr(skipped)))
          return true;
      return false;
    }
    if (text.empty())
      return false;
    // A class without its ] goes to the end of the pattern, as in Redis, instead of being an error.
    if (c == '[') {
      const bool negated = pattern.starts_with('^');
      pattern.remove_prefix(negated ? 1 : 0);
      bool inside = false;
      while (!pattern.empty() && pattern[0] != ']') {
        if (pattern[0] == '\\' && pattern.size() > 1)
          pattern.remove_prefix(1);
        char low = pattern[0], high = low;
        if (pattern.size() > 2 && pattern[1] == '-') {
          high = pattern[2];
          pattern.remove_prefix(2);
        }
        if (low > high)
          std::swap(low, high);
        inside = inside || (text[0] >= low && text[0] <= high);
        pattern.remove_prefix(1);
      }
      pattern.remove_prefix(pattern.empty() ? 0 : 1);
      if (inside == negated)
        return false;
    } else if (c != '?') {
      const bool escaped = c == '\\' && !pattern.empty();
      if (text[0] != (escaped ? pattern[0] : c))
        return false;
      pattern.remove_prefix(escaped ? 1 : 0);
    }
    text.remove_prefix(1);
  }
  return text.empty();
}

/// Ends beyond the collection are cut to it: LRANGE 0 1000 of three elements is all three.
Range range_of(std::int64_t start, std::int64_t stop, std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  const auto from_end = [count](std::int64_t at) { return at < 0 ? std::max<std::int64_t>(at + count, -1) : at; };
  start = std::max<std::int64_t>(from_end(start), 0);
  stop = std::min(from_end(stop), count - 1);
  if (start > stop)
    return {};
  return {static_cast<std::size_t>(start), static_cast<std::size_t>(stop) + 1};
}

std::optional<ScanOptions> scan_options(Arguments args, std::size_t from, bool with_type, RedisReply& reply) {
  std::uint64_t cursor = 0;
  const auto& given = args[from - 1];
  if (std::from_chars(given.data(), given.data() + given.size(), cursor).ptr != given.data() + given.size() ||
      given.empty())
    return reply.error("ERR invalid cursor"), std::nullopt;
  ScanOptions options;
  for (std::size_t i = from; i < args.size(); i += 2) {
    const auto name = protocol::lower(args[i]);
    if (i + 1 >= args.size() || (name != "match" && name != "count" && !(with_type && name == "type")))
      return reply.error(syntax), std::nullopt;
    if (name == "match")
      options.pattern = args[i + 1];
    else if (name == "type")
      options.type = protocol::lower(args[i + 1]);
    else if (const auto count = to_integer(args[i + 1]); !count || *count < 1)
      return reply.error(count ? syntax : no_integer), std::nullopt;
  }
  return options;
}

} // namespace redis
} // namespace holdfast::fakes
