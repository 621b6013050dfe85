#include "harness/workload/caller.hpp"

#include "harness/async/deadline.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::workload {

using history::Outcome;
using scenario::Role;

namespace {

constexpr std::size_t most_pages = 10'000;
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
  // A login with the cookies of a session may end it: that there may be many shows where another browser is taken.
  if (kind.role == Role::login && user.logins++ % 2 == 1 && setup_.scenario.stack.declare.many_browsers &&
      cookies_alone_) {
    exchange.session.reset();
    exchange.jar = user.jar = std::make_shared<CookieJar>();
  }
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
  // Only what the request says of these: nothing else can be held against what comes back.
  for (const auto* name : placeholders_of_journey)
    if (const auto value = intent.values.find(name); value && request.uses(name))
      operation.values.set(name, *value);
  for (const auto* name : {"first", "last"}) // of an import
    if (const auto value = intent.values.find(name))
      operation.values.set(name, *value);
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

asio::awaitable<bool> Caller::try_until_done(Exchange& exchange) {
  const auto& kind = *exchange.intent.operation;
  auto& operation = exchange.operation;
  const auto refused = unsendable(kind, exchange.filled);
  bool certainly_no_effect = true;
  auto wait = kind.retry_wait;
  for (int number = 1; number <= kind.attempts; ++number) {
    // A load balancer may send a user elsewhere when a host does not answer; an answer, even a 503, is an answer.
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
    if (refused)
      tried.reason = *refused;
    else if (route)
      co_await attempt(exchange, *route, tried);
    else
      tried.reason = "no instance is ready";
    if (closed_)
      co_return false;
    // "No effect" of a refusal to connect is certain, but no answer: it is tried again like an unknown one.
    const bool is_final = tried.is_served() || tried.outcome == Outcome::unauthenticated;
    certainly_no_effect = certainly_no_effect && tried.outcome != Outcome::info;
    const bool last = is_final || number == kind.attempts;
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
  // A read has no effect in any of its attempts: its last answer is its answer.
  const bool read = kind.method == "GET";
  operation.outcome = last.outcome == Outcome::ok || certainly_no_effect || read ? last.outcome : Outcome::info;
  if (operation.outcome != last.outcome)
    operation.reason += " (an earlier attempt may have taken effect)";
  keep_session(exchange);
  setup_.recorder.complete(operation);
  if (operation.outcome == Outcome::info)
    exchange.user.process += static_cast<std::uint64_t>(setup_.scenario.workload.users);
  co_return true;
}

asio::awaitable<void> Caller::attempt(Exchange& exchange, Route route, history::Attempt& tried) {
  const auto& kind = *exchange.intent.operation;
  // Users come over new connections; the harness's own reads need not.
  const auto use = exchange.intent.setup || exchange.intent.checkpoint != 0 ? Pool::Use::kept : Pool::Use::once;
  auto connection = co_await pool_.take(route, use);
  Reading reading;
  auto answer = co_await async::until(setup_.clock, setup_.clock.now() + kind.timeout,
                                      converse(exchange, connection, route, reading));
  auto& operation = exchange.operation;
  if (!answer) {
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
  // Whoever sets others' cookies at every reply is none of our business; a session that was refused is.
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
    reading = read_reply(kind, *reply, sent, ids(), reading.pages);
    list.append(reading.list);
    if (reading.outcome != Outcome::ok || reading.next.empty()) {
      reading.list = std::move(list);
      co_return outcome;
    }
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
    // A server may close an idle connection just as it is used again. A read may ask once more.
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
    // As browsers do: what was sent is not sent again, but where the status says so.
    if (reply->status != 307 && reply->status != 308 && request.method != "GET" && request.method != "HEAD") {
      request.method = "GET";
      request.body.clear();
    }
    request.target = *target;
  }
}

/// What a service gave out. A user's name and an operation's id are no secrets, wherever a service puts them.
void Caller::learn(const User& user, std::string_view value) {
  if (value != user.name && !ids().holds(value))
    setup_.secrets.learn(value);
}

void Caller::keep_session(Exchange& exchange) {
  auto& user = exchange.user;
  auto& operation = exchange.operation;
  const auto role = exchange.intent.operation->role;
  if (operation.outcome == Outcome::ok && exchange.session && role != Role::login && role != Role::logout)
    exchange.session->accepted = true;
  if (role == Role::login && operation.outcome == Outcome::ok)
    return begin_session(exchange);
  if (exchange.intent.checkpoint != 0)
    return; // whether that is a loss is judged; what the user does next is theirs
  if (role == Role::logout && exchange.session) {
    // What it was is kept as it was sent: whether it still opens is looked at again.
    if (operation.outcome != Outcome::fail)
      exchange.session->jar = exchange.jar_before;
    user.session.reset();
  }
  if (operation.outcome == Outcome::unauthenticated && setup_.scenario.workload.relogin && user.session) {
    // What was refused keeps its cookies, to be looked at again: a login with them might end it.
    if (user.session->jar == user.jar)
      user.jar = std::make_shared<CookieJar>();
    user.session.reset();
  }
}

void Caller::begin_session(Exchange& exchange) {
  auto& user = exchange.user;
  auto& operation = exchange.operation;
  const auto given = operation.captured;
  for (const auto& [name, value] : given)
    if (name != "user" && name != "balance") {
      learn(user, value);
      operation.captured.set(name, setup_.secrets.mark(value)); // the history needs to know no more
    }
  const auto now = user.jar->contents();
  const auto& before = user.session;
  // A service may go on with the session that the browser has: then nothing new was given out.
  if (before && before->jar == user.jar && now == exchange.jar_before->contents() && given == before->values) {
    operation.continues = before->login;
    return;
  }
  if (before && before->jar == user.jar) {
    // The browser has another session from now on. What the one before it left is kept as another browser's.
    before->jar = exchange.jar_before;
  }
  const bool one_only = setup_.scenario.stack.declare.one_session_per_user;
  // With the same cookies it is the same session to the service, whatever became of it before; and where a user has one
  // session, those before are over.
  std::erase_if(user.sessions, [&](const std::shared_ptr<Session>& one) {
    return (cookies_alone_ && one->jar->contents() == now) || (one_only && cookies_alone_ && one == before);
  });
  user.session = std::make_shared<Session>(Session{operation.id, given, user.jar});
  user.sessions.push_back(user.session);
}

} // namespace holdfast::workload
