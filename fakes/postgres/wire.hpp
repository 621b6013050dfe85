// Backend messages of PostgreSQL's protocol v3. https://www.postgresql.org/docs/15/protocol-message-formats.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::fakes {

/// An error as a client sees it.
struct SqlError {
  std::string state; ///< SQLSTATE, five characters
  std::string message;
  std::string hint = {};
};

struct Column {
  std::string name;
  int type = 25;
};

class BackendWriter {
public:
  explicit BackendWriter(std::string& out) : out_(out) {}

  void simple(char type) { message(type, {}); } ///< a message without a body
  void ready(char status) { message('Z', std::string(1, status)); }
  void complete(std::string_view tag) { message('C', terminated(tag)); }
  void parameter(std::string_view name, std::string_view value) { message('S', terminated(name) + terminated(value)); }
  void authentication_ok() { message('R', i32(0)); }
  void key(std::int32_t pid, std::int32_t secret) { message('K', i32(pid) + i32(secret)); }
  void error(const SqlError& error, std::string_view severity = "ERROR") { message('E', notice(error, severity)); }
  void warning(const SqlError& error) { message('N', notice(error, "WARNING")); }
  void parameters(const std::vector<int>& types) {
    auto body = i16(static_cast<int>(types.size()));
    for (const int type : types)
      body += i32(type);
    message('t', body);
  }
  void columns(const std::vector<Column>& columns, const std::vector<int>& formats) {
    auto body = i16(static_cast<int>(columns.size()));
    for (std::size_t i = 0; i < columns.size(); ++i)
      body += terminated(columns[i].name) + i32(0) + i16(0) + i32(columns[i].type) + i16(-1) + i32(-1) +
              i16(format_of(formats, i));
    message('T', body);
  }
  void row(const std::vector<std::optional<std::string>>& values) {
    auto body = i16(static_cast<int>(values.size()));
    for (const auto& value : values)
      body += value ? i32(static_cast<std::int32_t>(value->size())) + *value : i32(-1);
    message('D', body);
  }

  [[nodiscard]] static int format_of(const std::vector<int>& formats, std::size_t index) {
    return formats.empty() ? 0 : formats.size() == 1 ? formats[0] : index < formats.size() ? formats[index] : 0;
  }
  [[nodiscard]] static std::string i32(std::int32_t value) {
    const auto bits = static_cast<std::uint32_t>(value);
    return {static_cast<char>(bits >> 24U), static_cast<char>(bits >> 16U), static_cast<char>(bits >> 8U),
            static_cast<char>(bits)};
  }
  [[nodiscard]] static std::string i16(int value) {
    const auto bits = static_cast<std::uint32_t>(value);
    return {static_cast<char>(bits >> 8U), static_cast<char>(bits)};
  }

private:
  static std::string terminated(std::string_view text) { return std::string(text) + '\0'; }
  static std::string notice(const SqlError& error, std::string_view severity) {
    std::string body;
    const auto field = [&](char code, std::string_view text) { (body += code) += terminated(text); };
    field('S', severity);
    field('V', severity);
    field('C', error.state);
    field('M', error.message);
    if (!error.hint.empty())
      field('H', error.hint);
    return body + '\0';
  }
  void message(char type, std::string_view body) {
    out_ += type;
    out_ += i32(static_cast<std::int32_t>(body.size() + 4));
    out_ += body;
  }
  std::string& out_;
};

} // namespace holdfast::fakes
