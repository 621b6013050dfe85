#include "tests/contract/contract.hpp"

#include <algorithm>
#include <array>
#include <hiredis/hiredis.h>
#include <memory>
#include <set>

namespace holdfast::test::contract {

namespace {

using Context = std::unique_ptr<redisContext, decltype(&redisFree)>;

std::string shown(const redisReply& reply, bool unordered) {
  switch (reply.type) {
  case REDIS_REPLY_INTEGER:
    return std::to_string(reply.integer);
  case REDIS_REPLY_NIL:
    return "nil";
  case REDIS_REPLY_ARRAY: {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < reply.elements; ++i)
      parts.push_back(shown(*reply.element[i], unordered));
    if (unordered)
      std::sort(parts.begin(), parts.end());
    std::string text = "[";
    for (const auto& part : parts)
      text += (text.size() > 1 ? ", " : "") + part;
    return text + "]";
  }
  case REDIS_REPLY_STRING:
    return "'" + std::string(reply.str, reply.len) + "'";
  default:
    return std::string(reply.str, reply.len); // a status or an error
  }
}

std::string ask(redisContext& context, const std::vector<std::string>& words) {
  static const std::set<std::string> unordered = {"SMEMBERS", "SINTER", "SUNION", "SDIFF", "KEYS", "SCAN", "SSCAN"};
  std::vector<const char*> text;
  std::vector<std::size_t> sizes;
  for (const auto& word : words)
    text.push_back(word.data()), sizes.push_back(word.size());
  auto* reply =
      static_cast<redisReply*>(redisCommandArgv(&context, static_cast<int>(words.size()), text.data(), sizes.data()));
  if (reply == nullptr)
    return context.errstr;
  auto seen = shown(*reply, unordered.contains(words[0]));
  freeReplyObject(reply);
  return seen;
}

} // namespace

Results play_hiredis(std::uint16_t port, const std::filesystem::path&) {
  Results results;
  for (const auto& one : read_cases("redis.cases")) {
    Context first(redisConnect("127.0.0.1", port), redisFree), second(redisConnect("127.0.0.1", port), redisFree);
    std::string seen;
    (void)ask(*first, {"FLUSHALL"});
    for (const auto& step : one.steps)
      seen += ask(*(step.second ? second : first), words_of(step.text)) + " ; ";
    results.push_back({one.name, seen});
  }
  Context context(redisConnect("127.0.0.1", port), redisFree);
  std::string pipeline;
  for (const auto* command : {"SET n 1", "INCR n", "LPUSH n x", "GET n"})
    redisAppendCommand(context.get(), command);
  for (int i = 0; i < 4; ++i) {
    void* reply = nullptr;
    if (redisGetReply(context.get(), &reply) != REDIS_OK)
      break;
    pipeline += shown(*static_cast<redisReply*>(reply), false) + " ; ";
    freeReplyObject(reply);
  }
  results.push_back({"a pipeline", pipeline});
  return results;
}

} // namespace holdfast::test::contract
