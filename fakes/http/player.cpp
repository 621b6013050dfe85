#include "fakes/http/player.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/format.h>

namespace holdfast::fakes {

namespace json = boost::json;
using scenario::HttpBehaviour;

namespace {

/// What a path template captures of a path; nothing when it does not fit.
std::optional<std::map<std::string, std::string>> match(std::string_view form, std::string_view path) {
  std::map<std::string, std::string> captured;
  while (!form.empty() && !path.empty()) {
    const auto wanted = form.substr(1, form.find('/', 1) - 1), segment = path.substr(1, path.find('/', 1) - 1);
    form.remove_prefix(std::min(wanted.size() + 1, form.size()));
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
    if (!wanted.starts_with('{') ? wanted != segment : segment.empty())
      return std::nullopt;
    if (wanted.starts_with('{'))
      captured[std::string(wanted.substr(1, wanted.size() - 2))] = segment;
  }
  return form.empty() && path.empty() ? std::optional(std::move(captured)) : std::nullopt;
}

const HttpBehaviour* behaviour_for(const scenario::HttpRoute& route, std::uint64_t request, std::uint64_t attempt,
                                   const json::value& body) {
  const auto found = std::find_if(route.behaviours.begin(), route.behaviours.end(), [&](const HttpBehaviour& one) {
    const auto& when = one.when;
    return (!when.nth || *when.nth == request) && (!when.every || request % *when.every == 0) &&
           (!when.attempt || *when.attempt == attempt) &&
           std::all_of(when.json.begin(), when.json.end(), [&](const auto& wanted) { return fits(wanted, body); });
  });
  return found == route.behaviours.end() ? nullptr : &*found;
}

HttpReply filled(const scenario::HttpAnswer& answer, Fields& fields) {
  HttpReply reply{answer.status, fields.texts(answer.headers), {}};
  if (!answer.json.empty())
    reply.body = json::serialize(fields.json(json::parse(answer.json)));
  return reply;
}

} // namespace

HttpPlayer::HttpPlayer(scenario::HttpScript script, OnBooked on_booked)
    : script_(std::move(script)), on_booked_(std::move(on_booked)) {
  for (const auto& route : script_.routes)
    routes_.push_back({&route, 0, {}});
}

Played HttpPlayer::play(const HttpMessage& request) {
  const auto method = request.method == "HEAD" ? "GET" : request.method;
  std::string allowed;
  for (auto& route : routes_) {
    auto captured = match(route.script->path, request.path);
    if (!captured)
      continue;
    if (route.script->method == method) {
      Fields fields(request, std::move(*captured), book_.size() + 1);
      return play(route, request, fields);
    }
    allowed += (allowed.empty() ? "" : ", ") + route.script->method;
  }
  if (!allowed.empty()) {
    auto reply =
        refusal(405, fmt::format("the http fake has no {} for '{}', only {}", request.method, request.path, allowed));
    reply.headers["Allow"] = allowed;
    return {reply};
  }
  std::string known;
  for (const auto& route : script_.routes)
    known += fmt::format("{}{} {}", known.empty() ? "" : ", ", route.method, route.path);
  return {refusal(404, fmt::format("the http fake has no route for '{}'; its routes are {}", request.path, known))};
}

Played HttpPlayer::play(Route& route, const HttpMessage& request, Fields& fields) {
  const auto& script = *route.script;
  ++route.requests;
  const auto key = script.idempotency ? fields.text(script.idempotency->key) : std::string{};
  if (!script.finds.empty())
    fields.found = find(fields.texts(script.finds));
  if (!script.finds.empty() && fields.found == nullptr)
    return {refusal(404, "there is no such entry in the book")};
  const auto entry = fields.texts(script.book);
  if (!fields.missing().empty())
    return {refusal(400, fmt::format("the request lacks {}", fields.missing()))};
  Recorded unkept; // where nothing is kept under keys
  auto& record = script.idempotency ? route.recorded[key] : unkept;
  const auto* behaviour = behaviour_for(script, route.requests, ++record.attempts, request.json);
  if (record.reply && record.request != identity(request))
    return {refusal(script.idempotency->conflict, "the key was used for another request")};
  if (!record.reply) {
    if (behaviour != nullptr && behaviour->kind == HttpBehaviour::Kind::hang && !behaviour->takes_effect)
      return {{}, behaviour, script.name};
    const bool declined = behaviour != nullptr && behaviour->kind == HttpBehaviour::Kind::decline;
    record.request = identity(request);
    record.reply = declined ? filled(behaviour->answer, fields) : take_effect(script, entry, fields);
  }
  return {*record.reply, behaviour, script.name};
}

HttpPlayer::Identity HttpPlayer::identity(const HttpMessage& request) {
  return {request.target, request.json, request.json.is_null() ? request.body : std::string{}};
}

HttpReply HttpPlayer::take_effect(const scenario::HttpRoute& route, const BookEntry& entry, Fields& fields) {
  if (!entry.empty()) {
    on_booked_(entry);
    book_.push_back(entry);
  }
  fields.booked = &entry;
  auto reply = filled(route.answer, fields);
  fields.booked = nullptr;
  return reply;
}

const BookEntry* HttpPlayer::find(const BookEntry& wanted) const {
  const auto found = std::find_if(book_.begin(), book_.end(), [&](const BookEntry& entry) {
    return std::all_of(wanted.begin(), wanted.end(), [&](const auto& field) {
      const auto own = entry.find(field.first);
      return own != entry.end() && own->second == field.second;
    });
  });
  return found == book_.end() ? nullptr : &*found;
}

} // namespace holdfast::fakes
