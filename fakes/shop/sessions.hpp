// Who is signed in.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace shop {

class Sessions {
public:
  explicit Sessions(const std::string& address); ///< "host:port" of redis
  ~Sessions();
  /// The token of a new session.
  std::string open(const std::string& user);
  /// Whose session it is; nothing when it is none. Extends it.
  std::optional<std::string> user_of(const std::string& token);
  void close(const std::string& token);
  /// Throws std::runtime_error when the store does not answer; so do the others.
  void ping();

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The user of a request's token, or a 401.
std::string authenticate(Sessions& sessions, const std::string& token);

} // namespace shop
