// The payment provider: somebody else's service, which keeps a book of its own and may decline, be late or be away.
#pragma once

#include "fakes/shop/order_book.hpp"

#include <optional>
#include <string>

namespace shop {

/// Each may be asked again, and then answers as it did before. Throws std::runtime_error when the answer is unknown.
class Payments {
public:
  explicit Payments(std::string provider) : provider_(std::move(provider)) {}
  /// The provider's id of the payment for this order; nothing when it was declined.
  std::optional<std::string> authorise(const Order& order);
  /// Takes a payment back.
  void cancel(const std::string& payment);

private:
  std::string provider_; ///< "host:port"
};

} // namespace shop
