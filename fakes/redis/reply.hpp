// Builds RESP replies in the version that the connection has agreed on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::fakes {

/// A score as RESP2 writes it.
[[nodiscard]] std::string shown(double value);

class RedisReply {
public:
  RedisReply(std::string& out, int version) : out_(out), version_(version) {}

  void status(std::string_view text) { line('+', text); }
  /// Bounded and on one line, whatever of the client's words is in it.
  void error(std::string_view text) {
    std::string clean(text.substr(0, 300));
    for (auto& c : clean)
      if (c == '\r' || c == '\n')
        c = ' ';
    line('-', clean);
  }
  void integer(std::int64_t value) { line(':', std::to_string(value)); }
  void size(std::size_t value) { integer(static_cast<std::int64_t>(value)); }
  void boolean(bool value) { integer(value ? 1 : 0); }
  void bulk(std::string_view text) {
    line('$', std::to_string(text.size()));
    out_ += text;
    out_ += "\r\n";
  }
  /// A double, which is a text in RESP2.
  void real(double value) {
    if (version_ >= 3)
      line(',', shown(value));
    else
      bulk(shown(value));
  }
  void null() { out_ += version_ >= 3 ? "_\r\n" : "$-1\r\n"; }
  void null_array() { out_ += version_ >= 3 ? "_\r\n" : "*-1\r\n"; }
  void array(std::size_t size) { line('*', std::to_string(size)); }
  void set(std::size_t size) { line(version_ >= 3 ? '~' : '*', std::to_string(size)); }
  /// A map of so many pairs.
  void map(std::size_t pairs) {
    if (version_ >= 3)
      line('%', std::to_string(pairs));
    else
      array(pairs * 2);
  }
  /// A list of so many pairs: nested in RESP3, flat before.
  void pairs(std::size_t count) { array(version_ >= 3 ? count : count * 2); }
  void pair() {
    if (version_ >= 3)
      array(2);
  }

private:
  void line(char type, std::string_view text) {
    out_ += type;
    out_ += text;
    out_ += "\r\n";
  }
  std::string& out_;
  int version_;
};

} // namespace holdfast::fakes
