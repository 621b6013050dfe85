#include "tests/fuzz/codec.hpp"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  holdfast::fuzz::feed("http", {reinterpret_cast<const char*>(data), size});
  return 0;
}
