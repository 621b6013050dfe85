#include "harness/history/secrets.hpp"

#include "harness/text/ascii.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <sodium.h>
#include <stdexcept>

namespace holdfast::history {

using text::lower;

namespace {

// Not fewer than the bytes of a tail (`tail_of`), which every learnt value must have.
constexpr std::size_t shortest_learnt = 8;
constexpr std::size_t most_learnt = 64U << 20U; ///< bytes of all

/// A name is secret that holds one of these, in any case of its letters: `accessToken`, `DB_PASSWORD`.
constexpr std::string_view telling[] = {"password",   "passwd",      "passphrase", "secret",      "token",
                                        "jwt",        "bearer",      "api_key",    "apikey",      "api-key",
                                        "credential", "private_key", "privatekey", "private-key", "access_key",
                                        "accesskey",  "access-key"};
/// Headers whose value is a credential up to the end of its line.
constexpr std::string_view headers[] = {"authorization", "proxy-authorization", "cookie", "set-cookie"};

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_header(std::string_view name) {
  return std::find(std::begin(headers), std::end(headers), lower(name)) != std::end(headers);
}

/// The last eight bytes of a value, or of a text that may end with one.
std::uint64_t tail_of(std::string_view value) {
  std::uint64_t tail = 0;
  std::memcpy(&tail, value.data() + value.size() - sizeof tail, sizeof tail);
  return tail;
}

/// Walks a text once, from its front to its end, and writes it anew with marks.
class Masker {
public:
  Masker(const Secrets& secrets, std::string_view text) : secrets_(secrets), text_(text) {}

  std::string run() {
    out_.reserve(text_.size());
    while (at_ < text_.size()) {
      if (starts("-----BEGIN "))
        pem();
      else if (starts("://"))
        url();
      else if (is_name(text_[at_]))
        name();
      else
        copy(1);
    }
    return std::move(out_);
  }

private:
  [[nodiscard]] bool starts(std::string_view with) const { return text_.substr(at_, with.size()) == with; }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void copy(std::size_t count) {
    count = std::min(count, text_.size() - at_);
    out_ += text_.substr(at_, count);
    at_ += count;
  }
  /// Writes a mark for what comes next. What is a mark already stays: to mask a text twice is to mask it once.
  void hide(std::size_t count) {
    count = std::min(count, text_.size() - at_);
    const auto secret = text_.substr(at_, count);
    if (!secret.empty())
      out_ += secret.starts_with("***") ? std::string(secret) : secrets_.mark(secret);
    at_ += count;
  }
  void copy_blanks() {
    while (is_blank(peek()))
      copy(1);
  }

  /// The body of a private key; certificates are public. A key whose end is missing, as in a log that was cut, is
  /// hidden up to the end of the text.
  void pem() {
    constexpr std::size_t longest_head = 64; // looked at again for every BEGIN: a bound keeps that linear
    const auto head = text_.substr(at_, longest_head);
    if (head.substr(0, head.find('\n')).find("PRIVATE KEY") == std::string_view::npos)
      return copy(std::string_view("-----BEGIN ").size());
    const auto end = text_.find("-----END ", at_);
    const auto begin = text_.find("-----", at_ + 10);
    copy(begin == std::string_view::npos ? head.size() : begin + 5 - at_);
    hide((end == std::string_view::npos || end < at_ ? text_.size() : end) - at_);
    if (starts("-----END "))
      copy(std::string_view("-----END ").size());
  }

  /// The password of "scheme://user:password@host".
  void url() {
    copy(3);
    const auto end = std::min(text_.find_first_of(" \t\r\n/\"'<>?#", at_), text_.size());
    const auto authority = text_.substr(at_, end - at_);
    const auto at = authority.rfind('@');
    const auto colon = authority.find(':');
    if (at == std::string_view::npos || colon == std::string_view::npos || colon > at)
      return;
    copy(colon + 1);
    if (is_template(authority.substr(colon + 1, at - colon - 1)))
      copy(at - colon - 1);
    else
      hide(at - colon - 1);
  }

  void name() {
    auto end = at_;
    while (end < text_.size() && is_name(text_[end]))
      ++end;
    const auto word = text_.substr(at_, end - at_);
    // Looked at before the name is copied: from then on `at_` is behind it.
    begins_line_ = begins_line();
    copy(word.size());
    if (word.size() > 128)
      return;
    if (is_header(word))
      return header();
    if (secrets_.is_secret_name(word))
      return assignment();
    if (lower(word) == "auth" || lower(word) == "by") // Redis' AUTH; IDENTIFIED BY '…'
      credential(lower(word) == "auth");
  }

