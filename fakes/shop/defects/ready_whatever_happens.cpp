// Planted defect: once started, the service is ready for ever. Found by `readiness`, kind `lying`, while a store is out
// of reach.
#include "fakes/shop/readiness.hpp"

namespace shop {

void before_ready(const std::function<void()>& work) {
  work();
}

Handler readiness(Pool&, Sessions&) {
  return [](const Request&) -> Response { return {200, {{"ready", true}}}; };
}

} // namespace shop
