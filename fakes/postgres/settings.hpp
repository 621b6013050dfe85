// What SET, SHOW and their kin work on. https://www.postgresql.org/docs/15/runtime-config-client.html
#pragma once

#include "fakes/postgres/wire.hpp"

#include <chrono>
#include <cstdint>
#include <map>

namespace holdfast::fakes::pg {

inline constexpr std::string_view server_version = "15.0 (holdfast fake)";

class Settings {
public:
  enum class Scope { session, transaction };

  /// Nothing when there is no such setting.
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
  /// The name as SHOW prints it.
  [[nodiscard]] static std::string title(std::string_view name);
  /// Throws SqlFailure for a name or a value that is none, and for what the fake cannot do.
  void set(std::string_view name, std::string_view value, Scope scope);
  void reset(std::string_view name);
  void reset_all();
  /// The value that was set, by the name in lower case; null when it is the default one.
  [[nodiscard]] const std::string* changed(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
  }
  /// Of a switch that is off by default.
  [[nodiscard]] bool is_on(std::string_view name) const { return changed(name) != nullptr && *changed(name) == "on"; }
  /// Zero: without limit.
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view name) const;

  /// As they were sent with the startup packet: what RESET goes back to.
  void keep_as_defaults() { defaults_ = values_; }
  using Snapshot = std::map<std::string, std::string, std::less<>>;
  [[nodiscard]] Snapshot snapshot() const { return values_; }
  void restore(Snapshot snapshot) {
    values_ = std::move(snapshot);
    ++version_;
  }
  void begin_transaction();
  /// What was SET LOCAL is over; after a rollback everything that was set since it began.
  enum class End { commit, rollback };
  void end_transaction(End end);
  /// Those that a client is told of unasked.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> reported() const;

  /// Grows with every change.
  [[nodiscard]] std::uint64_t version() const { return version_; }

private:
  std::uint64_t version_ = 0;
  void will_change(); ///< keeps what a rollback needs, once a transaction
  Snapshot values_, defaults_;
  bool in_transaction_ = false;
  std::optional<Snapshot> at_begin_;
  std::map<std::string, std::optional<std::string>, std::less<>> before_local_;
};

} // namespace holdfast::fakes::pg
