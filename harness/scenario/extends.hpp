// `[scenario] extends`: what several scenarios repeat stands in one file, and each is laid over it.
#pragma once

#include "harness/scenario/toml_reader.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace holdfast::scenario {

/// Parses TOML; a syntax error becomes a diagnostic.
[[nodiscard]] std::optional<toml::table> parse_toml(std::string_view text, const std::string& path,
                                                    ParseContext& context);

/// Moves all of `over` into `table`, tables key by key: a copied node would forget its place.
void merge(toml::table& over, toml::table& table);

struct Extended {
  std::string text;                   ///< of the file that is extended, as it was read; empty: of none
  std::filesystem::path stack_folder; ///< from which the merged scenario's `stack` is looked up
};

/// Lays the scenario in `root`, read from `file`, over the one that it extends, if any; `root` is the result. Its name
/// and its description are its own; `[expect]`, `[[step]]` and a journey are taken as a whole where it has them. A file
/// that is extended extends nothing. Nothing, with a diagnostic, where that file cannot be read.
[[nodiscard]] std::optional<Extended> lay_over_extended(toml::table& root, const std::filesystem::path& file,
                                                        ParseContext& context);

} // namespace holdfast::scenario
