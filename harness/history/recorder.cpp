// Writes a line when the thing happens, each with one write(2) and none kept back in this process: whatever kills the
// harness leaves whole lines, and at most one that is cut at the end of each file. Secrets become marks here, before
// anything is on disk.
#include "harness/history/recorder.hpp"

#include "harness/text/escape.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <iterator>
#include <unistd.h>
#include <utility>

namespace holdfast::history {

namespace {

/// With `secrets` for values that a service gave out. The values of an invocation are the workload's own (an item, an
/// amount, a peer), and passwords are not among them.
void append_values(std::string& out, std::string_view key, const Values& values, const Secrets* secrets = nullptr) {
  if (values.empty())
    return;
  out += ",\"";
  out += key;
  out += "\":{";
  bool first = true;
  for (const auto& [name, value] : values) {
    if (!std::exchange(first, false))
      out += ',';
    text::append_json(out, name);
    out += ':';
    // A user's name and a balance are compared with what stands elsewhere unmasked, so that they are never masked. What
    // a login has captured is a mark already, and is not made one again.
    const bool is_compared = name == "user" || name == "balance"; // with what others say of the same
    text::append_json(out, secrets == nullptr || is_compared                            ? std::string(value)
                           : secrets->is_secret_name(name) && !value.starts_with("***") ? secrets->mark(value)
                                                                                        : secrets->mask(value));
  }
  out += '}';
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
  out += ",\"";
  out += key;
  out += "\":";
  text::append_json(out, value);
}

void append_list(std::string& out, std::string_view key, const EntryList& list) {
  if (list.empty())
    return;
  fmt::format_to(std::back_inserter(out), ",\"{}\":[", key);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto& entry = list[i];
    out += i == 0 ? "{\"id\":" : ",{\"id\":";
    text::append_json(out, entry.id);
    if (entry.amount) { // one with places behind the point as a text: a JSON number would be read as a double
      const auto* quote = entry.amount->is_whole() ? "" : "\"";
      fmt::format_to(std::back_inserter(out), ",\"amount\":{}{}{}", quote, entry.amount->text(), quote);
    }
    if (!entry.item.empty())
      append_text(out, "item", entry.item);
    if (!entry.peer.empty())
      append_text(out, "peer", entry.peer);
    if (!entry.kind.empty())
      append_text(out, "kind", entry.kind);
    out += '}';
  }
  out += ']';
}

std::string begin_line(std::uint64_t sequence, Time time, std::string_view type) {
  return fmt::format("{{\"seq\":{},\"time\":{},\"type\":\"{}\"", sequence, time.count(), type);
}

} // namespace

LineFile::LineFile(const std::filesystem::path& path)
    : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600)), path_(path) {
  if (fd_ < 0)
    throw WriteError(fmt::format("cannot create {}: {}", path.string(), std::strerror(errno)));
}

