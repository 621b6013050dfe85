#include "harness/history/reader.hpp"

#include "harness/history/base64.hpp"

#include <array>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fstream>
#include <unordered_map>

namespace holdfast::history {

namespace json = boost::json;

std::string to_string(Outcome outcome) {
  switch (outcome) {
  case Outcome::ok:
    return "ok";
  case Outcome::fail:
    return "fail";
  case Outcome::info:
    return "info";
  case Outcome::unauthenticated:
    return "unauthenticated";
  }
  return "info";
}

std::optional<Outcome> parse_outcome(std::string_view text) {
  for (const auto outcome : {Outcome::ok, Outcome::fail, Outcome::info, Outcome::unauthenticated})
    if (to_string(outcome) == text)
      return outcome;
  return std::nullopt;
}

std::string describe(const ReadError& error) {
  return error.line == 0 ? fmt::format("{}: {}", error.file.string(), error.message)
                         : fmt::format("{}:{}: {}", error.file.string(), error.line, error.message);
}

namespace {

/// A line that says something impossible; caught by `read_lines`, never leaves this file.
struct BadLine : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string text_of(const json::object& line, std::string_view key) {
  const auto* value = line.if_contains(key);
  if (value == nullptr || !value->is_string())
    throw BadLine(fmt::format("'{}' is missing or no string", key));
  return std::string(value->get_string());
}

std::string optional_text(const json::object& line, std::string_view key) {
  return line.if_contains(key) != nullptr ? text_of(line, key) : std::string{};
}

std::int64_t integer_of(const json::object& line, std::string_view key) {
  const auto* value = line.if_contains(key);
  if (value == nullptr || !value->is_int64())
    throw BadLine(fmt::format("'{}' is missing or no integer", key));
  return value->get_int64();
}

std::int64_t optional_integer(const json::object& line, std::string_view key) {
  return line.if_contains(key) != nullptr ? integer_of(line, key) : 0;
}

std::vector<std::string> texts_of(const json::object& line, std::string_view key) {
  std::vector<std::string> texts;
  const auto* found = line.if_contains(key);
  if (found == nullptr)
    return texts;
  if (!found->is_array())
    throw BadLine(fmt::format("'{}' is no array", key));
  for (const auto& element : found->get_array()) {
    if (!element.is_string())
      throw BadLine(fmt::format("'{}' holds something else than strings", key));
    texts.emplace_back(element.get_string());
  }
  return texts;
}

Values values_of(const json::object& line, std::string_view key) {
  Values values;
  const auto* found = line.if_contains(key);
  if (found == nullptr)
    return values;
  if (!found->is_object())
    throw BadLine(fmt::format("'{}' is no object", key));
  for (const auto& [name, value] : found->get_object()) {
    if (!value.is_string())
      throw BadLine(fmt::format("'{}' holds something else than strings", key));
    values.set(name, value.get_string());
  }
  return values;
}

std::vector<ListEntry> list_of(const json::object& line, std::string_view key) {
  std::vector<ListEntry> list;
  const auto* found = line.if_contains(key);
  if (found == nullptr)
    return list;
  if (!found->is_array())
    throw BadLine(fmt::format("'{}' is no array", key));
  list.reserve(found->get_array().size());
  for (const auto& element : found->get_array()) {
    if (!element.is_object())
      throw BadLine(fmt::format("'{}' holds something else than objects", key));
    const auto& object = element.get_object();
    ListEntry entry{text_of(object, "id"), std::nullopt, optional_text(object, "item"), optional_text(object, "peer"),
                    optional_text(object, "kind")};
    if (object.if_contains("amount") != nullptr)
      entry.amount = integer_of(object, "amount");
    list.push_back(std::move(entry));
  }
  return list;
}

Outcome outcome_of(const json::object& line, std::string_view key) {
  const auto text = text_of(line, key);
  if (auto outcome = parse_outcome(text))
    return *outcome;
  throw BadLine(fmt::format("unknown outcome '{}'", text));
}

/// Calls `each(object, number)` for every line. Whatever it throws as BadLine becomes the error.
template <class Each>
std::optional<ReadError> read_lines(const std::filesystem::path& file, bool& truncated, Each each) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    return ReadError{file, 0, "cannot be read"};
  std::size_t number = 0;
  std::int64_t previous = 0;
  std::array<unsigned char, 16384> scratch; // most lines need no allocation
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (stream.eof()) { // no newline: the harness died while writing this line
      truncated = true;
      break;
    }
    try {
      json::monotonic_resource memory(scratch.data(), scratch.size());
      boost::system::error_code error;
      const auto value = json::parse(line, error, &memory);
      if (error)
        throw BadLine("is no JSON");
      if (!value.is_object())
        throw BadLine("is no JSON object");
      const auto sequence = integer_of(value.get_object(), "seq");
      if (sequence <= previous)
        throw BadLine(fmt::format("'seq' goes from {} to {}", previous, sequence));
      previous = sequence;
      each(value.get_object(), number);
    } catch (const BadLine& bad) {
      return ReadError{file, number, bad.what()};
    }
  }
  return std::nullopt;
}

