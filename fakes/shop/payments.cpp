#include "fakes/shop/payment_calls.hpp"

namespace shop {

std::optional<std::string> Payments::authorise(const Order& order) {
  return ask_for_payment(provider_, order, order.ref);
}

void Payments::cancel(const std::string& payment) {
  ask_for_cancellation(provider_, payment);
}

} // namespace shop
