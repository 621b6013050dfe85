// The cookies of one browser, as RFC 6265 says, sections 5.1 to 5.4. Pure: time is handed in.
//
// All services are one origin to it: a load balancer with TLS stands before them, so everything is "https", ports do
// not count, and a service is known by its host name. There is no list of public suffixes: a Domain without a dot
// ("example") is taken for one, and refused, unless it is the host itself ("localhost").
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::workload {

/// On the run's clock.
using JarTime = std::chrono::nanoseconds;
/// Since 1970, as an Expires attribute has it.
using WallTime = std::chrono::seconds;

/// A cookie that a jar dropped, and the reply that made it.
struct Dropped {
  std::string cookie;
  std::string by;  ///< as given to `store`
  std::string why; ///< for people: "Max-Age=0", "Max-Age=2 was over"
};

class CookieJar {
public:
  // As browsers bound them; what is larger is not kept.
  static constexpr std::size_t longest = 4096; ///< name and value
  static constexpr std::size_t most = 180;     ///< cookies of one host

  /// Takes one Set-Cookie header of a reply of `host` to a request for `path`, received now. `by` names the reply.
  void store(std::string_view header, std::string_view host, std::string_view path, JarTime now, WallTime wall,
             const std::string& by);
  /// The Cookie header of a request; empty: none. What is over by now is dropped.
  [[nodiscard]] std::string header(std::string_view host, std::string_view path, JarTime now);
  /// Cookies that were deleted, ran out, or made room for others since this was last asked, unless a reply has set one
  /// of the same name since.
  [[nodiscard]] std::vector<Dropped> take_dropped();
  /// Cookies that a reply set since this was last asked, and that no browser would keep: for another's domain, or with
  /// a name whose prefix promises what the cookie does not keep.
  [[nodiscard]] std::vector<Dropped> take_refused();

  /// Names and values, whatever their paths and lifetimes: two jars that are equal are the same to a service.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> contents() const;
  [[nodiscard]] bool empty() const { return cookies_.empty(); }

private:
  struct Cookie {
    std::string name, value, domain, path;
    bool host_only = true;
    std::optional<JarTime> expires;
    std::uint64_t created = 0; ///< in the order of their making
    std::string by;            ///< the reply that set it last
    std::string lifetime;      ///< "Max-Age=2", as said; empty: until the browser is closed
  };
  void drop_expired(JarTime now);

  std::vector<Cookie> cookies_;
  std::vector<Dropped> dropped_, refused_;
  std::uint64_t made_ = 0;
};

/// The date of an Expires attribute (RFC 6265, section 5.1.1); nothing when it is none.
[[nodiscard]] std::optional<WallTime> parse_cookie_date(std::string_view text);

} // namespace holdfast::workload
