// Edits of configuration files: what comes of one is as readable as what it was made of, and says what was asked.
#include "harness/config/edit.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

using namespace holdfast;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2)
    return 0;
  using Kind = config::Edit::Kind;
  static constexpr config::Format formats[] = {config::Format::properties, config::Format::toml, config::Format::json};
  static constexpr Kind kinds[] = {Kind::set, Kind::unset, Kind::rename};
  static constexpr const char* keys[] = {"a", "a.b", "b.c.d", "x-y", "\"q r\".s"};
  const auto format = formats[data[0] % 3];
  const config::Edit edit{kinds[data[0] / 3 % 3], keys[data[1] % 5], config::text_value("v\"\n1"),
                          keys[data[1] / 5 % 5]};
  const std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto edited = config::edit(format, text, edit);
  if (!edited) {
    if (edited.error().message.empty())
      std::abort();
    return 0;
  }
  // It can be edited again, and setting the same once more changes nothing.
  if (config::why_not_editable(format, edited->text))
    std::abort();
  if (edit.kind == Kind::set) {
    const auto again = config::edit(format, edited->text, edit);
    if (!again || !again->is_same() || again->text != edited->text)
      std::abort();
  }
  return 0;
}
