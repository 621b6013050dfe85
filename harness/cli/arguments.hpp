// The command line. CLI11 stays in the source file: it costs more to compile than everything else of a command.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace holdfast::cli {

/// Declares what a subcommand takes; what is given on the command line is written to the targets, which must outlive
/// the parsing.
class Arguments {
public:
  explicit Arguments(CLI::App& parser) : parser_(parser) {}

  /// Required, by its place.
  void place(const std::string& name, std::string& target, const std::string& help);
  void optional_place(const std::string& name, std::string& target, const std::string& help);
  void places(const std::string& name, std::vector<std::string>& targets, const std::string& help);
  void option(const std::string& name, std::string& target, const std::string& help);
  void option(const std::string& name, std::optional<std::uint64_t>& target, const std::string& help);
  /// May be given several times, each with one value.
  void repeatable(const std::string& name, std::vector<std::string>& targets, const std::string& help);
  /// From 1 to `most`.
  void count(const std::string& name, std::uint64_t& target, std::uint64_t most, const std::string& help);
  void choice(const std::string& name, std::string& target, const std::vector<std::string>& allowed,
              const std::string& help);
  void required_choice(const std::string& name, std::string& target, const std::vector<std::string>& allowed,
                       const std::string& help);
  void flag(const std::string& name, bool& target, const std::string& help);

private:
  CLI::App& parser_;
};

/// A subcommand: one file each, with its help text.
struct Command {
  std::string name;
  std::string help;
  std::function<void(Arguments&)> declare;
  std::function<int()> run;
};

struct Program {
  std::string name, about, version, footer;
  std::vector<Command> commands;
};

/// Runs the command that was asked for, and returns its status; 0 for --help and --version, `wrong` for a line that
/// does not fit, having said why.
[[nodiscard]] int parse_and_run(const Program& program, int argc, char** argv, int wrong);

} // namespace holdfast::cli
