#include "harness/link/listener.hpp"

#include "harness/async/event.hpp"
#include "harness/async/shortage.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/socket.h>

namespace holdfast::link {

using asio::ip::tcp;

// Shared with the accept loop: a Listener may go while the loop waits for a client. The loop then finds the acceptor
// closed and ends.
struct Listener::State {
  State(const asio::any_io_executor& executor, Endpoint where, OnAccept accepted, OnFailure failed)
      : acceptor(executor), changed(executor), endpoint(std::move(where)), on_accept(std::move(accepted)),
        on_failure(std::move(failed)) {}
  tcp::acceptor acceptor;
  async::Event changed;
  Endpoint endpoint;
  OnAccept on_accept;
  OnFailure on_failure;
  bool refusing = false;

  static asio::awaitable<void> accept(std::shared_ptr<State> self) {
    while (self->acceptor.is_open()) {
      boost::system::error_code error;
      tcp::socket socket(self->acceptor.get_executor());
      co_await self->acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
      if (!self->acceptor.is_open())
        co_return;
      if (self->refusing) {
        // Two cases end here: the shutdown of `refuse` has ended the wait, or a client had connected just before it and
        // was still queued. That client is reset, as the link resets the connections that were accepted earlier.
        boost::system::error_code gone;
        socket.set_option(asio::socket_base::linger(true, 0), gone); // fails where there is no client: fine
        socket.close(gone);
        while (self->refusing && self->acceptor.is_open())
          co_await self->changed.wait();
        continue;
      }
      try {
        async::throw_shortage(error, "accepting a connection of " + self->endpoint.peer);
      } catch (const async::Shortage&) {
        self->on_failure(std::current_exception());
        co_return; // the next accept would fail the same way at once: the loop would spin
      }
      if (error)
        continue; // the client left before it was accepted
      socket.set_option(tcp::no_delay(true), error);
      self->on_accept(std::move(socket));
    }
  }
};

boost::system::result<std::unique_ptr<Listener>, std::string>
Listener::open(const asio::any_io_executor& executor, Endpoint endpoint, OnAccept on_accept, OnFailure on_failure) {
  auto state = std::make_shared<State>(executor, std::move(endpoint), std::move(on_accept), std::move(on_failure));
  const auto& where = state->endpoint;
  boost::system::error_code error;
  const tcp::endpoint address(asio::ip::make_address(where.address, error), where.port);
  if (!error)
    state->acceptor.open(address.protocol(), error);
  // Connections of an earlier listener may still be in TIME_WAIT on this address, and would make bind(2) fail. Accepted
  // sockets inherit the option, which `accept_again` relies on.
  if (!error)
    state->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error)
    state->acceptor.bind(address, error);

  if (!error)
    state->acceptor.listen(1024, error);
  if (error)
    return fmt::format("cannot listen on {}:{} for {}: {}", where.address, where.port, where.peer, error.message());
  asio::co_spawn(executor, State::accept(state), asio::detached);
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Listener::~Listener() {
  boost::system::error_code error; // the descriptor is released whatever close(2) says
  state_->acceptor.close(error);
  state_->refusing = false;
  state_->changed.notify();
}

const Endpoint& Listener::endpoint() const {
  return state_->endpoint;
}

void Listener::refuse() {
  if (std::exchange(state_->refusing, true))
    return;
  // Closing the socket would refuse connections as well, but give the port away: another process could take it before
  // `accept_again`. A listener that is shut down answers SYN with RST and stays bound; with SO_REUSEADDR off, no other
  // socket can be bound to its address meanwhile.
  boost::system::error_code error; // could only say that there is no descriptor
  state_->acceptor.set_option(tcp::acceptor::reuse_address(false), error);
  ::shutdown(state_->acceptor.native_handle(), SHUT_RDWR);
}

void Listener::accept_again() {
  if (!std::exchange(state_->refusing, false))
    return;
  // The option first: listen(2) after a shutdown checks the port again, and without SO_REUSEADDR connections of this
  // listener in TIME_WAIT would keep it from its own port.
  boost::system::error_code error;
  state_->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error)
    state_->acceptor.listen(1024, error);
  if (error)
    throw std::runtime_error(fmt::format("cannot listen again on {}:{} for {}: {}", state_->endpoint.address,
                                         state_->endpoint.port, state_->endpoint.peer, error.message()));
  state_->changed.notify();
}

} // namespace holdfast::link
