// Planted defect: sessions are kept in the process. Found by `sessions`, kind `lost`, after any restart.
// One process's sessions are unknown to the others, so this runs on a stack where one service does everything with
// them.
#include "fakes/shop/random.hpp"
#include "fakes/shop/sessions.hpp"

#include <map>
#include <mutex>

namespace shop {

struct Sessions::Impl {
  std::mutex mutex;
  std::map<std::string, std::string> users;
};

Sessions::Sessions(const std::string&) : impl_(std::make_unique<Impl>()) {}
Sessions::~Sessions() = default;

std::string Sessions::open(const std::string& user) {
  const std::lock_guard lock(impl_->mutex);
  auto token = random_token();
  impl_->users[token] = user;
  return token;
}

std::optional<std::string> Sessions::user_of(const std::string& token) {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->users.find(token);
  return found == impl_->users.end() ? std::nullopt : std::optional(found->second);
}

void Sessions::close(const std::string& token) {
  const std::lock_guard lock(impl_->mutex);
  impl_->users.erase(token);
}

void Sessions::ping() {}

} // namespace shop
