#include "harness/cli/output.hpp"

#include "harness/cli/exit_status.hpp"
#include "harness/text/standard_error.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <unistd.h>

namespace holdfast::cli {

Output::Output(Reader reader) : buffer_(STDOUT_FILENO), stream_(&buffer_), reader_(reader) {}

std::ostream& Output::stream() {
  return stream_;
}

void Output::write(std::string_view text) {
  stream_ << text;
}

void Output::flush() {
  stream_.flush();
}

void Output::fail(std::string_view problem) {
  failed_ = true;
  text::to_standard_error(fmt::format("holdfast: {}\n", problem));
}

// EPIPE means that the reader has left. For `show | head` that is no error; for `run` it is, since nobody has seen the
// verdict. A verdict that failed keeps its status, and so does an interrupted campaign: what could not be written must
// not hide them from whoever looks at the status alone.
int Output::finish(int status) {
  flush();
  const int error = buffer_.error();
  if (error == EPIPE && reader_ == Reader::needed)
    fail("nobody reads standard output any more");
  else if (error != 0 && error != EPIPE)
    fail(fmt::format("cannot write to standard output: {}", std::strerror(error)));
  return !failed_ || status == status::failed || status == status::interrupted ? status : status::harness_failed;
}

} // namespace holdfast::cli
