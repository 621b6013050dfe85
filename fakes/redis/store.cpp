#include "fakes/redis/store.hpp"

namespace holdfast::fakes {

/// Expired keys are removed when they are next looked for; until then nothing shows them (`keys` leaves them out).
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

namespace {

constexpr std::size_t node = 64; ///< what an element costs beside its bytes

std::size_t size_of(const std::string& value) {
  return value.size();
}
std::size_t size_of(const RedisHash& value) {
  std::size_t sum = 0;
  for (const auto& [field, held] : value.fields())
    sum += field.size() + held.size() + 2 * node;
  return sum;
}
std::size_t size_of(const RedisSortedSet& value) {
  std::size_t sum = 0;
  for (const auto& [score, member] : value.ranked())
    sum += 2 * (member.size() + node);
  return sum;
}
template <class Container>
std::size_t size_of(const Container& value) {
  std::size_t sum = 0;
  for (const auto& element : value)
    sum += element.size() + node;
  return sum;
}

} // namespace

std::size_t RedisStore::memory() const {
  std::size_t sum = 0;
  for (const auto& [key, entry] : entries_)
    sum += key.size() + node + std::visit([](const auto& value) { return size_of(value); }, entry.value);
  return sum;
}

/// A number of its own for every write, also after the key was gone: WATCH sees a key that was deleted and made anew.
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
