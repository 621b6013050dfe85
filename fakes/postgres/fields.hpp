// Reads the fields of a frontend message; what is missing reads as empty or zero and clears `good`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::fakes::pg {

[[nodiscard]] inline std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4 && i < bytes.size(); ++i)
    value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

class Fields {
public:
  explicit Fields(std::string_view body) : rest_(body) {}
  bool good = true;

  std::string text() {
    const auto end = rest_.find('\0');
    if (end == std::string_view::npos)
      return good = false, std::string{};
    std::string value(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return value;
  }
  std::string_view bytes(std::size_t count) {
    if (rest_.size() < count)
      return good = false, std::string_view{};
    const auto value = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return value;
  }
  std::int32_t i32() { return static_cast<std::int32_t>(read_u32(bytes(4))); }
  int i16() {
    const auto two = bytes(2);
    return good ? static_cast<unsigned char>(two[0]) << 8 | static_cast<unsigned char>(two[1]) : 0;
  }
  std::vector<int> formats() {
    std::vector<int> all;
    for (int i = i16(); i > 0 && good; --i)
      all.push_back(i16());
    return all;
  }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

private:
  std::string_view rest_;
};

} // namespace holdfast::fakes::pg
