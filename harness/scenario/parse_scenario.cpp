// A scenario file to a Scenario. Tables are laid over each other first: the scenario over the file that it extends,
// --set over both, and what the scenario says of its stack over the stack file. Then the stack is parsed, and what
// refers to its names: the workload, the steps, and what is expected of them. Errors are collected, and with any error
// there is no scenario.
#include "harness/scenario/extends.hpp"
#include "harness/scenario/load.hpp"
#include "harness/scenario/names.hpp"
#include "harness/scenario/parse_stack.hpp"
#include "harness/scenario/parse_steps.hpp"
#include "harness/text/input_file.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <set>
#include <stdexcept>

namespace holdfast::scenario {

namespace {

/// Puts `value` at the dotted key, over what the file says; the value's place is the command line.
void apply(const Setting& setting, toml::table& root, ParseContext& context) {
  const auto place = fmt::format("--set {}={}", setting.key, setting.value);
  const Location where{place, 0, 0};
  // Tried as TOML first, which gives numbers and lists their types; a shell has taken the quotes off a text.
  std::optional<toml::table> parsed;
  for (const auto& text : {fmt::format("x = {}", setting.value), fmt::format("x = '''{}'''", setting.value)}) {
    try {
      parsed = toml::parse(text, place);
      break;
    } catch (const toml::parse_error&) {
      continue;                              // a bare word: taken as a string the second time round
    } catch (const std::invalid_argument&) { // see toml_implementation.cpp
      continue;
    }
  }
  if (!parsed)
    return context.error(where, "the value is no TOML");
  // Tables on the way to the key are made where they are not there.
  toml::table* table = &root;
  std::string_view rest = setting.key;
  for (std::size_t dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
    const auto part = rest.substr(0, dot);
    rest.remove_prefix(dot + 1);
    auto [entry, fresh] = table->emplace<toml::table>(part);
    if (!entry->second.is_table())
      return context.error(where, fmt::format("'{}' is not a table", part));
    table = entry->second.as_table();
  }
  if (rest.empty())
    return context.error(where, "the key is empty");
  table->insert_or_assign(rest, std::move(*parsed->get("x")));
}

/// What a scenario may say anew of its stack: these tables are laid over the stack file's.
constexpr auto stack_sections = {"stack", "dependencies", "services", "releases", "operations", "declare"};

void lay_over(toml::table& over, std::string_view section, toml::table& stack, ParseContext& context) {
  if (auto* below = stack.get(section); below != nullptr && !below->is_table())
    return context.error(below->source(), fmt::format("'{}' must be a table", section));
  merge(over, *stack.emplace<toml::table>(section).first->second.as_table());
}

std::optional<double> parse_rate(const std::string& text) {
  double rate = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  if (error != std::errc{} || std::string_view(rest) != "/s" || !(rate > 0) || rate > 1e6)
    return std::nullopt;
  return rate;
}

Workload parse_workload(const toml::table& table, const Stack& stack, ParseContext& context) {
  TableReader reader(table, "[workload]", context);
  Workload workload;
  workload.users = static_cast<int>(reader.integer("users", 1, 1'000'000).value_or(workload.users));
  if (auto rate = reader.text("arrivals")) {
    if (auto parsed = parse_rate(*rate))
      workload.arrivals_per_second = *parsed;
    else
      reader.error("arrivals", fmt::format("'{}' is no rate", *rate), "write operations per second: \"400/s\"");
  }
  const auto operations = names_of(stack.operations);
  int unknown = 0;
  if (const auto* journey = reader.table("journey")) {
    for (const auto& [name, node] : *journey) {
      if (!expect_known(std::string(name.str()), operations, "operation", name.source(), context)) {
        ++unknown;
        continue;
      }
      const auto weight = node.value_exact<std::int64_t>();
      if (!weight || *weight < 0 || *weight > 1'000'000)
        context.error(node.source(), fmt::format("the weight of '{}' must be an integer from 0", name.str()));
      else if (*weight > 0)
        workload.journey.emplace_back(std::string(name.str()), static_cast<int>(*weight));
    }
  }
  // Operations that do not exist have been reported: a journey that is empty without them is no second mistake.
  if (workload.journey.empty() && unknown == 0)
    context.error(reader.source("journey"), "the workload is empty: [workload] needs a 'journey' with a weight above 0",
                  "journey = { purchase = 1 }");
  if (auto setup = reader.texts("setup")) {
    for (const auto& name : *setup)
      expect_known(name, operations, "operation", reader.source("setup"), context);
    workload.setup = *setup;
  } else {
    // Users are made and logged in, where the stack has operations for that.
    for (const auto role : {Role::register_user, Role::login})
      if (const auto* operation = stack.operation(role))
        workload.setup.push_back(operation->name);
  }
  for (const auto& [name, weight] : workload.journey) {
    const auto* operation = stack.operation(name);
    if (operation->role == Role::import_users)
      reader.error("journey", fmt::format("'{}' imports users: it belongs into 'setup'", name));
  }
  if (reader.choice("routing", {"ready", "pinned"}) == "pinned")
    workload.routing = Routing::pinned;
  workload.relogin = reader.boolean("relogin").value_or(true);
  workload.length = reader.duration("length").value_or(workload.length);
  workload.steady = reader.duration("steady").value_or(workload.steady);
  workload.connections = static_cast<int>(reader.integer("connections", 1, 4096).value_or(workload.connections));
  if (reader.choice("read_back", {"each", "overview"}) == "overview") {
    workload.read_back = Workload::ReadBack::overview;
    if (stack.operation(Role::overview) == nullptr)
      reader.error("read_back", "the stack has no operation with the role overview");
  }
  if (auto amounts = reader.integers("amount")) {
    if (amounts->size() != 2 || (*amounts)[0] < 1 || (*amounts)[1] < (*amounts)[0])
      reader.error("amount", "'amount' must be [smallest, largest], from 1");
    else
      workload.amount_min = (*amounts)[0], workload.amount_max = (*amounts)[1];
  }
  reader.finish();
  return workload;
}

ExpectedFinding parse_expected(const toml::table& table, const Scenario& scenario, const Catalog& catalog,
                               ParseContext& context) {
  TableReader reader(table, "an expected finding", context);
  ExpectedFinding expected;
  expected.check = reader.choice("check", names_of(catalog.checks)).value_or("");
  // A kind that its check does not have would never be found, and the reproduction would fail for a misspelling.
  expected.kind = reader.required_text("kind");
  for (const auto& check : catalog.checks)
    if (check.name == expected.check && !expected.kind.empty())
      expect_known(expected.kind, check.kinds, fmt::format("kind of finding of '{}'", check.name),
                   reader.source("kind"), context);
  if (!reader.has("check"))
    context.error(table.source(), "an expected finding needs 'check'");
  if (const auto* users = reader.table("users")) {
    TableReader inner(*users, "'users' of an expected finding", context);
    expected.users = Range{inner.number("min", 0, 1).value_or(0), inner.number("max", 0, 1).value_or(1)};
    if (expected.users->min > expected.users->max)
      context.error(users->source(), "'min' is above 'max'");
    inner.finish();
  }
  std::vector<std::string> ids;
  for (const auto& step : scenario.steps)
    ids.push_back(step.id);
  for (auto [key, target] : {std::pair{"after", &expected.after}, std::pair{"until", &expected.until}}) {
    if (auto id = reader.text(key)) {
      expect_known(*id, ids, "step", reader.source(key), context);
      *target = *id;
    }
  }
  reader.finish();
  return expected;
}

Expectations parse_expectations(const toml::table& table, const Scenario& scenario, const Catalog& catalog,
                                ParseContext& context) {
  TableReader reader(table, "[expect]", context);
  Expectations expect;
  if (const auto* findings = reader.array_of_tables("findings")) {
    expect.reproduction = true;
    for (const auto& entry : *findings)
      expect.findings.push_back(parse_expected(*entry.as_table(), scenario, catalog, context));
    if (findings->empty())
      reader.error("findings", "a reproduction must name at least one finding");
  }
  for (const auto& check : catalog.checks)
    if (auto value = check.survives ? reader.choice(check.name, {"survive"}) : std::nullopt)
      expect.survive[check.name] = *value;
  // Readiness is one word, or a table that may ask for more.
  if (const auto* node = reader.any("readiness"); node != nullptr && node->is_table()) {
    TableReader inner(*node->as_table(), "[expect.readiness]", context);
    if (inner.boolean("truthful").value_or(true))
      expect.survive["readiness"] = "truthful";
    expect.all_ready = inner.choice("ready", {"all"}).has_value();
    inner.finish();
  } else if (auto value = reader.choice("readiness", {"truthful"})) {
    expect.survive["readiness"] = *value;
  }
  expect.steady = reader.boolean("steady").value_or(false);
  if (const auto* processes = reader.table("processes")) {
    TableReader inner(*processes, "[expect.processes]", context);
    expect.may_end = inner.texts("may_end").value_or(expect.may_end);
    // Fakes are part of the harness and external dependencies are not started by it: neither has a process that ends.
    auto known = names_of(scenario.stack.services);
    for (const auto& dependency : scenario.stack.dependencies)
      if (dependency.provider == Dependency::Provider::server)
        known.push_back(dependency.name);
    for (const auto& name : expect.may_end)
      expect_known(name, known, "service or spawned dependency", inner.source("may_end"), context);
    inner.finish();
  }
  if (const auto* availability = reader.table("availability")) {
    TableReader inner(*availability, "[expect.availability]", context);
    expect.availability_min = inner.number("min", 0, 1);
    inner.finish();
  }
  if (const auto* recovery = reader.table("recovery")) {
    TableReader inner(*recovery, "[expect.recovery]", context);
    expect.recovery_within = inner.duration("within");
    inner.finish();
  }
  if (expect.reproduction && !expect.survive.empty())
    context.error(table.source(), "[expect] names findings and survival: a reproduction names all of its findings",
                  "leave out either 'findings' or the checks that must survive");
  reader.finish();
  return expect;
}

Judgement parse_judgement(const toml::table& table, ParseContext& context) {
  TableReader reader(table, "[judge]", context);
  Judgement judge;
  judge.at_risk = reader.duration("at_risk").value_or(judge.at_risk);
  judge.recovery_deadline = reader.duration("recovery_deadline").value_or(judge.recovery_deadline);
  judge.recovery_window = reader.duration("recovery_window").value_or(judge.recovery_window);
  judge.recovery_ratio = reader.number("recovery_ratio", 0, 1).value_or(judge.recovery_ratio);
  judge.lying_grace = reader.duration("lying_grace").value_or(judge.lying_grace);
  judge.lying_threshold = reader.number("lying_threshold", 0, 1).value_or(judge.lying_threshold);
  judge.lying_requests =
      static_cast<int>(reader.integer("lying_requests", 1, 1'000'000).value_or(judge.lying_requests));
  judge.loop_lag = reader.duration("loop_lag").value_or(judge.loop_lag);
  judge.starved = reader.number("starved", 0, 1).value_or(judge.starved);
  reader.finish();
  return judge;
}

} // namespace

Loaded parse_scenario(std::string_view text, const std::filesystem::path& file, const Catalog& catalog,
                      const std::vector<Setting>& settings) {
  ParseContext context;
  Scenario scenario;
  scenario.file = file.string();
  scenario.text = text;
  auto root = parse_toml(text, file.string(), context);
  if (!root)
    return {std::nullopt, context.take_sorted()};
  // --set stands over everything, and may name another file to extend: that one is applied before the file is read, and
  // all of them after it.
  for (const auto& setting : settings)
    if (setting.key == "scenario.extends")
      apply(setting, *root, context);
  auto extended = lay_over_extended(*root, file, context);
  if (!extended)
    return {std::nullopt, context.take_sorted()};
  scenario.extended_text = std::move(extended->text);
  for (const auto& setting : settings)
    apply(setting, *root, context);
  // A stack that the command line names is looked up beside the scenario, even where the extended file had named one.
  if (std::any_of(settings.begin(), settings.end(), [](const Setting& one) { return one.key == "scenario.stack"; }))
    extended->stack_folder = file.parent_path();

  TableReader reader(*root, "the scenario file", context);
  std::string stack_name;
  toml::source_region stack_place = root->source();
  if (const auto* head = reader.table("scenario")) {
    TableReader inner(*head, "[scenario]", context);
    scenario.name = inner.required_text("name");
    if (const auto why = wrong_title(scenario.name); why && !scenario.name.empty())
      inner.error("name", fmt::format("'{}' cannot be the name of a scenario: {}", scenario.name, *why));
    scenario.about = inner.text("about").value_or("");
    (void)inner.text("extends"); // it has been laid over that
    stack_name = inner.required_text("stack");
    stack_place = inner.source("stack");
    scenario.seed = static_cast<std::uint64_t>(inner.integer("seed", 0).value_or(1));
    scenario.cold_restart = inner.boolean("cold_restart").value_or(true);
    inner.finish();
  } else {
    context.error(Location{file.string(), 1, 1}, "a scenario file needs a [scenario] table with 'name' and 'stack'");
  }

  if (!stack_name.empty()) {
    const auto path = (extended->stack_folder / stack_name).lexically_normal();
    const auto read = text::read_file(path);
    if (const auto* stack_text = std::get_if<std::string>(&read)) {
      if (auto table = parse_toml(*stack_text, path.string(), context)) {
        for (const auto* section : stack_sections)
          if (reader.table(section) != nullptr)
            lay_over(*root->get_as<toml::table>(section), section, *table, context);
        scenario.stack = parse_stack(*table, path, catalog, context);
        scenario.stack.text = *stack_text;
      }
    } else {
      context.error(stack_place,
                    fmt::format("of the stack file {}, {}", path.string(), std::get<text::Unreadable>(read).why),
                    "'stack' is looked up from the folder of the scenario");
    }
  }
  // Without services every name in the rest of the file would be reported as unknown, and the stack's own errors say
  // what is wrong. The keys are not looked at then either, since nobody has asked for them.
  if (!scenario.stack.services.empty()) {
    static const toml::table none;
    // A file without [workload] is read as one with an empty table, which reports what it lacks.
    const auto* workload = reader.table("workload");
    scenario.workload = parse_workload(workload != nullptr ? *workload : none, scenario.stack, context);
    if (const auto* steps = reader.array_of_tables("step"))
      scenario.steps = parse_steps(*steps, scenario, catalog, context);
    if (const auto* expect = reader.table("expect"))
      scenario.expect = parse_expectations(*expect, scenario, catalog, context);
    if (const auto* judge = reader.table("judge"))
      scenario.judge = parse_judgement(*judge, context);
    reader.finish();
  }
  auto diagnostics = context.take_sorted();
  if (!diagnostics.empty())
    return {std::nullopt, std::move(diagnostics)};
  return {std::move(scenario), {}};
}

Loaded load_scenario(const std::filesystem::path& file, const Catalog& catalog, const std::vector<Setting>& settings) {
  const auto read = text::read_file(file);
  if (const auto* unreadable = std::get_if<text::Unreadable>(&read))
    return {std::nullopt, {Diagnostic{{file.string(), 0, 0}, "of this scenario, " + unreadable->why, {}, {}}}};
  return parse_scenario(std::get<std::string>(read), file, catalog, settings);
}

} // namespace holdfast::scenario
