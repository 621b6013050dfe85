// Reads the files of a run line by line and puts operations together from their lines. A line that says something
// impossible is an error with its place, since no verdict may rest on a history that was read in part. Only a last line
// without its end is passed over: the harness died while it wrote that one.
#include "harness/history/reader.hpp"

#include "harness/history/base64.hpp"
#include "harness/history/names.hpp"
#include "harness/text/input_file.hpp"

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <fmt/format.h>
#include <fstream>
#include <type_traits>
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

/// A view of the parsed line, whose memory is used again for the next one: what is kept must be copied.
std::string_view text_of(const json::object& line, std::string_view key) {
  const auto* value = line.if_contains(key);
  if (value == nullptr || !value->is_string())
    throw BadLine(fmt::format("'{}' is missing or no string", key));
  return value->get_string();
}

std::string_view optional_text(const json::object& line, std::string_view key) {
  return line.if_contains(key) != nullptr ? text_of(line, key) : std::string_view{};
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

/// One element of a list as it stands in the line, to be compared before it is copied.
struct EntryView {
  explicit EntryView(const json::object& entry)
      : id(text_of(entry, "id")), item(optional_text(entry, "item")), peer(optional_text(entry, "peer")),
        kind(optional_text(entry, "kind")) {
    const auto* found = entry.if_contains("amount");
    if (found == nullptr)
      return;
    amount = found->is_string() ? text::Decimal::parse(found->get_string()) : integer_of(entry, "amount");
    if (!amount)
      throw BadLine("'amount' is no number");
  }
  [[nodiscard]] bool operator==(const ListEntry& other) const {
    return id == other.id && amount == other.amount && item == other.item && peer == other.peer && kind == other.kind;
  }
  [[nodiscard]] ListEntry copy() const {
    return {std::string(id), amount, std::string(item), std::string(peer), std::string(kind)};
  }

  std::string_view id, item, peer, kind;
  std::optional<text::Decimal> amount;
};

/// Shares what `before`, the list that the same user was shown last, holds as well: most of it, with more at one end.
EntryList list_of(const json::object& line, std::string_view key, const EntryList& before) {
  EntryList list;
  const auto* found = line.if_contains(key);
  if (found == nullptr)
    return list;
  if (!found->is_array())
    throw BadLine(fmt::format("'{}' is no array", key));
  const auto& elements = found->get_array();
  list.reserve(elements.size());
  std::size_t shift = 0; // of a list that grows at its front
  for (const auto& element : elements) {
    if (!element.is_object())
      throw BadLine(fmt::format("'{}' holds something else than objects", key));
    const EntryView entry(element.get_object());
    const auto place = list.size();
    if (place == 0 && elements.size() > before.size() && !before.empty() && !(entry == before[0]))
      shift = elements.size() - before.size();
    if (place >= shift && place - shift < before.size() && entry == before[place - shift])
      list.append(before, place - shift);
    else
      list.push_back(entry.copy());
  }
  return list;
}

Outcome outcome_of(const json::object& line, std::string_view key) {
  const auto text = text_of(line, key);
  if (auto outcome = parse_outcome(text))
    return *outcome;
  throw BadLine(fmt::format("unknown outcome '{}'", text));
}

std::vector<DroppedCookie> dropped_of(const json::object& line) {
  std::vector<DroppedCookie> dropped;
  const auto* found = line.if_contains("dropped");
  if (found == nullptr)
    return dropped;
  if (!found->is_array())
    throw BadLine("'dropped' is no array");
  for (const auto& element : found->get_array()) {
    if (!element.is_object())
      throw BadLine("'dropped' holds something else than objects");
    const auto& one = element.get_object();
    dropped.push_back({std::string(text_of(one, "cookie")), std::string(optional_text(one, "by")),
                       std::string(optional_text(one, "why"))});
  }
  return dropped;
}

/// Fills the members of an event from its line, as its description names them. Bundles of the first format hold numbers
/// and truths as texts, and lists with commas between their elements.
class EventReader {
public:
  explicit EventReader(const json::object& line) : line_(line) {}

  void operator()(std::string_view key, std::string& into) { into = optional_text(line_, key); }
  void said(std::string_view key, std::string& into) { into = optional_text(line_, key); }
  void operator()(std::string_view key, std::vector<std::string>& into) {
    const auto* found = line_.if_contains(key);
    if (found == nullptr || found->is_array())
      return void(into = texts_of(line_, key));
    for (auto rest = text_of(line_, key); !rest.empty();) {
      const auto comma = rest.find(',');
      into.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
  }
  void operator()(std::string_view key, bool& into) {
    if (const auto* found = line_.if_contains(key))
      into = found->is_string() ? found->get_string() == "yes" : found->is_bool() && found->get_bool();
  }
  void operator()(std::string_view key, Milliseconds& into) { into = Milliseconds(number(key).value_or(0)); }
  void operator()(std::string_view key, int& into) { into = static_cast<int>(number(key).value_or(0)); }
  void operator()(std::string_view key, std::uint64_t& into) {
    into = static_cast<std::uint64_t>(number(key).value_or(0));
  }
  void operator()(std::string_view key, std::optional<int>& into) {
    if (const auto found = number(key))
      into = static_cast<int>(*found);
  }
  template <class E>
    requires std::is_enum_v<E>
  void operator()(std::string_view key, E& into) {
    const auto name = optional_text(line_, key);
    if (const auto value = value_named<E>(name))
      into = *value;
    else if (!name.empty())
      throw BadLine(fmt::format("'{}' cannot be '{}'", key, name));
  }
  /// The fields of a book's entry, which the stack file names: all texts of the line but those that each such event
  /// has.
  void rest(Values& into) {
    for (const auto& [key, value] : line_)
      if (key != "type" && key != "dependency" && value.is_string())
        into.set(key, value.get_string());
  }

private:
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view key) const {
    const auto* found = line_.if_contains(key);
    if (found == nullptr || !found->is_string())
      return found == nullptr ? std::nullopt : std::optional(integer_of(line_, key));
    const std::string_view figures = found->get_string();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(figures.data(), figures.data() + figures.size(), value);
    if (error != std::errc{} || end != figures.data() + figures.size())
      throw BadLine(fmt::format("'{}' is no number", key));
    return value;
  }

  const json::object& line_;
};

/// The event of a line; nothing where its type is of a later version.
std::optional<EventData> event_of(const json::object& line) {
  const auto type = text_of(line, "type");
  std::optional<EventData> event;
  const auto try_one = [&]<class Data>(std::type_identity<Data>) {
    if (type != Data::type)
      return;
    EventReader reader(line);
    Data data;
    Data::fields(reader, data);
    event = std::move(data);
  };
  [&]<class... Data>(std::type_identity<std::variant<Data...>>) {
    (try_one(std::type_identity<Data>{}), ...);
  }(std::type_identity<EventData>{});
  // The first format named the cold restart where later ones have a step or nothing.
  if (auto* checkpoint = event ? std::get_if<CheckpointEvent>(&*event) : nullptr;
      checkpoint != nullptr && checkpoint->after == "cold restart")
    checkpoint->cold = true, checkpoint->after.clear();
  return event;
}

/// Calls `each(object, number)` for every line and counts the whole ones in `lines`. Whatever it throws as BadLine
/// becomes the error. `seq` must rise: all order is judged by it, and a line that goes back was not written by a
/// recorder.
template <class Each>
std::optional<ReadError> read_lines(const std::filesystem::path& file, std::uint64_t& lines, bool& truncated,
                                    Each each) {
  if (auto why = text::why_unreadable(file))
    return ReadError{file, 0, std::move(*why)};
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    return ReadError{file, 0, "it cannot be read"};
  std::size_t number = 0;
  std::int64_t previous = 0;
  std::array<unsigned char, 16384> scratch; // most lines need no allocation
  json::parser parser;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (stream.eof()) { // no newline: the harness died while writing this line
      truncated = true;
      break;
    }
    try {
      // The value of a line lies in `scratch`: it is gone before the next line is read, and views of it with it.
      json::monotonic_resource memory(scratch.data(), scratch.size());
      boost::system::error_code error;
      parser.reset(&memory);
      parser.write(line, error);
      if (error)
        throw BadLine("is no JSON");
      const auto value = parser.release();
      if (!value.is_object())
        throw BadLine("is no JSON object");
      const auto sequence = integer_of(value.get_object(), "seq");
      if (sequence <= previous)
        throw BadLine(fmt::format("'seq' goes from {} to {}", previous, sequence));
      previous = sequence;
      each(value.get_object(), number);
      ++lines;
    } catch (const BadLine& bad) {
      return ReadError{file, number, bad.what()};
    }
  }
  return std::nullopt;
}

