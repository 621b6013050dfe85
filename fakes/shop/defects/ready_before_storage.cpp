// Planted defect: the service says that it is ready at once and reaches for its stores in the background. Found by
// `readiness`, kind `lying`, when it is started while one is out of reach.
#include "fakes/shop/readiness.hpp"

#include <iostream>
#include <thread>

namespace shop {

void before_ready(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& error) {
    std::cerr << "not reached yet: " << error.what() << std::endl; // whoever asks will find out
  }
}

Handler readiness(Pool&, Sessions&) {
  return [](const Request&) -> Response { return {200, {{"ready", true}}}; };
}

} // namespace shop
