// Remarks are no errors: each of these scenarios can be played, but its run may show less than its author believes.
#include "harness/cli/remarks.hpp"

#include "harness/scenario/configurations.hpp"
#include "harness/scenario/instance_id.hpp"
#include "harness/scenario/path.hpp"
#include "harness/scenario/placeholders.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace holdfast::cli {

using scenario::Scenario;
using scenario::Step;
using scenario::StepSchema;

namespace {

void remark_on_position(const Step& step, std::vector<Remark>& all) {
  const auto* when = std::get_if<scenario::AtPosition>(&step.trigger);
  if (when != nullptr && when->keys.empty())
    all.push_back(
        {step.where, fmt::format("step '{}' is bound to number {} of '{}' on '{}' without a key: which one that is "
                                 "depends on the order of arrival",
                                 step.id, when->nth, when->operation, when->link)});
}

/// On HTTP an operation is the method alone, and the path is a key. A step that is bound to "POST /orders" would wait
/// for a message that never comes. `link` is the link to which the operation belongs.
void remark_on_method(const Scenario& scenario, const Step& step, const std::string& link, const std::string& operation,
                      std::vector<Remark>& all) {
  const auto* dependency = scenario.stack.dependency(link);
  if (link.empty() || operation.empty() || (dependency != nullptr && !dependency->operations_are_methods))
    return;
  const auto end = operation.find_first_of(" /");
  if (end != std::string::npos)
    all.push_back(
        {step.where, fmt::format("step '{}' is about '{}' on '{}', where an operation is a method alone: write "
                                 "operation = \"{}\", key = \"{}\"",
                                 step.id, operation, link, operation.substr(0, end),
                                 operation.substr(operation.find_first_not_of(' ', end)))});
}

bool is_chosen(const Step& step, const std::string& service) {
  const auto& chosen = step.instances.services;
  return chosen.empty() || std::find(chosen.begin(), chosen.end(), service) != chosen.end();
}

/// A key that no file has, whether it is written anew or was to be there, is as likely misspelt as meant. `made` are
/// those that steps before this one have written.
void remark_on_key(const Scenario& scenario, const Step& step, const config::Edit& edit,
                   const std::vector<Step>& before, const std::set<std::string>& made, std::vector<Remark>& all) {
  if (made.contains(edit.key))
    return;
  std::string file;
  for (const auto& service : scenario.stack.services) {
    if (!is_chosen(step, service.name))
      continue;
    for (const auto& release : scenario::releases_in_force(scenario.stack, before)) {
      const auto config = scenario::config_of(scenario.stack, release, service.name);
      if (!config)
        continue;
      // Whether the file has the key is asked by removing it: that fails where it is not there. One file that has it is
      // enough, since which release is in force then is not known.
      if (config::edit(config->format, config->text, {config::Edit::Kind::unset, edit.key, {}, {}}))
        return;
      file = fmt::format("'{}' of '{}'", config->name, service.name);
    }
  }
  if (!file.empty())
    all.push_back(
        {step.where, fmt::format("step '{}' is about the key '{}', which {} does not have{}", step.id, edit.key, file,
                                 edit.kind == config::Edit::Kind::set ? ": it is written as a new one"
                                                                      : ": there is nothing to change")});
}

/// A fault, or the end of processes, that no operation which changes something passes: nothing can be lost by it, and a
/// run that survives it shows nothing.
void remark_on_risk(const Scenario& scenario, const Step& step, const StepSchema& schema, std::vector<Remark>& all) {
  if (schema.nature != StepSchema::Nature::fault && schema.ends != StepSchema::Ends::processes)
    return;
  const auto& stack = scenario.stack;
  scenario::Struck struck{.link = step.get<std::string>("link").value_or("")};
  // Hosts that are only counted are chosen by the seed: each of them may be struck.
  if (!step.instances.services.empty())
    for (const auto& service : step.instances.services)
      for (int host = 1; host <= stack.hosts; ++host)
        if (const auto& hosts = step.instances.hosts;
            hosts.empty() || std::find(hosts.begin(), hosts.end(), host) != hosts.end())
          struck.instances.push_back(scenario::InstanceId{service, host}.text());
  for (const auto& [name, weight] : scenario.workload.journey) {
    const auto* operation = stack.operation(name);
    if (scenario::is_change(operation->role) && !scenario::hosts_on_path(stack, *operation, struck).empty())
      return;
  }
  all.push_back(
      {step.where, fmt::format("nothing can be at risk of step '{}': no operation of the journey that changes "
                               "anything passes what it strikes, so that its survival shows nothing",
                               step.id)});
}

/// Placeholders that nothing fills stay as they are written: they may be the program's own, or a name that was got
/// wrong. Those that are near to a known name were errors of the stack.
void remark_on_placeholders(const Scenario& scenario, std::vector<Remark>& all) {
  const auto known = scenario::template_names(scenario.stack);
  std::set<std::string> said;
  const auto look_at = [&](const std::string& text, const std::string& where) {
    for (const auto& name : scenario::placeholders(text))
      if (std::find(known.begin(), known.end(), name) == known.end() && said.insert(name + where).second)
        all.push_back(
            {{scenario.stack.file, 0, 0},
             fmt::format("nothing fills '{{{}}}' in {}: it stays as it is written ({{{{{}}}}} says that this is "
                         "meant)",
                         name, where, name)});
  };
  for (const auto& release : scenario.stack.releases)
    for (const auto& [service, code] : release.services) {
      for (const auto& word : code.command)
        look_at(word, fmt::format("the command of '{}'", service));
      for (const auto& [name, value] : code.environment)
        look_at(value, fmt::format("'{}' of the environment of '{}'", name, service));
      if (code.config)
        look_at(code.config->text, fmt::format("'{}' of '{}'", code.config->name, service));
    }
}

} // namespace

std::vector<Remark> remarks(const Scenario& scenario, const run::Registry& registry) {
  std::vector<Remark> all;
  // What the steps above a step may have done to it: `before` are those steps, which may have deployed other releases,
  // and `made` the keys that they write.
  std::set<std::string> made;
  std::vector<Step> before;
  for (const auto& step : scenario.steps) {
    const auto& kind = registry.steps.at(step.kind);
    remark_on_position(step, all);
    if (const auto* when = std::get_if<scenario::AtPosition>(&step.trigger))
      remark_on_method(scenario, step, when->link, when->operation, all);
    if (const auto named = step.arguments.find("operation"); named != step.arguments.end())
      if (const auto* operation = std::get_if<std::string>(&named->second))
        remark_on_method(scenario, step, step.get<std::string>("link").value_or(""), *operation, all);
    remark_on_risk(scenario, step, kind.schema, all);
    if (kind.config_edit) {
      const auto edit = kind.config_edit(step);
      remark_on_key(scenario, step, edit, before, made, all);
      made.insert(edit.kind == config::Edit::Kind::rename ? edit.to : edit.key);
    }
    before.push_back(step);
  }
  remark_on_placeholders(scenario, all);
  return all;
}

} // namespace holdfast::cli