/// Puts operations together: an invocation opens one, `complete` closes it, and every line between them must name an
/// open one. `ids_` views the ids of the operations themselves, which the deque leaves where they are.
class OperationReader {
public:
  explicit OperationReader(std::deque<Operation>& operations) : operations_(operations) {}

  void line(const json::object& line, std::size_t number) {
    const auto type = text_of(line, "type");
    const auto id = text_of(line, "op");
    if (type == "invoke")
      return invoke(line, id, number);
    const auto place = ids_.find(id);
    if (place == Names::unknown)
      throw BadLine(fmt::format("'{}' of operation '{}', which was never invoked", type, id));
    auto& operation = operations_[place];
    if (operation.completed != 0)
      throw BadLine(fmt::format("'{}' of operation '{}', which is complete", type, id));
    if (type == "attempt")
      operation.attempts.push_back({.number = static_cast<int>(integer_of(line, "number")),
                                    .instance = std::string(text_of(line, "instance")),
                                    .begin_time = Time(integer_of(line, "time"))});
    else if (type == "result" || type == "complete")
      result(line, operation, type == "complete");
    else
      throw BadLine(fmt::format("unknown type '{}'", type));
  }

  /// After the last line: identifies entries whose operations stand further down in the file than the list that holds
  /// them.
  void finish() {
    for (const auto number : unidentified_) {
      operations_[number].list.identify(ids_);
      operations_[number].statement.identify(ids_);
    }
  }

private:
  void invoke(const json::object& line, std::string_view id, std::size_t number) {
    if (ids_.find(id) != Names::unknown)
      throw BadLine(fmt::format("operation '{}' is invoked twice", id));
    Operation operation;
    operation.id = id;
    operation.line = number;
    operation.number = static_cast<std::uint32_t>(operations_.size());
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
    // Unless a `complete` comes, its outcome stays `info`: what was open when the run ended may have taken effect. The
    // first attempt has no line of its own, and goes where the invocation says.
    operation.reason = "still open when the history ends";
    operation.attempts.push_back({.instance = operation.instance, .begin_time = operation.invoke_time});
    ids_.number(operations_.emplace_back(std::move(operation)).id);
  }

