// A run read line by line: steps, probes, processes, configuration, checkpoints; and, where asked for, a user's
// operations or everything around one step.
#include "harness/history/reader.hpp"
#include "harness/history/secrets.hpp"
#include "reports/report.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <map>

namespace holdfast::reports {

using history::Outcome;
using history::Time;

namespace {

constexpr Time before_step = std::chrono::milliseconds{200};
constexpr Time after_step = std::chrono::milliseconds{300};
constexpr std::size_t most_lines = 4000;
constexpr std::size_t longest_body = 400; ///< the bundle holds more of it

struct Line {
  Time time{};
  std::string text;
};

struct Window {
  Time from{};
  Time to = Time::max();
  [[nodiscard]] bool holds(Time time) const { return time >= from && time <= to; }
};

std::string describe(const history::Event& event) {
  const auto field = [&](const char* name) { return event.field(name); };
  if (event.type == "step") {
    auto text = fmt::format("step       {} ({}) {}", field("id"), field("kind"), field("state"));
    for (const auto* more : {"instances", "link", "peer", "evidence"})
      if (!field(more).empty())
        text += fmt::format("{} {}", more == std::string("evidence") ? ":" : ",", field(more));
    return text;
  }
  if (event.type == "process")
    return fmt::format("process    {} {} {}", field("instance"), field("state"), field("detail"));
  if (event.type == "config")
    return fmt::format("config     {} {} is {} of {}", field("instance"), field("file"), field("hash"),
                       field("release"));
  if (event.type == "checkpoint")
    return fmt::format("checkpoint {} {}{}", field("number"), field("state"),
                       field("after").empty() ? "" : ", after " + field("after"));
  if (event.type == "recovery")
    return fmt::format("recovery   after {}: {}, {} ms", field("after"), field("state"), field("took_ms"));
  if (event.type == "lag")
    return fmt::format("lag        the harness was {} ms late", field("ms"));
  if (event.type == "starved")
    return fmt::format("starved    the harness waited for a processor for {} % of {} ms", field("percent"),
                       field("ms"));
  std::string text = fmt::format("{:<10}", event.type);
  for (const auto& [key, value] : event.fields)
    text += fmt::format(" {}={}", key, value);
  return text;
}

std::string describe(const history::Operation& operation) {
  std::string values;
  for (const auto* key : {"item", "amount", "peer"})
    if (!operation.value(key).empty())
      values += fmt::format(" {}={}", key, operation.value(key));
  auto text = fmt::format("{} {} {}{} → {}", operation.user, operation.name, operation.id, values,
                          operation.completed == 0 ? "open" : history::to_string(operation.outcome));
  if (operation.status != 0)
    text += fmt::format(" {}", operation.status);
  if (operation.checkpoint != 0)
    text += fmt::format(", checkpoint {}", operation.checkpoint);
  if (!operation.list.empty())
    text += fmt::format(", {} entries", operation.list.size());
  for (const auto& attempt : operation.attempts)
    if (operation.attempts.size() > 1 || attempt.outcome != Outcome::ok)
      text += fmt::format("\n{:13}  {}. at {} {:.1f} ms: {} {}", "", attempt.number, attempt.instance,
                          static_cast<double>((attempt.end_time - attempt.begin_time).count()) / 1e6,
                          history::to_string(attempt.outcome), attempt.reason.substr(0, 200));
  return text;
}

/// Probes tell something only when their answer changes.
void add_probes(std::vector<Line>& lines, const bundle::Bundle& bundle, const Window& window) {
  std::map<std::string, std::string> last;
  for (const auto& probe : bundle.history.probes) {
    const auto now = (probe.ready ? "ready" : "not ready: ") + (probe.ready ? std::string{} : probe.detail);
    if (std::exchange(last[probe.instance], now) != now && window.holds(probe.time))
      lines.push_back({probe.time, fmt::format("probe      {} {}", probe.instance, now)});
  }
}

void add_operations(std::vector<Line>& lines, const bundle::Bundle& bundle, const TimelineOptions& options,
                    const Window& window) {
  for (const auto& operation : bundle.history.operations) {
    const bool declared = operation.outcome == Outcome::fail && operation.status != 0;
    const bool failed = operation.outcome != Outcome::ok && !declared && operation.checkpoint == 0;
    const bool wanted = operation.user == options.user || (!options.step.empty() && options.user.empty() && failed);
    if (wanted && window.holds(operation.invoke_time))
      lines.push_back({operation.invoke_time, "operation  " + describe(operation)});
  }
}

void add_logs(std::vector<Line>& lines, const std::filesystem::path& directory, const Window& window) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory / "logs", error)) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      char* end = nullptr;
      const double seconds = std::strtod(line.c_str(), &end);
      const Time time(static_cast<std::int64_t>(seconds * 1e9));
      if (end != line.c_str() && window.holds(time))
        lines.push_back(
            {time, fmt::format("log        {}{}", entry.path().stem().string(), std::string(end).substr(0, 300))});
    }
  }
}

