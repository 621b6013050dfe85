#include "harness/history/bodies.hpp"

#include "harness/history/base64.hpp"
#include "harness/text/escape.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::history {

namespace {

/// What a JSON string holds and a person can read; anything else goes as base64, so that no byte is lost.
bool is_text(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](char c) { return (c >= ' ' && c <= '~') || c == '\t' || c == '\r' || c == '\n'; });
}

} // namespace

void Bodies::add(const WireMessage& message, std::uint64_t sequence, std::string_view bytes) {
  auto& ring = rings_[message.link];
  const auto kept = bytes.substr(0, longest);
  Body body;
  // While `after_left` lasts, bodies go to `kept_` at once and not into the ring. A strike in that time finds the ring
  // empty, and each body is kept once.
  if (ring.after_left == 0)
    while (!ring.bodies.empty() && ring.size + kept.size() > before) {
      body = std::move(ring.bodies.front()); // its memory is used again
      ring.size -= body.bytes.size();
      ring.bodies.pop_front();
    }
  body.sequence = sequence;
  body.time = message.time;
  body.kind = message.kind;
  body.peer = message.peer;
  body.connection = message.connection;
  body.exchange = message.exchange;
  body.size = bytes.size();
  body.bytes.assign(kept);
  if (ring.after_left > 0) {
    // An empty body counts as one byte, or a link that sends nothing else would have all of them kept.
    ring.after_left -= std::min(ring.after_left, std::max<std::size_t>(kept.size(), 1));
    kept_.push_back({step_, message.link, std::move(body)});
    return;
  }
  ring.size += kept.size();
  ring.bodies.push_back(std::move(body));
}

// Takes the rings over as they are, without masking or writing: a step is about to act, and `write` has time later.
// Bodies that the strike before this one was still owed count as this one's from now on.
void Bodies::strike(const std::string& step) {
  step_ = step;
  for (auto& [link, ring] : rings_) {
    for (auto& body : ring.bodies)
      kept_.push_back({step, link, std::move(body)});
    ring = {.after_left = after};
  }
}

std::string Bodies::line_of(const Kept& kept) {
  const auto& body = kept.body;
  auto line =
      fmt::format("{{\"seq\":{},\"time\":{},\"type\":\"{}\",\"message\":{},\"step\":", ++lines_, body.time.count(),
                  body.kind == WireMessage::Kind::request ? "request" : "reply", body.sequence);
  text::append_json(line, kept.step);
  line += ",\"link\":";
  text::append_json(line, kept.link);
  line += ",\"peer\":";
  text::append_json(line, body.peer);
  fmt::format_to(std::back_inserter(line), ",\"connection\":{},\"exchange\":{},\"size\":{}", body.connection,
                 body.exchange, body.size);
  // Masked first: in base64 no secret would be found.
  const auto masked = secrets_.mask(body.bytes);
  const bool readable = is_text(masked);
  line += readable ? ",\"text\":" : ",\"base64\":";
  text::append_json(line, readable ? masked : to_base64(masked));
  return line += "}\n";
}

// Called when nobody waits for the loop, at a checkpoint and at the end of the run: masking takes longer than a message
// on its way should.
void Bodies::write() {
  std::string lines;
  for (const auto& kept : std::exchange(kept_, {}))
    lines += line_of(kept);
  file_.append(lines);
}

} // namespace holdfast::history
