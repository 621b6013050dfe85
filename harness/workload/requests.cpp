#include "harness/workload/requests.hpp"

#include "harness/scenario/placeholders.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/format.h>

namespace holdfast::workload {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_head = 64U << 10U;
constexpr std::size_t longest_body = 16U << 20U;

scenario::Lookup lookup_in(const history::Values& values) {
  return [&values](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found ? std::optional<std::string>(*found) : std::nullopt;
  };
}

/// A copy of `value` with its placeholders filled. Strings are filled in the parsed JSON and not in its text: a quote
/// in a value would otherwise end the string that it stands in.
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
  const std::string_view text = value.get_string();
  // JSON in the stack file cannot hold a placeholder outside of a string. One that is the whole string and stands for a
  // number is meant as that number: "amount": "{amount}" becomes "amount": 7.
  if (text == "{amount}" || text == "{number}") {
    boost::system::error_code error;
    auto number = json::parse(values.find(text.substr(1, text.size() - 2)).value_or("null"), error);
    if (!error)
      return number;
  }
  return json::string(scenario::substitute(text, lookup));
}

/// Replaces the elements of every array by copies of them for each user: [{"name": "{user}"}] becomes
/// one such object for each. Only the outermost arrays are repeated; an array inside of one belongs to a single user.
void repeat_arrays(json::value& value, const std::vector<history::Values>& users) {
  if (auto* object = value.if_object()) {
    for (auto& [key, member] : *object)
      repeat_arrays(member, users);
  } else if (auto* array = value.if_array()) {
    json::array all;
    for (const auto& user : users)
      for (const auto& member : *array)
        all.push_back(filled(member, user, lookup_in(user)));
    value = std::move(all);
  }
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

} // namespace

RequestTemplate::RequestTemplate(const scenario::Operation& operation) : operation_(&operation) {
  if (!operation.json_body.empty())
    body_ = json::parse(operation.json_body);
  auto text = operation.path + operation.json_body;
  for (const auto& [name, value] : operation.headers)
    text += value;
  for (auto& name : scenario::placeholders(text))
    names_.insert(std::move(name));
}

async::HttpRequest RequestTemplate::fill_head(const history::Values& values) const {
  const auto lookup = lookup_in(values);
  async::HttpRequest request{operation_->method, scenario::substitute(operation_->path, lookup), {}, {}};
  for (const auto& [name, value] : operation_->headers)
    request.headers.emplace_back(name, scenario::substitute(value, lookup));
  return request;
}

async::HttpRequest RequestTemplate::fill(const history::Values& values) const {
  auto request = fill_head(values);
  if (!body_.is_null())
    request.body = json::serialize(filled(body_, values, lookup_in(values)));
  return request;
}

async::HttpRequest RequestTemplate::fill_import(const std::vector<history::Values>& users) const {
  auto request = fill_head({});
  auto body = body_;
  repeat_arrays(body, users);
  request.body = json::serialize(body);
  return request;
}

// Values come from services, which may hand out anything at a login. A line end in a token would add a header to the
// next request, and a space in a path would cut it short: the service would be judged by a request that no user meant.
std::optional<std::string> unsendable(const scenario::Operation& operation, const async::HttpRequest& request) {
  if (has_control(request.target) || request.target.find(' ') != std::string::npos)
    return fmt::format("the path of '{}' holds what no path can carry", operation.name);
  auto head = request.target.size();
  for (const auto& [name, value] : request.headers) {
    if (has_control(name) || has_control(value))
      return fmt::format("the header {} of '{}' holds what no header can carry", name, operation.name);
    head += name.size() + value.size() + 4; // ": " and the line end
  }
  if (head > longest_head)
    return fmt::format("the request of '{}' is too large: its head has {} bytes, and at most {} are sent",
                       operation.name, head, longest_head);
  if (request.body.size() > longest_body)
    return fmt::format("the request of '{}' is too large: its body has {} bytes, and at most {} are sent",
                       operation.name, request.body.size(), longest_body);
  return std::nullopt;
}

} // namespace holdfast::workload
