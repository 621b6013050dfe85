// A run read line by line: steps, probes, processes, configuration, checkpoints; and, where asked for, a user's
// operations or everything around one step.
#include "harness/bundle/logs.hpp"
#include "harness/history/reader.hpp"
#include "harness/history/secrets.hpp"
#include "harness/text/escape.hpp"
#include "reports/report.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <map>

namespace holdfast::reports {

using history::name_of;
using history::Outcome;
using history::Time;

namespace {

constexpr Time before_step = std::chrono::milliseconds{200};
constexpr Time after_step = std::chrono::milliseconds{300};
constexpr std::size_t most_lines = 4000;
constexpr std::size_t longest_body = 400; ///< the bundle holds more of it
constexpr std::size_t longest_log_line = 300;
constexpr std::size_t longest_reason = 200;

struct Line {
  Time time{};
  std::string text;
};

struct Window {
  Time from{};
  Time to = Time::max();
  [[nodiscard]] bool holds(Time time) const { return time >= from && time <= to; }
};

// What happened, in a line: the kind of the event, and what it says.

std::string describe(const history::PhaseEvent& phase) {
  return fmt::format("phase      {} {}{}", name_of(phase.phase), name_of(phase.state),
                     phase.reason.empty() ? "" : ": " + phase.reason);
}

std::string describe(const history::StepEvent& step) {
  auto text = fmt::format("step       {} ({}) {}", step.id, step.kind, name_of(step.state));
  if (step.state == history::StepEvent::State::waited)
    text += fmt::format(" for {} ms until something {} at risk", step.waited.count(),
                        step.acknowledged ? "was" : "would have been");
  if (!step.instances.empty())
    text += fmt::format(", {}", fmt::join(step.instances, ","));
  for (const auto* more : {&step.link, &step.peer})
    if (!more->empty())
      text += ", " + *more;
  return step.evidence.empty() ? text : text + ": " + step.evidence;
}

std::string describe(const history::CheckpointEvent& checkpoint) {
  return fmt::format("checkpoint {} {}{}{}", checkpoint.number, name_of(checkpoint.state),
                     checkpoint.after.empty() ? "" : ", after " + checkpoint.after,
                     checkpoint.cold ? ", after the cold restart" : "");
}

std::string describe(const history::ProcessEvent& process) {
  auto text = fmt::format("process    {} {}", process.instance, name_of(process.state));
  if (process.pid != 0)
    text += fmt::format(" {}", process.pid);
  if (process.exit_code)
    text += fmt::format(", exit status {}", *process.exit_code);
  if (!process.signal.empty())
    text += ", " + process.signal;
  if (process.state == history::ProcessEvent::State::ended)
    text += process.asked ? ", as asked" : process.starting ? ", before it was ready" : ", by itself";
  if (process.remaining > 0)
    text += fmt::format(", {} of its processes still run", process.remaining);
  if (process.supervised)
    text += ", by its supervisor";
  if (process.killed)
    text += ", killed at its deadline";
  return process.detail.empty() ? text : text + ": " + process.detail;
}

std::string describe(const history::RouteEvent& route) {
  return fmt::format("route      {} {}: {}{}", route.instance,
                     route.state == history::RouteEvent::State::in ? "in" : "out", route.detail,
                     route.probed.count() == 0 ? "" : fmt::format(", probed for {} ms", route.probed.count()));
}

std::string describe(const history::ConfigEvent& config) {
  return fmt::format("config     {} {} is {} of {}", config.instance, config.file, config.hash, config.release);
}

std::string describe(const history::RecoveryEvent& recovery) {
  return fmt::format("recovery   after {}: {}, {} ms", recovery.after, name_of(recovery.state), recovery.took.count());
}

std::string describe(const history::LagEvent& lag) {
  return fmt::format("lag        the harness was {} ms late", lag.late.count());
}

std::string describe(const history::StarvedEvent& starved) {
  return fmt::format("starved    the harness waited for a processor for {} % of {} ms", starved.percent,
                     starved.window.count());
}

std::string describe(const history::WarningEvent& warning) {
  return fmt::format("warning    {} {}", warning.instance, warning.text);
}

std::string describe(const history::WorkloadEvent& workload) {
  return fmt::format("workload   {} operations were late, {} unsent", workload.late, workload.unsent);
}

std::string describe(const history::BookedEvent& booked) {
  auto text = fmt::format("booked     {}", booked.dependency);
  for (const auto& [key, value] : booked.entry)
    text += fmt::format(" {}={}", key, value);
  return text;
}

std::string describe(const history::WithheldEvent& withheld) {
  return fmt::format("withheld   {} from {}: {} ({})", withheld.dependency, withheld.peer, withheld.route,
                     withheld.behaviour);
}

std::string describe(const history::Event& event) {
  return std::visit([](const auto& data) { return describe(data); }, event.data);
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
                          history::to_string(attempt.outcome), text::clipped(attempt.reason, longest_reason));
  return text;
}

/// Probes tell something only when their answer changes. Those before the window are followed as well, so that the
/// first one in it is shown only when it differs from the one before.
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
    // Around a step there are too many operations to show all of them: without a user only those are that were not
    // served.
    const bool failed = !operation.is_served() && operation.checkpoint == 0;
    const bool wanted = operation.user == options.user || (!options.step.empty() && options.user.empty() && failed);
    if (wanted && window.holds(operation.invoke_time))
      lines.push_back({operation.invoke_time, "operation  " + describe(operation)});
  }
}

