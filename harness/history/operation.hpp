// What users meant to do and what came of it. Plain data, as recorded and as read back.
#pragma once

#include "harness/history/entries.hpp"
#include "harness/history/events.hpp"
#include "harness/history/values.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::history {

enum class Outcome {
  ok,              ///< the complete reply arrived, with every declared field
  fail,            ///< certainly no effect
  info,            ///< unknown: it may take effect at any later time
  unauthenticated, ///< the service said that it does not know this session
};

[[nodiscard]] std::string to_string(Outcome outcome);
[[nodiscard]] std::optional<Outcome> parse_outcome(std::string_view text);

/// A cookie that a browser no longer has.
struct DroppedCookie {
  std::string cookie; ///< its name
  std::string by;     ///< the operation whose reply said so
  std::string why;    ///< for people: "Max-Age=0", "Max-Age=2 was over"
};

/// Where an attempt was sent that found no instance at all.
constexpr std::string_view no_instance = "none";

/// One try of an operation on the wire.
struct Attempt {
  int number = 1;
  std::string instance;
  Outcome outcome = Outcome::info;
  bool answered = false;   ///< whoever was asked said something to its end, good or bad
  int status = 0;          ///< of the answer, where its language has such numbers (HTTP); 0: it has none
  std::string reason;      ///< why it is not `ok`
  std::uint64_t ended = 0; ///< sequence number; 0: still open when the history ends
  Time begin_time{};
  Time end_time{};
  std::vector<DroppedCookie> dropped = {}; ///< since the session's try before it

  /// An answer that the stack file declares: it was done, or was said not to have been.
  [[nodiscard]] bool is_served() const { return outcome == Outcome::ok || (outcome == Outcome::fail && answered); }
};

/// One operation under one id with all of its attempts.
struct Operation {
  std::string id;
  std::uint64_t process = 0; ///< logical process of the user; changes after `info`
  std::string user;
  std::string name;        ///< of the operation in the stack file
  int checkpoint = 0;      ///< 0: not part of one
  bool setup = false;      ///< before the workload's clock started
  std::uint16_t pages = 0; ///< of a list in pages: how many were read; 0: it has none, or nobody wrote it down
  int host = 0;
  std::uint32_t number = 0;    ///< its place in the history
  std::string instance;        ///< of the first attempt
  Values values;               ///< what filled the request's placeholders, but for the id
  std::uint64_t invoked = 0;   ///< sequence number
  std::uint64_t completed = 0; ///< sequence number; 0: still open when the history ends
  Time invoke_time{};
  Time complete_time{};
  Outcome outcome = Outcome::info;
  bool answered = false; ///< as the last attempt was, and its status
  int status = 0;
  std::string reason;
  Values captured;
  std::string continues; ///< of a login: the login whose session it went on with, having changed nothing of it
  EntryList list;        ///< the declared list; of an overview the purchases
  EntryList statement;   ///< of an overview
  std::vector<Attempt> attempts;
  std::size_t line = 0; ///< of its invocation in the history file; 0: not read from one

  [[nodiscard]] bool is_served() const { return outcome == Outcome::ok || (outcome == Outcome::fail && answered); }
  [[nodiscard]] std::string value(std::string_view key) const {
    return std::string(values.find(key).value_or(std::string_view{}));
  }
};

struct ProbeResult {
  std::uint64_t sequence = 0;
  Time time{};
  std::string instance;
  bool ready = false;
  std::string detail;
};

/// A message on a framed link; its body is not kept.
struct WireMessage {
  enum class Kind { request, reply };
  Time time{}; ///< when it was recorded
  Kind kind = Kind::request;
  std::string link;
  std::string peer;
  std::uint64_t connection = 0; ///< number on its link
  std::uint64_t exchange = 0;   ///< number of the request on its connection
  std::vector<std::string> operations;
  std::vector<std::string> keys;
  std::size_t size = 0;
  bool answered = true; ///< of a reply: the request did what it asked
};

/// The body of a message on a framed link, around a strike; secrets masked.
struct WireBody {
  std::uint64_t sequence = 0; ///< of the message's line in wire.jsonl
  Time time{};
  WireMessage::Kind kind = WireMessage::Kind::request;
  std::string step; ///< that struck
  std::string link;
  std::string peer;
  std::uint64_t connection = 0;
  std::uint64_t exchange = 0;
  std::size_t size = 0; ///< of the message; its body may be cut
  std::string bytes;
};

/// Whole lines of a run's files: what a reader must find in a run that came to its end.
struct Counts {
  std::uint64_t history = 0;
  std::uint64_t events = 0;
  std::uint64_t probes = 0;

  bool operator==(const Counts&) const = default;
};

/// All of a run, in order of sequence numbers.
struct History {
  std::deque<Operation> operations; ///< by invocation; they stay where they are
  std::vector<Event> events;
  std::vector<ProbeResult> probes;
  Counts lines;           ///< that were read
  bool truncated = false; ///< the last line of a file was cut: the harness died while writing it
};

} // namespace holdfast::history