  void result(const json::object& line, Operation& operation, bool complete) {
    auto& attempt = operation.attempts.back();
    // The outcome of a complete line is the operation's. Where an earlier attempt may have taken effect, it is not that
    // of the last attempt, which `last` says then.
    attempt.outcome = line.if_contains("last") != nullptr ? outcome_of(line, "last") : outcome_of(line, "outcome");
    attempt.ended = static_cast<std::uint64_t>(integer_of(line, "seq"));
    attempt.end_time = Time(integer_of(line, "time"));
    attempt.status = static_cast<int>(optional_integer(line, "status"));
    // A status says by itself that there was an answer. One without a status is written as `answered`.
    attempt.answered = attempt.status != 0 || line.if_contains("answered") != nullptr;
    attempt.reason = optional_text(line, "reason");
    attempt.dropped = dropped_of(line);
    if (!complete)
      return;
    operation.outcome = outcome_of(line, "outcome");
    operation.answered = attempt.answered;
    operation.status = attempt.status;
    operation.reason = attempt.reason;
    operation.completed = static_cast<std::uint64_t>(integer_of(line, "seq"));
    operation.complete_time = Time(integer_of(line, "time"));
    operation.pages = static_cast<std::uint16_t>(optional_integer(line, "pages"));
    operation.captured = values_of(line, "captured");
    operation.continues = optional_text(line, "continues");
    if (line.if_contains("list") == nullptr && line.if_contains("statement") == nullptr)
      return;
    // The same operation mostly shows the same user what it showed before: those entries are shared and not copied.
    auto& before = last_lists_[operation.name + '\n' + operation.user];
    operation.list = list_of(line, "list", before.list);
    operation.statement = list_of(line, "statement", before.statement);
    const bool is_list_known = operation.list.identify(ids_);
    if (!operation.statement.identify(ids_) || !is_list_known)
      unidentified_.push_back(operation.number);
    before = {operation.list, operation.statement};
  }

