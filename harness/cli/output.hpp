// The standard output of a command, for its results; everything else goes to standard error. When something cannot be
// written, standard error says so once, and a failed verdict still decides the exit status.
#pragma once

#include "harness/text/descriptor_buffer.hpp"

#include <ostream>
#include <string>
#include <string_view>

namespace holdfast::cli {

class Output {
public:
  enum class Reader {
    needed,   ///< one who leaves before the end is an error
    may_leave ///< as `head` does
  };
  explicit Output(Reader reader);
  ~Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  /// Standard output, buffered until `flush`.
  [[nodiscard]] std::ostream& stream();
  void write(std::string_view text);
  void flush();
  /// Writes what is left, and says what could not be written. Returns the command's exit status: `status` where all
  /// could be written, else that of the harness's own failure. A failed verdict and an interruption outweigh that and
  /// stay.
  [[nodiscard]] int finish(int status);
  /// A file that could not be written counts as standard output does.
  void fail(std::string_view problem);

private:
  text::DescriptorBuffer buffer_;
  std::ostream stream_;
  Reader reader_;
  bool failed_ = false;
};

} // namespace holdfast::cli
