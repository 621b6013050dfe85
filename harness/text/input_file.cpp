#include "harness/text/input_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace holdfast::text {

namespace fs = std::filesystem;

std::optional<std::string> why_unreadable(const fs::path& file) {
  std::error_code error;
  const auto status = fs::status(file, error);
  if (status.type() == fs::file_type::not_found)
    return "there is no such file";
  if (error)
    return "it cannot be read: " + error.message();
  if (fs::is_directory(status))
    return "it is a folder";
  if (!fs::is_regular_file(status))
    return "it is no file but a device, a pipe or a socket";
  if (::access(file.c_str(), R_OK) != 0)
    return std::string("it cannot be read: ") + std::strerror(errno);
  return std::nullopt;
}

std::variant<std::string, Unreadable> read_file(const fs::path& file) {
  if (auto why = why_unreadable(file))
    return Unreadable{std::move(*why)};
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream content;
  content << stream.rdbuf();
  if (!stream)
    return Unreadable{"it cannot be read"};
  return std::move(content).str();
}

} // namespace holdfast::text