class OperationReader {
public:
  explicit OperationReader(std::deque<Operation>& operations) : operations_(operations) {}

  void line(const json::object& line, std::size_t number) {
    const auto type = text_of(line, "type");
    const auto id = text_of(line, "op");
    if (type == "invoke")
      return invoke(line, id, number);
    const auto found = index_.find(id);
    if (found == index_.end())
      throw BadLine(fmt::format("'{}' of operation '{}', which was never invoked", type, id));
    auto& operation = *found->second;
    if (operation.completed != 0)
      throw BadLine(fmt::format("'{}' of operation '{}', which is complete", type, id));
    if (type == "attempt")
      operation.attempts.push_back({.number = static_cast<int>(integer_of(line, "number")),
                                    .instance = text_of(line, "instance"),
                                    .begin_time = Time(integer_of(line, "time"))});
    else if (type == "result" || type == "complete")
      result(line, operation, type == "complete");
    else
      throw BadLine(fmt::format("unknown type '{}'", type));
  }

private:
  void invoke(const json::object& line, const std::string& id, std::size_t number) {
    if (index_.contains(id))
      throw BadLine(fmt::format("operation '{}' is invoked twice", id));
    Operation operation;
    operation.id = id;
    operation.line = number;
    operation.process = static_cast<std::uint64_t>(integer_of(line, "process"));
    operation.user = text_of(line, "user");
    operation.name = text_of(line, "name");
    operation.checkpoint = static_cast<int>(optional_integer(line, "checkpoint"));
    operation.setup = line.if_contains("setup") != nullptr;
    operation.host = static_cast<int>(integer_of(line, "host"));
    operation.instance = text_of(line, "instance");
    operation.values = values_of(line, "values");
    operation.invoked = static_cast<std::uint64_t>(integer_of(line, "seq"));
    operation.invoke_time = Time(integer_of(line, "time"));
    operation.reason = "still open when the history ends";
    operation.attempts.push_back({.instance = operation.instance, .begin_time = operation.invoke_time});
    auto& kept = operations_.emplace_back(std::move(operation));
    index_.emplace(kept.id, &kept);
  }

  static void result(const json::object& line, Operation& operation, bool complete) {
    auto& attempt = operation.attempts.back();
    attempt.outcome = line.if_contains("last") != nullptr ? outcome_of(line, "last") : outcome_of(line, "outcome");
    attempt.ended = static_cast<std::uint64_t>(integer_of(line, "seq"));
    attempt.end_time = Time(integer_of(line, "time"));
    attempt.status = static_cast<int>(optional_integer(line, "status"));
    attempt.reason = optional_text(line, "reason");
    if (!complete)
      return;
    operation.outcome = outcome_of(line, "outcome");
    operation.status = attempt.status;
    operation.reason = attempt.reason;
    operation.completed = static_cast<std::uint64_t>(integer_of(line, "seq"));
    operation.complete_time = Time(integer_of(line, "time"));
    operation.captured = values_of(line, "captured");
    operation.list = list_of(line, "list");
    operation.statement = list_of(line, "statement");
  }

