#include "harness/history/recorder.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <iterator>
#include <unistd.h>
#include <utility>

namespace holdfast::history {

namespace {

/// Length of the valid UTF-8 sequence at the front of `text`, or 0.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0U) == 0x80U; };
  const auto lead = byte(0);
  if (lead < 0x80)
    return 1;
  if (lead >= 0xC2 && lead <= 0xDF)
    return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!tail(1) || !tail(2))
      return 0;
    if (lead == 0xE0 && byte(1) < 0xA0)
      return 0;
    if (lead == 0xED && byte(1) > 0x9F)
      return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3))
      return 0;
    if (lead == 0xF0 && byte(1) < 0x90)
      return 0;
    if (lead == 0xF4 && byte(1) > 0x8F)
      return 0;
    return 4;
  }
  return 0;
}

void append_values(std::string& out, std::string_view key, const Values& values) {
  if (values.empty())
    return;
  out += ",\"";
  out += key;
  out += "\":{";
  bool first = true;
  for (const auto& [name, value] : values) {
    if (!std::exchange(first, false))
      out += ',';
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
  }
  out += '}';
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
  out += ",\"";
  out += key;
  out += "\":";
  append_json_string(out, value);
}

void append_list(std::string& out, std::string_view key, const EntryList& list) {
  if (list.empty())
    return;
  fmt::format_to(std::back_inserter(out), ",\"{}\":[", key);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto& entry = list[i];
    out += i == 0 ? "{\"id\":" : ",{\"id\":";
    append_json_string(out, entry.id);
    if (entry.amount)
      fmt::format_to(std::back_inserter(out), ",\"amount\":{}", *entry.amount);
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

void append_result(std::string& out, Outcome outcome, int status, const std::string& reason) {
  append_text(out, "outcome", to_string(outcome));
  if (status != 0)
    fmt::format_to(std::back_inserter(out), ",\"status\":{}", status);
  if (!reason.empty())
    append_text(out, "reason", reason);
}

std::string begin_line(std::uint64_t sequence, Time time, std::string_view type) {
  return fmt::format("{{\"seq\":{},\"time\":{},\"type\":\"{}\"", sequence, time.count(), type);
}

} // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
      ++i;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
      ++i;
    } else if (const auto length = utf8_length(text.substr(i)); length != 0) {
      out += text.substr(i, length);
      i += length;
    } else {
      out += "\xEF\xBF\xBD";
      ++i;
    }
  }
  out += '"';
}

LineFile::LineFile(const std::filesystem::path& path)
    : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644)), path_(path) {
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

Recorder::Recorder(const std::filesystem::path& directory, Now now)
    : now_(std::move(now)), history_(directory / "history.jsonl"), events_(directory / "events.jsonl"),
      probes_(directory / "probes.jsonl"), wire_(directory / "wire.jsonl") {}

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
  history_.append(line);
}

void Recorder::attempt(const Operation& operation, Attempt& attempt) {
  attempt.begin_time = now_();
  auto line = begin_line(++sequence_, attempt.begin_time, "attempt");
  append_text(line, "op", operation.id);
  fmt::format_to(std::back_inserter(line), ",\"number\":{}", attempt.number);
  append_text(line, "instance", attempt.instance);
  line += "}\n";
  history_.append(line);
}

void Recorder::result(const Operation& operation, Attempt& attempt) {
  attempt.ended = ++sequence_;
  attempt.end_time = now_();
  auto line = begin_line(attempt.ended, attempt.end_time, "result");
  append_text(line, "op", operation.id);
  fmt::format_to(std::back_inserter(line), ",\"number\":{}", attempt.number);
  append_result(line, attempt.outcome, attempt.status, attempt.reason);
  line += "}\n";
  history_.append(line);
}

void Recorder::complete(Operation& operation) {
  operation.completed = ++sequence_;
  operation.complete_time = now_();
  auto line = begin_line(operation.completed, operation.complete_time, "complete");
  append_text(line, "op", operation.id);
  fmt::format_to(std::back_inserter(line), ",\"number\":{}", operation.attempts.size());
  append_result(line, operation.outcome, operation.status, operation.reason);
  if (operation.pages != 0)
    fmt::format_to(std::back_inserter(line), ",\"pages\":{}", operation.pages);
  if (!operation.attempts.empty() && operation.attempts.back().outcome != operation.outcome)
    append_text(line, "last", to_string(operation.attempts.back().outcome));
  append_values(line, "captured", operation.captured);
  if (operation.outcome == Outcome::ok) {
    append_list(line, "list", operation.list);
    append_list(line, "statement", operation.statement);
  }
  line += "}\n";
  history_.append(line);
}

std::uint64_t Recorder::event(std::string_view type, const Values& fields) {
  auto line = begin_line(++sequence_, now_(), type);
  for (const auto& [key, value] : fields)
    append_text(line, key, value);
  line += "}\n";
  events_.append(line);
  return sequence_;
}

std::uint64_t Recorder::message(const WireMessage& message) {
  constexpr std::size_t most_keys = 8, longest_key = 64;
  auto line = begin_line(++sequence_, message.time, message.kind == WireMessage::Kind::request ? "request" : "reply");
  append_text(line, "link", message.link);
  append_text(line, "peer", message.peer);
  fmt::format_to(std::back_inserter(line), ",\"connection\":{},\"exchange\":{},\"size\":{}", message.connection,
                 message.exchange, message.size);
  const auto append_texts = [&line](std::string_view name, const std::vector<std::string>& all) {
    if (all.empty())
      return;
    fmt::format_to(std::back_inserter(line), ",\"{}\":[", name);
    for (std::size_t i = 0; i < all.size() && i < most_keys; ++i) {
      line += i == 0 ? "" : ",";
      append_json_string(line, std::string_view(all[i]).substr(0, longest_key));
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
  append_text(line, "detail", detail);
  line += "}\n";
  probes_.append(line);
}

} // namespace holdfast::history
