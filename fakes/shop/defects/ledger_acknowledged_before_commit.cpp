// Planted defect: a movement is acknowledged when it is queued; a writer books the queue a moment later. Found by
// `transactions`, kind `lost`, when the bank dies with a queue.
#include "fakes/shop/ledger.hpp"
#include "fakes/shop/ledger_tables.hpp"

#include <condition_variable>
#include <deque>
#include <iostream>
#include <thread>
#include <utility>

namespace shop {

namespace {

class Queue {
public:
  void push(Pool& pool, const Movement& movement) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(movement);
    if (!std::exchange(running_, true))
      std::thread([this, &pool] { write(pool); }).detach();
    wake_.notify_one();
  }

private:
  void write(Pool& pool) {
    for (;;) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !waiting_.empty(); });
      wake_.wait_for(lock, std::chrono::milliseconds(5), [this] { return waiting_.size() > 100; }); // gather a batch
      const auto batch = std::exchange(waiting_, {});
      lock.unlock();
      try {
        Transaction transaction(pool);
        for (const auto& movement : batch) {
          if (transaction
                  .run("INSERT INTO movements (id, accepted) VALUES ($1, 1) ON CONFLICT (id) DO NOTHING", {movement.id})
                  .affected() == 0)
            continue;
          if (debit(transaction, movement))
            credit(transaction, movement);
        }
        transaction.commit();
      } catch (const std::exception& error) {
        std::cerr << "writing the queue: " << error.what() << std::endl;
      }
    }
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Movement> waiting_;
  bool running_ = false;
};

} // namespace

bool Ledger::book(const Movement& movement) {
  static Queue queue;
  queue.push(pool_, movement);
  return true;
}

} // namespace shop
