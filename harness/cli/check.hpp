// holdfast check, of a bundle and of anybody's history.
#pragma once

#include "harness/consistency/model.hpp"

#include <string>
#include <vector>

namespace holdfast::cli {

struct CheckOptions {
  std::string path;
  std::string model;
  std::string level;
  std::vector<std::string> declarations; ///< KEY=VALUE
  std::string format = "human";
  std::string time_limit = "30s";
  std::string memory_limit = "2GB";
  std::string explain; ///< the HTML file to write; empty: none
  bool kinds = false;  ///< only the kinds of findings
};

/// What a command says, and its exit status.
struct Said {
  int status = 0;
  std::string out;
  std::string error;
};

/// Judges a run again: all of it, or with a model only that one's check.
[[nodiscard]] Said check_bundle(const CheckOptions& options);
/// Holds a history against one of `models`.
[[nodiscard]] Said check_history(const CheckOptions& options, const std::vector<consistency::Model>& models);

/// The checks that judge runs of Holdfast's own.
[[nodiscard]] const std::vector<std::string>& bundle_models();
/// Every kind of finding of those: a table in Markdown.
[[nodiscard]] std::string kinds_table();

} // namespace holdfast::cli
