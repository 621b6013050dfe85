// orders: purchase and purchase history. A purchase writes an intent, charges the bank under its own idempotency key,
// and marks the order paid. Intents that were left open by a crash or a failing bank are resolved: at the start, and in
// the background.
#include "fakes/shop/http_client.hpp"
#include "fakes/shop/service.hpp"

#include <condition_variable>
#include <iostream>
#include <stdexcept>
#include <thread>

namespace shop {

namespace {

class Orders {
public:
  Orders(Pool& pool, std::string bank, std::string service_token)
      : pool_(pool), bank_(std::move(bank)), service_token_(std::move(service_token)) {}

  /// Charges and settles one order; true when it is paid, false when it was declined. Throws when the bank's answer is
  /// unknown.
  bool settle(const std::string& ref, const std::string& user, long long amount) {
    const auto charged = post(bank_, "/charges", {{"user", user}, {"amount", amount}}, ref, service_token_);
    if (charged.status != 201 && charged.status != 422)
      throw std::runtime_error("the bank answered " + std::to_string(charged.status));
    const bool paid = charged.status == 201;
    pool_.run("UPDATE orders SET state = $2 WHERE ref = $1 AND state = 'intent'", {ref, paid ? "paid" : "declined"});
    return paid;
  }

  void resolve_open_intents() {
    const auto open = pool_.run("SELECT ref, name, amount FROM orders WHERE state = 'intent' ORDER BY id");
    std::string failed;
    for (int i = 0; i < open.size(); ++i) {
      try { // one that cannot be settled now must not keep the others waiting
        settle(open.text(i, 0), open.text(i, 1), open.integer(i, 2));
      } catch (const std::exception& error) {
        failed = open.text(i, 0) + ": " + error.what();
      }
    }
    if (!failed.empty())
      throw std::runtime_error(failed);
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
  Pool& pool_;
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
  Orders orders(pool, config.require("bank"), config.require("service_token"));

  pool.run("CREATE TABLE IF NOT EXISTS users (data_key TEXT PRIMARY KEY, name TEXT NOT NULL, salt TEXT NOT NULL, hash "
           "TEXT NOT NULL)");
  pool.run("CREATE TABLE IF NOT EXISTS orders (id BIGSERIAL PRIMARY KEY, ref TEXT NOT NULL UNIQUE, data_key TEXT NOT "
           "NULL, name TEXT NOT NULL, "
           "sku TEXT NOT NULL, amount BIGINT NOT NULL, state TEXT NOT NULL)");
  pool.run("CREATE INDEX IF NOT EXISTS orders_of_user ON orders (data_key, id)");
  const auto exists = [&](const std::string& key) {
    return !pool.run("SELECT 1 FROM users WHERE data_key = $1", {key}).empty();
  };
  const auto some = pool.run("SELECT name FROM users LIMIT 1");
  user_data.verify(some.empty() ? std::nullopt : std::optional(some.text(0, 0)), exists);

  Routes routes;
  routes[{"GET", "/ready"}] = readiness(pool, sessions);
  routes[{"POST", "/orders"}] = [&](const Request& request) -> Response {
    const auto user = authenticate(sessions, request.token);
    const auto key = reach(user_data, user, exists);
    const auto ref = request.idempotency_key;
    if (ref.empty())
      throw HttpError{400, "Idempotency-Key is missing"};
    const auto amount = amount_of(request.body);
    pool.run("INSERT INTO orders (ref, data_key, name, sku, amount, state) VALUES ($1, $2, $3, $4, $5, 'intent') ON "
             "CONFLICT (ref) DO NOTHING",
             {ref, key, user, text_of(request.body, "sku"), std::to_string(amount)});
    try {
      if (!orders.settle(ref, user, amount))
        throw HttpError{422, "the charge was declined"};
    } catch (const std::exception&) {
      orders.note_left_open();
      throw;
    }
    return {201, {{"ref", ref}}};
  };
  routes[{"GET", "/orders"}] = [&](const Request& request) -> Response {
    const auto user = authenticate(sessions, request.token);
    const auto rows = pool.run("SELECT ref, sku, amount FROM orders WHERE data_key = $1 AND state = 'paid' ORDER BY id",
                               {reach(user_data, user, exists)});
    boost::json::array list;
    for (int i = 0; i < rows.size(); ++i)
      list.push_back({{"ref", rows.text(i, 0)}, {"sku", rows.text(i, 1)}, {"amount", rows.integer(i, 2)}});
    return {200, {{"orders", list}}};
  };
  std::thread([&] { orders.resolve_in_background(); }).detach();
  serve(config.require("listen"), routes);
}

} // namespace

} // namespace shop

int main(int argc, char** argv) {
  return shop::run_service(argc, argv, shop::serve_orders);
}