  std::deque<Operation>& operations_;
  std::unordered_map<std::string_view, Operation*> index_; ///< by the operations' own ids
};

WireMessage::Kind kind_of(const json::object& line) {
  return text_of(line, "type") == "request" ? WireMessage::Kind::request : WireMessage::Kind::reply;
}

} // namespace

std::variant<std::vector<WireMessage>, ReadError> read_messages(const std::filesystem::path& directory) {
  std::vector<WireMessage> messages;
  const auto file = directory / "wire.jsonl";
  if (!std::filesystem::exists(file))
    return messages; // recorded before there were any
  bool truncated = false;
  if (auto error = read_lines(file, truncated, [&](const json::object& line, std::size_t) {
        WireMessage message{.time = Time(integer_of(line, "time")),
                            .kind = kind_of(line),
                            .link = text_of(line, "link"),
                            .peer = text_of(line, "peer"),
                            .connection = static_cast<std::uint64_t>(integer_of(line, "connection")),
                            .exchange = static_cast<std::uint64_t>(integer_of(line, "exchange")),
                            .operations = texts_of(line, "operations"),
                            .keys = texts_of(line, "keys"),
                            .size = static_cast<std::size_t>(integer_of(line, "size")),
                            .answered = line.if_contains("answered") == nullptr};
        messages.push_back(std::move(message));
      }))
    return *error;
  return messages;
}

std::variant<std::vector<WireBody>, ReadError> read_bodies(const std::filesystem::path& directory) {
  std::vector<WireBody> bodies;
  const auto file = directory / "bodies.jsonl";
  if (!std::filesystem::exists(file))
    return bodies; // recorded before there were any
  bool truncated = false;
  if (auto error = read_lines(file, truncated, [&](const json::object& line, std::size_t) {
        auto bytes = line.if_contains("text") != nullptr ? std::optional(text_of(line, "text"))
                                                         : from_base64(text_of(line, "base64"));
        if (!bytes)
          throw BadLine("'base64' holds something else");
        bodies.push_back({.sequence = static_cast<std::uint64_t>(integer_of(line, "message")),
                          .time = Time(integer_of(line, "time")),
                          .kind = kind_of(line),
                          .step = text_of(line, "step"),
                          .link = text_of(line, "link"),
                          .peer = text_of(line, "peer"),
                          .connection = static_cast<std::uint64_t>(integer_of(line, "connection")),
                          .exchange = static_cast<std::uint64_t>(integer_of(line, "exchange")),
                          .size = static_cast<std::size_t>(integer_of(line, "size")),
                          .bytes = std::move(*bytes)});
      }))
    return *error;
  return bodies;
}

std::variant<History, ReadError> read_history(const std::filesystem::path& directory) {
  History history;
  OperationReader operations(history.operations);
  if (auto error = read_lines(directory / "history.jsonl", history.truncated,
                              [&](const json::object& line, std::size_t number) { operations.line(line, number); }))
    return *error;
  if (auto error =
          read_lines(directory / "events.jsonl", history.truncated, [&](const json::object& line, std::size_t) {
            Event event{static_cast<std::uint64_t>(integer_of(line, "seq")),
                        Time(integer_of(line, "time")),
                        text_of(line, "type"),
                        {}};
            for (const auto& [key, value] : line)
              if (key != "type" && value.is_string())
                event.fields.set(key, value.get_string());
            history.events.push_back(std::move(event));
          }))
    return *error;
  if (auto error =
          read_lines(directory / "probes.jsonl", history.truncated, [&](const json::object& line, std::size_t) {
            const auto* ready = line.if_contains("ready");
            history.probes.push_back({static_cast<std::uint64_t>(integer_of(line, "seq")),
                                      Time(integer_of(line, "time")), text_of(line, "instance"),
                                      ready != nullptr && ready->is_bool() && ready->get_bool(),
                                      optional_text(line, "detail")});
          }))
    return *error;
  return history;
}

} // namespace holdfast::history
