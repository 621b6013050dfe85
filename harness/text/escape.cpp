#include "harness/text/escape.hpp"

#include "harness/text/utf8.hpp"

#include <fmt/format.h>
#include <iterator>

namespace holdfast::text {

namespace {

/// Calls `letter(code, bytes)` for each letter and `stray(byte)` for each byte that belongs to none.
template <class OnLetter, class OnStray>
void walk(std::string_view text, OnLetter letter, OnStray stray) {
  while (!text.empty()) {
    const auto first = first_letter(text);
    if (first.length == 0) {
      stray(static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
    } else {
      letter(first.code, text.substr(0, first.length));
      text.remove_prefix(first.length);
    }
  }
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F);
}

/// What turns the direction of writing, or hides: a name can be made to look like another with these.
bool is_invisible(char32_t code) {
  return code == 0x061C || (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF || (code >= 0xFFF9 && code <= 0xFFFB) ||
         (code >= 0xE0000 && code <= 0xE007F);
}

bool is_noncharacter(char32_t code) {
  return (code & 0xFFFEU) == 0xFFFE || (code >= 0xFDD0 && code <= 0xFDEF);
}

std::string number_of(char32_t code) {
  return code < 0x100 ? fmt::format("\\x{:02x}", static_cast<unsigned>(code))
                      : fmt::format("\\u{{{:x}}}", static_cast<unsigned>(code));
}

/// The five letters that markup gives a meaning to; empty for any other.
std::string_view entity_of(char32_t code) {
  switch (code) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  case '\'':
    return "&#39;";
  default:
    return {};
  }
}

bool is_white(char32_t code) {
  return code == ' ' || (code >= '\t' && code <= '\r') || code == 0x85 || code == 0xA0 || code == 0x2028 ||
         code == 0x2029;
}

} // namespace

void append_json(std::string& out, std::string_view text) {
  out += '"';
  walk(
      text,
      [&](char32_t code, std::string_view bytes) {
        if (code == '"' || code == '\\')
          out += '\\', out += bytes;
        else if (code < 0x20)
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(code));
        else
          out += bytes;
      },
      [&](unsigned char) { out += replacement; });
  out += '"';
}

std::string terminal(std::string_view text) {
  std::string out;
  walk(
      text,
      [&](char32_t code, std::string_view bytes) {
        if (is_control(code) || is_invisible(code) || is_noncharacter(code))
          out += number_of(code);
        else
          out += bytes;
      },
      [&](unsigned char byte) { out += number_of(byte); });
  return out;
}

std::string terminal_lines(std::string_view text, std::string_view indent) {
  std::string out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    out += indent;
    out += terminal(text.substr(0, end));
    out += '\n';
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

std::string xml(std::string_view text) {
  std::string out;
  walk(
      text,
      [&](char32_t code, std::string_view bytes) {
        const bool is_space = code == '\t' || code == '\n' || code == '\r';
        if (const auto entity = entity_of(code); !entity.empty())
          out += entity;
        else if ((code < 0x20 && !is_space) || code == 0xFFFE || code == 0xFFFF)
          out += replacement;
        else if (is_control(code) && !is_space)
          out += number_of(code);
        else
          out += bytes;
      },
      [&](unsigned char) { out += replacement; });
  return out;
}

std::string html(std::string_view text) {
  std::string out;
  walk(
      text,
      [&](char32_t code, std::string_view bytes) {
        const bool is_space = code == '\t' || code == '\n';
        if (const auto entity = entity_of(code); !entity.empty())
          out += entity;
        else if ((is_control(code) && !is_space) || is_invisible(code) || is_noncharacter(code))
          out += number_of(code);
        else
          out += bytes;
      },
      [&](unsigned char byte) { out += number_of(byte); });
  return out;
}

std::string markdown(std::string_view text) {
  std::string out;
  for (const char c : html(one_line(text, text.size()))) {
    // ASCII punctuation may be escaped, letters may not; '&' and ';' are html's own by now.
    if (std::string_view("\\`*_{}[]()#+-.!|~$^=:/@").find(c) != std::string_view::npos)
      out += c == '@' ? "&#64;" : std::string{'\\', c};
    else
      out += c;
  }
  return out;
}

std::string clipped(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes)
    return std::string(text);
  auto end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
    --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string one_line(std::string_view text, std::size_t bytes) {
  std::string out;
  bool is_gap = false;
  while (!text.empty() && out.size() <= bytes) {
    const auto letter = first_letter(text);
    const auto length = letter.length == 0 ? 1 : letter.length;
    if (letter.length != 0 && is_white(letter.code)) {
      is_gap = !out.empty();
    } else {
      if (is_gap)
        out += ' ';
      is_gap = false;
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return clipped(out, bytes);
}

} // namespace holdfast::text
