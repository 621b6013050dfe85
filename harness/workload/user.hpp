// A simulated user, as a browser: who they are, where they go, their sessions and cookies. Plain data.
#pragma once

#include "harness/history/operation.hpp"
#include "harness/scenario/stack.hpp"
#include "harness/workload/cookie_jar.hpp"

#include <deque>
#include <memory>

namespace holdfast::workload {

/// What a login gave out. Two of one user may share a jar: one browser has one.
struct Session {
  std::string login; ///< id of the login operation; names the session in the history
  history::Values values;
  std::shared_ptr<CookieJar> jar;
  bool accepted = false; ///< an operation with it succeeded
};

/// Something that a user means to do.
struct Intent {
  const scenario::Operation* operation = nullptr;
  history::Values values;                ///< what fills its placeholders, beside the user's own
  std::shared_ptr<Session> session = {}; ///< to use instead of the user's own
  int checkpoint = 0;
  bool setup = false;                       ///< the harness's own, beside the workload
  std::vector<history::Values> import = {}; ///< of an import: its users
};

/// An acknowledged record that has not been seen yet, where records may show late.
struct Pending {
  std::string id;
  scenario::Role role; ///< whose list must show it
  history::Time acknowledged{};
};

struct User {
  std::size_t index = 0;
  std::string name;
  std::string password;
  int host = 1;
  std::uint64_t process = 0; ///< logical process in the history; another one after an operation of unknown outcome
  std::shared_ptr<CookieJar> jar = std::make_shared<CookieJar>();
  std::shared_ptr<Session> session;               ///< null: not signed in
  std::vector<std::shared_ptr<Session>> sessions; ///< every one that may still be tried, in order
  std::vector<Pending> pending;
  std::size_t acknowledged = 0; ///< purchases and transfers
  std::size_t logins = 0;
  std::deque<Intent> queue; ///< due and not begun
  bool busy = false;        ///< a coroutine is working the queue off
};

} // namespace holdfast::workload
