// How a process ended, as a type: `exit(9)` and death by SIGKILL are not the same number.
#pragma once

#include <optional>
#include <string>

namespace holdfast::process {

class WaitStatus {
public:
  enum class Type { exited, signalled };

  /// From what waitpid(2) reported for a process that is gone.
  [[nodiscard]] static WaitStatus from_native(int native);
  [[nodiscard]] static WaitStatus for_exit(int code);
  [[nodiscard]] static WaitStatus for_signal(int signal);

  [[nodiscard]] Type type() const { return type_; }
  [[nodiscard]] std::optional<int> exit_code() const;
  [[nodiscard]] std::optional<int> fatal_signal() const;
  /// "exit 0", "SIGKILL".
  [[nodiscard]] std::string describe() const;

  bool operator==(const WaitStatus&) const = default;

private:
  WaitStatus(Type type, int value) : type_(type), value_(value) {}
  Type type_;
  int value_;
};

/// "SIGTERM" and so on; "signal 63" for one without a name.
[[nodiscard]] std::string signal_name(int signal);
[[nodiscard]] std::optional<int> signal_number(const std::string& name);

} // namespace holdfast::process
