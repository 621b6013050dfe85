// What the processes of a run wrote: logs/ of its bundle, in several files where there was much of it.
#pragma once

#include "harness/history/operation.hpp"

#include <filesystem>
#include <functional>
#include <string_view>

namespace holdfast::bundle {

struct LogLine {
  std::string_view unit; ///< the instance or server
  history::Time time{};
  std::string_view stream; ///< "out" or "err"
  std::string_view text;
};

struct LogsRead {
  std::size_t units = 0;        ///< whose log is there, be it empty
  std::vector<std::string> cut; ///< units of whose log something was dropped for its size
};

/// Every line, unit by unit, each in the order in which it was written. Views last as long as the call.
LogsRead for_each_log_line(const std::filesystem::path& bundle, const std::function<void(const LogLine&)>& each);

} // namespace holdfast::bundle