  /// The value behind a secret name, in any of these forms: `name = value`, `"name": value`, `name=value&…`,
  /// `<name>value<` and `PASSWORD 'value'`. Backslashes may stand before the closing quote of the name: it is JSON in a
  /// text of JSON then.
  void assignment() {
    std::size_t ahead = 0;
    while (peek(ahead) == '\\' || peek(ahead) == '"' || peek(ahead) == '\'')
      ++ahead;
    while (is_blank(peek(ahead)))
      ++ahead;
    const char sign = peek(ahead);
    const bool is_sql = ahead > 0 && is_blank(peek()) && peek(ahead) == '\'';
    if (is_sql) {
      copy(ahead);
      return value();
    }
    if (sign != '=' && sign != ':' && !(sign == '>' && ahead == 0))
      return;
    copy(ahead + 1);
    if (sign == '=' && peek() == '>') // a Ruby or PHP map
      copy(1);
    copy_blanks();
    value();
  }

  void value() {
    if (const auto quote = opening(); !quote.empty()) {
      copy(quote.size());
      return quoted(quote);
    }
    if (peek() == '[' || peek() == '{')
      return container();
    if ((peek() == '|' || peek() == '>') && (peek(1) == '\n' || peek(1) == '-' || peek(1) == '+'))
      return block();
    if (peek() == '\n' || peek() == '\r')
      return block();
    plain();
  }

