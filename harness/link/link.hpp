// The path from services to one dependency (or from users, or one service, to another). Every peer has an endpoint of
// its own, so that the link knows who is talking without asking the kernel.
//
// Owned by the run; used from its thread. Connections keep what they need alive until they have ended.
#pragma once

#include "harness/link/toxic.hpp"
#include "harness/link/upstream.hpp"

#include <boost/system/result.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <vector>

namespace holdfast::link {

struct Endpoint {
  std::string peer; ///< instance ("bank@2"), or "users@2": those whose requests go to the second host
  std::string address;
  std::uint16_t port = 0;
};

/// Chooses the peers that something is applied to; empty: all.
using Peers = std::vector<std::string>;

/// The two ends of an accepted connection.
struct Ends {
  std::string local_address;
  std::uint16_t local_port = 0;
  std::string remote_address;
  std::uint16_t remote_port = 0;
};

enum class Framing {
  opaque, ///< bytes pass as they are
  framed  ///< messages are told apart: taps work
};

class Link {
public:
  struct Counters {
    std::uint64_t connections = 0;
    std::uint64_t requests = 0;
    std::uint64_t replies = 0;
    std::uint64_t bytes = 0;
    std::uint64_t upstream_refused = 0;
    std::uint64_t turned_away = 0; ///< connections that `admits` did not admit
  };

  /// Told of every message of a framed link, before anything is done to it.
  using OnMessage = std::function<void(const Message&)>;

  /// Whether a client may use the link, asked for every connection with both of its ends: other users of the machine
  /// can reach the port as well. Without it every client may.
  using Admits = std::function<bool(const Ends& ends)>;
  /// Told of what makes the link unable to do its work: the harness's own failure.
  using OnFailure = std::function<void(std::exception_ptr)>;

  struct Setup {
    std::string name;
    std::string protocol; ///< its kind's name; may be empty where nothing is framed
    Framing framing = Framing::opaque;
    OnMessage on_message = {};
    Admits admits = {};
    OnFailure on_failure = {};
  };
  Link(asio::any_io_executor executor, async::Clock& clock, Setup setup);
  ~Link(); ///< closes the listeners and resets every connection
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Opens one peer's endpoint, whose connections go to `upstream`. The error is a sentence.
  [[nodiscard]] boost::system::result<void, std::string> listen(const Endpoint& endpoint,
                                                                std::shared_ptr<Upstream> upstream);

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] const std::string& protocol() const;
  [[nodiscard]] bool is_framed() const;
  [[nodiscard]] std::vector<Endpoint> endpoints() const;
  [[nodiscard]] const Counters& counters() const;
  /// Why a connection could no longer be framed; empty while all can.
  [[nodiscard]] const std::string& unframed() const;

  /// New connections of these peers are refused by the kernel, as if nobody listened.
  void refuse(const Peers& peers);
  /// Throws std::runtime_error when the kernel does not give an endpoint back.
  void accept_again(const Peers& peers);
  /// Resets (RST) the connections of these peers that are open; returns how many. New ones are accepted: see `refuse`.
  std::size_t reset(const Peers& peers);

  /// In force at once, also on connections that are open. Several act in the order in which they were added.
  void add(std::shared_ptr<Toxic> toxic, Peers peers);
  /// Chunks that set out after this do not meet the toxic; one that it holds goes on when the toxic lets it.
  void remove(const std::shared_ptr<Toxic>& toxic);
  void add(std::shared_ptr<Tap> tap, Peers peers);
  void remove(const std::shared_ptr<Tap>& tap);

  struct State; ///< internal

private:
  std::shared_ptr<State> state_;
};

} // namespace holdfast::link
