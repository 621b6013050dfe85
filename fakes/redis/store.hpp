// The data of one database of the redis fake; used from one thread.
#pragma once

#include "fakes/redis/collections.hpp"
#include "harness/async/clock.hpp"

#include <cstdint>
#include <variant>

namespace holdfast::fakes {

class RedisStore {
public:
  using Value = std::variant<std::string, RedisHash, RedisList, RedisSet, RedisSortedSet>;
  struct Entry {
    Value value;
    std::optional<async::Time> expires;
    std::uint64_t version = 0; ///< of the last write, for WATCH
  };

  explicit RedisStore(async::Clock& clock) : clock_(&clock) {}

  /// Null when there is none or it has expired. Valid until the next call that adds or removes.
  Entry* find(const std::string& key);
  /// Replaces what there is, its expiry included.
  Entry& put(const std::string& key, Value value);
  /// Marks a change in place.
  void changed(Entry& entry) { entry.version = ++writes_; }
  bool erase(const std::string& key);
  void clear() { entries_.clear(); }
  [[nodiscard]] std::uint64_t version(const std::string& key); ///< 0 when there is none
  [[nodiscard]] std::vector<std::string> keys();
  /// Bytes that keys and values hold, about.
  [[nodiscard]] std::size_t memory() const;
  [[nodiscard]] async::Time now() const { return clock_->now(); }

private:
  async::Clock* clock_;
  std::map<std::string, Entry> entries_;
  std::uint64_t writes_ = 0;
};

} // namespace holdfast::fakes
