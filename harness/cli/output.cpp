#include "harness/cli/output.hpp"

#include "harness/cli/exit_status.hpp"
#include "harness/text/standard_error.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <streambuf>
#include <unistd.h>

namespace holdfast::cli {

/// A stream's bytes on their way to a descriptor; the first error is kept, and everything after it dropped.
class Output::Descriptor final : public std::streambuf {
public:
  explicit Descriptor(int number) : number_(number) { setp(bytes_.data(), bytes_.data() + bytes_.size()); }
  /// Of `errno`; 0: everything was written so far.
  [[nodiscard]] int error() const { return error_; }

protected:
  int_type overflow(int_type one) override {
    if (sync() != 0)
      return traits_type::eof();
    if (!traits_type::eq_int_type(one, traits_type::eof()))
      sputc(traits_type::to_char_type(one));
    return traits_type::not_eof(one);
  }
  int sync() override {
    std::string_view left(pbase(), static_cast<std::size_t>(pptr() - pbase()));
    setp(bytes_.data(), bytes_.data() + bytes_.size());
    while (!left.empty() && error_ == 0) {
      const auto written = ::write(number_, left.data(), left.size());
      if (written > 0)
        left.remove_prefix(static_cast<std::size_t>(written));
      else if (errno != EINTR)
        error_ = errno;
    }
    return error_ == 0 ? 0 : -1;
  }

private:
  int number_;
  int error_ = 0;
  std::array<char, 65536> bytes_;
};

Output::Output(Reader reader)
    : descriptor_(std::make_unique<Descriptor>(STDOUT_FILENO)), stream_(descriptor_.get()), reader_(reader) {}

Output::~Output() = default;

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

int Output::finish(int status) {
  flush();
  const int error = descriptor_->error();
  if (error == EPIPE && reader_ == Reader::needed)
    fail("nobody reads standard output any more");
  else if (error != 0 && error != EPIPE)
    fail(fmt::format("cannot write to standard output: {}", std::strerror(error)));
  return !failed_ || status == verdict_failed || status == interrupted ? status : harness_failed;
}

} // namespace holdfast::cli
