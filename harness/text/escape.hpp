// Whatever a service says, as text in each medium that Holdfast writes: one function a medium, and every writer uses
// it.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::text {

/// Appends a JSON string, quotes included. Bytes that are no letter become U+FFFD.
void append_json(std::string& out, std::string_view text);

/// For a terminal: what would steer it (control characters, the C1 block, bidirectional overrides) or is no letter is
/// shown by its number, line ends too.
[[nodiscard]] std::string terminal(std::string_view text);
/// The same, line by line, each behind an indent and with an end of line.
[[nodiscard]] std::string terminal_lines(std::string_view text, std::string_view indent);

/// Element text and attribute values of XML 1.0; what XML cannot carry becomes U+FFFD.
[[nodiscard]] std::string xml(std::string_view text);

/// Element text and attribute values of HTML, with what steers the direction of writing shown by its number.
[[nodiscard]] std::string html(std::string_view text);

/// Text of Markdown on one line, tables and raw HTML included: whatever would be markup stands for itself, and nobody
/// is mentioned.
[[nodiscard]] std::string markdown(std::string_view text);

/// At most so many bytes, and an ellipsis behind what was cut; never inside a letter.
[[nodiscard]] std::string clipped(std::string_view text, std::size_t bytes);

/// On one line: white space of any kind becomes one blank. At most so many bytes, as `clipped`. Reads no more of the
/// text than it needs.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t bytes);

} // namespace holdfast::text
