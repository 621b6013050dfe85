#include "harness/async/event.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

namespace holdfast::async {

using boost::system::error_code;

/// The initiation of a wait. Asio keeps it in the frame of the coroutine that waits: there it does not move any more,
/// and is unlinked when it goes.
struct Event::Waiter {
  using Handler = asio::async_result<asio::use_awaitable_t<>, void(error_code)>::handler_type;

  explicit Waiter(Event& waited_for) : event(&waited_for) {}
  Waiter(Waiter&& other) noexcept : event(other.event) {} // before it is linked
  Waiter& operator=(Waiter&&) = delete;
  ~Waiter() { unlink(); }

  void operator()(Handler waiting) {
    handler.emplace(std::move(waiting));
    previous = event->last_;
    (previous != nullptr ? previous->next : event->first_) = this;
    event->last_ = this;
    // Asio clears the slot when the wait completes; until then it may be told again.
    if (auto slot = asio::get_associated_cancellation_slot(*handler); slot.is_connected())
      slot.assign([this](asio::cancellation_type type) {
        if (type != asio::cancellation_type::none && handler)
          asio::post(asio::append(take(), error_code(asio::error::operation_aborted)));
      });
  }
  /// Who waits, to be resumed; the waiter is out of the list.
  Handler take() {
    unlink();
    Handler waiting(std::move(*handler));
    handler.reset();
    return waiting;
  }

private:
  void unlink() {
    if (!handler)
      return;
    (previous != nullptr ? previous->next : event->first_) = next;
    (next != nullptr ? next->previous : event->last_) = previous;
  }

  Event* event;
  Waiter* previous = nullptr;
  Waiter* next = nullptr;
  std::optional<Handler> handler; ///< while it is in the list
};

/// All events of one loop. When the loop ends, coroutines that still wait are destroyed, as with every operation of
/// Asio: nobody else could, each is owned by the handler in its own frame.
struct Event::Registry final : asio::execution_context::service {
  using key_type = Registry;
  static asio::execution_context::id id;

  explicit Registry(asio::execution_context& context) : service(context) {}
  void shutdown() override {
    while (first != nullptr) {
      if (first->first_ != nullptr)
        (void)first->first_->take(); // may destroy this event and others with the coroutine
      else
        remove(*first);
    }
  }
  void add(Event& event) {
    event.next_ = first;
    if (first != nullptr)
      first->previous_ = &event;
    first = &event;
  }
  void remove(Event& event) {
    (event.previous_ != nullptr ? event.previous_->next_ : first) = event.next_;
    if (event.next_ != nullptr)
      event.next_->previous_ = event.previous_;
    event.registry_ = nullptr;
  }

  Event* first = nullptr;
};

asio::execution_context::id Event::Registry::id;

Event::Event(const asio::any_io_executor& executor)
    : registry_(&asio::use_service<Registry>(asio::query(executor, asio::execution::context))) {
  registry_->add(*this);
}

Event::~Event() {
  while (first_ != nullptr)
    asio::post(asio::append(first_->take(), error_code(asio::error::operation_aborted)));
  if (registry_ != nullptr)
    registry_->remove(*this);
}

asio::awaitable<void> Event::wait() {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(error_code)>(Waiter(*this), asio::use_awaitable);
}

void Event::notify_one() {
  if (first_ != nullptr)
    asio::post(asio::append(first_->take(), error_code{}));
}

void Event::notify() {
  while (first_ != nullptr)
    notify_one();
}

void Event::notify_and_run() {
  // Those who wait again belong to the next notice.
  for (const auto* last = last_; first_ != nullptr;) {
    const bool done = first_ == last;
    first_->take()(error_code{});
    if (done)
      return;
  }
}

} // namespace holdfast::async
