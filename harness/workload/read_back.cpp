// Reads at checkpoints, and before the first step. Where the stack file declares that records may show late
// (`visible_within`), a list is read again until it shows everything that was acknowledged, or until the last of it is
// due. What the reads mean is judged later, from the history alone.
#include "harness/workload/read_back.hpp"

#include <algorithm>

namespace holdfast::workload {

using history::Outcome;
using scenario::Role;

namespace {

constexpr std::size_t baseline_reads = 5;

/// How long to wait before a list is read again that does not show everything yet: often enough to see it soon after it
/// shows, and not so often that the reads become a load of their own.
async::Duration look_every(async::Duration within) {
  using std::chrono::milliseconds;
  return std::clamp<async::Duration>(within / 20, milliseconds{20}, milliseconds{250});
}

} // namespace

void note_pending(User& user, const scenario::Scenario& scenario, const history::Operation& operation) {
  const auto* kind = scenario.stack.operation(operation.name);
  const auto& declare = scenario.stack.declare;
  if (kind == nullptr || operation.outcome != Outcome::ok)
    return;
  if (kind->role == Role::purchase || kind->role == Role::transfer)
    ++user.acknowledged;
  if (kind->role == Role::purchase && declare.purchases_visible.count() > 0)
    user.pending.push_back({operation.id, Role::purchases, operation.complete_time});
  if ((kind->role == Role::transfer || (kind->role == Role::purchase && declare.purchases_are_charged)) &&
      declare.transactions_visible.count() > 0)
    user.pending.push_back({operation.id, Role::statement, operation.complete_time});
}

void note_seen(User& user, Role list, const history::Operation& read) {
  if (user.pending.empty() || read.outcome != Outcome::ok)
    return;
  // The overview is both lists in one reply: what stands in either part of it has been seen.
  std::set<std::string_view> seen;
  for (const auto* entries : {&read.list, &read.statement})
    for (const auto& entry : *entries)
      seen.insert(entry.id);
  std::erase_if(user.pending, [&](const Pending& one) {
    return (list == Role::overview || one.role == list) && seen.contains(one.id);
  });
}

async::Duration ReadBack::visible_within(Role list) const {
  const auto& declare = scenario_.stack.declare;
  return list == Role::purchases   ? declare.purchases_visible
         : list == Role::statement ? declare.transactions_visible
                                   : std::max(declare.purchases_visible, declare.transactions_visible);
}

asio::awaitable<void> ReadBack::user(User& user, int checkpoint, async::Time settled) {
  const bool together = scenario_.workload.read_back == scenario::Workload::ReadBack::overview;
  // The overview is read with the newest session and shows whether that is known: with it that session needs no read of
  // its own.
  co_await sessions(user, user.sessions.size() - (together && !user.sessions.empty() ? 1 : 0), checkpoint, settled);
  // Lists are read with the newest session: whether that is known is the sessions' check to judge.
  auto session = user.sessions.empty() ? nullptr : user.sessions.back();
  if (together) {
    co_await list(user, Role::overview, session, checkpoint, settled);
    co_return;
  }
  for (const auto role : {Role::purchases, Role::statement})
    co_await list(user, role, session, checkpoint, settled);
}

asio::awaitable<void> ReadBack::sessions(User& user, std::size_t count, int checkpoint, async::Time settled) {
  const auto* whoami = scenario_.stack.operation(Role::whoami);
  if (whoami == nullptr)
    co_return;
  const auto within = scenario_.stack.declare.sessions_visible;
  const std::vector<std::shared_ptr<Session>> all(user.sessions.begin(),
                                                  user.sessions.begin() + static_cast<std::ptrdiff_t>(count));
  for (const auto& session : all)
    for (;;) {
      const auto read = co_await caller_.perform(user, Intent{whoami, {}, session, checkpoint});
      // A refusal is read again only where it may still be early: of the user's present session, not accepted in any
      // operation yet, on a stack that declares that sessions may become known late. A session that was accepted before
      // is lost.
      if (!read || read->outcome != Outcome::unauthenticated || session->accepted || session != user.session ||
          within.count() == 0 || clock_.now() >= settled + within)
        break;
      co_await clock_.wait_for(look_every(within));
    }
}

/// Reads one list of a user. A user whose session is refused logs in once, as a person would, because what they own
/// must be there whatever became of the session. `session` is the new one from then on, also for the lists after this
/// one.
asio::awaitable<void> ReadBack::list(User& user, Role role, std::shared_ptr<Session>& session, int checkpoint,
                                     async::Time settled) {
  const auto* read = scenario_.stack.operation(role);
  if (read == nullptr)
    co_return;
  const auto within = visible_within(role);
  bool tried_login = false;
  for (;;) {
    const auto shown = co_await caller_.perform(user, Intent{read, {}, session, checkpoint});
    if (!shown)
      co_return;
    note_seen(user, role, *shown);
    if (shown->outcome == Outcome::unauthenticated && !tried_login) {
      tried_login = true;
      const auto* login = scenario_.stack.operation(Role::login);
      if (login == nullptr)
        co_return;
      // A login that fails must not leave the user worse off than before the harness looked.
      const auto before = user.session;
      (void)co_await caller_.perform(user, Intent{login, {}, nullptr, 0, true}); // the harness's own, like a setup
      if (!user.session)
        user.session = before;
      session = user.session;
      if (!session)
        co_return;
      continue;
    }
    // The time at which the last of the acknowledged records must show that have not been seen; zero: all have been.
    // The wait counts from the recovery at the earliest: a stack that was down could not show anything.
    async::Time due{};
    for (const auto& one : user.pending)
      if (role == Role::overview || one.role == role)
        due = std::max(due, std::max(one.acknowledged, settled) + within);
    if (shown->outcome != Outcome::ok || due == async::Time{} || shown->invoke_time >= due)
      co_return;
    co_await clock_.wait_until(std::min(due, clock_.now() + look_every(within)));
  }
}

asio::awaitable<void> ReadBack::baseline(std::vector<std::unique_ptr<User>>& users,
                                         const std::function<std::size_t(const std::string& operation)>& reads) {
  // Users with the most acknowledged records come first: an empty list does not show whether its elements are as the
  // stack file declares them.
  std::vector<User*> order;
  for (auto& user : users)
    order.push_back(user.get());
  const auto count = std::min(order.size(), baseline_reads);
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [](const User* a, const User* b) {
                      return std::pair(b->acknowledged, a->index) < std::pair(a->acknowledged, b->index);
                    });
  for (const auto role : {Role::whoami, Role::purchases, Role::statement, Role::overview}) {
    const auto* operation = scenario_.stack.operation(role);
    if (operation == nullptr)
      continue;
    for (std::size_t i = reads(operation->name); i < baseline_reads; ++i) {
      auto& user = *order[i % count];
      if (user.session || scenario_.stack.operation(Role::login) == nullptr)
        (void)co_await caller_.perform(user, Intent{operation, {}, nullptr, 0, true});
    }
  }
}

} // namespace holdfast::workload
