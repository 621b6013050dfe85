// holdfast export: a run's history in the words of other checkers.
#include "harness/cli/command.hpp"
#include "harness/cli/registry.hpp"
#include "reports/jepsen_export.hpp"

#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <memory>

namespace holdfast::cli {

namespace {

struct ExportOptions {
  std::string bundle;
  std::string format;
  std::string out;
};

int wrong(const std::string& sentence) {
  fmt::print(stderr, "holdfast export: {}\n", sentence);
  return wrong_usage;
}

int export_history(const ExportOptions& options) {
  const auto syntax = options.format == "jepsen-json" ? reports::JepsenSyntax::json : reports::JepsenSyntax::edn;
  const auto read = bundle::read(options.bundle, make_registry().catalog());
  if (const auto* problem = std::get_if<bundle::Problem>(&read))
    return wrong(problem->message);
  const auto& history = std::get<bundle::Bundle>(read).history;
  if (options.out.empty()) {
    reports::jepsen_export(history, syntax, std::cout);
    return std::cout.flush() ? 0 : wrong("the history cannot be written");
  }
  std::ofstream file(options.out, std::ios::binary | std::ios::trunc);
  reports::jepsen_export(history, syntax, file);
  return file.flush() ? 0 : wrong(fmt::format("{} cannot be written", options.out));
}

} // namespace

Command export_command() {
  auto options = std::make_shared<ExportOptions>();
  return {"export", "Write a run's history for other checkers",
          [options](Arguments& arguments) {
            arguments.place("bundle", options->bundle, "the directory of a run");
            arguments.required_choice("--format", options->format, {"jepsen-edn", "jepsen-json"},
                                      "Jepsen's EDN or JSON, one operation a line");
            arguments.option("--out", options->out, "the file to write; without it standard output");
          },
          [options] { return export_history(*options); }};
}

} // namespace holdfast::cli
