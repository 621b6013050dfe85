// A stack file to a Stack: dependencies, services, releases, operations and declarations, in this order, since each of
// them refers to names of those before it. Whether a placeholder in a command or a configuration can be filled is
// looked at for each release, when all of its parts are known.
#include "harness/scenario/parse_stack.hpp"

#include "harness/scenario/address.hpp"
#include "harness/scenario/configurations.hpp"
#include "harness/scenario/names.hpp"
#include "harness/scenario/parse_http_script.hpp"
#include "harness/scenario/parse_settings.hpp"
#include "harness/scenario/placeholders.hpp"
#include "harness/text/escape.hpp"
#include "harness/text/input_file.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::scenario {

namespace {

Probe parse_probe(const toml::table& table, const std::string& what, ParseContext& context) {
  TableReader reader(table, what, context);
  Probe probe;
  int kinds = 0;
  if (auto path = reader.text("http"))
    probe.kind = Probe::Kind::http, probe.path = *path, ++kinds;
  if (reader.boolean("tcp").value_or(false))
    probe.kind = Probe::Kind::tcp, ++kinds;
  if (auto line = reader.text("log"))
    probe.kind = Probe::Kind::log, probe.path = *line, ++kinds;
  if (auto command = reader.texts("command"))
    probe.kind = Probe::Kind::command, probe.command = *command, ++kinds;
  if (probe.kind == Probe::Kind::command && probe.command.empty())
    reader.error("command", "'command' must not be empty");
  if (kinds != 1)
    context.error(table.source(), fmt::format("{} must say one of http, tcp, log and command", what),
                  "for example ready = { http = \"/ready\", within = \"5s\" }");
  probe.within = reader.duration("within").value_or(probe.within);
  probe.every = reader.duration("every").value_or(probe.every);
  if (probe.every < std::chrono::milliseconds{1})
    context.error(reader.source("every"), fmt::format("'every' of {} must be at least 1ms", what));
  reader.finish();
  return probe;
}

std::optional<ConfigFile> parse_config(const toml::table& table, const std::string& what,
                                       const std::filesystem::path& stack_file, ParseContext& context) {
  TableReader reader(table, what, context);
  ConfigFile config;
  config.name = reader.required_text("name");
  // The file is rendered into the folder of each instance, and nowhere else.
  if (config.name.find('/') != std::string::npos || config.name == "." || config.name == "..")
    reader.error("name", fmt::format("'name' of {} is a file name, without folders", what));
  const auto format = reader.choice("format", {"properties", "toml", "json", "text"});
  if (format == "toml")
    config.format = config::Format::toml;
  if (format == "json")
    config.format = config::Format::json;
  if (format == "text")
    config.format = config::Format::text;
  const auto text = reader.text("text");
  const auto file = reader.text("file");
  if (text.has_value() == file.has_value()) {
    context.error(table.source(), fmt::format("{} must say either 'text' or 'file'", what));
  } else if (text) {
    config.text = *text;
  } else {
    const auto path = template_path(stack_file, *file);
    auto read = text::read_file(path);
    if (const auto* unreadable = std::get_if<text::Unreadable>(&read))
      reader.error("file", fmt::format("of the configuration template {}, {}", path.string(), unreadable->why));
    else
      config.text = std::get<std::string>(std::move(read));
  }
  reader.finish();
  return config;
}

/// The parts of a service that a release may say anew: a command or a configuration file as a whole, the environment
/// variable by variable.
void parse_service_release(TableReader& reader, ServiceRelease& into, const std::filesystem::path& file) {
  if (auto command = reader.texts("command")) {
    into.command = *command;
    if (command->empty())
      reader.error("command", fmt::format("'command' of {} must not be empty", reader.what()));
  }
  if (auto environment = reader.text_map("environment"))
    for (auto& [name, value] : *environment)
      into.environment[name] = value;
  if (const auto* config = reader.table("config"))
    into.config = parse_config(*config, "config of " + reader.what(), file, reader.context());
}

void check_identifier(const std::string& name, std::string_view kind, const toml::source_region& where,
                      ParseContext& context) {
  if (const auto why = wrong_identifier(name))
    context.error(where, fmt::format("'{}' cannot be the name of a {}: {}", text::terminal(name), kind, *why));
}

Balancer parse_balancer(const toml::table& table, const std::string& what, ParseContext& context) {
  TableReader reader(table, what, context);
  Balancer balancer;
  balancer.probe = reader.duration("probe").value_or(balancer.probe);
  balancer.timeout = reader.duration("timeout").value_or(balancer.timeout);
  for (const auto& [key, value] : {std::pair{"probe", balancer.probe}, {"timeout", balancer.timeout}})
    if (value < std::chrono::milliseconds{1})
      reader.error(key, fmt::format("'{}' of {} must be at least 1ms", key, what));
  balancer.unhealthy = static_cast<int>(reader.integer("unhealthy", 1, 1000).value_or(balancer.unhealthy));
  balancer.healthy = static_cast<int>(reader.integer("healthy", 1, 1000).value_or(balancer.healthy));
  balancer.drain = reader.duration("drain").value_or(balancer.drain);
  if (reader.choice("retry", {"same", "elsewhere"}) == "elsewhere")
    balancer.retry = Balancer::Retry::elsewhere;
  reader.finish();
  return balancer;
}

Supervisor parse_supervisor(const toml::table& table, const std::string& what, ParseContext& context) {
  TableReader reader(table, what, context);
  Supervisor supervisor;
  if (!reader.has("on"))
    context.error(table.source(), fmt::format("{} lacks 'on'", what),
                  "restart = { on = \"exit\", within = \"1s\", tries = 5 }");
  (void)reader.choice("on", {"exit"});
  supervisor.within = reader.duration("within").value_or(supervisor.within);
  supervisor.tries = static_cast<int>(reader.integer("tries", 1, 1000).value_or(supervisor.tries));
  reader.finish();
  return supervisor;
}

/// A name of DNS: what browsers compare cookies' domains with.
bool is_host_name(const std::string& host) {
  if (host.empty() || host.size() > 253 || host.front() == '.' || host.back() == '.')
    return false;
  return std::all_of(host.begin(), host.end(),
                     [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                              c == '.';
                     }) &&
         host.find("..") == std::string::npos;
}

Service parse_service(const std::string& name, TableReader& reader) {
  Service service;
  service.name = name;
  check_identifier(name, "service", reader.source(), reader.context());
  service.host = reader.text("host").value_or(service.host);
  if (!is_host_name(service.host))
    reader.error("host", fmt::format("'{}' is no host name", service.host), "as browsers know it: \"shop.example\"");
  if (const auto* balancer = reader.table("balancer"))
    service.balancer = parse_balancer(*balancer, "balancer of " + reader.what(), reader.context());
  if (const auto* restart = reader.table("restart"))
    service.supervisor = parse_supervisor(*restart, "restart of " + reader.what(), reader.context());
  service.needs = reader.texts("needs").value_or(std::vector<std::string>{});
  if (const auto* ready = reader.table("ready")) {
    service.ready = parse_probe(*ready, "ready of " + reader.what(), reader.context());
  }
  service.ready_without = reader.texts("ready_without").value_or(std::vector<std::string>{});
  for (const auto& need : service.ready_without)
    expect_known(need, service.needs, "need of this service", reader.source("ready_without"), reader.context());
  service.stop_signal = reader.choice("stop_signal", {"SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"}).value_or("SIGTERM");
  service.stop_within = reader.duration("stop_within").value_or(service.stop_within);
  return service;
}

Dependency parse_dependency(const std::string& name, const toml::table& table, const Catalog& catalog,
                            ParseContext& context) {
  TableReader reader(table, fmt::format("[dependencies.{}]", name), context);
  Dependency dependency;
  dependency.name = name;
  check_identifier(name, "dependency", table.source(), context);
  std::vector<std::string> names, with_fake, with_server;
  for (const auto& one : catalog.protocols) {
    names.push_back(one.name);
    if (one.has_fake)
      with_fake.push_back(one.name);
    if (one.use_usual_server != nullptr)
      with_server.push_back(one.name);
  }
  dependency.protocol = reader.choice("protocol", names).value_or("");
  const auto known = std::find_if(catalog.protocols.begin(), catalog.protocols.end(),
                                  [&](const ProtocolSchema& one) { return one.name == dependency.protocol; });
  // A protocol that is not known has been reported. The rest is checked as of one without fake, server and routes.
  const auto protocol = known == catalog.protocols.end() ? ProtocolSchema{} : *known;
  dependency.operations_are_methods = protocol.operations_are_methods;
  if (!reader.has("protocol"))
    context.error(table.source(), fmt::format("{} lacks 'protocol'", reader.what()));
  const auto provider = reader.choice("provider", {"fake", "server", "external"}).value_or("fake");
  dependency.database = reader.text("database").value_or(dependency.database);
  dependency.user = reader.text("user").value_or(dependency.user);
  // Without a command it is the usual server of its protocol, if that has one: how it is run the protocol knows.
  if (provider == "server" && !reader.has("command")) {
    if (protocol.use_usual_server != nullptr)
      protocol.use_usual_server(dependency);
    else
      reader.error("provider", fmt::format("{} with provider = \"server\" needs 'command'", reader.what()),
                   fmt::format("there are defaults for {}", fmt::join(with_server, " and ")));
  }
  if (reader.has("command"))
    dependency.socket.clear(); // it listens where its own command says
  dependency.socket = reader.text("socket").value_or(dependency.socket);
  // What is given stands over what `use_usual_server` has filled in.
  dependency.command = reader.texts("command").value_or(dependency.command);
  dependency.prepare = reader.texts("prepare").value_or(dependency.prepare);
  dependency.stop_signal =
      reader.choice("stop_signal", {"SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"}).value_or(dependency.stop_signal);
  dependency.run_as = reader.text("run_as").value_or(dependency.run_as);
  dependency.address = reader.text("address").value_or("");
  if (const auto* ready = reader.table("ready"))
    dependency.ready = parse_probe(*ready, "ready of " + reader.what(), context);
  if (const auto* routes = protocol.has_routes ? reader.table("routes") : nullptr)
    dependency.script = parse_http_script(*routes, fmt::format("dependencies.{}.routes", name), context);
  if (provider == "fake") {
    if (protocol.has_routes && !reader.has("routes"))
      context.error(table.source(), fmt::format("{} is played by a fake and needs 'routes'", reader.what()),
                    "or provider = \"server\" with a 'command'");
    if (!dependency.protocol.empty() && !protocol.has_fake)
      reader.error("protocol", fmt::format("there is no fake for '{}'", dependency.protocol),
                   fmt::format("fakes: {}; otherwise provider = \"server\"", fmt::join(with_fake, ", ")));
  } else if (provider == "server") {
    dependency.provider = Dependency::Provider::server;
    if (reader.has("command") && dependency.command.empty())
      reader.error("command", fmt::format("'command' of {} must not be empty", reader.what()));
  } else {
    dependency.provider = Dependency::Provider::external;
    if (!parse_address(dependency.address))
      reader.error("address",
                   fmt::format("{} with provider = \"external\" needs 'address' as host:port", reader.what()),
                   "a name or an IP address, and a port from 1 to 65535; an IPv6 address in brackets");
  }
  reader.finish();
  return dependency;
}

Payments parse_payments(const toml::table& table, const Stack& stack, ParseContext& context, Duration& visible) {
  TableReader reader(table, "[declare.payments]", context);
  visible = reader.duration("visible_within").value_or(visible);
  Payments payments;
  payments.dependency = reader.required_text("dependency");
  for (const auto& [key, into] : {std::pair{"id", &payments.id},
                                  {"amount", &payments.amount},
                                  {"kind", &payments.kind},
                                  {"payment", &payments.payment},
                                  {"void", &payments.voided}})
    *into = reader.text(key).value_or(*into);
  const auto* dependency = stack.dependency(payments.dependency);
  if (!payments.dependency.empty() && dependency == nullptr)
    expect_known(payments.dependency, names_of(stack.dependencies), "dependency", reader.source("dependency"), context);
  // Only of a fake is it known before the run which fields its book will have.
  if (dependency != nullptr && dependency->provider == Dependency::Provider::fake) {
    std::vector<std::string> fields;
    for (const auto& route : dependency->script.routes)
      for (const auto& [field, value] : route.book)
        fields.push_back(field);
    for (const auto& [key, field] :
         {std::pair{"id", payments.id}, {"amount", payments.amount}, {"kind", payments.kind}})
      expect_known(field, fields, fmt::format("field of the book of '{}'", dependency->name), reader.source(key),
                   context);
  }
  reader.finish();
  return payments;
}

Declarations parse_declarations(const toml::table& table, const Stack& stack, const Catalog& catalog,
                                ParseContext& context) {
  TableReader reader(table, "[declare]", context);
  Declarations declare;
  if (const auto* sessions = reader.table("sessions")) {
    TableReader inner(*sessions, "[declare.sessions]", context);
    declare.session_lifetime = inner.duration("lifetime").value_or(declare.session_lifetime);
    declare.session_sliding = inner.boolean("sliding").value_or(declare.session_sliding);
    const auto per_user = inner.choice("per_user", {"one", "many"});
    declare.one_session_per_user = per_user == "one";
    declare.many_browsers = per_user == "many";
    declare.sessions_visible = inner.duration("visible_within").value_or(declare.sessions_visible);
    inner.finish();
  }
  if (const auto* purchases = reader.table("purchases")) {
    TableReader inner(*purchases, "[declare.purchases]", context);
    const auto order = inner.choice("order", {"any", "oldest-first", "newest-first"});
    if (order == "oldest-first")
      declare.purchase_order = Declarations::Order::oldest_first;
    if (order == "newest-first")
      declare.purchase_order = Declarations::Order::newest_first;
    declare.purchases_visible = inner.duration("visible_within").value_or(declare.purchases_visible);
    inner.finish();
  }
  if (const auto* transactions = reader.table("transactions")) {
    TableReader inner(*transactions, "[declare.transactions]", context);
    declare.opening_balance = inner.decimal("opening_balance");
    declare.transactions_visible = inner.duration("visible_within").value_or(declare.transactions_visible);
    declare.purchases_are_charged = inner.boolean("purchases_are_charged").value_or(false);
    declare.overdraft = inner.boolean("overdraft").value_or(false);
    inner.finish();
  }
  if (const auto* payments = reader.table("payments"))
    declare.payments = parse_payments(*payments, stack, context, declare.payments_visible);
  for (const auto& check : catalog.checks) {
    // What other checks must be told they say in their own schemas: this file does not name them.
    const auto* told = check.declares.empty() ? nullptr : reader.table(check.name);
    if (told == nullptr)
      continue;
    TableReader inner(*told, fmt::format("[declare.{}]", check.name), context);
    declare.of_checks[check.name] = parse_settings(inner, check.declares, "declare." + check.name, stack);
    inner.finish();
  }
  declare.secret_names = reader.texts("secret").value_or(declare.secret_names);
  reader.finish();
  return declare;
}

/// "store" of "link.store.port".
std::string link_named_by(const std::string& placeholder) {
  if (!placeholder.starts_with("link."))
    return {};
  auto name = placeholder.substr(5);
  for (const std::string_view part : {".address", ".port", ".password"})
    if (name.ends_with(part))
      name.resize(name.size() - part.size());
  return name;
}

/// Reports placeholders that nothing fills, where they were probably meant to be filled: a link that the service does
/// not need, a name that is up to two letters away from a known one, an argument that is nothing but a placeholder.
/// Anything else may be the program's own, and lint remarks on it.
void check_templates(const ServiceRelease& release, const Service& service, const std::string& what,
                     const toml::source_region& where, const std::vector<std::string>& known, ParseContext& context) {
  constexpr std::size_t near = 2;
  const auto check = [&](const std::string& text, bool is_argument) {
    for (const auto& name : placeholders(text)) {
      const auto written = "{" + name + "}";
      const bool is_known = std::find(known.begin(), known.end(), name) != known.end();
      const auto link = link_named_by(name);
      if (is_known && !link.empty() &&
          std::find(service.needs.begin(), service.needs.end(), link) == service.needs.end())
        context.error(context.locate(where, written),
                      fmt::format("nothing fills '{}' of {}: '{}' is none of its needs", written, what, link),
                      fmt::format("[services.{}] needs = [\"{}\"]", service.name, link));
      else if (!is_known && (is_near(name, known, near) || (is_argument && text == written)))
        context.error(context.locate(where, written), fmt::format("nothing fills '{}' of {}", written, what),
                      suggest(name, known));
    }
  };
  for (const auto& word : release.command)
    check(word, true);
  for (const auto& [name, value] : release.environment)
    check(value, true);
  if (release.config)
    check(release.config->text, false);
}

} // namespace

