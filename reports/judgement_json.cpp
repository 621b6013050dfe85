#include "reports/judgement.hpp"

#include <boost/json.hpp>

namespace holdfast::reports {

namespace js = boost::json;

using consistency::OperationId;
using consistency::Value;

namespace {

/// Keywords become strings, as Jepsen's JSON has them; so do keys, whatever they are.
js::value json_of(const consistency::Values& values, Value value) {
  switch (value.kind()) {
  case Value::Kind::nil:
    return nullptr;
  case Value::Kind::boolean:
    return value.integer() != 0;
  case Value::Kind::integer:
    return value.integer();
  case Value::Kind::text:
  case Value::Kind::keyword:
    return js::value(values.view(value));
  case Value::Kind::list: {
    js::array list;
    for (const auto element : values.elements(value))
      list.push_back(json_of(values, element));
    return list;
  }
  case Value::Kind::map: {
    js::object map;
    const auto entries = values.elements(value);
    for (std::size_t i = 0; i + 1 < entries.size(); i += 2) {
      const bool is_name = entries[i].kind() == Value::Kind::text || entries[i].kind() == Value::Kind::keyword;
      map[is_name ? std::string(values.view(entries[i])) : values.show(entries[i])] = json_of(values, entries[i + 1]);
    }
    return map;
  }
  }
  return nullptr;
}

/// `value` is the answer of an operation that succeeded, and what was asked otherwise, as in a line of a history;
/// `invoked` and `completed` hold both.
js::object operation_of(const Judgement& judgement, OperationId id) {
  const auto& values = judgement.history.values;
  const auto& one = judgement.history.operations.at(id);
  const bool is_ok = one.outcome == consistency::Outcome::ok;
  js::object object{{"id", id},
                    {"line", one.invoke_line},
                    {"process", one.process},
                    {"f", json_of(values, one.f)},
                    {"value", json_of(values, is_ok ? one.completed : one.invoked)},
                    {"invoked", json_of(values, one.invoked)},
                    {"completed", json_of(values, one.completed)},
                    {"outcome", is_ok                                       ? "ok"
                                : one.outcome == consistency::Outcome::fail ? "fail"
                                                                            : "info"}};
  if (!one.key.is_nil())
    object["key"] = json_of(values, one.key);
  if (one.complete_line != 0)
    object["completed_line"] = one.complete_line;
  return object;
}

js::array operations_of(const Judgement& judgement, const std::vector<OperationId>& all) {
  js::array operations;
  for (const auto id : all)
    operations.push_back(operation_of(judgement, id));
  return operations;
}

js::object example_of(const Judgement& judgement, const consistency::Anomaly& anomaly) {
  js::array edges;
  for (const auto& edge : anomaly.edges)
    edges.push_back(js::object{{"from", edge.from}, {"to", edge.to}, {"kind", edge.kind}, {"why", edge.why}});
  return {{"what", anomaly.what}, {"operations", operations_of(judgement, anomaly.operations)}, {"edges", edges}};
}

} // namespace

std::string judgement_json(const Judgement& judgement) {
  const auto& result = judgement.result;
  js::array findings, ruled_out;
  for (const auto& finding : result.findings) {
    js::array examples;
    for (const auto& anomaly : finding.examples)
      examples.push_back(example_of(judgement, anomaly));
    findings.push_back(js::object{
        {"kind", finding.kind}, {"count", finding.count}, {"allowed", finding.is_allowed}, {"examples", examples}});
  }
  for (const auto& model : result.ruled_out)
    ruled_out.emplace_back(model);
  js::object object{{"verdict", verdict_of(result.validity)},
                    {"model", judgement.model},
                    {"consistency", judgement.level.empty() ? js::value(nullptr) : js::value(judgement.level)},
                    {"reason", result.reason},
                    {"file", judgement.file},
                    {"findings", findings},
                    {"ruled_out", ruled_out},
                    {"examined", result.examined},
                    {"operations", judgement.history.operations.size()}};
  // Only linearizability has a prefix: models that look for anomalies have findings instead.
  if (!result.prefix.empty() || !result.stuck.empty()) {
    object["prefix"] = operations_of(judgement, result.prefix);
    object["stuck"] = operations_of(judgement, result.stuck);
  }
  return js::serialize(object) + "\n";
}

} // namespace holdfast::reports