void add_messages(std::vector<Line>& lines, const std::vector<history::WireMessage>& messages, const Window& window) {
  for (const auto& message : messages)
    if (window.holds(message.time))
      lines.push_back(
          {message.time,
           fmt::format("message    {} {} {} {}/{} {}{}", message.link, message.peer,
                       message.kind == history::WireMessage::Kind::request ? "request" : "reply", message.connection,
                       message.exchange, fmt::join(message.operations, " "),
                       message.keys.empty() ? std::string{} : fmt::format(" [{}]", fmt::join(message.keys, "] [")))});
}

void add_bodies(std::vector<Line>& lines, const std::vector<history::WireBody>& bodies, const std::string& step,
                const Window& window) {
  for (const auto& body : bodies)
    if (body.step == step && window.holds(body.time))
      lines.push_back(
          {body.time, fmt::format("body       {} {} {} {}/{} of {} bytes: {}{}", body.link, body.peer,
                                  body.kind == history::WireMessage::Kind::request ? "request" : "reply",
                                  body.connection, body.exchange, body.size,
                                  printable(body.bytes.substr(0, longest_body)), body.size > longest_body ? "…" : "")});
}

} // namespace

std::variant<std::string, bundle::Problem>
timeline(const bundle::Bundle& bundle, const std::filesystem::path& directory, const TimelineOptions& options) {
  Window window;
  if (!options.step.empty()) {
    window = {Time::max(), Time::min()};
    std::vector<std::string> known;
    for (const auto& event : bundle.history.events) {
      if (event.type != "step")
        continue;
      if (known.empty() || known.back() != event.field("id"))
        known.push_back(event.field("id"));
      if (event.field("id") != options.step || event.field("state") == "armed")
        continue;
      window.from = std::min(window.from, event.time - before_step);
      window.to = std::max(window.to, event.time + after_step);
    }
    if (window.from == Time::max())
      return bundle::Problem{fmt::format("the run had no step '{}'; it had: {}", options.step, fmt::join(known, ", "))};
  }
  if (!options.user.empty() && std::none_of(bundle.history.operations.begin(), bundle.history.operations.end(),
                                            [&](const auto& one) { return one.user == options.user; }))
    return bundle::Problem{fmt::format("the run had no user '{}'; users are called user1, user2, …", options.user)};

  std::vector<Line> lines;
  for (const auto& event : bundle.history.events)
    if (window.holds(event.time))
      lines.push_back({event.time, describe(event)});
  add_probes(lines, bundle, window);
  add_operations(lines, bundle, options, window);
  if (!options.step.empty()) {
    add_logs(lines, directory, window);
    const auto messages = history::read_messages(directory);
    if (const auto* error = std::get_if<history::ReadError>(&messages))
      return bundle::Problem{history::describe(*error)};
    add_messages(lines, std::get<std::vector<history::WireMessage>>(messages), window);
    const auto bodies = history::read_bodies(directory);
    if (const auto* error = std::get_if<history::ReadError>(&bodies))
      return bundle::Problem{history::describe(*error)};
    add_bodies(lines, std::get<std::vector<history::WireBody>>(bodies), options.step, window);
  }
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.time < b.time; });

  const auto& manifest = bundle.manifest;
  std::string out = fmt::format("{}, seed {}, {}, {:.2f} s{}\n\n", printable(manifest.scenario), manifest.seed,
                                manifest.started, static_cast<double>(manifest.took.count()) / 1e9,
                                manifest.reason.empty() ? "" : ": " + printable(manifest.reason));
  for (std::size_t i = 0; i < lines.size() && i < most_lines; ++i) {
    out += fmt::format("{:>10.4f} s  {}", static_cast<double>(lines[i].time.count()) / 1e9,
                       printable_lines(history::mask_secrets(lines[i].text), ""));
  }
  if (lines.size() > most_lines)
    out += fmt::format("… and {} lines more\n", lines.size() - most_lines);
  return out;
}

} // namespace holdfast::reports
