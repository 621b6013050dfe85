// Finds the nth request of an operation that carries certain keys on a link, over all of its connections in order of
// arrival.
#pragma once

#include "harness/link/toxic.hpp"

#include <map>

namespace holdfast::link {

struct Match {
  std::string operation;         ///< empty: any
  std::vector<std::string> keys; ///< it carries all of them
  std::uint64_t nth = 0;         ///< 0: every one
};

class Matcher {
public:
  /// Commands are matched whatever the case of their letters; what holds a path is not.
  explicit Matcher(Match match);

  /// Counts a request; true when it is the one that is looked for.
  bool request(const Message& message);
  /// True when this reply belongs to the request that is looked for. A reply that says that the request did nothing (a
  /// COMMIT answered ROLLBACK) takes that request out of the count.
  bool reply(const Message& message);
  [[nodiscard]] bool would_match(const Message& message) const;
  void closed(std::uint64_t connection);
  /// Requests seen that fit operation and keys.
  [[nodiscard]] std::uint64_t seen() const { return seen_; }

private:
  using Key = std::pair<std::uint64_t, std::uint64_t>; ///< connection, exchange
  [[nodiscard]] bool fits(const protocol::Request& request) const;
  [[nodiscard]] bool selected(std::uint64_t ordinal) const { return match_.nth == 0 || ordinal == match_.nth; }

  Match match_;
  std::uint64_t seen_ = 0;
  std::map<Key, std::uint64_t> pending_; ///< ordinal of each request that has no reply yet
};

} // namespace holdfast::link
