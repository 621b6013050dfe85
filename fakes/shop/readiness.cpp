#include "fakes/shop/readiness.hpp"

namespace shop {

void before_ready(const std::function<void()>& work) {
  work();
}

Handler readiness(Pool& pool, Sessions& sessions) {
  return [&](const Request&) -> Response {
    pool.run("SELECT 1");
    sessions.ping();
    return {200, {{"ready", true}}};
  };
}

} // namespace shop
