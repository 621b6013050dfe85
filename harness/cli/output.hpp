// Where a command says what it has to say: results on standard output, everything else on standard error. What cannot
// be written is said once, and never costs a verdict.
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

  /// Standard output. What was written to it may still be on its way until `flush`.
  [[nodiscard]] std::ostream& stream();
  void write(std::string_view text);
  void flush();
  /// Writes what is left. The command's status: `status`, or where something could not be written that of the harness's
  /// own failure, but for a failed verdict: that outweighs it. Says what could not be written.
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
