// Plays a script: which route answers, what was answered under a key before, what is booked, and how the answer goes
// astray. Knows nothing of bytes or time.
#pragma once

#include "fakes/http/fields.hpp"
#include "harness/scenario/http_script.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace holdfast::fakes {

/// What a request gets, and the behaviour that keeps it from getting just that.
struct Played {
  HttpReply reply;
  const scenario::HttpBehaviour* behaviour = nullptr;
  std::string route = {}; ///< its name, where there is a behaviour
};

class HttpPlayer {
public:
  using OnBooked = std::function<void(const BookEntry&)>;

  /// `on_booked` is told of every entry before its request is answered.
  HttpPlayer(scenario::HttpScript script, OnBooked on_booked);
  HttpPlayer(const HttpPlayer&) = delete; // its routes point into its script
  HttpPlayer& operator=(const HttpPlayer&) = delete;

  [[nodiscard]] Played play(const HttpMessage& request);

private:
  /// The same request is the same target with the same body, however its JSON is laid out.
  struct Identity {
    std::string target;
    boost::json::value json;
    std::string body; ///< of one that is no JSON

    bool operator==(const Identity&) const = default;
  };
  [[nodiscard]] static Identity identity(const HttpMessage& request);

  /// What has come under one idempotency key.
  struct Recorded {
    std::uint64_t attempts = 0;
    Identity request;
    std::optional<HttpReply> reply;
  };
  struct Route {
    const scenario::HttpRoute* script;
    std::uint64_t requests = 0;
    std::map<std::string, Recorded> recorded; ///< by key
  };

  [[nodiscard]] Played play(Route& route, const HttpMessage& request, Fields& fields);
  /// Books, and says what is answered to that.
  [[nodiscard]] HttpReply take_effect(const scenario::HttpRoute& route, const BookEntry& entry, Fields& fields);
  /// The first entry with these fields; null when there is none.
  [[nodiscard]] const BookEntry* find(const BookEntry& wanted) const;

  const scenario::HttpScript script_;
  OnBooked on_booked_;
  std::vector<Route> routes_;
  std::vector<BookEntry> book_; ///< in the order of booking
};

} // namespace holdfast::fakes
