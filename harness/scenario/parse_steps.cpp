// The steps of a scenario, in the order of the file. A step may come after one above it only, and its time must not be
// before theirs. Its kind comes from the catalog, whose schema says which settings it takes.
#include "harness/scenario/parse_steps.hpp"

#include "harness/scenario/address.hpp"
#include "harness/scenario/configurations.hpp"
#include "harness/scenario/names.hpp"
#include "harness/scenario/parse_settings.hpp"
#include "harness/scenario/parse_stack.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <set>

namespace holdfast::scenario {

std::vector<std::string> link_names(const Stack& stack) {
  std::vector<std::string> names = names_of(stack.dependencies);
  for (const auto& service : stack.services) {
    names.push_back(service.name);
    for (const auto& need : service.needs)
      if (stack.service(need) != nullptr)
        names.push_back(service.name + ">" + need);
  }
  return names;
}

namespace {

/// "request", "reply", or "reply+BYTES" for a reply of which so many bytes have been delivered, at least one.
std::optional<Position> parse_position(const std::string& text) {
  if (text == "request")
    return Position{Position::Point::request, 0};
  if (text == "reply")
    return Position{Position::Point::reply, 0};
  if (!text.starts_with("reply+"))
    return std::nullopt;
  std::size_t count = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + 6, end, count);
  if (error != std::errc{} || rest != end || count == 0)
    return std::nullopt;
  return Position{Position::Point::reply, count};
}

AtPosition parse_when(const toml::table& table, const Scenario& scenario, ParseContext& context) {
  TableReader reader(table, "'when' of a step", context);
  AtPosition when;
  when.link = reader.required_text("link");
  if (!when.link.empty())
    expect_known(when.link, link_names(scenario.stack), "link", reader.source("link"), context);
  const auto position = reader.required_text("position");
  if (auto parsed = parse_position(position))
    when.position = *parsed;
  else if (!position.empty())
    reader.error("position", fmt::format("unknown position '{}'", position), "known: request, reply, reply+BYTES");
  when.operation = reader.text("operation").value_or("");
  when.keys = reader.text_or_texts("key").value_or(std::vector<std::string>{});
  std::erase(when.keys, "");
  when.nth = static_cast<std::uint64_t>(reader.integer("nth", 1).value_or(1));
  when.not_before = reader.duration("not_before").value_or(Duration{});
  when.deadline = reader.duration("deadline").value_or(when.deadline);
  reader.finish();
  return when;
}

InstanceSelection parse_instances(TableReader& reader, const Scenario& scenario) {
  InstanceSelection selection;
  const auto known = names_of(scenario.stack.services);
  if (auto service = reader.text("service")) {
    expect_known(*service, known, "service", reader.source("service"), reader.context());
    selection.services = {*service};
  }
  if (auto services = reader.texts("services")) {
    if (services->empty())
      reader.error("services", "'services' must not be empty", "without it the step is about all services");
    for (const auto& service : *services)
      expect_known(service, known, "service", reader.source("services"), reader.context());
    selection.services = *services;
  }
  const int hosts = scenario.stack.hosts;
  // A number is how many hosts, which the seed chooses; a list names them.
  if (const auto* node = reader.any("hosts")) {
    const auto too_many = [&](std::int64_t host) {
      reader.error("hosts", fmt::format("the stack '{}' has {} host{}, not {}", scenario.stack.name, hosts,
                                        hosts == 1 ? "" : "s", host));
    };
    if (node->is_integer()) {
      const auto count = node->as_integer()->get();
      if (count < 1 || count > hosts)
        too_many(count);
      selection.host_count = static_cast<int>(count);
    } else if (auto list = reader.integers("hosts")) {
      if (list->empty())
        reader.error("hosts", "'hosts' must not be empty");
      for (const auto host : *list) {
        if (host < 1 || host > hosts)
          too_many(host);
        selection.hosts.push_back(static_cast<int>(host));
      }
    }
  }
  if (auto which = reader.choice("instances", {"that", "all"}))
    selection.that = *which == "that";
  return selection;
}

Trigger parse_trigger(TableReader& reader, const Scenario& scenario, const std::set<std::string>& earlier) {
  const int given =
      static_cast<int>(reader.has("at")) + static_cast<int>(reader.has("when")) + static_cast<int>(reader.has("after"));
  if (given != 1)
    reader.context().error(reader.source(),
                           fmt::format("{} must say when it begins: one of 'at', 'when', 'after'", reader.what()),
                           "at = \"2s\"; when = { link = …, position = \"reply\" }; after = \"step-id\"");
  // A step whose beginning is wrong begins at 0, so that the rest of it is checked too.
  Trigger trigger = AtTime{};
  if (auto at = reader.duration("at"))
    trigger = AtTime{*at};
  if (const auto* when = reader.table("when"))
    trigger = parse_when(*when, scenario, reader.context());
  const auto delay = reader.duration("delay");
  if (auto after = reader.text("after")) {
    expect_known(*after, {earlier.begin(), earlier.end()}, "step (of those above it)", reader.source("after"),
                 reader.context());
    trigger = AfterStep{*after, delay.value_or(Duration{})};
  } else if (delay) {
    reader.error("delay", "'delay' goes with 'after'");
  }
  return trigger;
}

/// An external dependency beyond loopback runs on a machine that is not the harness's to disturb: a step on its link
/// needs --allow-external HOST, by which somebody says that nothing is lost. Without a list in the catalog the run has
/// been played already, and its bundle is only read.
void expect_allowed(const std::string& link, const Stack& stack, const Catalog& catalog, TableReader& reader) {
  const auto* dependency = stack.dependency(link);
  if (dependency == nullptr || dependency->provider != Dependency::Provider::external || !catalog.allowed_external)
    return;
  const auto address = parse_address(dependency->address);
  const auto& allowed = *catalog.allowed_external;
  if (address && !address->is_loopback() && std::find(allowed.begin(), allowed.end(), address->host) == allowed.end())
    reader.error("link", fmt::format("'{}' is external, at {}: no step may act on it", link, dependency->address),
                 fmt::format("where nothing is lost by it: --allow-external {}", address->host));
}

/// Of some keys a kind of step takes exactly one: with none it has nothing to do, with several it is not said which of
/// them counts.
void expect_one_of(const TableReader& reader, const StepSchema& schema, const toml::table& table,
                   ParseContext& context) {
  const auto given = std::count_if(schema.one_of.begin(), schema.one_of.end(),
                                   [&](const std::string& key) { return reader.has(key); });
  if (!schema.one_of.empty() && given != 1)
    context.error(table.source(), fmt::format("'{}' needs one of {}, and {} given", schema.name,
                                              fmt::join(schema.one_of, ", "), given == 0 ? "none is" : "several are"));
}

/// Reports a step that changes a key of a service's configuration where no file of it can be edited, before anything is
/// started. Which release is in force at the step is not known: one whose file can be edited is enough.
void expect_editable(const Step& step, const std::vector<Step>& before, const Stack& stack, const toml::table& table,
                     ParseContext& context) {
  for (const auto& service : stack.services) {
    const auto& chosen = step.instances.services;
    if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), service.name) == chosen.end())
      continue;
    std::optional<std::string> why;
    if (!chosen.empty())
      why = fmt::format("'{}' has nothing to change: '{}' has no configuration file", step.kind, service.name);
    for (const auto& release : releases_in_force(stack, before)) {
      const auto config = config_of(stack, release, service.name);
      if (!config)
        continue;
      const auto problem = config::why_not_editable(config->format, config->text);
      if (!problem) {
        why.reset();
        break;
      }
      why = fmt::format("'{}' cannot change '{}' of '{}': {}", step.kind, config->name, service.name, problem->message);
    }
    if (why)
      context.error(table.source(), *why,
                    "lay a whole file over it instead: a release with its own 'config', and the step 'deploy'");
  }
}

} // namespace

