// The requests to the payment provider, for whatever chooses their keys.
#pragma once

#include "fakes/shop/http_client.hpp"
#include "fakes/shop/payments.hpp"

#include <stdexcept>

namespace shop {

/// Shorter than any user waits: they hear that it is not known yet, and the intent stays open.
constexpr std::chrono::milliseconds provider_answers_within{1000};

inline std::optional<std::string> ask_for_payment(const std::string& provider, const Order& order,
                                                  const std::string& key) {
  const auto answer = post(provider, "/payments", {{"order", order.ref}, {"amount", order.amount}},
                           {{"Idempotency-Key", key}}, provider_answers_within);
  if (answer.status == 402)
    return std::nullopt;
  if (answer.status != 201)
    throw std::runtime_error("the payment provider answered " + std::to_string(answer.status));
  return boost::json::value_to<std::string>(answer.body.at("id"));
}

inline void ask_for_cancellation(const std::string& provider, const std::string& payment) {
  const auto answer = post(provider, "/payments/" + payment + "/void", {}, {}, provider_answers_within);
  if (answer.status != 200)
    throw std::runtime_error("the payment provider answered a cancellation with " + std::to_string(answer.status));
}

} // namespace shop
