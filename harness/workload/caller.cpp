// One operation of one user: `perform` fills the request and hands it to `try_until_done`, which records the
// invocation, makes one `attempt` after the other and records how it ended. An attempt takes a connection and a
// timeout; `converse` reads all pages of a list in it, and `send` makes one request with cookies and redirects.
//
// The checks rely on the outcome: `fail` means "certainly no effect", `info` "may take effect at any later time".
// Wherever it is not certain which of them is true, it is `info`.
#include "harness/workload/caller.hpp"

#include "harness/async/deadline.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::workload {

using history::Outcome;
using scenario::Role;

namespace {

constexpr std::size_t most_pages = 10'000; // a list that links to itself must not be read for ever
constexpr int most_redirects = 10;
constexpr auto placeholders_of_journey = {"amount", "peer", "item"};

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

} // namespace

struct Caller::Exchange {
  User& user;
  const Intent& intent;
  const RequestTemplate& request;
  history::Operation operation;
  async::HttpRequest filled;
  std::shared_ptr<Session> session; ///< null: none
  std::shared_ptr<CookieJar> jar;
  std::shared_ptr<CookieJar> jar_before; ///< of a login or logout: a copy from before it
};

Caller::Caller(const asio::any_io_executor& executor, Setup setup)
    : setup_(std::move(setup)), pool_(executor, static_cast<std::size_t>(setup_.scenario.workload.connections)),
      prefix_(fmt::format("op{:x}-", setup_.seed)) {
  for (const auto& operation : setup_.scenario.stack.operations) {
    const auto& request = requests_.emplace(operation.name, operation).first->second;
    ids_are_numbers_ = ids_are_numbers_ || request.uses("number");
  }
  const auto& stack = setup_.scenario.stack;
  // Where requests carry the token that a login captured, the session is that token. Otherwise the browser's
  // cookies are all there is, and a new login in the same browser may replace the session before.
  const auto* whoami = stack.reader(Role::whoami);
  cookies_alone_ = whoami != nullptr ? !stack.carries_token(*whoami)
                                     : std::none_of(stack.operations.begin(), stack.operations.end(),
                                                    [&](const auto& one) { return stack.carries_token(one); });
}

const std::string& Caller::host_of(const scenario::Operation& operation) const {
  return setup_.scenario.stack.service(operation.service)->host;
}

asio::awaitable<std::optional<history::Operation>> Caller::perform(User& user, Intent intent) {
  if (closed_)
    co_return std::nullopt;
  const auto& kind = *intent.operation;
  const auto& request = requests_.at(kind.name);
  Exchange exchange{user, intent, request, {}, {}, intent.session ? intent.session : user.session, {}, {}};
  exchange.jar = exchange.session ? exchange.session->jar : user.jar;
  // A login that carries the cookies of a session may replace that session. Where the stack file declares many sessions
  // a user, every second login comes from another browser, with no cookies: both sessions must then live.
  if (kind.role == Role::login && user.logins++ % 2 == 1 && setup_.scenario.stack.declare.many_browsers &&
      cookies_alone_) {
    exchange.session.reset();
    exchange.jar = user.jar = std::make_shared<CookieJar>();
  }
  // The reply may overwrite or delete the session's cookies; `keep_session` needs them as they were sent.
  if (kind.role == Role::login || kind.role == Role::logout)
    exchange.jar_before = std::make_shared<CookieJar>(*exchange.jar);
  auto& operation = exchange.operation;
  const auto number = ++given_;
  operation.id = prefix_ + std::to_string(number);
  operation.process = user.process;
  operation.user = user.name;
  operation.name = kind.name;
  operation.checkpoint = intent.checkpoint;
  operation.setup = intent.setup;
  operation.host = user.host;
  // The history keeps only the values that the request really contains: a service that was never told an amount cannot
  // be judged by the amount that it shows.
  for (const auto* name : placeholders_of_journey)
    if (const auto value = intent.values.find(name); value && request.uses(name))
      operation.values.set(name, *value);
  for (const auto* name : {"first", "last"}) // of an import
    if (const auto value = intent.values.find(name))
      operation.values.set(name, *value);
  // Later ones win: what the login captured, what the intent brings, and the operation's own.
  auto values = exchange.session ? exchange.session->values : history::Values{};
  for (const auto& [name, value] : intent.values)
    values.set(name, value);
  values.set("id", operation.id);
  values.set("number", std::to_string(number));
  values.set("user", user.name);
  values.set("password", user.password);
  if (exchange.session)
    operation.values.set("session", exchange.session->login);
  exchange.filled = intent.import.empty() ? request.fill(values) : request.fill_import(intent.import);
  if (!co_await try_until_done(exchange))
    co_return std::nullopt;
  co_return std::move(operation);
}