void add_logs(std::vector<Line>& lines, const std::filesystem::path& directory, const Window& window) {
  bundle::for_each_log_line(directory, [&](const bundle::LogLine& line) {
    if (window.holds(line.time))
      lines.push_back({line.time, fmt::format("log        {} {} {}", line.unit, line.stream,
                                              text::clipped(line.text, longest_log_line))});
  });
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
      lines.push_back({body.time, fmt::format("body       {} {} {} {}/{} of {} bytes: {}{}", body.link, body.peer,
                                              body.kind == history::WireMessage::Kind::request ? "request" : "reply",
                                              body.connection, body.exchange, body.size,
                                              text::terminal(body.bytes.substr(0, longest_body)),
                                              body.size > longest_body ? "…" : "")});
}

} // namespace

std::variant<std::string, bundle::Problem>
timeline(const bundle::Bundle& bundle, const std::filesystem::path& directory, const TimelineOptions& options) {
  Window window;
  if (!options.step.empty()) {
    window = {Time::max(), Time::min()};
    std::vector<std::string> known;
    for (const auto& event : bundle.history.events) {
      const auto* step = event.as<history::StepEvent>();
      if (step == nullptr)
        continue;
      if (known.empty() || known.back() != step->id)
        known.push_back(step->id);
      // A step may be armed, or wait for something to be at risk, long before it does anything: the window is around
      // what it did.
      if (step->id != options.step || step->state == history::StepEvent::State::armed ||
          step->state == history::StepEvent::State::waited)
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
  // Lines of the same moment stay in the order in which they were added: events first.
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.time < b.time; });

  const auto& manifest = bundle.manifest;
  // A bundle of the first format may hold secrets that were not masked when it was recorded.
  const auto secrets = bundle::secrets_of(bundle);
  std::string out = fmt::format("{}, seed {}, {}, {:.2f} s{}\n\n", text::terminal(manifest.scenario), manifest.seed,
                                manifest.started, static_cast<double>(manifest.took.count()) / 1e9,
                                manifest.reason.empty() ? "" : ": " + text::terminal(manifest.reason));
  for (std::size_t i = 0; i < lines.size() && i < most_lines; ++i) {
    out += fmt::format("{:>10.4f} s  {}", static_cast<double>(lines[i].time.count()) / 1e9,
                       text::terminal_lines(secrets.mask(lines[i].text), ""));
  }
  if (lines.size() > most_lines)
    out += fmt::format("… and {} lines more\n", lines.size() - most_lines);
  return out;
}

} // namespace holdfast::reports
