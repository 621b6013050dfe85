#include "harness/workload/reply_reading.hpp"

#include "harness/scenario/placeholders.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <functional>

namespace holdfast::workload {

namespace json = boost::json;

namespace {

bool contains(const std::vector<int>& all, int one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::optional<std::string> scalar(const json::value& root, const std::string& pointer) {
  boost::system::error_code error;
  const auto* found = pointer.empty() ? &root : root.find_pointer(pointer, error);
  if (found == nullptr || found->is_null())
    return std::nullopt;
  if (found->is_string())
    return std::string(found->get_string());
  return json::serialize(*found);
}

std::optional<std::int64_t> integer(const json::value& root, const std::string& pointer) {
  boost::system::error_code error;
  const auto* found = root.find_pointer(pointer, error);
  if (found == nullptr || !found->is_int64())
    return std::nullopt;
  return found->get_int64();
}

bool read_list(const scenario::ListCapture& capture, const json::value& root, history::EntryList& list,
               Reading& reading) {
  boost::system::error_code error;
  const auto* array = capture.at.empty() ? &root : root.find_pointer(capture.at, error);
  if (array == nullptr || !array->is_array())
    return reading.reason = fmt::format("the reply has no list at '{}'", capture.at), false;
  for (const auto& element : array->get_array()) {
    history::ListEntry entry;
    for (const auto& [field, pointer] : capture.fields) {
      // A declared field that is gone is no complete reply: a renamed key must not read as "nothing to compare".
      if (field == "amount") {
        entry.amount = integer(element, pointer);
        if (!entry.amount)
          return reading.reason = fmt::format("an element of the list has no integer at '{}'", pointer), false;
        continue;
      }
      const auto found = scalar(element, pointer);
      if (!found && (field == "id" || field == "item"))
        return reading.reason = fmt::format("an element of the list has nothing at '{}'", pointer), false;
      auto value = found.value_or("");
      if (field == "id")
        entry.id = std::move(value);
      else if (field == "item")
        entry.item = std::move(value);
      else if (field == "peer")
        entry.peer = std::move(value);
      else
        entry.kind = std::move(value);
    }
    if (entry.id.empty())
      return reading.reason = "an element of the list has no id", false;
    list.push_back(std::move(entry));
  }
  return true;
}

scenario::Lookup lookup_in(const history::Values& values) {
  return [&values](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found ? std::optional<std::string>(*found) : std::nullopt;
  };
}

json::value filled(const json::value& value, const history::Values& values, const scenario::Lookup& lookup) {
  if (const auto* object = value.if_object()) {
    json::object result;
    for (const auto& [key, member] : *object)
      result[key] = filled(member, values, lookup);
    return result;
  }
  if (const auto* array = value.if_array()) {
    json::array result;
    for (const auto& member : *array)
      result.push_back(filled(member, values, lookup));
    return result;
  }
  if (!value.is_string())
    return value;
  const std::string text(value.get_string());
  if (text == "{amount}") {
    boost::system::error_code error;
    const auto amount = values.find("amount");
    auto number = json::parse(amount.value_or("null"), error);
    if (!error)
      return number;
  }
  return json::string(scenario::substitute(text, lookup));
}

} // namespace

Reading read_reply(const scenario::Operation& operation, const async::HttpReply& reply) {
  Reading reading;
  if (contains(operation.fail, reply.status)) {
    reading.outcome = history::Outcome::fail;
    reading.reason = fmt::format("declared rejection: {} {}", reply.status, reply.body.substr(0, 200));
    return reading;
  }
  if (contains(operation.unauthenticated, reply.status)) {
    reading.outcome = history::Outcome::unauthenticated;
    reading.reason = fmt::format("{} {}", reply.status, reply.body.substr(0, 200));
    return reading;
  }
  if (!contains(operation.ok.status, reply.status)) {
    reading.reason = fmt::format("status {} is not declared: {}", reply.status, reply.body.substr(0, 200));
    return reading;
  }
  if (operation.ok.capture.empty() && !operation.ok.list) {
    reading.outcome = history::Outcome::ok;
    return reading;
  }
  boost::system::error_code error;
  const auto root = json::parse(reply.body, error);
  if (error) {
    reading.reason = fmt::format("the reply is no JSON: {}", reply.body.substr(0, 200));
    return reading;
  }
  for (const auto& [name, pointer] : operation.ok.capture) {
    auto value = scalar(root, pointer);
    if (!value) {
      reading.reason = fmt::format("the reply has nothing at '{}'", pointer);
      return reading;
    }
    if (name == "balance" && operation.role == scenario::Role::statement && !integer(root, pointer)) {
      const bool is_text = root.at_pointer(pointer).is_string();
      reading.reason =
          fmt::format("the balance at '{}' is {}: {}", pointer, is_text ? "a string" : "no integer", *value);
      return reading;
    }
    reading.captured.set(name, *value);
  }
  if (operation.ok.list && !read_list(*operation.ok.list, root, reading.list, reading))
    return reading;
  if (operation.ok.statement && !read_list(*operation.ok.statement, root, reading.statement, reading))
    return reading;
  if (operation.ok.list && !operation.ok.list->next.empty())
    reading.next = scalar(root, operation.ok.list->next).value_or("");
  reading.outcome = history::Outcome::ok;
  return reading;
}

std::string fill_json(const std::string& text, const history::Values& values) {
  return json::serialize(filled(json::parse(text), values, lookup_in(values)));
}

std::string fill_import(const std::string& text, const std::vector<history::Values>& users) {
  auto root = json::parse(text);
  const std::function<void(json::value&)> repeat = [&](json::value& value) {
    if (auto* object = value.if_object()) {
      for (auto& [key, member] : *object)
        repeat(member);
    } else if (auto* array = value.if_array()) {
      json::array all;
      for (const auto& user : users)
        for (const auto& member : *array)
          all.push_back(filled(member, user, lookup_in(user)));
      value = std::move(all);
    }
  };
  repeat(root);
  return json::serialize(root);
}

} // namespace holdfast::workload
