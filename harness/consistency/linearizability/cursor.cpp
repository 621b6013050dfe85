#include "harness/consistency/linearizability/cursor.hpp"

#include "harness/consistency/linearizability/interner.hpp"

namespace holdfast::consistency::linearizability {

Cursor::Cursor(const Schedule& schedule, std::span<const Call> calls)
    : schedule_(schedule), calls_(calls), waiting_(schedule.width / 64 + 1), linearized_(schedule.width / 64 + 1),
      keys_(schedule.width), calls_of_(schedule.width) {
  places_.reserve(calls.size());
  for (Slot slot = 0; slot < schedule.width; ++slot)
    keys_[slot] = mix(slot + 0x9e3779b97f4a7c15ULL);
  for (std::uint32_t i = 0; i < schedule.events.size(); ++i)
    if (!schedule.events[i].is_start && calls[schedule.events[i].call].is_required)
      end_ = i + 1;
  advance();
}

bool Cursor::linearize(CallIndex call) {
  const auto slot = schedule_.slots[call];
  waiting_[slot / 64] ^= bit(slot);
  flip_linearized(slot);
  places_.push_back(place_);
  // The cursor stands at the deadline of a required call and moves on only when that very call is linearized.
  const auto& blocking = schedule_.events[place_];
  if (blocking.call != call)
    return false;
  advance();
  return true;
}

void Cursor::take_back(CallIndex call) {
  rewind(places_.back());
  places_.pop_back();
  const auto slot = schedule_.slots[call];
  waiting_[slot / 64] ^= bit(slot);
  flip_linearized(slot);
}

/// Passes events up to the next deadline of a required call that is not linearized. A call whose deadline is passed
/// leaves the set, so that its slot is free for another; of an optional one `expired_` keeps whether it was in it.
void Cursor::advance() {
  for (; place_ < end_; ++place_) {
    const auto& event = schedule_.events[place_];
    const auto slot = schedule_.slots[event.call];
    if (event.is_start) {
      calls_of_[slot] = event.call;
      waiting_[slot / 64] |= bit(slot);
      continue;
    }
    const bool linearized = is_linearized(slot);
    if (calls_[event.call].is_required) {
      if (!linearized)
        return;
    } else {
      expired_.push_back(linearized);
    }
    if (linearized)
      flip_linearized(slot);
    else
      waiting_[slot / 64] ^= bit(slot);
  }
}

/// Undoes `advance` event by event. A required call was linearized when its deadline was passed, or it would not have
/// been passed.
void Cursor::rewind(std::uint32_t place) {
  while (place_ > place) {
    const auto& event = schedule_.events[--place_];
    const auto slot = schedule_.slots[event.call];
    if (event.is_start) {
      waiting_[slot / 64] ^= bit(slot);
      continue;
    }
    bool linearized = true;
    if (!calls_[event.call].is_required) {
      linearized = expired_.back();
      expired_.pop_back();
    }
    calls_of_[slot] = event.call;
    if (linearized)
      flip_linearized(slot);
    else
      waiting_[slot / 64] |= bit(slot);
  }
}

} // namespace holdfast::consistency::linearizability
