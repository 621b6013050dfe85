// Writes each operation as two lines, its invocation and its completion, and each event of a step as one, all in the
// order of their sequence numbers. An operation that was open when the history ended has no second line.
#include "reports/jepsen_export.hpp"

#include "harness/text/escape.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

namespace holdfast::reports {

using history::EntryList;
using history::Event;
using history::Operation;
using history::Outcome;

namespace {

/// Letters that EDN allows in a keyword; everything else has to be a text.
bool is_keyword(std::string_view name) {
  const auto is_letter = [](char one) { return (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z'); };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char one) {
    return is_letter(one) || (one >= '0' && one <= '9') || one == '-' || one == '_' || one == '.';
  });
}

/// One map of a line. JSON's escapes are EDN's too, but for \/, which is not written.
class Map {
public:
  Map(std::string& out, JepsenSyntax syntax, const history::Secrets& secrets)
      : out_(out), is_edn_(syntax == JepsenSyntax::edn), secrets_(secrets) {
    out_ += '{';
  }

  /// The value of a secret name becomes a mark as a whole; in other texts only the secrets do.
  void text(std::string_view key, std::string_view value) {
    begin(key);
    text::append_json(out_, secrets_.is_secret_name(key) ? secrets_.mark(value) : secrets_.mask(value));
  }
  void number(std::string_view key, std::int64_t value) { begin(key), out_ += std::to_string(value); }
  /// A keyword in EDN, where the value may be one; a text in JSON, which has no keywords.
  void name(std::string_view key, std::string_view value) { begin(key), name(value); }
  void values(const history::Values& values) {
    for (const auto& [key, value] : values)
      text(key, value);
  }
  [[nodiscard]] Map map(std::string_view key) { return begin(key), Map(out_, syntax(), secrets_); }
  void texts(std::string_view key, const std::vector<std::string>& values) {
    begin(key);
    out_ += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      out_ += i == 0 ? "" : is_edn_ ? " " : ",";
      text::append_json(out_, values[i]);
    }
    out_ += ']';
  }
  void list(std::string_view key, const EntryList& entries) {
    begin(key);
    out_ += '[';
    bool is_first = true; // not by comparing addresses: a list may hold one entry twice
    for (const auto& entry : entries) {
      if (!std::exchange(is_first, false))
        out_ += is_edn_ ? " " : ",";
      Map one(out_, syntax(), secrets_);
      one.text("id", entry.id);
      if (entry.amount && entry.amount->is_whole())
        one.number("amount", entry.amount->units());
      else if (entry.amount)
        one.text("amount", entry.amount->text());
      for (const auto& [field, value] : {std::pair{"item", &entry.item}, {"peer", &entry.peer}, {"kind", &entry.kind}})
        if (!value->empty())
          one.text(field, *value);
      one.close();
    }
    out_ += ']';
  }
  void close() { out_ += '}'; }

private:
  [[nodiscard]] JepsenSyntax syntax() const { return is_edn_ ? JepsenSyntax::edn : JepsenSyntax::json; }
  void name(std::string_view value) {
    if (!is_edn_ || !is_keyword(value))
      return text::append_json(out_, value);
    out_ += ':';
    out_ += value;
  }
  void begin(std::string_view key) {
    if (!is_first_)
      out_ += is_edn_ ? ", " : ",";
    is_first_ = false;
    name(key);
    out_ += is_edn_ ? ' ' : ':';
  }

  std::string& out_;
  bool is_edn_;
  bool is_first_ = true;
  const history::Secrets& secrets_;
};

/// Writes what a step says of itself: see history::StepEvent. As in the bundle, what is empty, zero or false is left
/// out.
struct StepFields {
  Map& out;

  void operator()(std::string_view key, const std::string& value) {
    if (!value.empty())
      out.text(key, value);
  }
  void said(std::string_view key, const std::string& value) { (*this)(key, value); }
  void operator()(std::string_view key, const std::vector<std::string>& values) {
    if (!values.empty())
      out.texts(key, values);
  }
  void operator()(std::string_view key, bool value) {
    if (value)
      out.number(key, 1);
  }
  void operator()(std::string_view key, std::uint64_t value) {
    if (value != 0)
      out.number(key, static_cast<std::int64_t>(value));
  }
  void operator()(std::string_view key, history::Milliseconds value) {
    if (value.count() != 0)
      out.number(key, value.count());
  }
  template <class E>
    requires std::is_enum_v<E>
  void operator()(std::string_view key, E value) {
    out.text(key, history::name_of(value));
  }
};

/// What Jepsen calls the outcome of an operation. One that was refused as not signed in is a fail there: the service
/// did not let it in, so it had no effect.
const char* type_of(Outcome outcome) {
  return outcome == Outcome::ok ? "ok" : outcome == Outcome::info ? "info" : "fail";
}

/// One line to be written: a step, or one end of an operation.
struct Entry {
  std::uint64_t sequence = 0;
  const Operation* operation = nullptr;
  const Event* step = nullptr;
};

void operation_line(Map& line, const Entry& entry) {
  const auto& one = *entry.operation;
  const bool is_completion = entry.sequence == one.completed;
  line.name("type", is_completion ? type_of(one.outcome) : "invoke");
  line.number("process", static_cast<std::int64_t>(one.process));
  line.name("f", one.name);
  auto value = line.map("value");
  value.text("op", one.id);
  value.text("user", one.user);
  value.values(one.values);
  if (one.checkpoint != 0)
    value.number("checkpoint", one.checkpoint);
  if (is_completion && one.outcome == Outcome::ok) {
    if (!one.captured.empty()) {
      auto captured = value.map("captured");
      captured.values(one.captured);
      captured.close();
    }
    value.list("list", one.list);
    if (!one.statement.empty())
      value.list("statement", one.statement);
  }
  value.close();
  line.number("time", (is_completion ? one.complete_time : one.invoke_time).count());
  if (!is_completion)
    return;
  if (one.status != 0)
    line.number("status", one.status);
  if (one.outcome == Outcome::unauthenticated)
    line.name("error", "unauthenticated");
  else if (!one.reason.empty())
    line.text("error", one.reason);
}

void step_line(Map& line, const Event& step) {
  line.name("type", "info");
  line.name("process", "nemesis");
  const auto& fields = *step.as<history::StepEvent>();
  line.name("f", fields.kind);
  auto value = line.map("value");
  StepFields writer{value};
  history::StepEvent::fields(writer, fields);
  value.close();
  line.number("time", step.time.count());
}

} // namespace

void jepsen_export(const history::History& history, const history::Secrets& secrets, JepsenSyntax syntax,
                   std::ostream& out) {
  std::vector<Entry> entries;
  entries.reserve(history.operations.size() * 2 + history.events.size());
  for (const auto& one : history.operations) {
    entries.push_back({one.invoked, &one, nullptr});
    if (one.completed != 0)
      entries.push_back({one.completed, &one, nullptr});
  }
  for (const auto& event : history.events)
    if (event.as<history::StepEvent>() != nullptr)
      entries.push_back({event.sequence, nullptr, &event});
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.sequence < b.sequence; });
  std::string text;
  std::int64_t index = 0;
  for (const auto& entry : entries) {
    text.clear();
    Map line(text, syntax, secrets);
    if (entry.step != nullptr)
      step_line(line, *entry.step);
    else
      operation_line(line, entry);
    line.number("index", index++);
    line.close();
    out << text << '\n';
  }
}

} // namespace holdfast::reports
