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

/// Addresses, not memory: what is not needed is never touched. Growing step by step would touch everything twice.
void reserve(History& history, std::size_t bytes) {
  constexpr std::size_t bytes_an_operation = 128, bytes_an_element = 4; // few histories have shorter ones
  auto& operations = history.operations;
  operations.reserve(bytes / bytes_an_operation);
  consistency::prefer_large_pages(operations.data(), operations.capacity() * sizeof(operations[0]));
  history.values.reserve(bytes / bytes_an_element);
}

/// Nothing when the events are not in the order of the history, or make no sense in it: then `sorted` has the last
/// word.
template <class Syntax>
std::optional<History> as_it_stands(std::string_view text) {
  History history;
  reserve(history, text.size());
  Events<Syntax> events(text, history.values);
  Assembler assembler(history);
  OrderWatch watch;
  try {
    for (Event event; events.next(event);) {
      if (!watch.in_order(event))
        return std::nullopt;
      assembler.add(event);
    }
  } catch (const Malformed&) {
    return std::nullopt;
  }
  assembler.finish();
  return history;
}

template <class Syntax>
History sorted(std::string_view text) {
  History history;
  reserve(history, text.size());
  Events<Syntax> source(text, history.values);
  std::vector<Event> events;
  for (Event event; source.next(event);)
    events.push_back(event);
  put_in_order(events);
  Assembler assembler(history);
  for (const auto& event : events)
    assembler.add(event);
  assembler.finish();
  return history;
}

template <class Syntax>
History read_as(std::string_view text) {
  if (auto history = as_it_stands<Syntax>(text))
    return std::move(*history);
  return sorted<Syntax>(text);
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
  if (!format)
    return ReadError{file, 1, 0, "this is no history: neither EDN nor JSON begins like this"};
  return read(text, file, *format);
}

std::variant<History, ReadError> read(std::string_view text, const std::string& file, Format format) {
  try {
    switch (format) {
    case Format::edn:
      return read_as<Edn>(text);
    case Format::json:
      return read_as<Json>(text);
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

std::variant<History, ReadError> read_file(const std::filesystem::path& file) {
  const auto opened = MappedFile::open(file);
  if (const auto* problem = std::get_if<std::string>(&opened))
    return ReadError{file.string(), 0, 0, *problem};
  return read(std::get<MappedFile>(opened).text(), file.string());
}

} // namespace holdfast::jepsen
