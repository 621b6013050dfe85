// From events to operations: which completion belongs to which invocation.
#pragma once

#include "harness/consistency/history.hpp"
#include "harness/jepsen/event.hpp"

#include <unordered_map>
#include <vector>

namespace holdfast::jepsen {

/// Takes the events of a history in its order. Throws Malformed where they make none.
class Assembler {
public:
  explicit Assembler(consistency::History& history) : history_(history) {}

  void add(const Event& event);
  /// After the last event.
  void finish();

private:
  static constexpr consistency::OperationId none = UINT32_MAX;
  /// What is known of a process.
  struct Process {
    std::int64_t name = 0; ///< the number that its operations get
    std::int64_t last_time = Event::absent;
    std::uint32_t last_line = 0;
    consistency::OperationId open = none;
    bool has_crashed = false; ///< its last operation ended as :info: who uses the number next is another
  };
  Process& find(std::int64_t number);
  void check_process(const Event& event);
  void check_time(const Event& event, Process& process);
  void invoke(const Event& event, Process& process);
  void complete(const Event& event, Process& process);
  consistency::Position next_position(const Event& event);

  consistency::History& history_;
  std::vector<Process> small_; ///< by number, where numbers are small
  std::unordered_map<std::int64_t, Process> large_;
  std::int64_t largest_process_ = 0;
  std::int64_t reborn_ = 0;                              ///< how many processes took a number of one that had crashed
  std::uint32_t with_process_ = 0, without_process_ = 0; ///< lines
};

} // namespace holdfast::jepsen