/// Makes attempts under the operation's one id until one is final or none is left, waiting before each further one
/// twice as long as before the last.
/// False when the run was over first: the operation then stays open in the history.
asio::awaitable<bool> Caller::try_until_done(Exchange& exchange) {
  const auto& kind = *exchange.intent.operation;
  auto& operation = exchange.operation;
  const auto refused = unsendable(kind, exchange.filled);
  bool certainly_no_effect = true;
  auto wait = kind.retry_wait;
  for (int number = 1; number <= kind.attempts; ++number) {
    // A load balancer may send a user to another host when one does not answer. A host that answered, even with a 503,
    // keeps its users, so only an attempt without an answer names its instance to the router as failed.
    const bool unanswered = number > 1 && !operation.attempts.back().answered;
    const auto route = setup_.router.route(kind.service, exchange.user.host,
                                           unanswered ? operation.attempts.back().instance : std::string{});
    history::Attempt tried{.number = number,
                           .instance = route ? route->instance : std::string(history::no_instance),
                           .outcome = Outcome::fail};
    if (number == 1) {
      operation.instance = tried.instance;
      setup_.recorder.invoke(operation);
      tried.begin_time = operation.invoke_time;
    } else {
      setup_.recorder.attempt(operation, tried);
    }
    // Such attempts were never sent: they stay `fail`, which is true, since they had no effect.
    if (refused)
      tried.reason = *refused;
    else if (route)
      co_await attempt(exchange, *route, tried);
    else
      tried.reason = "no instance is ready";
    if (closed_)
      co_return false;
    // A refused connection is `fail` as well, because it certainly had no effect. But nobody answered: unlike a
    // declared rejection it is tried again.
    const bool is_final = tried.is_served() || tried.outcome == Outcome::unauthenticated;
    certainly_no_effect = certainly_no_effect && tried.outcome != Outcome::info;
    const bool last = is_final || number == kind.attempts;
    // The last attempt has no line of its own: the operation's completion below says how it ended.
    if (!last)
      setup_.recorder.result(operation, tried);
    operation.attempts.push_back(std::move(tried));
    if (last)
      break;
    co_await setup_.clock.wait_for(wait);
    if (closed_)
      co_return false;
    wait *= 2;
  }
  auto& last = operation.attempts.back();
  operation.answered = last.answered;
  operation.status = last.status;
  operation.reason = last.reason;
  // A last attempt that was refused says nothing of the ones before: the first may have been applied and its reply
  // lost, and then the operation is unknown. A read has no effect in any of its attempts: its last answer is its
  // answer.
  const bool read = kind.method == "GET";
  operation.outcome = last.outcome == Outcome::ok || certainly_no_effect || read ? last.outcome : Outcome::info;
  if (operation.outcome != last.outcome)
    operation.reason += " (an earlier attempt may have taken effect)";
  keep_session(exchange); // first: it replaces the captured secrets with marks
  setup_.recorder.complete(operation);
  // What is unknown may still be at work when the user's next operation begins. A logical process has one operation at
  // a time, so the user goes on as another one, with a number that no other user has.
  if (operation.outcome == Outcome::info)
    exchange.user.process += static_cast<std::uint64_t>(setup_.scenario.workload.users);
  co_return true;
}

