#include "harness/stack/resolve.hpp"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace holdfast::stack {

namespace asio = boost::asio;
using asio::ip::tcp;

asio::awaitable<boost::system::result<Place, Unresolved>> resolve(asio::any_io_executor executor,
                                                                  scenario::Address address) {
  tcp::resolver resolver(executor);
  boost::system::error_code error;
  const auto found = co_await resolver.async_resolve(address.host, std::to_string(address.port),
                                                     asio::redirect_error(asio::use_awaitable, error));
  if (error || found.empty())
    co_return Unresolved{fmt::format("the host '{}' cannot be resolved: {}", address.host, error.message())};
  const auto is_v4 = [](const auto& entry) { return entry.endpoint().address().is_v4(); };
  const auto v4 = std::find_if(found.begin(), found.end(), is_v4);
  const auto& chosen = v4 != found.end() ? *v4 : *found.begin();
  co_return Place{chosen.endpoint().address().to_string(), address.port};
}

} // namespace holdfast::stack
