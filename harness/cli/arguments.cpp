#include "harness/cli/arguments.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <charconv>
#include <fmt/format.h>
#include <iostream>
#include <utility>

namespace holdfast::cli {

namespace {

/// CLI11's own conversion takes "-1" for an unsigned number, silently, and makes eighteen quintillion of it.
const CLI::Validator is_whole_number(
    [](std::string& text) -> std::string {
      std::uint64_t number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      return error == std::errc{} && end == text.data() + text.size()
                 ? std::string{}
                 : fmt::format("'{}' is no whole number from 0 to {}", text, UINT64_MAX);
    },
    "UINT");

} // namespace

void Arguments::place(const std::string& name, std::string& target, const std::string& help) {
  parser_.add_option(name, target, help)->required();
}

void Arguments::optional_place(const std::string& name, std::string& target, const std::string& help) {
  parser_.add_option(name, target, help);
}

void Arguments::places(const std::string& name, std::vector<std::string>& targets, const std::string& help) {
  parser_.add_option(name, targets, help)->required();
}

void Arguments::option(const std::string& name, std::string& target, const std::string& help) {
  parser_.add_option(name, target, help);
}

void Arguments::option(const std::string& name, std::optional<std::uint64_t>& target, const std::string& help) {
  parser_.add_option(name, target, help)->check(is_whole_number);
}

void Arguments::repeatable(const std::string& name, std::vector<std::string>& targets, const std::string& help) {
  // Otherwise CLI11 takes every word behind the option for one more value: `--set a=1 shop.toml` would have no path.
  parser_.add_option(name, targets, help)->allow_extra_args(false);
}

void Arguments::count(const std::string& name, std::uint64_t& target, std::uint64_t most, const std::string& help) {
  parser_.add_option(name, target, help)->check(is_whole_number)->check(CLI::Range(std::uint64_t{1}, most));
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
  // CLI11 throws for --help and --version too; `exit` prints what is due, and is 0 for these. Its other numbers are not
  // ours: a line that does not fit ends with `wrong`.
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool is_wrong = app.exit(error) != 0;
    std::cout.flush(); // the help; who does not read it has not missed a verdict
    return is_wrong ? wrong : 0;
  }
  // Exactly one was asked for, since the program requires a subcommand.
  for (const auto& [parser, command] : parsers)
    if (parser->parsed())
      return command->run();
  return wrong;
}

} // namespace holdfast::cli
