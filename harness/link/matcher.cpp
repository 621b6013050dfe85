#include "harness/link/matcher.hpp"

#include <algorithm>
#include <boost/algorithm/string/case_conv.hpp>

namespace holdfast::link {

namespace {
bool holds(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}
} // namespace

// Protocols give commands in lower case too, so that a scenario may write COMMIT or commit. An operation with a path
// ("GET /Orders") is left as it is: servers tell paths apart by case.
Matcher::Matcher(Match match) : match_(std::move(match)) {
  if (match_.operation.find('/') == std::string::npos)
    boost::algorithm::to_lower(match_.operation);
}

bool Matcher::fits(const protocol::Request& request) const {
  return (match_.operation.empty() || holds(request.operations, match_.operation)) &&
         std::all_of(match_.keys.begin(), match_.keys.end(),
                     [&](const std::string& key) { return holds(request.keys, key); });
}

bool Matcher::request(const Message& message) {
  if (!fits(message.unit.request))
    return false;
  pending_[{message.connection, message.unit.exchange}] = ++seen_;
  return selected(seen_);
}

// For Tap::deliver_first, which comes before the reply itself: changes no count.
bool Matcher::would_match(const Message& message) const {
  const auto found = pending_.find({message.connection, message.unit.exchange});
  return found != pending_.end() && message.unit.answered && selected(found->second);
}

bool Matcher::reply(const Message& message) {
  const auto found = pending_.find({message.connection, message.unit.exchange});
  if (found == pending_.end())
    return false;
  const auto ordinal = found->second;
  pending_.erase(found);
  if (message.unit.answered)
    return selected(ordinal);
  // The request did nothing, so it is not counted: "the third COMMIT" means the third that committed. Requests that
  // were sent after it and still wait for their replies move up by one.
  --seen_;
  for (auto& [key, later] : pending_)
    if (later > ordinal)
      --later;
  return false;
}

// No reply will come for what was pending. Those requests stay counted: they may have been applied.
void Matcher::closed(std::uint64_t connection) {
  std::erase_if(pending_, [&](const auto& entry) { return entry.first.first == connection; });
}

} // namespace holdfast::link
