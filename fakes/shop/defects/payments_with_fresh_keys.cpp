// Planted defect: every try at the payment provider has an idempotency key of its own. Found by `payments`, kind
// `duplicated`, when the provider's answer is lost and the order is tried again.
#include "fakes/shop/payment_calls.hpp"
#include "fakes/shop/random.hpp"

namespace shop {

std::optional<std::string> Payments::authorise(const Order& order) {
  return ask_for_payment(provider_, order, random_token());
}

void Payments::cancel(const std::string& payment) {
  ask_for_cancellation(provider_, payment);
}

} // namespace shop
