#include "tests/consistency/transaction_story.hpp"

#include <cctype>
#include <sstream>

namespace holdfast::test {

using namespace consistency;

namespace {

Value value_of(Values& values, std::string_view text) {
  if (text == "_")
    return {};
  if (!text.starts_with('['))
    return Values::integer(std::stoll(std::string(text)));
  std::vector<Value> elements;
  std::istringstream parts{std::string(text.substr(1, text.size() - 2))};
  for (std::string part; std::getline(parts, part, ',');)
    elements.push_back(Values::integer(std::stoll(part)));
  return values.list(elements);
}

Value transaction_of(Values& values, const std::string& text, bool with_reads) {
  std::vector<Value> steps;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const auto* name = word[0] == 'a' ? "append" : word[0] == 'w' ? "w" : "r";
    const bool is_known = word[0] != 'r' || with_reads;
    const std::vector<Value> step{values.keyword(name), values.keyword(word.substr(1, 1)),
                                  is_known ? value_of(values, word.substr(2)) : Value{}};
    steps.push_back(values.list(step));
  }
  return values.list(steps);
}

History told(const std::vector<Told>& all, bool at_once) {
  History history;
  const auto count = static_cast<Position>(all.size());
  for (Position i = 0; i < count; ++i) {
    Operation one;
    one.f = history.values.keyword("txn");
    one.invoked = transaction_of(history.values, all[i].steps, false);
    one.outcome = all[i].outcome;
    one.process = all[i].process < 0 ? i : all[i].process;
    one.invocation = at_once ? i : 2 * i;
    one.complete_line = 1 + (at_once ? count + i : 2 * i + 1);
    one.invoke_line = 1 + one.invocation;
    if (one.outcome != Outcome::info)
      one.completion = one.complete_line - 1;
    if (one.outcome == Outcome::ok)
      one.completed = transaction_of(history.values, all[i].steps, true);
    history.operations.push_back(one);
  }
  history.events = 2 * count;
  return history;
}

} // namespace

History one_by_one(const std::vector<Told>& all) {
  return told(all, false);
}

History at_once(const std::vector<Told>& all) {
  return told(all, true);
}

Result judge(History& history, const std::string& model, const std::string& level) {
  Budget budget{Limits{}};
  return find_model(model)->check(history, {level, {}}, budget);
}

Result judged(History history, const std::string& model, const std::string& level) {
  return judge(history, model, level);
}

std::string kinds(const Result& result) {
  std::string all;
  for (const auto& finding : result.findings)
    all += (all.empty() ? "" : " ") + finding.kind;
  return all;
}

} // namespace holdfast::test
