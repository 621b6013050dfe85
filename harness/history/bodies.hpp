// The bodies of messages around each strike: bodies.jsonl. One object a run, used from the run's one thread.
//
// While nothing happens the last bodies of each link are copied into a ring of fixed size, and that is all that a
// message costs. A strike keeps what its rings hold and lets as much again be kept; `write` masks and writes, when
// there is time for it.
#pragma once

#include "harness/history/recorder.hpp"

#include <deque>
#include <map>

namespace holdfast::history {

class Bodies {
public:
  /// Of each link, before and after each strike.
  static constexpr std::size_t before = 32U << 10U, after = 32U << 10U;
  /// Of one body; the rest is cut.
  static constexpr std::size_t longest = 2U << 10U;

  /// Creates bodies.jsonl in `directory`. `secrets` must outlive it. Throws WriteError, as `write` does.
  Bodies(const std::filesystem::path& directory, const Secrets& secrets)
      : file_(directory / "bodies.jsonl"), secrets_(secrets) {}

  /// `sequence` is that of the message's line in wire.jsonl.
  void add(const WireMessage& message, std::uint64_t sequence, std::string_view bytes);
  /// A step is about to act: what the rings hold is kept as this step's, and so is what is added shortly after.
  void strike(const std::string& step);
  void write();

private:
  struct Body {
    std::uint64_t sequence = 0;
    Time time{};
    WireMessage::Kind kind = WireMessage::Kind::request;
    std::string peer;
    std::uint64_t connection = 0;
    std::uint64_t exchange = 0;
    std::size_t size = 0; ///< before it was cut
    std::string bytes;
  };
  struct Ring {
    std::deque<Body> bodies;
    std::size_t size = 0; ///< of all their bytes
    std::size_t after_left = 0;
  };
  struct Kept {
    std::string step;
    std::string link;
    Body body;
  };
  std::string line_of(const Kept& kept);

  LineFile file_;
  const Secrets& secrets_;
  std::map<std::string, Ring> rings_; ///< by link
  std::string step_;                  ///< that struck last
  std::vector<Kept> kept_;
  std::uint64_t lines_ = 0;
};

} // namespace holdfast::history
