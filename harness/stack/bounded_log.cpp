#include "harness/stack/bounded_log.hpp"

#include <fmt/format.h>

namespace holdfast::stack {

BoundedLog::BoundedLog(const std::filesystem::path& path) : path_(path), file_(path, std::ios::app) {}

// The file that was opened first is never removed: the log keeps how the unit began.
void BoundedLog::append(std::string_view line) {
  if (size_ + line.size() > (newer_.empty() ? head : part))
    begin_part();
  file_ << line; // not checked: on a full disk writing the history fails too, and that ends the run with a reason
  file_.flush();
  size_ += line.size();
}

void BoundedLog::begin_part() {
  if (newer_.size() == parts) {
    std::error_code gone; // somebody else may have removed it already
    std::filesystem::remove(newer_.front(), gone);
    newer_.pop_front();
    dropped_ = true;
  }
  auto name = path_.stem().string();
  newer_.push_back(path_.parent_path() / fmt::format("{}.{}{}", name, ++number_, path_.extension().string()));
  file_ = std::ofstream(newer_.back(), std::ios::trunc);
  // Every later part says so, as any of them may be the oldest one left when the run ends.
  if (dropped_)
    file_ << "… what was between the first MiB and here was dropped: the log is bounded\n";
  size_ = 0;
}

} // namespace holdfast::stack