asio::awaitable<void> Caller::attempt(Exchange& exchange, Route route, history::Attempt& tried) {
  const auto& kind = *exchange.intent.operation;
  // Each of the users' attempts opens a connection of its own, so that an instance that accepts no new ones is noticed.
  // The harness's own reads say nothing of that, and are many: they keep theirs.
  const auto use = exchange.intent.setup || exchange.intent.checkpoint != 0 ? Pool::Use::kept : Pool::Use::once;
  auto connection = co_await pool_.take(route, use);
  Reading reading;
  auto answer = co_await async::until(setup_.clock, setup_.clock.now() + kind.timeout,
                                      converse(exchange, connection, route, reading));
  auto& operation = exchange.operation;
  if (!answer) {
    // A late reply would otherwise be read as the answer to the next request on this connection.
    connection.close();
    tried.outcome = Outcome::info;
    tried.reason = fmt::format("no whole reply within {} ms", kind.timeout.count() / 1'000'000);
    if (reading.pages.count > 0)
      tried.reason = fmt::format("the list had no end within {} ms: {} pages were read",
                                 kind.timeout.count() / 1'000'000, reading.pages.count);
  } else if (const auto* failure = std::get_if<async::HttpFailure>(&*answer)) {
    tried.outcome = failure->when == async::HttpFailure::When::exchanging ? Outcome::info : Outcome::fail;
    tried.reason = failure->reason;
  } else {
    tried.outcome = reading.outcome;
    tried.answered = true;
    tried.status = std::get<async::HttpReply>(*answer).status;
    tried.reason = std::move(reading.reason);
    const bool has_pages = kind.ok.list && kind.ok.list->next.is_given();
    operation.pages = has_pages ? static_cast<std::uint16_t>(reading.pages.count) : 0;
    operation.captured = std::move(reading.captured);
    operation.list = std::move(reading.list);
    operation.statement = std::move(reading.statement);
  }
  for (auto& one : exchange.jar->take_dropped())
    tried.dropped.push_back({std::move(one.cookie), std::move(one.by), std::move(one.why)});
  // A service may set cookies that no browser keeps, of another domain say, and work without them. At a login it may be
  // the session's cookie, and explains why the next request is not signed in: only there it is kept in the history.
  for (auto& one : exchange.jar->take_refused())
    if (kind.role == Role::login)
      tried.dropped.push_back({std::move(one.cookie), std::move(one.by), std::move(one.why)});
  pool_.give_back(route, use, std::move(connection));
}

/// A request and its reply, of a list in pages one request a page.
asio::awaitable<async::HttpOutcome> Caller::converse(Exchange& exchange, async::HttpConnection& connection, Route route,
                                                     Reading& reading) {
  const auto& kind = *exchange.intent.operation;
  history::EntryList list;
  auto request = exchange.filled;
  for (std::size_t page = 1;; ++page) {
    Sent sent{request.target, host_of(kind), route.address, route.port};
    auto outcome = co_await send(exchange, connection, route, request, sent);
    const auto* reply = std::get_if<async::HttpReply>(&outcome);
    if (reply == nullptr)
      co_return outcome;
    // `sent` is where the last redirect has led: references to the next page are relative to that.
    reading = read_reply(kind, *reply, sent, ids(), reading.pages);
    list.append(reading.list);
    if (reading.outcome != Outcome::ok || reading.next.empty()) {
      reading.list = std::move(list);
      co_return outcome;
    }
    // Not `ok` with what was read so far: entries on later pages would seem to be lost.
    if (page == most_pages) {
      reading.outcome = Outcome::info;
      reading.reason = fmt::format("the list has no end after {} pages", page);
      co_return outcome;
    }
    request.target = reading.next;
  }
}

/// One request with the browser's cookies, redirects followed where the stack file says so; the reply's cookies are
/// kept.
asio::awaitable<async::HttpOutcome> Caller::send(Exchange& exchange, async::HttpConnection& connection, Route route,
                                                 async::HttpRequest request, Sent& sent) {
  const auto& kind = *exchange.intent.operation;
  const auto& host = host_of(kind);
  for (int hop = 0;; ++hop) {
    auto with_cookies = request;
    if (auto cookies = exchange.jar->header(host, request.target, setup_.clock.now()); !cookies.empty()) {
      auto own = std::find_if(with_cookies.headers.begin(), with_cookies.headers.end(), [](const auto& one) {
        return one.first.size() == 6 && ::strncasecmp(one.first.c_str(), "cookie", 6) == 0;
      });
      if (own != with_cookies.headers.end())
        own->second += "; " + cookies; // what the stack file sends itself comes first
      else
        with_cookies.headers.emplace_back("Cookie", std::move(cookies));
    }
    const bool is_used = connection.is_open();
    auto outcome = co_await connection.exchange(with_cookies);
    // A server may close an idle connection at the moment it is used again, which looks like an outage and is none. A
    // read is sent once more, over a new connection; a write is not, since it may have been applied.
    if (is_used && request.method == "GET" && std::holds_alternative<async::HttpFailure>(outcome)) {
      connection.close();
      outcome = co_await connection.exchange(with_cookies);
    }
    const auto* reply = std::get_if<async::HttpReply>(&outcome);
    if (reply == nullptr) {
      // Behind a redirect the first request has been answered: that nothing was sent now says nothing of its effect.
      if (hop > 0)
        std::get<async::HttpFailure>(outcome).when = async::HttpFailure::When::exchanging;
      co_return outcome;
    }
    bool any_cookie = false;
    for (const auto& [name, value] : reply->headers)
      if (name == "set-cookie") {
        exchange.jar->store(value, host, request.target, setup_.clock.now(), setup_.wall(), exchange.operation.id);
        any_cookie = true;
      }
    // From here on their values are masked wherever the run writes them down.
    if (any_cookie)
      for (const auto& [name, value] : exchange.jar->contents())
        learn(exchange.user, value);
    sent.target = request.target;
    if (kind.redirects != scenario::Operation::Redirects::follow || !is_redirect(reply->status))
      co_return outcome;
    const auto location = reply->header("location");
    const auto target = resolve_reference(location, sent);
    if (!target || hop == most_redirects)
      co_return async::HttpFailure{
          async::HttpFailure::When::exchanging,
          hop == most_redirects ? fmt::format("more than {} redirects", most_redirects)
                                : fmt::format("it is redirected to '{}', which is no place of this service", location)};
    // As browsers do: a POST that is redirected goes on as a GET without its body. Only 307 and 308 ask for the same
    // request again.
    if (reply->status != 307 && reply->status != 308 && request.method != "GET" && request.method != "HEAD") {
      request.method = "GET";
      request.body.clear();
    }
    request.target = *target;
  }
}