std::vector<Step> parse_steps(const toml::array& steps, const Scenario& scenario, const Catalog& catalog,
                              ParseContext& context) {
  std::vector<Step> parsed;
  std::set<std::string> ids;
  std::optional<Duration> previous;
  const auto kinds = names_of(catalog.steps);
  for (const auto& node : steps) {
    const auto& table = *node.as_table();
    TableReader reader(table, fmt::format("step {}", parsed.size() + 1), context);
    Step step;
    step.where = context.locate(table.source());
    step.kind = reader.required_text("do");
    step.id = reader.text("id").value_or(fmt::format("step-{}", parsed.size() + 1));
    if (const auto why = wrong_title(step.id))
      reader.error("id", fmt::format("'{}' cannot be the name of a step: {}", step.id, *why));
    if (ids.contains(step.id))
      reader.error("id", fmt::format("two steps are called '{}'", step.id));
    step.trigger = parse_trigger(reader, scenario, ids);
    // Only now: a step cannot come after itself.
    ids.insert(step.id);
    if (const auto* at = std::get_if<AtTime>(&step.trigger)) {
      if (previous && at->at < *previous)
        reader.error("at",
                     fmt::format("this step begins at {}, before the one above it at {}", format_duration(at->at),
                                 format_duration(*previous)),
                     "order the steps by time");
      previous = at->at;
      if (scenario.workload.length != Duration{} && at->at > scenario.workload.length)
        reader.error("at", fmt::format("this step begins after the workload has ended ({})",
                                       format_duration(scenario.workload.length)));
    }
    const auto schema = std::find_if(catalog.steps.begin(), catalog.steps.end(),
                                     [&](const StepSchema& one) { return one.name == step.kind; });
    if (schema == catalog.steps.end()) {
      if (!step.kind.empty())
        expect_known(step.kind, kinds, "step", reader.source("do"), context);
      parsed.push_back(step); // its other keys cannot be judged
      continue;
    }
    if (schema->acts == StepSchema::Acts::on_link) {
      const auto link = reader.required_text("link");
      if (!link.empty() && expect_known(link, link_names(scenario.stack), "link", reader.source("link"), context)) {
        step.arguments["link"] = link;
        expect_allowed(link, scenario.stack, catalog, reader);
      }
    }
    step.instances = parse_instances(reader, scenario);
    step.checkpoint = reader.boolean("checkpoint").value_or(true);
    if (step.instances.that && !std::holds_alternative<AtPosition>(step.trigger))
      reader.error("instances", "instances = \"that\" needs a step bound to a position: 'when'");
    if (schema->lasting == StepSchema::Lasting::lasting)
      step.lasts = reader.duration("for");
    expect_one_of(reader, *schema, table, context);
    step.arguments.merge(parse_settings(reader, schema->keys, step.kind, scenario.stack));
    if (schema->acts == StepSchema::Acts::on_config)
      expect_editable(step, parsed, scenario.stack, table, context);
    reader.finish();
    parsed.push_back(std::move(step));
  }
  return parsed;
}

} // namespace holdfast::scenario
