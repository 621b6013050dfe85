// Backend messages of PostgreSQL's protocol v3. https://www.postgresql.org/docs/15/protocol-message-formats.html
#pragma once

#include "fakes/postgres/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::fakes::pg {

/// An error as a client sees it.
struct SqlError {
  std::string state; ///< SQLSTATE, five characters
  std::string message;
  std::string hint = {};
  std::string detail = {};
  std::string table = {};
  std::string column = {};
  std::string constraint = {};
};

/// Thrown between the parts that read and translate a statement, whose calls nest deeply; `Session` makes a value of
/// it.
struct SqlFailure {
  SqlError error;
};
[[noreturn]] inline void fail(std::string state, std::string message, std::string hint = {}) {
  throw SqlFailure{{std::move(state), std::move(message), std::move(hint)}};
}
/// What PostgreSQL has and the fake has not.
[[noreturn]] inline void unsupported(const std::string& what) {
  fail("0A000", "the postgres fake does not support " + what, "use provider = \"server\" for it");
}

struct Column {
  std::string name;
  TypeName type;
};

using Row = std::vector<std::optional<std::string>>;

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
  void notice(const SqlError& error) { message('N', notice(error, error.state[0] == '0' ? "NOTICE" : "WARNING")); }
  void parameters(const std::vector<Type>& types) {
    auto body = i16(static_cast<int>(types.size()));
    for (const auto type : types)
      body += i32(static_cast<int>(type));
    message('t', body);
  }
  void columns(const std::vector<Column>& columns, const std::vector<int>& formats) {
    auto body = i16(static_cast<int>(columns.size()));
    for (std::size_t i = 0; i < columns.size(); ++i)
      body += terminated(columns[i].name) + i32(0) + i16(0) + i32(static_cast<int>(columns[i].type.type)) +
              i16(info(columns[i].type.type).size) + i32(columns[i].type.modifier) + i16(format_of(formats, i));
    message('T', body);
  }
  void row(const Row& values) {
    auto body = i16(static_cast<int>(values.size()));
    for (const auto& value : values) {
      body += value ? i32(static_cast<std::int32_t>(value->size())) : i32(-1);
      if (value)
        body += *value;
    }
    message('D', body);
  }

  [[nodiscard]] static int format_of(const std::vector<int>& formats, std::size_t index) {
    return formats.empty() ? 0 : formats.size() == 1 ? formats[0] : index < formats.size() ? formats[index] : 0;
  }
  [[nodiscard]] static std::string i64(std::int64_t value) {
    return i32(static_cast<std::int32_t>(value >> 32)) + i32(static_cast<std::int32_t>(value));
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
    const auto field = [&](char code, std::string_view text) {
      if (!text.empty())
        (body += code) += terminated(text);
    };
    field('S', severity);
    field('V', severity);
    field('C', error.state);
    field('M', error.message);
    field('D', error.detail);
    field('H', error.hint);
    if (!error.table.empty())
      field('s', "public");
    field('t', error.table);
    field('c', error.column);
    field('n', error.constraint);
    return body + '\0';
  }
  void message(char type, std::string_view body) {
    out_ += type;
    out_ += i32(static_cast<std::int32_t>(body.size() + 4));
    out_ += body;
  }
  std::string& out_;
};

} // namespace holdfast::fakes::pg