/// Takes a value that a service gave out for a secret, to be masked from now on. A user's name and an operation's id
/// are none: a service that puts them into cookies would otherwise have them masked everywhere in the bundle.
void Caller::learn(const User& user, std::string_view value) {
  if (value != user.name && !ids().holds(value))
    setup_.secrets.learn(value);
}

/// What an operation that has ended does to its user's sessions: a login begins one, a logout ends it, and a refusal
/// makes the user sign in again before the next operation.
void Caller::keep_session(Exchange& exchange) {
  auto& user = exchange.user;
  auto& operation = exchange.operation;
  const auto role = exchange.intent.operation->role;
  if (operation.outcome == Outcome::ok && exchange.session && role != Role::login && role != Role::logout)
    exchange.session->accepted = true;
  if (role == Role::login && operation.outcome == Outcome::ok)
    return begin_session(exchange);
  if (exchange.intent.checkpoint != 0)
    return; // the harness only looks: what it finds is for the checks, and the user goes on as before
  if (role == Role::logout && exchange.session) {
    // The session keeps the cookies that it had before the logout, although the reply has deleted them in the browser:
    // checkpoints try them again, and find a service that has only told the browser to forget them.
    if (operation.outcome != Outcome::fail)
      exchange.session->jar = exchange.jar_before;
    user.session.reset();
  }
  if (operation.outcome == Outcome::unauthenticated && setup_.scenario.workload.relogin && user.session) {
    // Checkpoints try the refused session again, with its own cookies. The user gets an empty jar for the next login:
    // one that carries the old cookies might replace the session, and a restart's loss could not be told from that.
    if (user.session->jar == user.jar)
      user.jar = std::make_shared<CookieJar>();
    user.session.reset();
  }
}

/// After a login that succeeded: makes its session the user's own, unless the service went on with the one before, and
/// sees to it that earlier sessions can still be tried with the cookies that they had.
void Caller::begin_session(Exchange& exchange) {
  auto& user = exchange.user;
  auto& operation = exchange.operation;
  const auto given = operation.captured;
  for (const auto& [name, value] : given)
    if (name != "user" && name != "balance") {
      learn(user, value);
      operation.captured.set(name, setup_.secrets.mark(value)); // equal tokens have equal marks: enough for the history
    }
  const auto now = user.jar->contents();
  const auto& before = user.session;
  // A service may go on with the session that the browser has: then nothing new was given out.
  if (before && before->jar == user.jar && now == exchange.jar_before->contents() && given == before->values) {
    operation.continues = before->login;
    return;
  }
  if (before && before->jar == user.jar) {
    // The browser's jar belongs to the new session from now on. The one before gets the copy from before the login, as
    // if it lived in a browser of its own, so that it can still be tried.
    before->jar = exchange.jar_before;
  }
  const bool one_only = setup_.scenario.stack.declare.one_session_per_user;
  // Not tried again: a session with the very cookies of the new one, which a service cannot tell from it; and, where
  // the stack file declares one session a user, the one that this login replaced.
  std::erase_if(user.sessions, [&](const std::shared_ptr<Session>& one) {
    return (cookies_alone_ && one->jar->contents() == now) || (one_only && cookies_alone_ && one == before);
  });
  user.session = std::make_shared<Session>(Session{operation.id, given, user.jar});
  user.sessions.push_back(user.session);
}

} // namespace holdfast::workload
