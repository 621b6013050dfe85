// A stream's bytes on their way to a file descriptor. Unlike the standard's, it knows why a write failed.
#pragma once

#include <array>
#include <streambuf>

namespace holdfast::text {

/// Does not own its descriptor. After the first error everything is dropped.
class DescriptorBuffer final : public std::streambuf {
public:
  explicit DescriptorBuffer(int descriptor);
  /// Of `errno`; 0: everything was written so far.
  [[nodiscard]] int error() const { return error_; }

protected:
  int_type overflow(int_type one) override;
  int sync() override;

private:
  int descriptor_;
  int error_ = 0;
  std::array<char, 65536> bytes_;
};

} // namespace holdfast::text