LineFile::LineFile(LineFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

LineFile& LineFile::operator=(LineFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

LineFile::~LineFile() {
  if (fd_ >= 0)
    ::close(fd_);
}

// A write may take a part only, as on a disk that is just getting full: the next one then says why. A write of nothing
// is taken for a full disk, since to try it again might never end.
void LineFile::append(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd_, text.data(), text.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      throw WriteError(fmt::format("cannot write {}: {}", path_.string(), std::strerror(written < 0 ? errno : ENOSPC)));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

namespace {

/// Writes the members of an event as its description names them.
class EventWriter {
public:
  EventWriter(std::string& line, const Secrets& secrets) : line_(line), secrets_(secrets) {}

  void operator()(std::string_view key, const std::string& value) {
    if (!value.empty())
      append_text(line_, key, value);
  }
  void said(std::string_view key, const std::string& value) {
    if (!value.empty())
      append_text(line_, key, secrets_.mask(value));
  }
  void operator()(std::string_view key, const std::vector<std::string>& values) {
    if (values.empty())
      return;
    begin(key);
    for (std::size_t i = 0; i < values.size(); ++i) {
      line_ += i == 0 ? '[' : ',';
      text::append_json(line_, values[i]);
    }
    line_ += ']';
  }
  void operator()(std::string_view key, bool value) {
    if (value)
      begin(key), line_ += "true";
  }
  void operator()(std::string_view key, Milliseconds value) { number(key, value.count()); }
  void operator()(std::string_view key, int value) { number(key, value); }
  void operator()(std::string_view key, std::uint64_t value) { number(key, value); }
  void operator()(std::string_view key, std::optional<int> value) {
    if (value)
      begin(key), line_ += std::to_string(*value);
  }
  template <class E>
    requires std::is_enum_v<E>
  void operator()(std::string_view key, E value) {
    append_text(line_, key, name_of(value));
  }
  void rest(const Values& values) {
    for (const auto& [key, value] : values)
      append_text(line_, key, secrets_.is_secret_name(key) ? secrets_.mark(value) : secrets_.mask(value));
  }

private:
  void begin(std::string_view key) { line_ += ",\"", line_ += key, line_ += "\":"; }
  template <class Number>
  void number(std::string_view key, Number value) {
    if (value != 0)
      begin(key), line_ += std::to_string(value);
  }

  std::string& line_;
  const Secrets& secrets_;
};

} // namespace

Recorder::Recorder(const std::filesystem::path& directory, const Secrets& secrets, Now now)
    : now_(std::move(now)), secrets_(secrets), history_(directory / "history.jsonl"),
      events_(directory / "events.jsonl"), probes_(directory / "probes.jsonl"), wire_(directory / "wire.jsonl") {}

void Recorder::invoke(Operation& operation) {
  operation.invoked = ++sequence_;
  operation.invoke_time = now_();
  auto line = begin_line(operation.invoked, operation.invoke_time, "invoke");
  append_text(line, "op", operation.id);
  fmt::format_to(std::back_inserter(line), ",\"process\":{}", operation.process);
  append_text(line, "user", operation.user);
  append_text(line, "name", operation.name);
  if (operation.checkpoint != 0)
    fmt::format_to(std::back_inserter(line), ",\"checkpoint\":{}", operation.checkpoint);
  if (operation.setup)
    line += ",\"setup\":true";
  fmt::format_to(std::back_inserter(line), ",\"host\":{}", operation.host);
  append_text(line, "instance", operation.instance);
  append_values(line, "values", operation.values);
  line += "}\n";
  ++counts_.history;
  history_.append(line);
}

void Recorder::attempt(const Operation& operation, Attempt& attempt) {
  attempt.begin_time = now_();
  auto line = begin_line(++sequence_, attempt.begin_time, "attempt");
  append_text(line, "op", operation.id);
  fmt::format_to(std::back_inserter(line), ",\"number\":{}", attempt.number);
  append_text(line, "instance", attempt.instance);
  line += "}\n";
  ++counts_.history;
  history_.append(line);
}

/// What `result` and `complete` have in common: what an attempt came to, and which cookies the browser dropped before
/// it. `complete` ends the operation and its last attempt in one line. Callers have taken the sequence number and set
/// the attempt's end.
std::string Recorder::begin_result(std::string_view type, const Operation& operation, const Attempt& attempt) {
  const bool is_complete = type == "complete";
  auto line = begin_line(sequence_, attempt.end_time, type);
  append_text(line, "op", operation.id);
  fmt::format_to(std::back_inserter(line), ",\"number\":{}", attempt.number);
  append_text(line, "outcome", to_string(is_complete ? operation.outcome : attempt.outcome));
  if (const int status = is_complete ? operation.status : attempt.status; status != 0)
    fmt::format_to(std::back_inserter(line), ",\"status\":{}", status);
  else if (attempt.answered)
    line += ",\"answered\":true"; // a status says so by itself
  if (const auto& reason = is_complete ? operation.reason : attempt.reason; !reason.empty())
    append_text(line, "reason", secrets_.mask(reason));
  if (is_complete && attempt.outcome != operation.outcome)
    append_text(line, "last", to_string(attempt.outcome));
  for (std::size_t i = 0; i < attempt.dropped.size(); ++i) {
    const auto& one = attempt.dropped[i];
    line += i == 0 ? ",\"dropped\":[{\"cookie\":" : ",{\"cookie\":";
    text::append_json(line, one.cookie);
    append_text(line, "by", one.by);
    append_text(line, "why", secrets_.mask(one.why));
    line += i + 1 == attempt.dropped.size() ? "}]" : "}";
  }
  return line;
}

void Recorder::result(const Operation& operation, Attempt& attempt) {
  attempt.ended = ++sequence_;
  attempt.end_time = now_();
  ++counts_.history;
  history_.append(begin_result("result", operation, attempt) + "}\n");
}

void Recorder::complete(Operation& operation) {
  auto& attempt = operation.attempts.back();
  operation.completed = attempt.ended = ++sequence_;
  operation.complete_time = attempt.end_time = now_();
  auto line = begin_result("complete", operation, attempt);
  if (operation.pages != 0)
    fmt::format_to(std::back_inserter(line), ",\"pages\":{}", operation.pages);
  append_values(line, "captured", operation.captured, &secrets_);
  if (!operation.continues.empty())
    append_text(line, "continues", operation.continues);
  // Only of a reply that is `ok` is it certain that all that is declared of it has arrived.
  if (operation.outcome == Outcome::ok) {
    append_list(line, "list", operation.list);
    append_list(line, "statement", operation.statement);
  }
  line += "}\n";
  ++counts_.history;
  history_.append(line);
}

std::uint64_t Recorder::event(const EventData& event) {
  std::visit(
      [this](const auto& data) {
        using Data = std::decay_t<decltype(data)>;
        auto line = begin_line(++sequence_, now_(), Data::type);
        EventWriter writer(line, secrets_);
        Data::fields(writer, data);
        line += "}\n";
        ++counts_.events;
        events_.append(line);
      },
      event);
  return sequence_;
}

std::uint64_t Recorder::message(const WireMessage& message) {
  constexpr std::size_t most_keys = 8, longest_key = 256, kept_of_longer = 32;
  auto line = begin_line(++sequence_, message.time, message.kind == WireMessage::Kind::request ? "request" : "reply");
  append_text(line, "link", message.link);
  append_text(line, "peer", message.peer);
  fmt::format_to(std::back_inserter(line), ",\"connection\":{},\"exchange\":{},\"size\":{}", message.connection,
                 message.exchange, message.size);
  const auto append_texts = [this, &line](std::string_view name, const std::vector<std::string>& all) {
    if (all.empty())
      return;
    fmt::format_to(std::back_inserter(line), ",\"{}\":[", name);
    for (std::size_t i = 0; i < all.size() && i < most_keys; ++i) {
      line += i == 0 ? "" : ",";
      // Secrets are found whole or not at all: a key is kept whole where that is possible, and of a longer one so
      // little is left that it tells hardly anything.
      text::append_json(line,
                        secrets_.mask(all[i].size() > longest_key ? text::clipped(all[i], kept_of_longer) : all[i]));
    }
    line += ']';
  };
  append_texts("operations", message.operations);
  append_texts("keys", message.keys);
  if (!message.answered)
    line += ",\"answered\":false";
  line += "}\n";
  wire_.append(line);
  return sequence_;
}

void Recorder::probe(const std::string& instance, bool ready, std::string_view detail) {
  auto line = begin_line(++sequence_, now_(), "probe");
  append_text(line, "instance", instance);
  line += ready ? ",\"ready\":true" : ",\"ready\":false";
  append_text(line, "detail", secrets_.mask(detail));
  line += "}\n";
  ++counts_.probes;
  probes_.append(line);
}

} // namespace holdfast::history
