#include "harness/scenario/address.hpp"

#include <charconv>

namespace holdfast::scenario {

namespace {

/// "127." and three more numbers: a name may begin like that as well.
bool is_loopback_ip(std::string_view host) {
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

} // namespace

bool Address::is_loopback() const {
  return host == "localhost" || host == "::1" || is_loopback_ip(host);
}

std::optional<Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed)
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return std::nullopt; // IPv6: which colon is the port's?
  Address address{std::string(host), 0};
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (host.empty() || parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size() || address.port == 0)
    return std::nullopt;
  return address;
}

} // namespace holdfast::scenario
