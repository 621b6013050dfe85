// Host names of external dependencies.
#pragma once

#include "harness/scenario/address.hpp"
#include "harness/stack/network_lease.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>

namespace holdfast::stack {

struct Unresolved {
  std::string message; ///< a sentence
};

/// Where that is, by the system's resolver, whose own time limits hold: the first IPv4 address (which "localhost" means
/// to most servers), or else the first.
[[nodiscard]] boost::asio::awaitable<boost::system::result<Place, Unresolved>>
resolve(boost::asio::any_io_executor executor, scenario::Address address);

} // namespace holdfast::stack
