// The containers that Redis keeps behind a key, with the orders that its clients see.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace holdfast::fakes {

/// Fields in the order in which they were first set, as a small hash of Redis shows them.
class RedisHash {
public:
  using Fields = std::list<std::pair<std::string, std::string>>;

  RedisHash() = default;
  // The index points into the list's nodes, which move along with it and are not copied.
  RedisHash(const RedisHash& other) {
    for (const auto& [field, value] : other.fields_)
      set(field, value);
  }
  RedisHash(RedisHash&&) = default;
  RedisHash& operator=(RedisHash other) {
    std::swap(fields_, other.fields_);
    std::swap(index_, other.index_);
    return *this;
  }
  ~RedisHash() = default;

  /// Null when there is none.
  [[nodiscard]] std::string* find(std::string_view field) {
    const auto found = index_.find(field);
    return found == index_.end() ? nullptr : &found->second->second;
  }
  /// True when the field is new.
  bool set(std::string_view field, std::string_view value) {
    if (auto* old = find(field))
      return *old = value, false;
    fields_.emplace_back(field, value);
    index_.emplace(fields_.back().first, std::prev(fields_.end()));
    return true;
  }
  bool erase(std::string_view field) {
    const auto found = index_.find(field);
    if (found == index_.end())
      return false;
    const auto place = found->second;
    index_.erase(found); // first: its key is a view of what the place holds
    fields_.erase(place);
    return true;
  }
  [[nodiscard]] const Fields& fields() const { return fields_; }
  [[nodiscard]] bool empty() const { return fields_.empty(); }
  [[nodiscard]] std::size_t size() const { return index_.size(); }

private:
  Fields fields_;
  std::unordered_map<std::string_view, Fields::iterator> index_;
};

using RedisList = std::deque<std::string>;
using RedisSet = std::set<std::string>;

/// Members by score, those of one score by name.
class RedisSortedSet {
public:
  using Ranked = std::set<std::pair<double, std::string>>;

  [[nodiscard]] std::optional<double> score(const std::string& member) const {
    const auto found = scores_.find(member);
    return found == scores_.end() ? std::nullopt : std::optional(found->second);
  }
  void set(const std::string& member, double score) {
    erase(member);
    scores_[member] = score;
    ranked_.emplace(score, member);
  }
  bool erase(const std::string& member) {
    const auto found = scores_.find(member);
    if (found == scores_.end())
      return false;
    ranked_.erase({found->second, member});
    scores_.erase(found);
    return true;
  }
  [[nodiscard]] const Ranked& ranked() const { return ranked_; }
  [[nodiscard]] bool empty() const { return scores_.empty(); }
  [[nodiscard]] std::size_t size() const { return scores_.size(); }

private:
  std::map<std::string, double> scores_;
  Ranked ranked_;
};

} // namespace holdfast::fakes
