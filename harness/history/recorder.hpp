// Writes a history while it happens. One recorder a run, used from the run's one thread.
#pragma once

#include "harness/history/operation.hpp"
#include "harness/history/secrets.hpp"

#include <boost/system/result.hpp>
#include <filesystem>
#include <functional>

namespace holdfast::history {

/// Thrown when the history can no longer be written (a full disk): the run cannot be judged and must stop.
struct WriteError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A file that is only appended to, one `write(2)` a line. Move-only owner of its descriptor.
class LineFile {
public:
  LineFile() = default;
  /// Throws WriteError when the file cannot be created.
  explicit LineFile(const std::filesystem::path& path);
  LineFile(LineFile&& other) noexcept;
  LineFile& operator=(LineFile&& other) noexcept;
  ~LineFile();
  /// Throws WriteError.
  void append(std::string_view text);

private:
  int fd_ = -1;
  std::filesystem::path path_;
};

class Recorder {
public:
  using Now = std::function<Time()>;

  /// Creates history.jsonl, events.jsonl, probes.jsonl and wire.jsonl in `directory`. `secrets` must outlive it. Throws
  /// WriteError, as every method does.
  Recorder(const std::filesystem::path& directory, const Secrets& secrets, Now now);

  void invoke(Operation& operation);                          ///< sets `invoked` and `invoke_time`
  void attempt(const Operation& operation, Attempt& attempt); ///< sets `begin_time`
  void result(const Operation& operation, Attempt& attempt);  ///< sets `ended` and `end_time`
  void complete(Operation& operation);                        ///< sets `completed` and `complete_time`
  /// Returns the event's sequence number.
  std::uint64_t event(const EventData& event);
  void probe(const std::string& instance, bool ready, std::string_view detail);
  /// Returns the sequence number of the message's line.
  std::uint64_t message(const WireMessage& message);

  [[nodiscard]] Time now() const { return now_(); }
  /// Lines that were written.
  [[nodiscard]] const Counts& counts() const { return counts_; }

private:
  std::string begin_result(std::string_view type, const Operation& operation, const Attempt& attempt);

  Now now_;
  const Secrets& secrets_;
  Counts counts_;
  std::uint64_t sequence_ = 0;
  LineFile history_;
  LineFile events_;
  LineFile probes_;
  LineFile wire_;
};

} // namespace holdfast::history
