#include "harness/link/link.hpp"

#include "harness/link/connection.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>

namespace holdfast::link {

using asio::ip::tcp;

bool concerns(const Peers& peers, const std::string& peer) {
  return peers.empty() || std::find(peers.begin(), peers.end(), peer) != peers.end();
}

namespace {

Ends ends_of(const tcp::socket& socket) {
  boost::system::error_code gone; // it may have left already
  const auto local = socket.local_endpoint(gone), remote = socket.remote_endpoint(gone);
  return {local.address().to_string(), local.port(), remote.address().to_string(), remote.port()};
}

} // namespace

/// Passes on what keeps the link from doing its work, which ends the run. Aborted operations are none of that: the
/// event loop cancels them all when it goes.
void Link::State::fail(const std::exception_ptr& failure) const {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted)
      return; // the loop is ending
    if (on_failure)
      on_failure(failure);
  } catch (const std::exception&) {
    if (on_failure)
      on_failure(failure);
  }
}

void Link::State::accept(const std::string& peer, const std::shared_ptr<Upstream>& upstream, tcp::socket socket) {
  // Any user of the machine can reach the link's port. A client whose user has no part in the run is reset before
  // anything is dialled for it: its traffic would count as an instance's.
  if (admits && !admits(ends_of(socket))) {
    ++counters.turned_away;
    boost::system::error_code gone; // it may have left already
    socket.set_option(asio::socket_base::linger(true, 0), gone);
    socket.close(gone);
    return;
  }
  ++counters.connections;
  auto connection = std::make_shared<Connection>(shared_from_this(), peer, ++next_connection, std::move(socket));
  connections.insert(connection);
  asio::co_spawn(executor, Connection::run(connection, upstream),
                 [self = shared_from_this(), connection](const std::exception_ptr& failure) {
                   if (!failure)
                     return;
                   // `run` did not come to its own end: the client must not be left waiting, nor the connection in
                   // the set.
                   connection->reset();
                   self->connections.erase(connection);
                   self->fail(failure);
                 });
}

Link::Link(asio::any_io_executor executor, async::Clock& clock, Setup setup)
    : state_(std::make_shared<State>(std::move(executor), clock)) {
  state_->name = std::move(setup.name);
  state_->protocol = std::move(setup.protocol);
  state_->framing = setup.framing;
  state_->on_message = std::move(setup.on_message);
  state_->admits = std::move(setup.admits);
  state_->on_failure = std::move(setup.on_failure);
}

// Connections keep the state alive until their coroutines have ended, possibly after the link: so they are told to end,
// and no new ones are accepted, but nothing here waits for them.
Link::~Link() {
  state_->listeners.clear();
  state_->toxics.clear();
  reset({});
}

boost::system::result<void, std::string> Link::listen(const Endpoint& endpoint, std::shared_ptr<Upstream> upstream) {
  // The listener is owned by the state, so it must not own the state in turn.
  auto opened = Listener::open(
      state_->executor, endpoint,
      [weak = std::weak_ptr(state_), peer = endpoint.peer, upstream](tcp::socket socket) {
        if (const auto state = weak.lock())
          state->accept(peer, upstream, std::move(socket));
      },
      [weak = std::weak_ptr(state_)](const std::exception_ptr& failure) {
        if (const auto state = weak.lock())
          state->fail(failure);
      });
  if (!opened)
    return opened.error();
  state_->listeners.push_back(std::move(*opened));
  return {};
}

const std::string& Link::name() const {
  return state_->name;
}
const std::string& Link::protocol() const {
  return state_->protocol;
}
bool Link::is_framed() const {
  return state_->framing == Framing::framed;
}
const Link::Counters& Link::counters() const {
  return state_->counters;
}
const std::string& Link::unframed() const {
  return state_->unframed;
}

std::vector<Endpoint> Link::endpoints() const {
  std::vector<Endpoint> all;
  for (const auto& listener : state_->listeners)
    all.push_back(listener->endpoint());
  return all;
}

void Link::refuse(const Peers& peers) {
  for (const auto& listener : state_->listeners)
    if (concerns(peers, listener->endpoint().peer))
      listener->refuse();
}

void Link::accept_again(const Peers& peers) {
  for (const auto& listener : state_->listeners)
    if (concerns(peers, listener->endpoint().peer))
      listener->accept_again();
}

std::size_t Link::reset(const Peers& peers) {
  std::size_t count = 0;
  const auto all = state_->connections; // a copy: connections leave the set as they end
  for (const auto& connection : all) {
    if (!concerns(peers, connection->peer()))
      continue;
    count += connection->reset() ? 1 : 0;
  }
  return count;
}

void Link::add(std::shared_ptr<Toxic> toxic, Peers peers) {
  state_->toxics.push_back({std::move(toxic), std::move(peers)});
}
void Link::remove(const std::shared_ptr<Toxic>& toxic) {
  std::erase_if(state_->toxics, [&](const auto& one) { return one.what == toxic; });
}
void Link::add(std::shared_ptr<Tap> tap, Peers peers) {
  state_->taps.push_back({std::move(tap), std::move(peers)});
}
void Link::remove(const std::shared_ptr<Tap>& tap) {
  std::erase_if(state_->taps, [&](const auto& one) { return one.what == tap; });
}

} // namespace holdfast::link
