// The TOML is parsed to find where texts stand and under which keys, but it is not written anew: only the texts that
// hold a secret are replaced in the file as it was. Comments and layout stay.
#include "harness/bundle/masked_sources.hpp"

#include "harness/text/escape.hpp"
#include "harness/text/places.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>
#include <toml++/toml.h>
#include <vector>

namespace holdfast::bundle {

namespace {

/// Keys whose values say where something stands in a reply ("/session/token"), or by which names the history has it.
/// Such a value under a key like "token" looks like a secret and is none; masked, it would name another place.
bool names_places(std::string_view key) {
  static constexpr std::string_view keys[] = {"capture",         "list",    "statement", "ok",   "fail",
                                              "unauthenticated", "declare", "journey",   "when", "expect"};
  return std::find(std::begin(keys), std::end(keys), key) != std::end(keys);
}

/// Of a template like "Bearer {token}" the placeholder stays, since what it sends is known only when it is filled, and
/// so do short words without digits beside it ("Bearer ", "sid="), which say what it is. Everything else becomes a
/// mark.
std::string mark_around_placeholders(std::string_view text, const history::Secrets& secrets) {
  constexpr std::size_t longest_word = 15;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_word = [&](std::string_view piece) { // "Bearer ", "sid=", "; "
    return piece.size() <= longest_word &&
           std::none_of(piece.begin(), piece.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
           (piece.back() == ' ' || piece.back() == '=' || std::none_of(piece.begin(), piece.end(), is_letter));
  };
  std::string out;
  bool has_placeholder = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto open = text.find('{', at);
    const auto close = open == std::string_view::npos ? open : text.find('}', open);
    const auto piece = text.substr(at, close == std::string_view::npos ? text.size() - at : open - at);
    has_placeholder = has_placeholder || close != std::string_view::npos;
    out += piece.empty() || (has_placeholder && is_word(piece)) ? std::string(piece) : secrets.mark(piece);
    if (close == std::string_view::npos)
      break;
    out += text.substr(open, close + 1 - open);
    at = close + 1;
  }
  return out;
}

/// A text as a TOML string: on one line where it has no line ends, otherwise between triple quotes, which keep them
/// readable. TOML drops the line end right behind the opening quotes.
std::string literal(const std::string& text) {
  if (text.find('\n') == std::string::npos) {
    std::string out;
    text::append_json(out, text);
    return out;
  }
  std::string out = "\"\"\"\n";
  for (const char c : text) {
    if (c == '\\' || c == '"')
      out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + "\"\"\"";
}

class Rewriter {
public:
  Rewriter(const std::string& text, const history::Secrets& secrets) : text_(text), secrets_(secrets), places_(text) {}

  std::string run(const toml::table& root) {
    visit(root, {}, false);
    // A table is visited by the order of its keys, the file is rewritten from front to back.
    std::sort(changes_.begin(), changes_.end(), [](const Change& a, const Change& b) { return a.begin < b.begin; });
    std::string out;
    std::size_t at = 0;
    for (const auto& change : changes_) {
      out += text_.substr(at, change.begin - at) + change.by;
      at = change.end;
    }
    return out + text_.substr(at);
  }

private:
  struct Change {
    std::size_t begin, end;
    std::string by;
  };

  void visit(const toml::node& node, std::string_view key, bool secret) {
    if (const auto* table = node.as_table()) {
      // A table like { key = "password", value = "…" }: what names the secret is itself a value.
      const bool sets_secret = secrets_.is_secret_name((*table)["key"].value_or(std::string_view{})); // config.set
      for (const auto& [name, value] : *table)
        if (!names_places(name.str()))
          visit(value, name.str(),
                secret || secrets_.is_secret_name(name.str()) || (sets_secret && name.str() == "value"));
    } else if (const auto* array = node.as_array()) {
      bool is_next = false; // the word behind "--password" in a command
      for (const auto& value : *array) {
        visit(value, key, secret || is_next);
        const auto* word = value.as_string();
        is_next = word != nullptr && word->get().starts_with('-') && word->get().find('=') == std::string::npos &&
                  secrets_.is_secret_name(word->get());
      }
    } else if (const auto* value = node.as_string(); value != nullptr && !value->get().empty()) {
      const auto& text = value->get();
      // A word that begins with "-" is another option and not the value of the one before it.
      const auto masked =
          !secret || text.starts_with('-') ? secrets_.mask(text) : mark_around_placeholders(text, secrets_);
      if (masked != text)
        changes_.push_back({offset(node.source().begin), offset(node.source().end), literal(masked)});
    }
  }

  [[nodiscard]] std::size_t offset(const toml::source_position& position) const {
    return places_.offset(position.line, position.column);
  }

  const std::string& text_;
  const history::Secrets& secrets_;
  text::Places places_;
  std::vector<Change> changes_;
};

} // namespace

std::string masked_toml(const std::string& toml, const history::Secrets& secrets) {
  try {
    const auto root = toml::parse(toml);
    return Rewriter(toml, secrets).run(root);
  } catch (const toml::parse_error&) {
    return secrets.mask(toml);
  } catch (const std::invalid_argument&) { // the parser's assertions: see scenario/toml_implementation.cpp
    return secrets.mask(toml);
  }
}

} // namespace holdfast::bundle
