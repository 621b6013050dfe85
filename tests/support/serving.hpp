// A dependency behind a link, for clients that block: the fakes' own tests and the contract tests. And libpq in one
// line.
#pragma once

#include "harness/link/link.hpp"

#include <functional>
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <string>
#include <vector>

namespace holdfast::test {

enum class Provider {
  fake,
  server ///< the real one, from Debian's packages
};

/// Nobody else's on this machine: the kernel gave it to this process.
std::uint16_t served_port();

/// Serves "redis" or "postgres" through a framed link on 127.0.0.1:`served_port` while `client` runs on a thread of its
/// own. `prepare` sees the link first, on the loop's thread.
void serve(Provider provider, const std::string& protocol, const std::function<void()>& client,
           const std::function<void(link::Link&)>& prepare = {});

/// The same for a fake of the test's own making.
using MakeFake = std::function<std::unique_ptr<link::Fake>(async::Clock& clock)>;
void serve_fake(const std::string& protocol, link::Framing framing, const MakeFake& make,
                const std::function<void()>& client);

struct Pg {
  Pg();
  ~Pg();
  Pg(const Pg&) = delete;
  Pg& operator=(const Pg&) = delete;
  /// Rows as "a,b|c,d", or the SQLSTATE of the error, or the command tag. With `values` in the extended protocol.
  std::string ask(const std::string& sql, const std::vector<const char*>& values = {}) const;
  PGconn* connection;
};

struct Redis {
  Redis();
  ~Redis();
  Redis(const Redis&) = delete;
  Redis& operator=(const Redis&) = delete;
  /// A number, "nil", "array of N", or the text of a string, status or error.
  std::string ask(const char* command) const;
  redisContext* context;
};

} // namespace holdfast::test
