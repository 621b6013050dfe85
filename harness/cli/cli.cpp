// What the subcommands share, and the program as a whole.
#include "harness/cli/command.hpp"
#include "harness/text/escape.hpp"
#include "harness/text/input_file.hpp"
#include "harness/text/standard_error.hpp"
#include "reports/report.hpp"

#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <glob.h>

namespace holdfast::cli {

namespace fs = std::filesystem;

namespace {

/// The files that match a pattern, for whoever calls without a shell or in quotes. A path that is there is no pattern,
/// even with brackets in its name; what matches nothing is left as it is, and the loader says that it is not there.
std::vector<fs::path> expand(const std::string& path) {
  glob_t found{};
  std::vector<fs::path> matches = {path};
  if (!fs::exists(path) && ::glob(path.c_str(), 0, nullptr, &found) == 0)
    matches.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return matches;
}

/// Stack files may lie in the same folder. A scenario is known by its [scenario].
bool is_scenario(const fs::path& file) {
  if (text::why_unreadable(file))
    return false;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with("[scenario]"))
      return true;
  return false;
}

} // namespace

std::optional<std::vector<fs::path>> find_scenarios(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const auto& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      const auto matches = expand(path);
      files.insert(files.end(), matches.begin(), matches.end()); // the loader says what is wrong with them
      continue;
    }
    std::vector<fs::path> found;
    // `increment`, because `++` throws where a folder below cannot be read.
    for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error))
      if (entry->path().extension() == ".toml" && is_scenario(entry->path()))
        found.push_back(entry->path());
    if (error) {
      text::to_standard_error(
          fmt::format("{}: error: this folder cannot be read: {}\n", text::terminal(path), error.message()));
      return std::nullopt;
    }
    // With a wrong folder nothing would be played, and nothing would fail.
    if (found.empty()) {
      text::to_standard_error(
          fmt::format("{}: error: there is no scenario in this folder (a .toml file with a [scenario] table)\n",
                      text::terminal(path)));
      return std::nullopt;
    }
    // A folder is listed in any order; runs are played in the same one everywhere.
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

void offer_formats(Arguments& arguments, std::string& target) {
  std::vector<std::string> names, about;
  for (const auto& format : reports::all_formats()) {
    names.emplace_back(format.name);
    about.push_back(fmt::format("{}: {}", format.name, format.about));
  }
  arguments.choice("--format", target, names, fmt::format("{}", fmt::join(about, "; ")));
}

// Only the form is looked at: whether there is such a key, and whether the value fits, the loader says.
std::optional<std::vector<scenario::Setting>> parse_settings(const std::vector<std::string>& texts) {
  std::vector<scenario::Setting> settings;
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      text::to_standard_error(
          fmt::format("--set {}: error: write KEY=VALUE, for example workload.users=60000\n", text::terminal(text)));
      return std::nullopt;
    }
    settings.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return settings;
}

int wrong(std::string_view command, const bundle::Problem& problem) {
  text::to_standard_error(fmt::format("holdfast {}: {}\n", command, text::terminal(problem.message)));
  return problem.is_damaged ? status::harness_failed : status::wrong_usage;
}

int main_with(int argc, char** argv) {
  const Program program{
      .name = "holdfast",
      .about = "Holdfast: replays scripted scenarios against a stack of real processes and judges from the recorded "
               "history whether user sessions, purchase history and transactions survive.",
      .version = HOLDFAST_VERSION,
      .footer = "Exit status: 0 pass or reproduced, 1 fail, 2 inconclusive, 3 the scenario or command line is wrong, "
                "4 the harness itself failed, 130 interrupted.",
      .commands = {run_command(), lint_command(), check_command(), show_command(), export_command()}};
  std::signal(SIGPIPE, SIG_IGN); // a reader that has left is an error of the write: see output.cpp
  // Mistakes of users have been reported as values. What is thrown up to here is the machine's failure or a bug.
  try {
    return parse_and_run(program, argc, argv, status::wrong_usage);
  } catch (const std::exception& error) {
    text::to_standard_error(fmt::format("holdfast: {}\n", error.what()));
    return status::harness_failed;
  }
}

} // namespace holdfast::cli
