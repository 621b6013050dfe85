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

/// One coroutine that waits, as a link in the event's list. It is the initiation of the wait, which Asio keeps in the
/// frame of that coroutine: so it costs no allocation, does not move once it is linked, and unlinks itself when the
/// frame is destroyed.
struct Event::Waiter {
  using Handler = asio::async_result<asio::use_awaitable_t<>, void(error_code)>::handler_type;

  explicit Waiter(Event& waited_for) : event(&waited_for) {}
  Waiter(Waiter&& other) noexcept : event(other.event) {} // before it is linked
  Waiter& operator=(Waiter&&) = delete;
  ~Waiter() { unlink(); }

  void operator()(Handler waiting) {
    // At the end of the list: `notify_one` wakes whoever has waited longest.
    handler.emplace(std::move(waiting));
    previous = event->last_;
    (previous != nullptr ? previous->next : event->first_) = this;
    event->last_ = this;
    // A cancellation may come again after the first one, or after a notice has taken the handler and before the
    // coroutine goes on: Asio clears the slot only then. Without a handler there is nothing to do any more.
    if (auto slot = asio::get_associated_cancellation_slot(*handler); slot.is_connected())
      slot.assign([this](asio::cancellation_type type) {
        if (type != asio::cancellation_type::none && handler)
          asio::post(asio::append(take(), error_code(asio::error::operation_aborted)));
      });
  }
  /// Takes the waiter out of the list and gives its handler: calling that resumes the coroutine, dropping it destroys
  /// the coroutine.
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
/// Asio. The loop alone can do that: the handler that owns a waiting coroutine lies in the coroutine's own frame, so
/// that without this it would never be freed.
struct Event::Registry final : asio::execution_context::service {
  using key_type = Registry;
  static asio::execution_context::id id;

  explicit Registry(asio::execution_context& context) : service(context) {}
  void shutdown() override {
    // Begins at the front each time: what a coroutine owns, events included, leaves the list while it is destroyed.
    while (first != nullptr) {
      if (first->first_ != nullptr)
        (void)first->first_->take(); // destroys the coroutine, and with it perhaps this event and others
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
    // An event may outlive its loop; its destructor must not look for the registry then.
    event.registry_ = nullptr;
  }

  Event* first = nullptr;
};

asio::execution_context::id Event::Registry::id;

Event::Event(const asio::any_io_executor& executor)
    : registry_(&asio::use_service<Registry>(asio::query(executor, asio::execution::context))) {
  registry_->add(*this);
}

// The waiters are resumed by the loop, not in here: a coroutine must not run while the object it waited for is being
// destroyed.
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
  // Ends with the waiter that is the last one now. A coroutine that is resumed in here may wait again at once, at the
  // end of the list; without this end the loop would resume it for ever.
  for (const auto* last = last_; first_ != nullptr;) {
    const bool done = first_ == last;
    first_->take()(error_code{});
    if (done)
      return;
  }
}

} // namespace holdfast::async
