// The settings that clients and drivers use, their default values, and which values the fake can honour. A value that
// would change what it answers (another time zone, another date style) is refused rather than stored and ignored.
#include "fakes/postgres/settings.hpp"

#include "harness/protocol/conversation.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <set>

namespace holdfast::fakes::pg {

namespace {

using protocol::lower;

struct Known {
  const char* title;
  const char* value; ///< by default
  enum class Kind { text, boolean, integer, milliseconds, fixed } kind = Kind::text;
};

/// By the name in lower case. `fixed` ones can be shown but not set.
const std::map<std::string, Known, std::less<>>& known() {
  using enum Known::Kind;
  static const std::map<std::string, Known, std::less<>> all = {
      {"application_name", {"application_name", ""}},
      {"bytea_output", {"bytea_output", "hex"}},
      {"client_encoding", {"client_encoding", "UTF8"}},
      {"client_min_messages", {"client_min_messages", "notice"}},
      {"datestyle", {"DateStyle", "ISO, MDY"}},
      {"default_transaction_deferrable", {"default_transaction_deferrable", "off", boolean}},
      {"default_transaction_isolation", {"default_transaction_isolation", "read committed"}},
      {"default_transaction_read_only", {"default_transaction_read_only", "off", boolean}},
      {"extra_float_digits", {"extra_float_digits", "1", integer}},
      {"idle_in_transaction_session_timeout", {"idle_in_transaction_session_timeout", "0", milliseconds}},
      {"idle_session_timeout", {"idle_session_timeout", "0", milliseconds}},
      {"in_hot_standby", {"in_hot_standby", "off", fixed}},
      {"integer_datetimes", {"integer_datetimes", "on", fixed}},
      {"intervalstyle", {"IntervalStyle", "postgres"}},
      {"is_superuser", {"is_superuser", "on", fixed}},
      {"jit", {"jit", "on", boolean}},
      {"lock_timeout", {"lock_timeout", "0", milliseconds}},
      {"max_identifier_length", {"max_identifier_length", "63", fixed}},
      {"row_security", {"row_security", "on", boolean}},
      {"search_path", {"search_path", "\"$user\", public"}},
      {"server_encoding", {"server_encoding", "UTF8", fixed}},
      {"server_version", {"server_version", server_version.data(), fixed}},
      {"server_version_num", {"server_version_num", "150000", fixed}},
      {"session_authorization", {"session_authorization", "postgres"}},
      {"standard_conforming_strings", {"standard_conforming_strings", "on", boolean}},
      {"statement_timeout", {"statement_timeout", "0", milliseconds}},
      {"synchronous_commit", {"synchronous_commit", "on"}},
      {"timezone", {"TimeZone", "Etc/UTC"}},
      {"transaction_deferrable", {"transaction_deferrable", "off", boolean}},
      {"transaction_isolation", {"transaction_isolation", "read committed"}},
      {"transaction_read_only", {"transaction_read_only", "off", boolean}},
      {"work_mem", {"work_mem", "4MB"}},
  };
  return all;
}

[[noreturn]] void invalid(std::string_view name, std::string_view value) {
  fail("22023", fmt::format("invalid value for parameter \"{}\": \"{}\"", Settings::title(name), value));
}

std::string read_boolean(std::string_view name, std::string_view value) {
  const auto low = lower(value);
  if (low == "on" || low == "true" || low == "yes" || low == "1" || low == "t" || low == "y")
    return "on";
  if (low == "off" || low == "false" || low == "no" || low == "0" || low == "f" || low == "n")
    return "off";
  fail("22023", fmt::format("parameter \"{}\" requires a Boolean value", Settings::title(name)));
}

struct Unit {
  const char* name;
  std::int64_t ms;
};
constexpr Unit units[] = {{"d", 86400000}, {"h", 3600000}, {"min", 60000}, {"s", 1000}, {"ms", 1}};

/// As SHOW prints it: in the greatest unit that is exact.
std::string read_milliseconds(std::string_view name, std::string_view value) {
  std::int64_t amount = 0;
  const auto [rest, error] = std::from_chars(value.data(), value.data() + value.size(), amount);
  std::string_view suffix(rest, static_cast<std::size_t>(value.data() + value.size() - rest));
  while (suffix.starts_with(' '))
    suffix.remove_prefix(1);
  if (error != std::errc{})
    invalid(name, value);
  if (!suffix.empty()) {
    const auto* unit =
        std::find_if(std::begin(units), std::end(units), [&](const Unit& one) { return suffix == one.name; });
    if (unit == std::end(units))
      throw SqlFailure{{"22023", fmt::format("invalid value for parameter \"{}\": \"{}\"", name, value),
                        "Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\"."}};
    amount *= unit->ms;
  }
  if (amount < 0 || amount > INT32_MAX)
    fail("22023", fmt::format("{} ms is outside the valid range for parameter \"{}\" (0 .. 2147483647)", amount, name));
  for (const auto& unit : units)
    if (amount != 0 && amount % unit.ms == 0)
      return fmt::format("{}{}", amount / unit.ms, unit.name);
  return "0";
}

/// Returns the value as SHOW prints it. Refuses values of settings for which the fake knows only one way.
std::string read_text(std::string_view name, std::string_view value) {
  auto low = lower(value);
  const auto only = [&](bool fine, std::string_view what) {
    if (!fine)
      unsupported(fmt::format("{} ({} = \"{}\")", what, Settings::title(name), value));
  };
  if (name == "timezone")
    only(low == "utc" || low == "etc/utc" || low == "gmt" || low == "zulu" || low == "0" || low == "uct",
         "time zones other than UTC");
  if (name == "datestyle") {
    only(low.find("iso") != std::string::npos || low == "mdy", "other ways to write dates than ISO");
    only(low.find("dmy") == std::string::npos && low.find("ymd") == std::string::npos,
         "other orders of dates than MDY");
    return "ISO, MDY";
  }
  if (name == "client_encoding") {
    only(low == "utf8" || low == "utf-8" || low == "unicode", "other encodings than UTF8");
    return "UTF8";
  }
  if (name == "intervalstyle")
    only(low == "postgres", "other ways to write intervals");
  if (name == "bytea_output")
    only(low == "hex", "other ways to write bytea");
  if (name == "search_path")
    only(low.find("public") != std::string::npos, "schemas other than public");
  if (name.ends_with("_isolation")) {
    if (low != "serializable" && low != "repeatable read" && low != "read committed" && low != "read uncommitted")
      invalid(name, value);
    return low;
  }
  return std::string(value);
}

} // namespace

std::string Settings::title(std::string_view name) {
  const auto found = known().find(lower(name));
  return found == known().end() ? std::string(name) : found->second.title;
}

std::optional<std::string> Settings::get(std::string_view name) const {
  const auto low = lower(name);
  if (const auto found = values_.find(low); found != values_.end())
    return found->second;
  if (const auto found = known().find(low); found != known().end())
    return found->second.value;
  return std::nullopt;
}

/// A name with a dot in it is the client's own ("myapp.user") and may be anything, as in PostgreSQL.
void Settings::set(std::string_view name, std::string_view value, Scope scope) {
  const auto low = lower(name);
  const auto found = known().find(low);
  std::string kept(value);
  if (found == known().end()) {
    if (low.find('.') == std::string::npos)
      fail("42704", fmt::format("unrecognized configuration parameter \"{}\"", name));
  } else {
    switch (found->second.kind) {
    case Known::Kind::fixed:
      fail("55P02", fmt::format("parameter \"{}\" cannot be changed", found->second.title));
    case Known::Kind::boolean:
      kept = read_boolean(low, value);
      break;
    case Known::Kind::milliseconds:
      kept = read_milliseconds(low, value);
      break;
    case Known::Kind::integer: {
      int number = 0;
      if (std::from_chars(value.data(), value.data() + value.size(), number).ptr != value.data() + value.size())
        invalid(low, value);
      break;
    }
    case Known::Kind::text:
      kept = read_text(low, value);
    }
  }
  if (low == "standard_conforming_strings" && kept == "off")
    unsupported("standard_conforming_strings = off");
  will_change();
  // The end of the transaction puts back what was there before the first SET LOCAL. A plain SET after it is meant to
  // last, so nothing is put back for that name any more.
  if (scope == Scope::transaction) {
    const auto before = values_.find(low);
    before_local_.try_emplace(low, before == values_.end() ? std::nullopt : std::optional(before->second));
  } else {
    before_local_.erase(low);
  }
  values_[low] = std::move(kept);
}

void Settings::reset(std::string_view name) {
  const auto low = lower(name);
  if (!get(low))
    fail("42704", fmt::format("unrecognized configuration parameter \"{}\"", name));
  will_change();
  values_.erase(low);
  if (const auto found = defaults_.find(low); found != defaults_.end())
    values_[low] = found->second;
}

void Settings::reset_all() {
  will_change();
  values_ = defaults_;
}

/// Copies all values before the first change only: most transactions change no setting.
void Settings::will_change() {
  ++version_;
  if (in_transaction_ && !at_begin_)
    at_begin_ = values_;
}

void Settings::begin_transaction() {
  in_transaction_ = true;
  at_begin_.reset();
}

void Settings::end_transaction(End end) {
  in_transaction_ = false;
  if (!at_begin_)
    return;
  ++version_;
  if (end == End::rollback)
    values_ = std::move(*at_begin_);
  else
    for (auto& [name, value] : before_local_) {
      if (value)
        values_[name] = *value;
      else
        values_.erase(name);
    }
  before_local_.clear();
  at_begin_.reset();
}

/// Reads back what `read_milliseconds` wrote, so a unit always follows unless the value is zero.
std::chrono::milliseconds Settings::duration(std::string_view name) const {
  const auto* value = changed(name);
  if (value == nullptr)
    return {};
  std::int64_t amount = 0;
  const auto* rest = std::from_chars(value->data(), value->data() + value->size(), amount).ptr;
  for (const auto& unit : units)
    if (std::string_view(rest) == unit.name)
      amount *= unit.ms;
  return std::chrono::milliseconds(amount);
}

std::vector<std::pair<std::string, std::string>> Settings::reported() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto* name : {"application_name", "client_encoding", "datestyle", "default_transaction_read_only",
                           "in_hot_standby", "integer_datetimes", "intervalstyle", "is_superuser", "server_encoding",
                           "server_version", "session_authorization", "standard_conforming_strings", "timezone"})
    all.emplace_back(title(name), *get(name));
  return all;
}

} // namespace holdfast::fakes::pg
