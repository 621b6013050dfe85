#include "harness/workload/workload.hpp"

#include "harness/async/deadline.hpp"
#include "harness/scenario/placeholders.hpp"
#include "harness/workload/reply_reading.hpp"

#include <boost/asio/detached.hpp>
#include <fmt/format.h>

namespace holdfast::workload {

using history::Outcome;

struct Workload::User {
  std::size_t index = 0;
  std::string name;
  std::string password;
  int host = 1;
  std::uint64_t process = 0;
  std::optional<Session> session;
  std::vector<Session> sessions; ///< every one that was ever live
  std::deque<Intent> queue;
  bool busy = false;
};

/// Connections to instances, kept alive between operations; at most so many at a time.
struct Workload::Pool {
  Pool(const asio::any_io_executor& executor, std::size_t limit)
      : executor_(executor), free_(executor), limit_(limit) {}

  asio::awaitable<async::HttpConnection> take(const Route& route) {
    while (used_ >= limit_)
      co_await free_.wait();
    ++used_;
    auto& idle = idle_[{route.address, route.port}];
    while (!idle.empty()) {
      auto connection = std::move(idle.back());
      idle.pop_back();
      if (connection.is_usable())
        co_return connection;
    }
    co_return async::HttpConnection(executor_, route.address, route.port);
  }
  void give_back(const Route& route, async::HttpConnection connection) {
    --used_;
    if (connection.is_open()) // whether it still is, is asked when it is taken
      idle_[{route.address, route.port}].push_back(std::move(connection));
    free_.notify_one();
  }

private:
  asio::any_io_executor executor_;
  async::Event free_;
  std::size_t limit_;
  std::size_t used_ = 0;
  std::map<std::pair<std::string, std::uint16_t>, std::vector<async::HttpConnection>> idle_;
};

Workload::Workload(asio::any_io_executor executor, async::Clock& clock, const scenario::Scenario& scenario,
                   std::uint64_t seed, history::Recorder& recorder, Router& router)
    : executor_(executor), clock_(clock), scenario_(scenario), seed_(seed), recorder_(recorder), router_(router),
      plan_(scenario, seed), completed_(executor), changed_(executor),
      pool_(std::make_unique<Pool>(executor, static_cast<std::size_t>(scenario.workload.connections))) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(scenario.workload.users); ++i) {
    auto user = std::make_unique<User>();
    user->index = i;
    user->name = fmt::format("user{}", i + 1);
    user->password = fmt::format("password-{}-{}", seed, i + 1);
    user->host = static_cast<int>(i % static_cast<std::size_t>(scenario.stack.hosts)) + 1;
    user->process = i;
    users_.push_back(std::move(user));
  }
}

Workload::~Workload() = default;

std::string Workload::next_id() {
  return fmt::format("op{:x}-{}", seed_, ++ids_);
}

void Workload::rethrow_failure() const {
  if (failure_)
    std::rethrow_exception(failure_);
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
  closed_ = true;
}

