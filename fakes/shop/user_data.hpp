// Where a user's data are: the key under which all three services keep them. Which file implements this is the
// difference between the shop's releases; none of them knows its release's name.
#pragma once

#include "fakes/shop/config.hpp"

#include <functional>
#include <optional>

namespace shop {

class UserData {
public:
  /// Asks the service's own store whether there are data under a key.
  using Exists = std::function<bool(const std::string& key)>;

  /// Throws std::runtime_error when the configuration lacks what this scheme needs.
  explicit UserData(const Config& config);

  /// The key of an existing user's data; nothing when none can be reached.
  std::optional<std::string> locate(const std::string& user, const Exists& exists) const;
  std::string key_for_new_user(const std::string& user) const;
  /// Called before the service says that it is ready, with some user who has data (nothing in an empty store).
  /// Throws std::runtime_error when that user's data cannot be reached: the service must not start.
  void verify(const std::optional<std::string>& some_user, const Exists& exists) const;

private:
  std::string prefix_;
  std::string previous_;
};

/// The key, or a 503: a user who has signed in has data, so a key that leads nowhere is our failure, not theirs.
std::string reach(const UserData& user_data, const std::string& user, const UserData::Exists& exists);

} // namespace shop
