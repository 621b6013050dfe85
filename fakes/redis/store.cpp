#include "fakes/redis/store.hpp"

namespace holdfast::fakes {

RedisStore::Entry* RedisStore::find(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end())
    return nullptr;
  if (found->second.expires && *found->second.expires <= now()) {
    entries_.erase(found);
    return nullptr;
  }
  return &found->second;
}

RedisStore::Entry& RedisStore::put(const std::string& key, Value value) {
  auto& entry = entries_[key];
  entry = Entry{std::move(value), std::nullopt, ++writes_};
  return entry;
}

bool RedisStore::erase(const std::string& key) {
  return find(key) != nullptr && entries_.erase(key) > 0;
}

std::uint64_t RedisStore::version(const std::string& key) {
  const auto* entry = find(key);
  return entry == nullptr ? 0 : entry->version;
}

std::vector<std::string> RedisStore::keys() {
  std::vector<std::string> all;
  const auto time = now();
  for (const auto& [key, entry] : entries_)
    if (!entry.expires || *entry.expires > time)
      all.push_back(key);
  return all;
}

} // namespace holdfast::fakes
