// Reads a history in one pass where the file is in the history's order, which is how they are mostly recorded. Only
// when it is not, or makes no sense as it stands, a second pass keeps all events, sorts them, and has the last word.
#include "harness/jepsen/reader.hpp"

#include "harness/jepsen/assembler.hpp"
#include "harness/jepsen/edn.hpp"
#include "harness/jepsen/events.hpp"
#include "harness/jepsen/json.hpp"
#include "harness/jepsen/mapped_file.hpp"
#include "harness/jepsen/order.hpp"

#include <fmt/format.h>

namespace holdfast::jepsen {

using consistency::History;

namespace {

/// Asks for room by the file's size. That takes address space and no memory: pages that are not needed are never
/// touched, while growing step by step would copy, and so touch, everything twice.
void reserve(History& history, std::size_t bytes) {
  constexpr std::size_t bytes_an_operation = 128, bytes_an_element = 4; // few histories have shorter ones
  auto& operations = history.operations;
  operations.reserve(bytes / bytes_an_operation);
  consistency::prefer_large_pages(operations.data(), operations.capacity() * sizeof(operations[0]));
  history.values.reserve(bytes / bytes_an_element);
}

/// Tells the budget what a history costs while it is read, so that one that is too large ends the reading and not the
/// machine. Gives it back unless the history is kept. Throws OutOfBudget.
class Meter {
public:
  Meter(consistency::Budget& budget, const History& history) : budget_(budget), history_(history) {}
  ~Meter() {
    if (!is_kept_)
      budget_.give_back(told_);
  }
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  /// After every event; `more` are bytes beside the history.
  void look(std::size_t more = 0) {
    const auto now = history_.values.bytes() + history_.operations.size() * sizeof(consistency::Operation) + more;
    budget_.take(now - told_); // of unsigned numbers: it may also be less
    told_ = now;
    if (budget_.exhausted())
      throw OutOfBudget{budget_.reason()};
  }
  void keep() { is_kept_ = true; }

private:
  consistency::Budget& budget_;
  const History& history_;
  std::size_t told_ = 0;
  bool is_kept_ = false;
};

/// The first pass. Nothing when the events are not in the order of the history or make no sense in it. The error is
/// not reported from here: an operation that seems to complete without an invocation may only be out of order.
template <class Syntax>
std::optional<History> as_it_stands(std::string_view text, consistency::Budget& budget) {
  History history;
  reserve(history, text.size());
  Events<Syntax> events(text, history.values);
  Assembler assembler(history);
  OrderWatch watch;
  Meter meter(budget, history);
  try {
    for (Event event; events.next(event);) {
      if (!watch.in_order(event))
        return std::nullopt;
      assembler.add(event);
      meter.look();
    }
  } catch (const Malformed&) {
    return std::nullopt;
  }
  assembler.finish();
  meter.keep();
  return history;
}

template <class Syntax>
History sorted(std::string_view text, consistency::Budget& budget) {
  History history;
  Meter meter(budget, history);
  reserve(history, text.size());
  Events<Syntax> source(text, history.values);
  std::vector<Event> events;
  for (Event event; source.next(event);) {
    events.push_back(event);
    meter.look(events.size() * sizeof(Event));
  }
  put_in_order(events);
  Assembler assembler(history);
  for (const auto& event : events)
    assembler.add(event);
  assembler.finish();
  meter.keep();
  return history;
}

template <class Syntax>
History read_as(std::string_view text, consistency::Budget& budget) {
  if (auto history = as_it_stands<Syntax>(text, budget))
    return std::move(*history);
  return sorted<Syntax>(text, budget);
}

/// Throws OutOfBudget.
std::variant<History, ReadError> read(std::string_view text, const std::string& file, Format format,
                                      consistency::Budget& budget) {
  try {
    switch (format) {
    case Format::edn:
      return read_as<Edn>(text, budget);
    case Format::json:
      return read_as<Json>(text, budget);
    case Format::holdfast:
      return ReadError{
          file, 1, 0,
          "a history of Holdfast itself is judged with the directory of its run, where its declarations are"};
    }
  } catch (const Malformed& bad) {
    return ReadError{file, bad.line, bad.column, bad.message};
  } catch (const std::length_error& error) {
    return ReadError{file, 0, 0, error.what()};
  }
  return ReadError{file, 0, 0, "the format is unknown"};
}

ReadError no_history(const std::string& file) {
  return {file, 1, 0, "this is no history: neither EDN nor JSON begins like this"};
}

/// For those who ask for no bound.
consistency::Budget boundless() {
  return consistency::Budget({.time = std::chrono::nanoseconds::max(), .memory = SIZE_MAX});
}

} // namespace

std::string describe(const ReadError& error) {
  if (error.line == 0)
    return fmt::format("{}: {}", error.file, error.message);
  if (error.column == 0)
    return fmt::format("{}:{}: {}", error.file, error.line, error.message);
  return fmt::format("{}:{}:{}: {}", error.file, error.line, error.column, error.message);
}

std::variant<History, ReadError> read(std::string_view text, const std::string& file) {
  const auto format = format_of(text);
  return format ? read(text, file, *format) : no_history(file);
}

std::variant<History, ReadError> read(std::string_view text, const std::string& file, Format format) {
  auto budget = boundless();
  return read(text, file, format, budget);
}

std::variant<History, ReadError, OutOfBudget> read_file(const std::filesystem::path& file,
                                                        consistency::Budget& budget) {
  const auto opened = MappedFile::open(file);
  if (const auto* problem = std::get_if<std::string>(&opened))
    return ReadError{file.string(), 0, 0, *problem};
  const auto text = std::get<MappedFile>(opened).text();
  const auto format = format_of(text);
  if (!format)
    return no_history(file.string());
  try {
    auto history = read(text, file.string(), *format, budget);
    if (auto* error = std::get_if<ReadError>(&history))
      return std::move(*error);
    return std::get<History>(std::move(history));
  } catch (const OutOfBudget& out) {
    return out;
  }
}

} // namespace holdfast::jepsen