Stack parse_stack(const toml::table& root, const std::filesystem::path& file, const Catalog& catalog,
                  ParseContext& context) {
  TableReader reader(root, "the stack file", context);
  Stack stack;
  stack.file = file.string();

  std::string initial;
  if (const auto* head = reader.table("stack")) {
    TableReader inner(*head, "[stack]", context);
    stack.name = inner.required_text("name");
    stack.hosts = static_cast<int>(inner.integer("hosts", 1, 200).value_or(1));
    initial = inner.text("release").value_or("");
    inner.finish();
  } else {
    context.error(Location{file.string(), 0, 0}, "a stack file needs a [stack] table with 'name'");
  }

  if (const auto* dependencies = reader.table("dependencies"))
    for_each_table(*dependencies, "[dependencies]", context, [&](const std::string& name, const toml::table& entry) {
      stack.dependencies.push_back(parse_dependency(name, entry, catalog, context));
    });

  std::map<std::string, ServiceRelease> defaults;
  if (const auto* services = reader.table("services"))
    for_each_table(*services, "[services]", context, [&](const std::string& name, const toml::table& entry) {
      TableReader inner(entry, fmt::format("[services.{}]", name), context);
      stack.services.push_back(parse_service(name, inner));
      parse_service_release(inner, defaults[name], file);
      inner.finish();
      // Links are called by what they lead to: one name must not mean two of them.
      if (stack.dependency(name) != nullptr)
        context.error(entry.source(), fmt::format("'{}' is a dependency and a service: names must differ", name));
    });
  if (stack.services.empty())
    context.error(Location{file.string(), 0, 0}, "a stack needs at least one [services.NAME]");

  // Looked at when all services are known: a service may need one that stands below it.
  auto known = names_of(stack.services);
  for (const auto& dependency : stack.dependencies)
    known.push_back(dependency.name);
  if (const auto* services = root.get_as<toml::table>("services"))
    for (const auto& service : stack.services)
      for (const auto& need : service.needs)
        expect_known(need, known, "service or dependency", (*services)[service.name]["needs"].node()->source(),
                     context);

  const auto templates = template_names(stack);
  // A release has every service of the stack. What it does not say of one is as in [services], or as in the release
  // that it extends.
  const auto finish_release = [&](Release& release, const toml::source_region& where) {
    for (const auto& service : stack.services) {
      auto& one = release.services[service.name];
      if (one.command.empty())
        context.error(
            where, fmt::format("release '{}' has no command for service '{}'", release.name, service.name),
            fmt::format("give [services.{0}] or [releases.\"{1}\".{0}] a command", service.name, release.name));
      check_templates(one, service, fmt::format("'{}' in release '{}'", service.name, release.name), where, templates,
                      context);
    }
    stack.releases.push_back(release);
  };

  if (const auto* releases = reader.table("releases"); releases != nullptr && !releases->empty()) {
    for_each_table(*releases, "[releases]", context, [&](const std::string& name, const toml::table& entry) {
      if (const auto why = wrong_title(name))
        context.error(entry.source(), fmt::format("'{}' cannot be the name of a release: {}", name, *why));
      TableReader inner(entry, fmt::format("[releases.\"{}\"]", name), context);
      Release release{name, defaults};
      if (auto base = inner.text("extends")) {
        // Only releases above this one are parsed by now, so that none can extend itself by way of others.
        if (const auto* found = stack.release(*base)) {
          release.services = found->services;
        } else {
          expect_known(*base, names_of(stack.releases), "release (of those above it)", inner.source("extends"),
                       context);
        }
      }
      for (const auto& service : stack.services) {
        const auto* own = inner.table(service.name);
        if (own == nullptr)
          continue;
        TableReader deep(*own, fmt::format("[releases.\"{}\".{}]", name, service.name), context);
        parse_service_release(deep, release.services[service.name], file);
        deep.finish();
      }
      inner.finish();
      finish_release(release, entry.source());
    });
  } else {
    // A stack without [releases] has one, of what its services say.
    Release only{"current", defaults};
    finish_release(only, root.source());
  }
  // Where [stack] names none, the stack starts with the first release of the file.
  stack.initial_release = initial.empty() && !stack.releases.empty() ? stack.releases.front().name : initial;
  if (!initial.empty())
    expect_known(initial, names_of(stack.releases), "release", root["stack"]["release"].node()->source(), context);

  if (const auto* operations = reader.table("operations"))
    stack.operations = parse_operations(*operations, stack, context);
  if (const auto* declare = reader.table("declare"))
    stack.declare = parse_declarations(*declare, stack, catalog, context);
  reader.finish();
  return stack;
}

} // namespace holdfast::scenario
