#include "harness/text/descriptor_buffer.hpp"

#include <cerrno>
#include <string_view>
#include <unistd.h>

namespace holdfast::text {

DescriptorBuffer::DescriptorBuffer(int descriptor) : descriptor_(descriptor) {
  setp(bytes_.data(), bytes_.data() + bytes_.size());
}

DescriptorBuffer::int_type DescriptorBuffer::overflow(int_type one) {
  if (sync() != 0)
    return traits_type::eof();
  if (!traits_type::eq_int_type(one, traits_type::eof()))
    sputc(traits_type::to_char_type(one));
  return traits_type::not_eof(one);
}

int DescriptorBuffer::sync() {
  std::string_view left(pbase(), static_cast<std::size_t>(pptr() - pbase()));
  setp(bytes_.data(), bytes_.data() + bytes_.size());
  while (!left.empty() && error_ == 0) {
    const auto written = ::write(descriptor_, left.data(), left.size());
    if (written > 0)
      left.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      error_ = errno;
  }
  return error_ == 0 ? 0 : -1;
}

} // namespace holdfast::text
