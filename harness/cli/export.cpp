// holdfast export: a run's history in the words of other checkers.
#include "harness/cli/command.hpp"
#include "harness/cli/output.hpp"
#include "harness/cli/registry.hpp"
#include "harness/text/output_file.hpp"
#include "reports/jepsen_export.hpp"

#include <fmt/format.h>
#include <memory>

namespace holdfast::cli {

namespace {

struct ExportOptions {
  std::string bundle;
  std::string format;
  std::string out;
};

int export_history(const ExportOptions& options) {
  const auto syntax = options.format == "jepsen-json" ? reports::JepsenSyntax::json : reports::JepsenSyntax::edn;
  const auto read = bundle::read(options.bundle, make_registry().catalog());
  if (const auto* problem = std::get_if<bundle::Problem>(&read))
    return wrong("export", *problem);
  const auto& saved = std::get<bundle::Bundle>(read);
  const auto secrets = bundle::secrets_of(saved);
  Output output(Output::Reader::may_leave);
  if (options.out.empty()) {
    reports::jepsen_export(saved.history, secrets, syntax, output.stream());
    return output.finish(0);
  }
  text::OutputFile file(options.out);
  if (!file.problem())
    reports::jepsen_export(saved.history, secrets, syntax, file.stream());
  if (const auto problem = file.finish())
    output.fail(*problem);
  return output.finish(0);
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
