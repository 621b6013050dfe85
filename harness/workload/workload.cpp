// The users' side of a run. `arrivals` puts operations into the queues of their users when they are due, whether or not
// the services keep up (an open loop: a slow service does not slow its users down). Each user works off their own
// queue, one operation at a time, in a coroutine that lives while there is something in it.
//
// `running_` is false while the workload pauses, for a checkpoint say: the timeline stands still, no queued operation
// begins, and queues are kept. `stopped_` is final: no more arrivals.
#include "harness/workload/workload.hpp"

#include "harness/async/deadline.hpp"
#include "harness/scenario/instance_id.hpp"
#include "harness/scenario/placeholders.hpp"

#include <boost/asio/detached.hpp>
#include <fmt/format.h>

namespace holdfast::workload {

using history::Outcome;
using scenario::Role;

namespace {

constexpr std::size_t baseline_reads = 5; ///< so often an operation must have been read as declared

} // namespace

Workload::Workload(asio::any_io_executor executor, Caller::Setup setup)
    : executor_(executor), clock_(setup.clock), scenario_(setup.scenario), plan_(setup.scenario, setup.seed),
      completed_(executor), changed_(executor), caller_(executor, setup), read_back_(clock_, scenario_, caller_),
      failed_(executor) {
  // Everything of a user follows from its number and the seed, so that a replay has the same users. Hosts are dealt out
  // in turn, so that their shares of the users are equal.
  for (std::size_t i = 0; i < static_cast<std::size_t>(scenario_.workload.users); ++i) {
    auto user = std::make_unique<User>();
    user->index = i;
    user->name = fmt::format("user{}", i + 1);
    user->password = fmt::format("password-{}-{}", setup.seed, i + 1);
    user->host = static_cast<int>(i % static_cast<std::size_t>(scenario_.stack.hosts)) + 1;
    user->process = i;
    users_.push_back(std::move(user));
  }
}

Workload::~Workload() = default;

void Workload::rethrow_failure() const {
  if (failure_)
    std::rethrow_exception(failure_);
}

asio::awaitable<void> Workload::until_failure() {
  while (!failure_)
    co_await failed_.wait();
  std::rethrow_exception(failure_);
}

/// Keeps what was thrown in a coroutine that nobody waits for; called in its catch block. Only the first counts, the
/// others are likely its consequences.
void Workload::fail() {
  if (!failure_)
    failure_ = std::current_exception();
  failed_.notify();
}

async::Time Workload::timeline() const {
  return running_ ? timeline_ + (clock_.now() - resumed_at_) : timeline_;
}

void Workload::resume() {
  if (running_)
    return;
  running_ = true;
  resumed_at_ = clock_.now();
  for (const auto& user : users_)
    if (!user->queue.empty())
      begin_queue(*user);
  changed_.notify();
}

void Workload::close() {
  stop();
  caller_.close();
}

asio::awaitable<void> Workload::drain() {
  async::Duration longest{};
  for (const auto& [name, weight] : scenario_.workload.journey)
    longest = std::max<async::Duration>(longest, scenario_.stack.operation(name)->timeout);
  // A queue of a user whose service never answers would not end: what is left after the longest timeout stays unsent.
  const auto deadline = clock_.now() + longest;
  stopped_ = true;
  late_ = queued_;
  changed_.notify();
  while (queued_ > 0 && open_ > 0 && clock_.now() < deadline)
    (void)co_await async::until(clock_, deadline, completed_.wait());
}

void Workload::stop() {
  timeline_ = timeline();
  running_ = false; // what is queued is not begun any more
  stopped_ = true;
  changed_.notify();
}

asio::awaitable<void> Workload::quiesce() {
  timeline_ = timeline();
  running_ = false;
  changed_.notify();
  while (open_ > 0)
    co_await completed_.wait();
}

/// What the lanes of one pass over all users share. Each lane takes the next user that no lane has taken yet. Lanes may
/// outlive `for_all_users`, when that is cancelled: so they own this together.
struct Workload::Lanes {
  std::size_t next = 0;
  std::size_t active = 0;
  std::function<asio::awaitable<void>(User&)> work;
};

asio::awaitable<void> Workload::run_lane(std::shared_ptr<Lanes> lanes) {
  // After a failure the lanes take no more users but end in order, so that `for_all_users` can throw it.
  while (lanes->next < users_.size() && !failure_ && !caller_.is_closed()) {
    auto& user = *users_[lanes->next++];
    try {
      co_await lanes->work(user);
    } catch (...) {
      fail();
    }
  }
  --lanes->active;
  completed_.notify();
}

asio::awaitable<void> Workload::for_all_users(std::size_t parallel, std::function<asio::awaitable<void>(User&)> work) {
  auto lanes = std::make_shared<Lanes>();
  lanes->work = std::move(work);
  const auto count = std::min(parallel, users_.size());
  lanes->active = count; // before the first begins: a lane that never suspends has ended when co_spawn returns
  for (std::size_t i = 0; i < count; ++i)
    asio::co_spawn(executor_, run_lane(lanes), asio::detached);
  while (lanes->active > 0)
    co_await completed_.wait();
  rethrow_failure();
}

asio::awaitable<void> Workload::set_up() {
  std::vector<const scenario::Operation*> each;
  for (const auto& name : scenario_.workload.setup)
    if (const auto* operation = scenario_.stack.operation(name); operation->role == Role::import_users)
      co_await import_users(*operation);
    else
      each.push_back(operation);
  const auto parallel = static_cast<std::size_t>(scenario_.workload.connections);
  // By value: a lane may outlive this coroutine, when it is cancelled.
  co_await for_all_users(parallel, [this, each](User& user) -> asio::awaitable<void> {
    for (const auto* operation : each)
      co_await perform(user, Intent{operation, {}, nullptr, 0, true});
  });
}

/// One batch after the other: a store would apply them in turn anyway.
asio::awaitable<void> Workload::import_users(const scenario::Operation& operation) {
  const auto step = static_cast<std::size_t>(operation.batch);
  for (std::size_t first = 0; first < users_.size() && !caller_.is_closed(); first += step)
    co_await import_batch(operation, first);
}

asio::awaitable<void> Workload::import_batch(const scenario::Operation& operation, std::size_t first) {
  const auto end = std::min(first + static_cast<std::size_t>(operation.batch), users_.size());
  User importer; // its operations are no user's: the history shows them without one
  importer.host = users_[first]->host;
  Intent intent{&operation, {{"first", users_[first]->name}, {"last", users_[end - 1]->name}}, nullptr, 0, true, {}};
  for (auto i = first; i < end; ++i)
    intent.import.push_back({{"user", users_[i]->name}, {"password", users_[i]->password}});
  co_await perform(importer, std::move(intent));
}

asio::awaitable<void> Workload::arrivals() {
  auto arrival = plan_.next();
  while (!stopped_) {
    if (!running_) {
      co_await changed_.wait();
      continue;
    }
    // The arrival is due by the timeline, which stands still while the workload pauses: after a checkpoint the rest of
    // the wait is waited for, and no burst of arrivals makes up for the pause.
    if (const auto wait = arrival.at - timeline(); wait > async::Duration{}) {
      (void)co_await async::until(clock_, clock_.now() + wait, changed_.wait());
      continue;
    }
    auto& user = *users_[arrival.user];
    user.queue.push_back({arrival.operation,
                          {{"amount", std::to_string(arrival.amount)},
                           {"peer", users_[arrival.peer]->name},
                           {"item", fmt::format("item-{}", arrival.item)}}});
    ++queued_;
    begin_queue(user);
    arrival = plan_.next();
  }
}

void Workload::begin_queue(User& user) {
  if (user.busy)
    return;
  user.busy = true;
  ++open_;
  asio::co_spawn(executor_, perform_queue(user.index), asio::detached);
}

asio::awaitable<void> Workload::perform_queue(std::size_t index) {
  auto& user = *users_[index];
  try {
    // An operation that is under way when the workload pauses is ended; one that is still queued was not begun, and is
    // sent when the workload resumes.
    while (!user.queue.empty() && running_ && !failure_) {
      auto intent = std::move(user.queue.front());
      user.queue.pop_front();
      --queued_;
      const auto* login = scenario_.stack.operation(Role::login);
      if (lacks_session(user, *intent.operation))
        co_await perform(user, Intent{login, {}});
      if (lacks_session(user, *intent.operation))
        continue; // the login failed and counts as a failure; without it the operation cannot be sent
      co_await perform(user, std::move(intent));
    }
  } catch (...) {
    fail();
  }
  user.busy = false;
  --open_;
  completed_.notify();
}

/// True when the user has to sign in before this operation: it carries the token of a login. With sessions in cookies
/// alone the stack file does not say which operations need one, so all do but those by which users come to exist and to
/// sign in.
bool Workload::lacks_session(const User& user, const scenario::Operation& operation) const {
  const auto role = operation.role;
  if (user.session || scenario_.stack.operation(Role::login) == nullptr || role == Role::login ||
      role == Role::register_user || role == Role::import_users)
    return false;
  return caller_.sessions_are_cookies() || scenario_.stack.carries_token(operation);
}

asio::awaitable<void> Workload::perform(User& user, Intent intent) {
  const auto session = intent.session ? intent.session : user.session;
  const bool had_been_accepted = session && session->accepted;
  const bool counts = !intent.setup && intent.checkpoint == 0;
  if (counts)
    live_.begin(intent.operation->name);
  const auto operation = co_await caller_.perform(user, intent);
  if (!operation)
    co_return;
  note_pending(user, scenario_, *operation);
  note_seen(user, intent.operation->role, *operation);
  if (counts)
    count(user, intent, *operation, had_been_accepted);
  completed_.notify();
}

void Workload::count(const User&, const Intent& intent, const history::Operation& operation, bool had_been_accepted) {
  const auto& last = operation.attempts.back();
  const bool good = operation.is_served();
  // A session that is refused after it was accepted is lost, which the checks find. Whether the service serves is
  // another question, which the user's next login will answer.
  const bool lost = operation.outcome == Outcome::unauthenticated && had_been_accepted && scenario_.workload.relogin;
  live_.count(operation.name, last.instance, operation.complete_time,
              good   ? LiveCounters::Served::yes
              : lost ? LiveCounters::Served::neither
                     : LiveCounters::Served::no);
  const bool is_empty_list = operation.outcome == Outcome::ok && intent.operation->ok.list && operation.list.empty() &&
                             operation.statement.empty();
  // An empty list does not show whether the stack file names the fields of its elements rightly.
  if (good && !is_empty_list)
    live_.show(operation.name);
  if (!good)
    last_failure_ = fmt::format("'{}': {}", operation.name, operation.reason);
  if (operation.outcome == Outcome::ok && scenario::is_change(intent.operation->role)) {
    // The host that answered, which a load balancer may have chosen; a server for all hosts has none, and then it is
    // the user's own.
    const auto host = scenario::InstanceId::parse(last.instance).host;
    live_.acknowledge(operation.name, host == 0 ? operation.host : host, operation.complete_time);
  }
}

asio::awaitable<void> Workload::read_back(int checkpoint, async::Time settled) {
  // More users at a time than there are connections: a user whose records show late waits between two reads, and holds
  // no connection meanwhile.
  const auto parallel = static_cast<std::size_t>(scenario_.workload.connections) * 4;
  co_await for_all_users(
      parallel, [this, checkpoint, settled](User& user) { return read_back_.user(user, checkpoint, settled); });
}

bool Workload::has_baseline() const {
  for (const auto role : {Role::whoami, Role::purchases, Role::statement, Role::overview})
    if (const auto* operation = scenario_.stack.operation(role))
      if (live_.shown(operation->name) < baseline_reads)
        return false;
  return true;
}

asio::awaitable<void> Workload::read_baseline() {
  co_await read_back_.baseline(users_, [this](const std::string& operation) { return live_.shown(operation); });
}

} // namespace holdfast::workload
