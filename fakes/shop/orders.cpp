// orders: purchase and purchase history. A purchase writes an intent, authorises the payment at the provider and
// charges the bank, both under its own idempotency key, and marks the order paid. What the bank declines is taken back
// at the provider. Intents that were left open by a crash, a failing bank or a silent provider are resolved: before the
// service is ready, and in the background.
#include "fakes/shop/http_client.hpp"
#include "fakes/shop/order_book.hpp"
#include "fakes/shop/payments.hpp"
#include "fakes/shop/service.hpp"

#include <condition_variable>
#include <iostream>
#include <stdexcept>
#include <thread>

namespace shop {

namespace {

/// Charges what the book holds open.
class Cashier {
public:
  Cashier(OrderBook& book, Payments& payments, std::string bank, std::string service_token)
      : book_(book), payments_(payments), bank_(std::move(bank)), service_token_(std::move(service_token)) {}

  /// Charges and settles one order; true when it is paid, false when it was declined. Throws when an answer is unknown:
  /// then all of it can be done again, from the start, and comes to the same end.
  bool charge(const Order& order) {
    const auto payment = payments_.authorise(order);
    const bool paid = payment && charge_at_bank(order);
    if (payment && !paid)
      payments_.cancel(*payment);
    book_.settle(order.ref, paid);
    return paid;
  }

  void resolve_open_intents() {
    std::string failed;
    for (const auto& order : book_.open_intents()) {
      try { // one that cannot be settled now must not keep the others waiting
        charge(order);
      } catch (const std::exception& error) {
        failed = order.ref + ": " + error.what();
      }
    }
    if (!failed.empty())
      throw std::runtime_error(failed);
  }

  /// Whoever finds the service ready finds nothing open, unless the bank or the provider is away or slow: that must
  /// keep nobody from starting, so the first failure, or a second, leaves the rest to the background.
  void resolve_before_ready() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{1};
    try {
      for (const auto& order : book_.open_intents())
        if (std::chrono::steady_clock::now() < deadline)
          charge(order);
    } catch (const std::exception& error) {
      std::cerr << "intents are left open: " << error.what() << std::endl;
    }
  }

  /// Told by a purchase that failed half-way. Tries until nothing is left open.
  void resolve_in_background() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return left_open_; });
      left_open_ = false;
      lock.unlock();
      bool failed = false;
      try {
        resolve_open_intents();
      } catch (const std::exception& error) {
        std::cerr << "resolving open intents: " << error.what() << std::endl;
        failed = true;
      }
      lock.lock();
      if (failed) {
        wake_.wait_for(lock, std::chrono::milliseconds(50)); // a pause between tries, or a newer failure
        left_open_ = true;
      }
    }
  }
  void note_left_open() {
    const std::lock_guard lock(mutex_);
    left_open_ = true;
    wake_.notify_one();
  }

private:
  /// False when the user has too little.
  bool charge_at_bank(const Order& order) {
    const auto charged = post(bank_, "/charges", {{"user", order.user}, {"amount", order.amount}},
                              between_services(order.ref, service_token_));
    if (charged.status != 201 && charged.status != 422)
      throw std::runtime_error("the bank answered " + std::to_string(charged.status));
    return charged.status == 201;
  }

  OrderBook& book_;
  Payments& payments_;
  std::string bank_;
  std::string service_token_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool left_open_ = true; ///< at the start: what the process before this one left
};

void serve_orders(const Config& config) {
  Pool pool(dsn(config.require("userdata"), "userdata"));
  Sessions sessions(config.require("sessions"));
  const UserData user_data(config);
  OrderBook book(pool);
  OrderHistory history(pool);
  Payments payments(config.require("payments"));
  Reader bank(config.require("bank"));
  Cashier cashier(book, payments, config.require("bank"), config.list("service_token").front());

  const auto exists = [&](const std::string& key) {
    return !pool.run("SELECT 1 FROM users WHERE data_key = $1", {key}).empty();
  };
  before_ready([&] {
    create_users_table(pool);
    book.create_tables();
    user_data.verify(some_user(pool), exists);
    cashier.resolve_before_ready();
  });

  Routes routes;
  routes[{"GET", "/ready"}] = readiness(pool, sessions);
  routes[{"POST", "/orders"}] = [&](const Request& request) -> Response {
    const auto user = authenticate(sessions, request.token);
    const auto key = reach(user_data, user, exists);
    const auto ref = request.idempotency_key;
    if (ref.empty())
      throw HttpError{400, "Idempotency-Key is missing"};
    const Order order{ref, key, user, text_of(request.body, "sku"), amount_of(request.body)};
    const bool first = book.write_intent(order);
    try {
      if (!cashier.charge(order))
        throw HttpError{422, "the charge was declined"};
    } catch (const std::exception&) {
      cashier.note_left_open();
      throw;
    }
    return {first ? 201 : status_of_a_repeat, {{"ref", ref}}};
  };
  const auto orders_of = [&](const std::string& user) {
    std::vector<Order> orders; // whoever has any exists: nobody else need be asked for
    reach(user_data, user, [&](const std::string& key) { return !(orders = history.of(key)).empty() || exists(key); });
    boost::json::array list;
    for (const auto& order : orders)
      list.push_back({{"ref", order.ref}, {"sku", order.sku}, {"amount", order.amount}});
    return list;
  };
  routes[{"GET", "/orders"}] = [&](const Request& request) -> Response {
    return {200, {{"orders", orders_of(authenticate(sessions, request.token))}}};
  };
  // The page that a user sees first: who they are, what they bought, what they have.
  routes[{"GET", "/overview"}] = [&](const Request& request) -> Response {
    const auto user = authenticate(sessions, request.token);
    auto list = orders_of(user);
    auto statement = bank.get("/statement", {{"Authorization", "Bearer " + request.token}});
    if (statement.status != 200)
      throw std::runtime_error("the bank answered " + std::to_string(statement.status));
    return {200, {{"user", user}, {"orders", std::move(list)}, {"statement", std::move(statement.body)}}};
  };
  std::thread([&] { cashier.resolve_in_background(); }).detach();
  serve(config.require("listen"), routes);
}

} // namespace

} // namespace shop

int main(int argc, char** argv) {
  return shop::run_service(argc, argv, shop::serve_orders);
}
