// The new scheme, finished: data that are still under the previous key are found there.
#include "fakes/shop/user_data.hpp"

#include <stdexcept>

namespace shop {

UserData::UserData(const Config& config)
    : prefix_(config.require("user_data.namespace")), previous_(config.require("user_data.previous_key")) {}

std::optional<std::string> UserData::locate(const std::string& user, const Exists& exists) const {
  for (const auto& key : {prefix_ + user, previous_ + user})
    if (exists(key))
      return key;
  return std::nullopt;
}

std::string UserData::key_for_new_user(const std::string& user) const {
  return prefix_ + user;
}

void UserData::verify(const std::optional<std::string>& some_user, const Exists& exists) const {
  if (some_user && !locate(*some_user, exists))
    throw std::runtime_error("no user data under '" + prefix_ + "' or '" + previous_ + "'");
}

} // namespace shop
