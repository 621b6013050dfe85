// When a service says that it is ready.
#pragma once

#include "fakes/shop/http_server.hpp"
#include "fakes/shop/postgres.hpp"
#include "fakes/shop/sessions.hpp"

namespace shop {

/// Does what must be done before the service serves. Throws what `work` throws: the service must not start.
void before_ready(const std::function<void()>& work);

/// Ready means: both stores answer.
Handler readiness(Pool& pool, Sessions& sessions);

} // namespace shop
