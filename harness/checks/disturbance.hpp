// Tells when the harness or its machine was too slow for measured times to mean anything: a reply that seems late may
// only have been read late.
#pragma once

#include "harness/bundle/bundle.hpp"

namespace holdfast::checks {

class Disturbance {
public:
  explicit Disturbance(const bundle::Bundle& bundle);

  /// The harness's loop was later than the tolerance at some time of [from, to].
  [[nodiscard]] bool loop_was_late(history::Time from, history::Time to) const;
  /// True for a failure that took longer than the tolerance while the harness waited for a processor in at least half
  /// of that time: it may be the machine's. A failure that came quickly is the service's own.
  [[nodiscard]] bool excuses(history::Time begin, history::Time end) const;
  /// The longest lateness of the run beyond the tolerance; nothing when there was none.
  [[nodiscard]] std::optional<history::Time> worst_lag() const;
  /// For a reason: "the harness's loop was more than 250ms late, or its machine starved".
  [[nodiscard]] std::string describe() const;

private:
  struct Span {
    history::Time from, to;
  };
  /// How much of [from, to] these cover.
  [[nodiscard]] static history::Time covered(const std::vector<Span>& spans, history::Time from, history::Time to);

  history::Time tolerance_;
  std::vector<Span> late_;    ///< beyond the tolerance, in order
  std::vector<Span> starved_; ///< in order
};

} // namespace holdfast::checks
