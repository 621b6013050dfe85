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
        // One that was in the queue when the refusal began is cut like the open ones.
        boost::system::error_code gone;
        socket.set_option(asio::socket_base::linger(true, 0), gone); // not connected when the wait itself was cut
        socket.close(gone);
        while (self->refusing && self->acceptor.is_open())
          co_await self->changed.wait();
        continue;
      }
      try {
        async::throw_shortage(error, "accepting a connection of " + self->endpoint.peer);
      } catch (const async::Shortage&) {
        self->on_failure(std::current_exception());
        co_return; // it would be lacking again at once, for ever
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
  // Old connections in TIME_WAIT must not keep the address: what is accepted inherits the option.
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
  // A listener that is shut down answers SYN with RST and keeps its port.
  // Without the option nobody else can take it meanwhile.
  boost::system::error_code error; // only ever about a descriptor that is not there
  state_->acceptor.set_option(tcp::acceptor::reuse_address(false), error);
  ::shutdown(state_->acceptor.native_handle(), SHUT_RDWR);
}

void Listener::accept_again() {
  if (!std::exchange(state_->refusing, false))
    return;
  // The option first: without it connections in TIME_WAIT would keep this listener from its own port.
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