  std::deque<Operation>& operations_;
  struct Lists {
    EntryList list, statement;
  };
  std::unordered_map<std::string, Lists> last_lists_; ///< of each operation and user
  Names ids_;                                         ///< of the operations, by their places
  std::vector<std::uint32_t> unidentified_;           ///< operations with entries of which nobody is known yet
};

WireMessage::Kind kind_of(const json::object& line) {
  return text_of(line, "type") == "request" ? WireMessage::Kind::request : WireMessage::Kind::reply;
}

} // namespace

std::variant<std::vector<WireMessage>, ReadError> read_messages(const std::filesystem::path& directory) {
  std::vector<WireMessage> messages;
  const auto file = directory / "wire.jsonl";
  if (!std::filesystem::exists(file))
    return messages; // an older version has recorded this run, and no messages
  bool truncated = false;
  std::uint64_t lines = 0;
  if (auto error = read_lines(file, lines, truncated, [&](const json::object& line, std::size_t) {
        WireMessage message{.time = Time(integer_of(line, "time")),
                            .kind = kind_of(line),
                            .link = std::string(text_of(line, "link")),
                            .peer = std::string(text_of(line, "peer")),
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
    return bodies; // an older version has recorded this run, and no bodies
  bool truncated = false;
  std::uint64_t lines = 0;
  if (auto error = read_lines(file, lines, truncated, [&](const json::object& line, std::size_t) {
        auto bytes = line.if_contains("text") != nullptr ? std::optional(std::string(text_of(line, "text")))
                                                         : from_base64(text_of(line, "base64"));
        if (!bytes)
          throw BadLine("'base64' holds something else");
        bodies.push_back({.sequence = static_cast<std::uint64_t>(integer_of(line, "message")),
                          .time = Time(integer_of(line, "time")),
                          .kind = kind_of(line),
                          .step = std::string(text_of(line, "step")),
                          .link = std::string(text_of(line, "link")),
                          .peer = std::string(text_of(line, "peer")),
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
  if (auto error = read_lines(directory / "history.jsonl", history.lines.history, history.truncated,
                              [&](const json::object& line, std::size_t number) { operations.line(line, number); }))
    return *error;
  operations.finish();
  if (auto error = read_lines(directory / "events.jsonl", history.lines.events, history.truncated,
                              [&](const json::object& line, std::size_t) {
                                if (auto data = event_of(line))
                                  history.events.push_back({static_cast<std::uint64_t>(integer_of(line, "seq")),
                                                            Time(integer_of(line, "time")), std::move(*data)});
                              }))
    return *error;
  if (auto error =
          read_lines(directory / "probes.jsonl", history.lines.probes, history.truncated,
                     [&](const json::object& line, std::size_t) {
                       const auto* ready = line.if_contains("ready");
                       history.probes.push_back({static_cast<std::uint64_t>(integer_of(line, "seq")),
                                                 Time(integer_of(line, "time")), std::string(text_of(line, "instance")),
                                                 ready != nullptr && ready->is_bool() && ready->get_bool(),
                                                 std::string(optional_text(line, "detail"))});
                     }))
    return *error;
  return history;
}

} // namespace holdfast::history