asio::awaitable<void> Workload::drain() {
  async::Duration longest{};
  for (const auto& [name, weight] : scenario_.workload.journey)
    longest = std::max<async::Duration>(longest, scenario_.stack.operation(name)->timeout);
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

/// What the lanes of one pass over all users share. They may outlive the one who waits for them, when that is
/// cancelled.
struct Workload::Lanes {
  std::size_t next = 0;
  std::size_t active = 0;
  std::function<asio::awaitable<void>(User&)> work;
};

asio::awaitable<void> Workload::run_lane(std::shared_ptr<Lanes> lanes) {
  while (lanes->next < users_.size() && !failure_ && !closed_) {
    auto& user = *users_[lanes->next++];
    try {
      co_await lanes->work(user);
    } catch (...) {
      failure_ = std::current_exception();
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
    if (const auto* operation = scenario_.stack.operation(name); operation->role == scenario::Role::import_users)
      co_await import_users(*operation);
    else
      each.push_back(operation);
  const auto parallel = static_cast<std::size_t>(scenario_.workload.connections);
  co_await for_all_users(parallel, [this, &each](User& user) -> asio::awaitable<void> {
    for (const auto* operation : each)
      co_await perform(user, Intent{operation, {}, std::nullopt, 0, true});
  });
}

/// One batch after the other: stores take them in turn anyway.
asio::awaitable<void> Workload::import_users(const scenario::Operation& operation) {
  for (std::size_t first = 0; first < users_.size() && !closed_; first += static_cast<std::size_t>(operation.batch))
    co_await import_batch(operation, first);
}

asio::awaitable<void> Workload::import_batch(const scenario::Operation& operation, std::size_t first) {
  const auto end = std::min(first + static_cast<std::size_t>(operation.batch), users_.size());
  std::vector<history::Values> batch;
  for (auto i = first; i < end; ++i)
    batch.push_back({{"user", users_[i]->name}, {"password", users_[i]->password}});
  User importer; // nobody's: a history shows it without a user
  importer.host = users_[first]->host;
  Intent intent{&operation, {{"first", users_[first]->name}, {"last", users_[end - 1]->name}}, std::nullopt, 0, true};
  intent.body = fill_import(operation.json_body, batch);
  co_await perform(importer, std::move(intent));
}

asio::awaitable<void> Workload::arrivals() {
  auto arrival = plan_.next();
  while (!stopped_) {
    if (!running_) {
      co_await changed_.wait();
      continue;
    }
    if (const auto wait = arrival.at - timeline(); wait > async::Duration{}) {
      (void)co_await async::until(clock_, clock_.now() + wait, changed_.wait());
      continue;
    }
    auto& user = *users_[arrival.user];
    user.queue.push_back({arrival.operation,
                          {{"amount", std::to_string(arrival.amount)},
                           {"peer", users_[arrival.peer]->name},
                           {"item", fmt::format("item-{}", arrival.item)}},
                          std::nullopt});
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
    // What is still queued when the workload pauses was not begun: it is sent when it resumes.
    while (!user.queue.empty() && running_ && !failure_) {
      auto intent = std::move(user.queue.front());
      user.queue.pop_front();
      --queued_;
      const auto* login = scenario_.stack.operation(scenario::Role::login);
      if (lacks_session(user, *intent.operation) && login != nullptr && intent.operation != login)
        co_await perform(user, Intent{login, {}, std::nullopt});
      if (lacks_session(user, *intent.operation))
        continue; // the login said why
      co_await perform(user, std::move(intent));
    }
  } catch (...) {
    failure_ = std::current_exception();
  }
  user.busy = false;
  --open_;
  completed_.notify();
}

bool Workload::lacks_session(const User& user, const scenario::Operation& operation) const {
  if (user.session)
    return false;
  const auto* login = scenario_.stack.operation(scenario::Role::login);
  if (login == nullptr || operation.role == scenario::Role::login || operation.role == scenario::Role::register_user)
    return false;
  std::string text = operation.path + operation.json_body;
  for (const auto& [name, value] : operation.headers)
    text += value;
  for (const auto& name : scenario::placeholders(text))
    if (login->ok.capture.contains(name))
      return true;
  return login->ok.capture.empty(); // a session of cookies alone: everything may need it
}

async::HttpRequest Workload::build(const Intent& intent, const Session& session) const {
  history::Values values = session.values;
  for (const auto& [name, value] : intent.values)
    values.set(name, value);
  const scenario::Lookup lookup = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found ? std::optional<std::string>(*found) : std::nullopt;
  };
  async::HttpRequest request{intent.operation->method, scenario::substitute(intent.operation->path, lookup), {}, {}};
  for (const auto& [name, value] : intent.operation->headers)
    request.headers.emplace_back(name, scenario::substitute(value, lookup));
  if (!session.cookies.empty()) {
    std::string cookies;
    for (const auto& [name, value] : session.cookies)
      cookies += fmt::format("{}{}={}", cookies.empty() ? "" : "; ", name, value);
    request.headers.emplace_back("cookie", cookies);
  }
  if (!intent.body.empty())
    request.body = intent.body;
  else if (!intent.operation->json_body.empty())
    request.body = fill_json(intent.operation->json_body, values);
  return request;
}

asio::awaitable<Outcome> Workload::perform(User& user, Intent intent) {
  if (closed_)
    co_return Outcome::info;
  history::Operation operation;
  operation.id = next_id();
  operation.process = user.process;
  operation.user = user.name;
  operation.name = intent.operation->name;
  operation.checkpoint = intent.checkpoint;
  operation.setup = intent.setup;
  operation.host = user.host;
  operation.values = intent.values;
  const auto& session = intent.session ? intent.session : user.session;
  if (session)
    operation.values.set("session", session->login);
  intent.values.set("id", operation.id);
  intent.values.set("user", user.name);
  intent.values.set("password", user.password);
  if (!co_await try_until_done(user, intent, operation))
    co_return Outcome::info;
  if (operation.outcome == Outcome::info)
    user.process += users_.size();
  if (!intent.setup && intent.checkpoint == 0)
    live_.count(operation.name, operation.attempts.back().instance, operation.complete_time, operation.outcome,
                operation.status);
  completed_.notify();
  co_return operation.outcome;
}

asio::awaitable<bool> Workload::try_until_done(User& user, const Intent& intent, history::Operation& operation) {
  const auto& kind = *intent.operation;
  const auto session = intent.session ? *intent.session : user.session.value_or(Session{});
  const auto request = build(intent, session);
  async::HttpReply reply;
  bool certainly_no_effect = true;
  auto wait = kind.retry_wait;
  for (int number = 1; number <= kind.attempts; ++number) {
    // A load balancer sends a user elsewhere when a host does not answer; an answer, even a 503, is an answer.
    const bool unanswered = number > 1 && operation.attempts.back().status == 0;
    const auto route =
        router_.route(kind.service, user.host, unanswered ? operation.attempts.back().instance : std::string{});
    history::Attempt tried{number, route ? route->instance : std::string("none"), Outcome::fail, 0, {}};
    if (number == 1) {
      operation.instance = tried.instance;
      recorder_.invoke(operation);
      tried.begin_time = operation.invoke_time;
    } else {
      recorder_.attempt(operation, tried);
    }
    if (route)
      co_await attempt(request, kind, *route, operation, tried, reply);
    else
      tried.reason = "no instance is ready";
    if (closed_)
      co_return false;
    // "No effect" of a refusal to connect is certain, but no answer: it is tried again like an unknown one.
    const bool answered = tried.outcome == Outcome::ok || tried.outcome == Outcome::unauthenticated ||
                          (tried.outcome == Outcome::fail && tried.status != 0);
    certainly_no_effect = certainly_no_effect && tried.outcome != Outcome::info;
    const bool last = answered || number == kind.attempts;
    if (!last)
      recorder_.result(operation, tried);
    operation.attempts.push_back(tried);
    if (last)
      break;
    co_await clock_.wait_for(wait);
    if (closed_)
      co_return false;
    wait *= 2;
  }
  const auto& last = operation.attempts.back();
  operation.status = last.status;
  operation.reason = last.reason;
  // A read has no effect in any of its attempts: its last answer is its answer.
  const bool read = kind.method == "GET";
  operation.outcome = last.outcome == Outcome::ok || certainly_no_effect || read ? last.outcome : Outcome::info;
  if (operation.outcome != last.outcome)
    operation.reason += " (an earlier attempt may have taken effect)";
  keep_session(user, intent, operation, reply);
  recorder_.complete(operation);
  co_return true;
}

/// One request and the reading of its reply; of a list in pages, one request a page.
asio::awaitable<async::HttpOutcome> Workload::exchange(async::HttpConnection& connection, async::HttpRequest request,
                                                       const scenario::Operation& kind, Reading& reading) {
  constexpr std::size_t most_pages = 10'000;
  history::EntryList list;
  for (std::size_t page = 1;; ++page) {
    auto outcome = co_await connection.exchange(request);
    const auto* reply = std::get_if<async::HttpReply>(&outcome);
    if (reply == nullptr)
      co_return outcome;
    reading = read_reply(kind, *reply);
    reading.pages = page;
    list.append(reading.list);
    if (reading.outcome != Outcome::ok || reading.next.empty()) {
      reading.list = std::move(list);
      co_return outcome;
    }
    if (reading.next.front() != '/' || page == most_pages) {
      reading.outcome = Outcome::info;
      reading.reason = page == most_pages ? fmt::format("the list has no end after {} pages", page)
                                          : fmt::format("the next page '{}' is no path", reading.next);
      co_return outcome;
    }
    request.target = reading.next;
  }
}

asio::awaitable<void> Workload::attempt(const async::HttpRequest& request, const scenario::Operation& kind,
                                        const Route& route, history::Operation& operation, history::Attempt& tried,
                                        async::HttpReply& reply) {
  auto connection = co_await pool_->take(route);
  Reading reading;
  auto answer =
      co_await async::until(clock_, clock_.now() + kind.timeout, exchange(connection, request, kind, reading));
  if (!answer) {
    connection.close();
    tried.outcome = Outcome::info;
    tried.reason = fmt::format("no reply within {} ms", kind.timeout.count() / 1'000'000);
    if (reading.pages > 0)
      tried.reason = fmt::format("the list had no end within {} ms: {} pages were read",
                                 kind.timeout.count() / 1'000'000, reading.pages);
  } else if (const auto* failure = std::get_if<async::HttpFailure>(&*answer)) {
    tried.outcome = failure->when == async::HttpFailure::When::exchanging ? Outcome::info : Outcome::fail;
    tried.reason = failure->reason;
  } else {
    reply = std::move(std::get<async::HttpReply>(*answer));
    tried.outcome = reading.outcome;
    tried.status = reply.status;
    tried.reason = std::move(reading.reason);
    const bool has_pages = kind.ok.list && !kind.ok.list->next.empty();
    operation.pages = has_pages ? static_cast<std::uint16_t>(reading.pages) : 0;
    operation.captured = std::move(reading.captured);
    operation.list = std::move(reading.list);
    operation.statement = std::move(reading.statement);
  }
  pool_->give_back(route, std::move(connection));
}

void Workload::keep_session(User& user, const Intent& intent, const history::Operation& operation,
                            const async::HttpReply& reply) {
  if (intent.checkpoint != 0)
    return; // a checkpoint looks, it does not touch
  const auto role = intent.operation->role;
  if (role == scenario::Role::login && operation.outcome == Outcome::ok) {
    Session session{operation.id, operation.captured, {}};
    for (const auto& [name, value] : reply.headers) {
      if (name != "set-cookie")
        continue;
      const auto pair = value.substr(0, value.find(';'));
      if (const auto equals = pair.find('='); equals != std::string::npos)
        session.cookies.set(pair.substr(0, equals), pair.substr(equals + 1));
    }
    user.session = session;
    user.sessions.push_back(std::move(session));
  }
  if (role == scenario::Role::logout || operation.outcome == Outcome::unauthenticated)
    user.session.reset();
}

asio::awaitable<void> Workload::read_back(int checkpoint) {
  // More users than connections: one that waits to try again holds none.
  const auto parallel = static_cast<std::size_t>(scenario_.workload.connections) * 4;
  co_await for_all_users(parallel, [this, checkpoint](User& user) { return read_back_user(user, checkpoint); });
}

asio::awaitable<void> Workload::read_back_user(User& user, int checkpoint) {
  const bool together = scenario_.workload.read_back == scenario::Workload::ReadBack::overview;
  // The overview shows the session that it is read with as well.
  const auto alone = user.sessions.size() - (together && !user.sessions.empty() ? 1 : 0);
  if (const auto* whoami = scenario_.stack.operation(scenario::Role::whoami))
    for (std::size_t i = 0; i < alone; ++i)
      co_await perform(user, Intent{whoami, {}, user.sessions[i], checkpoint});
  // Lists are read with the newest session: whether that is known is the sessions' check to judge.
  auto session = user.sessions.empty() ? std::nullopt : std::optional(user.sessions.back());
  if (together) {
    co_await read_back_list(user, scenario::Role::overview, session, checkpoint);
    co_return;
  }
  for (const auto role : {scenario::Role::purchases, scenario::Role::statement})
    co_await read_back_list(user, role, session, checkpoint);
}

/// One list of a user. Who has no session logs in, as a person would, to see what is theirs; the new session is used
/// from then on.
asio::awaitable<void> Workload::read_back_list(User& user, scenario::Role role, std::optional<Session>& session,
                                               int checkpoint) {
  const auto* read = scenario_.stack.operation(role);
  if (read == nullptr || co_await perform(user, Intent{read, {}, session, checkpoint}) != Outcome::unauthenticated)
    co_return;
  const auto* login = scenario_.stack.operation(scenario::Role::login);
  if (login == nullptr)
    co_return;
  const auto before = user.session;
  co_await perform(user, Intent{login, {}, std::nullopt, 0, true}); // the harness's own, like a setup
  session = user.session;
  if (session)
    co_await perform(user, Intent{read, {}, session, checkpoint});
  if (!user.session)
    user.session = before;
}

} // namespace holdfast::workload
