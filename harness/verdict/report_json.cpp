#include "harness/verdict/report_json.hpp"

#include <boost/json.hpp>

namespace holdfast::verdict {

namespace js = boost::json;

namespace {

// One description of the fields of each struct serves both directions: `field(key, member)`. The last parameter only
// picks the overload: `Self` is const when a report is written, and is not when it is read.

template <class Field, class Self>
void describe(Field& field, Self& self, const PhaseLine*) {
  field("name", self.name);
  field("took_ms", self.took);
}
template <class Field, class Self>
void describe(Field& field, Self& self, const StepLine*) {
  field("id", self.id);
  field("kind", self.kind);
  field("began_ms", self.began);
  field("proven", self.proven);
  field("evidence", self.evidence);
  field("instances", self.instances);
}
template <class Field, class Self>
void describe(Field& field, Self& self, const FindingSummary*) {
  field("kind", self.kind);
  field("count", self.count);
  field("users", self.users);
  field("examples", self.examples);
}
template <class Field, class Self>
void describe(Field& field, Self& self, const CheckSummary*) {
  field("name", self.name);
  field("verdict", self.verdict);
  field("judged", self.judged);
  field("of_instances", self.of_instances);
  field("reason", self.reason);
  field("at_risk", self.at_risk);
  field("examined", self.examined);
  field("findings", self.findings);
}
template <class Field, class Self>
void describe(Field& field, Self& self, const Report*) {
  field("scenario", self.scenario);
  field("about", self.about);
  field("file", self.file);
  field("seed", self.seed);
  field("verdict", self.verdict);
  field("reason", self.reason);
  field("bundle", self.bundle);
  field("users", self.users);
  field("operations", self.operations);
  field("took_ms", self.took);
  field("phases", self.phases);
  field("steps", self.steps);
  field("checks", self.checks);
  field("notes", self.notes);
  field("exit_status", self.exit_status);
}

class Writer {
public:
  void operator()(std::string_view key, const std::string& value) { object[key] = value; }
  void operator()(std::string_view key, bool value) { object[key] = value; }
  void operator()(std::string_view key, std::uint64_t value) { object[key] = value; }
  void operator()(std::string_view key, int value) { object[key] = value; }
  // Whole milliseconds: what is less is lost on the way.
  void operator()(std::string_view key, history::Time value) { object[key] = value.count() / 1'000'000; }
  void operator()(std::string_view key, Verdict value) { object[key] = to_string(value); }
  void operator()(std::string_view key, const std::vector<std::string>& values) {
    js::array array;
    for (const auto& value : values)
      array.emplace_back(value);
    object[key] = std::move(array);
  }
  template <class T>
  void operator()(std::string_view key, const std::vector<T>& values) {
    js::array array;
    for (const auto& value : values) {
      Writer inner;
      describe(inner, value, static_cast<const T*>(nullptr));
      array.push_back(std::move(inner.object));
    }
    object[key] = std::move(array);
  }

  js::object object;
};

/// What is missing or of another type leaves its member as it is.
class Reader {
public:
  explicit Reader(const js::value& value) : object_(value.if_object()) {}

  void operator()(std::string_view key, std::string& into) {
    if (const auto* value = find(key, js::kind::string))
      into = value->get_string();
  }
  void operator()(std::string_view key, bool& into) {
    if (const auto* value = find(key, js::kind::bool_))
      into = value->get_bool();
  }
  void operator()(std::string_view key, std::uint64_t& into) {
    if (const auto value = number(key))
      into = static_cast<std::uint64_t>(*value);
  }
  void operator()(std::string_view key, int& into) {
    if (const auto value = number(key))
      into = static_cast<int>(*value);
  }
  void operator()(std::string_view key, history::Time& into) {
    if (const auto value = number(key))
      into = std::chrono::milliseconds(*value);
  }
  void operator()(std::string_view key, Verdict& into) {
    if (const auto* value = find(key, js::kind::string))
      for (const auto one : {Verdict::pass, Verdict::fail, Verdict::inconclusive, Verdict::reproduced})
        if (to_string(one) == std::string_view(value->get_string()))
          into = one;
  }
  void operator()(std::string_view key, std::vector<std::string>& into) {
    if (const auto* value = find(key, js::kind::array))
      for (const auto& one : value->get_array())
        if (one.is_string())
          into.emplace_back(one.get_string());
  }
  template <class T>
  void operator()(std::string_view key, std::vector<T>& into) {
    if (const auto* value = find(key, js::kind::array))
      for (const auto& one : value->get_array()) {
        Reader inner(one);
        T element;
        describe(inner, element, static_cast<const T*>(nullptr));
        into.push_back(std::move(element));
      }
  }

private:
  [[nodiscard]] const js::value* find(std::string_view key, js::kind kind) const {
    const auto* value = object_ == nullptr ? nullptr : object_->if_contains(key);
    return value != nullptr && value->kind() == kind ? value : nullptr;
  }
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view key) const {
    const auto* value = object_ == nullptr ? nullptr : object_->if_contains(key);
    if (value != nullptr && value->is_uint64())
      return static_cast<std::int64_t>(value->get_uint64());
    return value != nullptr && value->is_int64() ? std::optional(value->get_int64()) : std::nullopt;
  }

  const js::object* object_;
};

} // namespace

js::object to_json(const Report& report) {
  Writer writer;
  describe(writer, report, static_cast<const Report*>(nullptr));
  return std::move(writer.object);
}

std::optional<Report> report_of(const js::value& value) {
  const auto* object = value.if_object();
  // These two keys tell a report from other JSON; any other may be missing. A status that is no number would otherwise
  // count as the one that a report has by itself, whatever the run came to.
  const auto* status = object == nullptr ? nullptr : object->if_contains("exit_status");
  if (status == nullptr || !status->is_number() || object->if_contains("scenario") == nullptr)
    return std::nullopt;
  Reader reader(value);
  Report report;
  describe(reader, report, static_cast<const Report*>(nullptr));
  return report;
}

} // namespace holdfast::verdict