  /// The quote that begins here, the longest first: three quotes begin with one.
  [[nodiscard]] std::string_view opening() const {
    for (const std::string_view quote : {R"(""")", "'''", R"(\")", "\"", "'"})
      if (starts(quote))
        return quote;
    return {};
  }

  /// Up to the closing quote. Within single quotes a backslash is a letter as any other, as in SQL and TOML.
  void quoted(std::string_view quote) {
    auto end = at_;
    while (end < text_.size() && text_.substr(end, quote.size()) != quote)
      end += text_[end] == '\\' && quote[0] != '\'' ? 2 : 1;
    end = std::min(end, text_.size());
    if (is_template(text_.substr(at_, end - at_)))
      copy(end - at_);
    else
      hide(end - at_);
    copy(quote.size());
  }

  /// A placeholder such as `{token}` stands for a secret and is none. It must stay: a bundle is judged by the stack
  /// file in it, and by its placeholders a request is known to carry what the login gave out.
  [[nodiscard]] static bool is_template(std::string_view value) {
    return value.size() > 2 && value.front() == '{' && value.back() == '}' &&
           std::all_of(value.begin() + 1, value.end() - 1, [](char c) { return is_name(c) || c == '>'; });
  }

  /// Nothing but blanks stands before this place on its line: it may be a key of a configuration.
  [[nodiscard]] bool begins_line() const {
    auto at = at_;
    while (at > 0 && is_blank(text_[at - 1]))
      --at;
    return at == 0 || text_[at - 1] == '\n' || text_[at - 1] == '\r';
  }

  /// A value without quotes. At the beginning of a line its name is taken for a key of a configuration, whose value
  /// goes up to the end of the line; in a sentence or a query string it ends with the word.
  void plain() {
    auto end = std::min(text_.find_first_of(" \t\r\n,;&}]<\"'", at_), text_.size());
    if (begins_line_ && end < text_.size() && is_blank(text_[end])) { // a value of several words
      end = std::min(text_.find_first_of("\r\n", at_), text_.size());
      while (end > at_ && is_blank(text_[end - 1]))
        --end;
    }
    const auto word = text_.substr(at_, end - at_);
    if (word == "null" || word == "true" || word == "false" || is_template(word))
      copy(word.size());
    else
      hide(word.size());
  }

  /// Every text and number in a list or map.
  void container() {
    int depth = 0;
    do {
      const char c = peek();
      if (const auto quote = opening(); !quote.empty()) {
        copy(quote.size());
        quoted(quote);
        continue;
      }
      depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
      if (is_name(c))
        plain();
      else
        copy(1);
    } while (depth > 0 && at_ < text_.size());
  }

  /// A YAML block: the lines below that are indented deeper.
  void block() {
    const auto line_begin = text_.rfind('\n', at_ == 0 ? 0 : at_ - 1);
    const auto indent_at = line_begin == std::string_view::npos ? 0 : line_begin + 1;
    const auto own = std::min(text_.find_first_not_of(" \t", indent_at), text_.size()) - indent_at;
    const auto first_end = text_.find('\n', at_);
    copy((first_end == std::string_view::npos ? text_.size() : first_end + 1) - at_);
    while (at_ < text_.size()) {
      const auto letter = text_.find_first_not_of(" \t", at_);
      if (letter == std::string_view::npos || letter - at_ <= own || text_[letter] == '\n')
        return;
      if (text_.substr(at_, text_.find('\n', at_) - at_).find_first_of(":=") != std::string_view::npos &&
          text_[letter] != '-')
        return; // a map below the name: its own names decide
      copy(letter - at_);
      hide(std::min(text_.find('\n', at_), text_.size()) - at_);
      copy(1);
    }
  }

  /// A header that carries a credential. Its value is hidden up to the end of the line, since it holds blanks and
  /// semicolons (`Bearer x`, cookies with their attributes); one in quotes or a list is a value in JSON.
  void header() {
    std::size_t ahead = 0;
    while (peek(ahead) == '\\' || peek(ahead) == '"' || peek(ahead) == '\'')
      ++ahead;
    while (is_blank(peek(ahead)))
      ++ahead;
    if (peek(ahead) != ':' && peek(ahead) != '=')
      return;
    copy(ahead + 1);
    copy_blanks();
    if (!opening().empty() || peek() == '[')
      return value();
    hide(std::min(text_.find_first_of("\r\n", at_), text_.size()) - at_);
  }

  /// What follows "AUTH" in Redis' protocol, one or two texts with their lengths, or after "BY" in SQL in quotes.
  void credential(bool is_redis) {
    if (!is_redis) {
      if (is_blank(peek()) && peek(1) == '\'') {
        copy(1);
        value();
      }
      return;
    }
    for (int i = 0; i < 2 && starts("\r\n$"); ++i) {
      const auto line_end = text_.find("\r\n", at_ + 3);
      if (line_end == std::string_view::npos)
        return;
      copy(line_end + 2 - at_);
      hide(std::min(text_.find("\r\n", at_), text_.size()) - at_);
    }
  }

  const Secrets& secrets_;
  std::string_view text_;
  std::size_t at_ = 0;
  bool begins_line_ = false; ///< the name that was read last does
  std::string out_;
};

} // namespace

Secrets::Secrets(Policy policy, std::vector<std::string> names) : policy_(policy), names_(std::move(names)) {
  for (auto& name : names_)
    name = lower(name);
  if (::sodium_init() < 0)
    throw std::runtime_error("this machine gives no random numbers to mask secrets with");
  ::randombytes_buf(key_.data(), key_.size());
}

bool Secrets::is_secret_name(std::string_view name) const {
  const auto text = lower(name);
  // Names are dotted paths in some files: `db.pin` is secret where `pin` is declared.
  const auto last = text.substr(text.rfind('.') + 1);
  return is_header(last) ||
         std::any_of(std::begin(telling), std::end(telling),
                     [&](std::string_view part) { return text.find(part) != std::string::npos; }) ||
         std::any_of(names_.begin(), names_.end(), [&](const auto& one) { return one == text || one == last; });
}

void Secrets::learn(std::string_view value) {
  if (policy_ == Policy::keep || value.size() < shortest_learnt || value.starts_with("***"))
    return;
  if (learnt_.contains(value))
    return;
  // What is in the set stays where it is when that grows: `order_` points at it.
  const auto& known = *learnt_.emplace(value).first;
  ++lengths_[tail_of(known)][known.size()];
  order_.push_back(&known);
  bytes_ += known.size();
  while (bytes_ > most_learnt)
    forget_oldest();
}

void Secrets::forget_oldest() {
  const auto oldest = learnt_.find(*order_.front());
  order_.pop_front();
  bytes_ -= oldest->size();
  const auto alike = lengths_.find(tail_of(*oldest));
  if (--alike->second[oldest->size()] == 0)
    alike->second.erase(oldest->size());
  if (alike->second.empty())
    lengths_.erase(alike);
  learnt_.erase(oldest);
}

std::string Secrets::mark(std::string_view secret) const {
  if (policy_ == Policy::keep)
    return std::string(secret);
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> code{};
  crypto_auth_hmacsha256(code.data(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
                         key_.data());
  return fmt::format("***{:02x}{:02x}{:02x}{:02x}", code[0], code[1], code[2], code[3]);
}

std::string Secrets::mask(std::string_view text) const {
  if (policy_ == Policy::keep || text.empty())
    return std::string(text);
  // By names first: a header is hidden as a whole, with all that it holds besides a learnt value.
  return mask_learnt(Masker(*this, text).run());
}

// Looks at every place of the text as the end of a learnt value: the eight bytes before it must be the tail of one. Of
// values with that tail the longest is tried first, so that nothing of it is left where a shorter one ends it. `left`
// bounds the bytes that are compared, by the length of the text: one that is made of tails alone would take minutes,
// and is masked as a whole instead.
std::string Secrets::mask_learnt(std::string text) const {
  if (learnt_.empty() || text.size() < shortest_learnt) // nor is anything learnt where all is kept
    return text;
  const std::string_view all = text;
  std::string out;
  std::size_t begin = 0;                                       // of what is not written yet
  std::size_t left = all.size() * 64 + (std::size_t{1} << 20); // bytes that may be compared
  for (std::size_t end = shortest_learnt; end <= all.size(); ++end) {
    const auto alike = lengths_.find(tail_of(all.substr(end - shortest_learnt, shortest_learnt)));
    if (alike == lengths_.end())
      continue;
    std::size_t longest = 0;
    for (const auto& [length, count] : alike->second) {
      if (length > end - begin)
        continue;
      if (length > left)
        return mark(all);
      left -= length;
      if (learnt_.contains(all.substr(end - length, length))) {
        longest = length;
        break;
      }
    }
    if (longest == 0)
      continue;
    out += all.substr(begin, end - longest - begin);
    out += mark(all.substr(end - longest, longest));
    begin = end;
    end = begin + shortest_learnt - 1;
  }
  if (begin == 0)
    return text;
  out += all.substr(begin);
  return out;
}

} // namespace holdfast::history
