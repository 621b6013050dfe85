#include "harness/cli/arguments.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <utility>

namespace holdfast::cli {

void Arguments::place(const std::string& name, std::string& target, const std::string& help) {
  parser_.add_option(name, target, help)->required();
}

void Arguments::places(const std::string& name, std::vector<std::string>& targets, const std::string& help) {
  parser_.add_option(name, targets, help)->required();
}

void Arguments::option(const std::string& name, std::string& target, const std::string& help) {
  parser_.add_option(name, target, help);
}

void Arguments::option(const std::string& name, std::optional<std::uint64_t>& target, const std::string& help) {
  parser_.add_option(name, target, help);
}

void Arguments::repeatable(const std::string& name, std::vector<std::string>& targets, const std::string& help) {
  parser_.add_option(name, targets, help)->allow_extra_args(false);
}

void Arguments::count(const std::string& name, std::uint64_t& target, std::uint64_t most, const std::string& help) {
  parser_.add_option(name, target, help)->check(CLI::Range(std::uint64_t{1}, most));
}

void Arguments::choice(const std::string& name, std::string& target, const std::vector<std::string>& allowed,
                       const std::string& help) {
  parser_.add_option(name, target, help)->check(CLI::IsMember(allowed));
}

void Arguments::required_choice(const std::string& name, std::string& target, const std::vector<std::string>& allowed,
                                const std::string& help) {
  parser_.add_option(name, target, help)->required()->check(CLI::IsMember(allowed));
}

void Arguments::flag(const std::string& name, bool& target, const std::string& help) {
  parser_.add_flag(name, target, help);
}

int parse_and_run(const Program& program, int argc, char** argv, int wrong) {
  CLI::App app{program.about};
  app.name(program.name);
  app.set_version_flag("--version", program.name + " " + program.version);
  app.require_subcommand(1);
  app.footer(program.footer);
  std::vector<std::pair<CLI::App*, const Command*>> parsers;
  for (const auto& command : program.commands) {
    auto* parser = app.add_subcommand(command.name, command.help);
    Arguments arguments(*parser);
    command.declare(arguments);
    parsers.emplace_back(parser, &command);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : wrong;
  }
  for (const auto& [parser, command] : parsers)
    if (parser->parsed())
      return command->run();
  return wrong;
}

} // namespace holdfast::cli
