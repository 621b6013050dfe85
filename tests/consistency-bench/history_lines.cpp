#include "tests/consistency-bench/history_lines.hpp"

#include <charconv>
#include <fstream>
#include <map>
#include <stdexcept>

namespace holdfast::bench {

using consistency::History;
using consistency::Outcome;
using consistency::Value;
using consistency::Values;

namespace {

class Line {
public:
  Line(Values& values, std::string_view text) : values_(values), text_(text) {}

  std::map<std::string, Value> entries() {
    std::map<std::string, Value> all;
    expect('{');
    while (peek() != '}') {
      const auto name = value();
      all[std::string(values_.view(name))] = value();
    }
    return all;
  }

private:
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == ','))
      ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  void expect(char letter) {
    if (peek() != letter)
      throw std::runtime_error("cannot read " + std::string(text_));
    ++at_;
  }
  std::string_view until(std::string_view ends) {
    const auto begin = at_;
    at_ = std::min(text_.find_first_of(ends, at_), text_.size());
    return text_.substr(begin, at_ - begin);
  }
  Value value() {
    switch (peek()) {
    case '"': {
      ++at_;
      const auto text = values_.text(until("\""));
      ++at_;
      return text;
    }
    case ':':
      ++at_;
      return values_.keyword(until(" ,}]"));
    case '[': {
      std::vector<Value> elements;
      for (++at_; peek() != ']';)
        elements.push_back(value());
      ++at_;
      return values_.list(elements);
    }
    default: {
      const auto word = until(" ,}]");
      std::int64_t number = 0;
      if (std::from_chars(word.data(), word.data() + word.size(), number).ec == std::errc{})
        return Values::integer(number);
      if (word != "nil")
        throw std::runtime_error("cannot read " + std::string(text_));
      return {};
    }
    }
  }

  Values& values_;
  std::string_view text_;
  std::size_t at_ = 0;
};

} // namespace

History read_history(const std::string& file) {
  History history;
  std::map<std::int64_t, std::size_t> open;
  std::ifstream stream(file);
  if (!stream)
    throw std::runtime_error("cannot open " + file);
  std::uint32_t line = 0;
  for (std::string text; std::getline(stream, text);) {
    auto entries = Line(history.values, text).entries();
    const auto type = history.values.view(entries["type"]);
    const auto process = entries["process"].integer();
    ++line;
    if (type == "invoke") {
      open[process] = history.operations.size();
      consistency::Operation operation;
      operation.f = entries["f"];
      operation.key = entries["key"];
      operation.invoked = entries["value"];
      operation.process = process;
      operation.invocation = history.events++;
      operation.invoke_line = line;
      history.operations.push_back(operation);
      continue;
    }
    auto& operation = history.operations.at(open.at(process));
    open.erase(process);
    operation.outcome = type == "ok" ? Outcome::ok : type == "fail" ? Outcome::fail : Outcome::info;
    operation.completed = entries["value"];
    operation.complete_line = line;
    if (operation.outcome != Outcome::info)
      operation.completion = history.events;
    ++history.events;
  }
  return history;
}

} // namespace holdfast::bench
