// What an HTTP dependency does that is played by a fake: routes, what they write into its book, and how it misbehaves.
// Plain data; all texts but names are templates (`{json.amount}`, `{header.Idempotency-Key}`, `{path.id}`,
// `{number}`, `{found.order}`, `{book.id}`) that the fake fills in.
#pragma once

#include "harness/scenario/json_comparison.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::scenario {

/// Which requests of a route a behaviour is for: all that is given must hold.
struct HttpCondition {
  std::optional<std::uint64_t> nth;     ///< of the route's complete requests, from 1
  std::optional<std::uint64_t> every;   ///< every so many of them
  std::optional<std::uint64_t> attempt; ///< the nth request under its idempotency key
  std::vector<JsonComparison> json;
};

struct HttpAnswer {
  int status = 200;
  std::map<std::string, std::string> headers;
  std::string json; ///< JSON text whose string leaves are templates; empty for no body
};

struct HttpBehaviour {
  enum class Kind {
    decline, ///< another answer, and nothing is booked
    hang,    ///< never an answer
    delay,   ///< the answer comes late; the effect does not
    twice,   ///< two complete answers to one request
    cut,     ///< the connection ends within the answer
  };
  std::string name;
  Kind kind = Kind::decline;
  HttpCondition when;
  HttpAnswer answer;                    ///< decline
  bool takes_effect = true;             ///< hang
  std::chrono::nanoseconds delay{};     ///< delay
  std::size_t delivered_before_cut = 0; ///< cut: bytes of the answer
};

/// The same request again under the same key gets the recorded answer; another one is a conflict.
struct Idempotency {
  std::string key; ///< template
  int conflict = 409;
};

struct HttpRoute {
  std::string name;
  std::string method;
  std::string path; ///< segments in braces match any one: "/payments/{id}"
  std::optional<Idempotency> idempotency;
  std::map<std::string, std::string> finds; ///< field to template: the booked entry that it is about, or a 404
  std::map<std::string, std::string> book;  ///< what an effective request writes; empty: nothing
  HttpAnswer answer;
  std::vector<HttpBehaviour> behaviours; ///< the first that fits is played
};

struct HttpScript {
  std::vector<HttpRoute> routes; ///< the first that fits answers
};

} // namespace holdfast::scenario
