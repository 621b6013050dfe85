#include "fakes/shop/random.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdexcept>

namespace shop {

namespace {
std::string hex(const unsigned char* bytes, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i)
    text += fmt::format("{:02x}", bytes[i]);
  return text;
}
} // namespace

std::string random_token() {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1)
    throw std::runtime_error("there is no randomness");
  return hex(bytes, sizeof bytes);
}

std::string hash_password(const std::string& salt, const std::string& password) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const auto text = salt + password;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256 failed");
  return hex(digest, size);
}

} // namespace shop
