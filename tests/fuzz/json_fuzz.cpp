#include "tests/fuzz/jepsen.hpp"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  holdfast::fuzz::read({reinterpret_cast<const char*>(data), size}, holdfast::jepsen::Format::json);
  return 0;
}
