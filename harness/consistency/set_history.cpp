#include "harness/consistency/set_history.hpp"

#include "harness/consistency/exactly_once.hpp"
#include "harness/consistency/line.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_map>

namespace holdfast::consistency {

namespace {

class Reader {
public:
  Reader(const History& history, SetHistory& set) : history_(history), set_(set) {}

  /// Several adds of one element count as one record: known from the first that was acknowledged. One that certainly
  /// failed counts only as long as there is no other.
  void add(OperationId id) {
    const auto& operation = history_.operations[id];
    const auto number = record_of(operation);
    auto& record = set_.sightings.records[number];
    auto& origin = set_.adds[number];
    if (operation.outcome == Outcome::fail && record.submitted != never)
      return;
    if (!record.may_exist()) {
      origin = id;
      record.submitted = operation.invocation;
      record.session = session_of(operation.process);
      record.is_rejected = operation.outcome == Outcome::fail;
      if (record.is_rejected)
        return;
    } else {
      record.session = none; // whose add took effect is not known
    }
    ++set_.evidence.writes;
    if (operation.completion < record.acknowledged) {
      origin = id;
      record.acknowledged = operation.completion;
    }
    last_add_[number] = std::max(last_add_[number], operation.completion);
  }

  /// Only noted: whether a removal is final depends on adds that may come later, see `settle`.
  void remove(OperationId id) {
    const auto& operation = history_.operations[id];
    if (operation.outcome == Outcome::fail)
      return;
    ++set_.evidence.writes;
    removes_.push_back({record_of(operation), id});
  }

  void read(OperationId id) {
    const auto& operation = history_.operations[id];
    ++set_.evidence.reads;
    set_.sightings.begin_read({.invoked = operation.invocation,
                               .completed = operation.completion,
                               .collection = set_.keys.number(operation.key),
                               .session = session_of(operation.process)});
    set_.reads.push_back(id);
    for (const auto element : history_.values.elements(operation.completed))
      set_.sightings.show(number(element, operation.key));
  }

  /// When all adds are known: a removal is final only when every attempt to add had ended before it began.
  void settle() {
    for (const auto& [number, id] : removes_) {
      const auto& operation = history_.operations[id];
      auto& record = set_.sightings.records[number];
      record.removing = std::min(record.removing, operation.invocation);
      if (last_add_[number] >= operation.invocation)
        record.is_readded = true;
      else
        record.removed = std::min(record.removed, operation.completion);
      auto& origin = set_.removes[number];
      if (origin == none || operation.completion < history_.operations[origin].completion)
        origin = id;
    }
  }

private:
  RecordId record_of(const Operation& operation) { return number(operation.invoked, operation.key); }
  RecordId number(Value element, Value key) {
    const auto number = set_.elements.number(element, key);
    if (number == set_.sightings.records.size()) {
      set_.sightings.records.push_back({.owner = set_.keys.number(key)});
      set_.adds.push_back(none);
      set_.removes.push_back(none);
      last_add_.push_back(0);
    }
    return number;
  }
  std::uint32_t session_of(std::int64_t process) {
    return sessions_.emplace(process, static_cast<std::uint32_t>(sessions_.size())).first->second;
  }

