// Tokens and password hashes.
#pragma once

#include <string>

namespace shop {

std::string random_token();
/// Salted SHA-256: enough for users that a load generator makes up; a real shop takes a slow hash.
std::string hash_password(const std::string& salt, const std::string& password);

} // namespace shop
