// The new scheme with the same gap, and a service that looks before it says that it is ready.
#include "fakes/shop/user_data.hpp"

#include <stdexcept>

namespace shop {

UserData::UserData(const Config& config) : prefix_(config.get("user_data.namespace", "shop/customers/")) {}

std::optional<std::string> UserData::locate(const std::string& user, const Exists& exists) const {
  const auto key = prefix_ + user;
  return exists(key) ? std::optional(key) : std::nullopt;
}

std::string UserData::key_for_new_user(const std::string& user) const {
  return prefix_ + user;
}

void UserData::verify(const std::optional<std::string>& some_user, const Exists& exists) const {
  if (some_user && !locate(*some_user, exists))
    throw std::runtime_error("no user data under '" + prefix_ + "'");
}

} // namespace shop
