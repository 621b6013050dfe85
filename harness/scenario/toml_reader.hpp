// A strict walk over TOML tables: every key is asked for by name and type, what was not asked for is an error, and
// errors are collected instead of thrown. Used by the parsers of this room only.
#pragma once

#include "harness/scenario/diagnostic.hpp"
#include "harness/scenario/stack.hpp"

#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <toml++/toml.h>

namespace holdfast::scenario {

/// The errors of one load, and the text of its files to show their lines.
class ParseContext {
public:
  void add_source(const std::string& path, std::string_view text);
  void error(const toml::source_region& where, std::string message, std::string hint = {});
  void error(Location where, std::string message, std::string hint = {});
  [[nodiscard]] Location locate(const toml::source_region& where) const;
  /// Where a text stands first in its file, from the line of a region on, else above it; the region where it does not
  /// stand as it is.
  [[nodiscard]] Location locate(const toml::source_region& from, std::string_view text) const;
  [[nodiscard]] const Diagnostics& diagnostics() const { return diagnostics_; }
  /// In the order of the file.
  [[nodiscard]] Diagnostics take_sorted();

private:
  std::map<std::string, std::vector<std::string>> lines_;
  Diagnostics diagnostics_;
};

class TableReader {
public:
  /// `what` names the table in messages: "[workload]", "step 'kill'".
  TableReader(const toml::table& table, std::string what, ParseContext& context);

  [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }
  [[nodiscard]] const toml::source_region& source() const { return table_.source(); }
  [[nodiscard]] toml::source_region source(std::string_view key) const;
  [[nodiscard]] const std::string& what() const { return what_; }
  [[nodiscard]] ParseContext& context() const { return context_; }

  // Each returns nothing when the key is absent or, having reported it, when its value does not fit.
  std::optional<std::string> text(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t min = INT64_MIN, std::int64_t max = INT64_MAX);
  std::optional<double> number(std::string_view key, double min, double max);
  /// A number, or one in a string; exactly.
  std::optional<text::Decimal> decimal(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<Duration> duration(std::string_view key);
  std::optional<std::vector<std::string>> texts(std::string_view key, std::string_view wanted = "an array of strings");
  /// A single one may stand without brackets.
  std::optional<std::vector<std::string>> text_or_texts(std::string_view key);
  std::optional<std::vector<std::int64_t>> integers(std::string_view key);
  std::optional<std::map<std::string, std::string>> text_map(std::string_view key);
  std::optional<std::string> choice(std::string_view key, const std::vector<std::string>& allowed);
  /// A text, number, truth, or a list of them, as a value of a configuration.
  std::optional<config::Value> literal(std::string_view key);
  const toml::table* table(std::string_view key);
  const toml::array* array_of_tables(std::string_view key);
  const toml::node* any(std::string_view key);

  std::string required_text(std::string_view key);
  void error(std::string_view key, std::string message, std::string hint = {});

  /// Reports every key that nobody asked for. Call once, last.
  void finish();

private:
  const toml::node* find(std::string_view key, std::string_view wanted, bool (toml::node::*is)() const noexcept);
  void wrong_type(const toml::node& node, std::string_view key, std::string_view wanted);

  const toml::table& table_;
  std::string what_;
  ParseContext& context_;
  std::set<std::string, std::less<>> asked_;
};

/// Calls `each` for every entry of a table of tables, in the order of the file.
void for_each_table(const toml::table& table, const std::string& what, ParseContext& context,
                    const std::function<void(const std::string& name, const toml::table& entry)>& each);

/// Checks `name` against `known`; reports it at `where` otherwise.
bool expect_known(const std::string& name, const std::vector<std::string>& known, std::string_view kind,
                  const toml::source_region& where, ParseContext& context);

} // namespace holdfast::scenario