  const History& history_;
  SetHistory& set_;
  std::unordered_map<std::int64_t, std::uint32_t> sessions_;
  std::vector<Position> last_add_; ///< of each record the end of the add that ended last; `never` when one may go on
  std::vector<std::pair<RecordId, OperationId>> removes_;
};

} // namespace

/// Reads adds and removes as they come and all reads, or the last of each key; an operation that is none of a set ends
/// the reading.
SetHistory read_set(const History& history, SetReads reads) {
  SetHistory set(history);
  Reader reader(history, set);
  const auto& values = history.values;
  std::vector<OperationId> last; // read of each key
  for (OperationId id = 0; id < history.operations.size(); ++id) {
    const auto& operation = history.operations[id];
    if (values.is_name(operation.f, "add")) {
      reader.add(id);
    } else if (values.is_name(operation.f, "remove")) {
      reader.remove(id);
    } else if (!values.is_name(operation.f, "read")) {
      set.wrong = fmt::format("a set knows add, remove and read, not {}{}", values.show(operation.f),
                              at_line(operation.invoke_line));
      return set;
    } else if (operation.outcome == Outcome::ok) {
      if (!operation.completed.is_list()) {
        set.wrong = fmt::format("a read of a set must show a list of its elements, not {}{}",
                                values.show(operation.completed), at_line(operation.complete_line));
        return set;
      }
      const auto key = set.keys.number(operation.key);
      last.resize(std::max<std::size_t>(last.size(), key + 1), none);
      last[key] = id;
      if (reads == SetReads::all)
        reader.read(id);
    }
  }
  // Sightings want their reads by invocation, and ids of operations are in that order.
  std::sort(last.begin(), last.end());
  for (const auto id : last)
    if (reads == SetReads::last && id != none)
      reader.read(id);
  reader.settle();
  std::vector<bool> shown(set.sightings.records.size());
  // Elements of adds of unknown outcome that did take effect after all: told with the verdict.
  for (const auto element : set.sightings.elements) {
    const auto& record = set.sightings.records[element.record];
    if (!shown[element.record] && record.may_exist() && record.acknowledged == never)
      ++set.recovered;
    shown[element.record] = true;
  }
  return set;
}

void add_intruders(Result& result, const History& history, const SetHistory& set) {
  for (const auto& one : find_intruders(set.sightings)) {
    const auto& record = set.sightings.records[one.record];
    const auto name = describe(history, set, one.record);
    const auto reader = set.reads[one.read];
    const auto origin = set.adds[one.record];
    std::vector<OperationId> operations;
    if (origin != none)
      operations.push_back(origin);
    operations.push_back(reader);
    std::sort(operations.begin(), operations.end());
    if (one.kind == Intrusion::phantom)
      result.add("phantom", {fmt::format("{} was read {}", name,
                                         origin == none       ? "although nobody added it"
                                         : record.is_rejected ? "although its add certainly failed"
                                                              : "before anybody had begun to add it"),
                             std::move(operations),
                             {}});
    else if (one.kind == Intrusion::duplicated)
      result.add("duplicated", {fmt::format("{} is {} times in one read", name, one.count), std::move(operations), {}});
  }
}

void add_losses(Result& result, const History& history, const SetHistory& set, const Durability& durability) {
  for (const auto& absence : durability.absences) {
    const auto& record = set.sightings.records[absence.record];
    if (!record.may_exist())
      continue; // that it is there at all has been said
    const auto name = describe(history, set, absence.record);
    if (absence.last != none && record.acknowledged < set.sightings.reads[absence.last].invoked)
      result.add("lost", {fmt::format("{} was added and acknowledged, and is not in the last read", name),
                          {set.adds[absence.record], set.reads[absence.last]},
                          {}});
    else if (absence.last != none)
      result.add("lost", {fmt::format("{} was read, and is not in the last read", name),
                          {set.reads[absence.seen], set.reads[absence.last]},
                          {}});
    if (absence.resurrected != none && absence.gone == none)
      result.add("resurrected", {fmt::format("{} was removed and acknowledged, and read after that", name),
                                 {set.removes[absence.record], set.reads[absence.resurrected]},
                                 {}});
    else if (absence.resurrected != none)
      result.add("resurrected",
                 {fmt::format("{} was being removed, was gone from one read, and is back in a later one", name),
                  {set.removes[absence.record], set.reads[absence.gone], set.reads[absence.resurrected]},
                  {}});
  }
}

void finish(Result& result, const History& history, const SetHistory& set, const Durability& durability,
            Budget& budget) {
  result.examined = durability.judged;
  conclude(result, history, set.evidence, !result.findings.empty());
  if (result.validity != Validity::valid)
    return;
  if (set.recovered > 0)
    result.reason += fmt::format("; {} of unknown outcome were found", set.recovered);
  if (budget.exhausted()) {
    result.validity = Validity::unknown;
    result.reason = budget.reason();
  } else if (!durability.never_read.empty()) {
    result.validity = Validity::unknown;
    result.reason = fmt::format("{} acknowledged elements were never read back, the first of them {}{}",
                                durability.never_read.size(), describe(history, set, durability.never_read.front()),
                                at_line(history.operations[set.adds[durability.never_read.front()]].invoke_line));
  }
}

std::string describe(const History& history, const SetHistory& set, RecordId record) {
  const auto& named = set.elements[record];
  auto text = "element " + history.values.show(named.value);
  if (!named.key.is_nil())
    text += " of " + history.values.show(named.key);
  return text;
}

} // namespace holdfast::consistency
