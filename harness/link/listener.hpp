// One listening endpoint that can refuse connections without giving up its port. Used by Link only.
#pragma once

#include "harness/link/link.hpp"

#include <boost/asio/ip/tcp.hpp>

namespace holdfast::link {

class Listener {
public:
  using OnAccept = std::function<void(asio::ip::tcp::socket)>;
  using OnFailure = std::function<void(const std::exception_ptr&)>;

  /// `on_failure` is told when nothing can be accepted any more, for want of descriptors or memory.
  [[nodiscard]] static boost::system::result<std::unique_ptr<Listener>, std::string>
  open(const asio::any_io_executor& executor, Endpoint endpoint, OnAccept on_accept, OnFailure on_failure);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] const Endpoint& endpoint() const;
  /// From here on the kernel refuses connections; a client that was queued is reset. The port stays taken. No effect
  /// where it refuses already. Connections that were accepted before are none of its business: see Link::reset.
  void refuse();
  /// Throws std::runtime_error when the kernel does not give the endpoint back.
  void accept_again();

private:
  struct State;
  explicit Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

} // namespace holdfast::link
