// Reads back everything that users have been told is theirs: every session ever live, all purchases, all accounts.
#pragma once

#include "harness/workload/caller.hpp"

namespace holdfast::workload {

class ReadBack {
public:
  ReadBack(async::Clock& clock, const scenario::Scenario& scenario, Caller& caller)
      : clock_(clock), scenario_(scenario), caller_(caller) {}

  /// One user at a checkpoint. `settled` is when the stack had recovered from the last step: where records may show
  /// late, lists are read again until they show, or until they are due.
  [[nodiscard]] asio::awaitable<void> user(User& user, int checkpoint, async::Time settled);

  /// Reads each kind of list that was read too seldom so far, by some users, so that what stands in the stack file has
  /// been seen to fit before the first step. `reads` says how often an operation has succeeded.
  [[nodiscard]] asio::awaitable<void> baseline(std::vector<std::unique_ptr<User>>& users,
                                               const std::function<std::size_t(const std::string& operation)>& reads);

private:
  asio::awaitable<void> sessions(User& user, std::size_t count, int checkpoint, async::Time settled);
  asio::awaitable<void> list(User& user, scenario::Role role, std::shared_ptr<Session>& session, int checkpoint,
                             async::Time settled);
  [[nodiscard]] async::Duration visible_within(scenario::Role list) const;

  async::Clock& clock_;
  const scenario::Scenario& scenario_;
  Caller& caller_;
};

/// After each of a user's operations: notes a record that was acknowledged and may show late.
void note_pending(User& user, const scenario::Scenario& scenario, const history::Operation& operation);
/// Forgets the records that a successful read of a list has shown. `list` is the role of the operation that read it.
void note_seen(User& user, scenario::Role list, const history::Operation& read);

} // namespace holdfast::workload
