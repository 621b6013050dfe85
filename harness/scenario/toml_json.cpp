#include "harness/scenario/toml_json.hpp"

#include <boost/json.hpp>

namespace holdfast::scenario {

boost::json::value to_json(const toml::node& node) {
  switch (node.type()) {
  case toml::node_type::table: {
    boost::json::object object;
    for (const auto& [key, value] : *node.as_table())
      object[key.str()] = to_json(value);
    return object;
  }
  case toml::node_type::array: {
    boost::json::array array;
    for (const auto& value : *node.as_array())
      array.push_back(to_json(value));
    return array;
  }
  case toml::node_type::string:
    return boost::json::string(node.as_string()->get());
  case toml::node_type::integer:
    return node.as_integer()->get();
  case toml::node_type::floating_point:
    return node.as_floating_point()->get();
  case toml::node_type::boolean:
    return node.as_boolean()->get();
  default:
    return nullptr;
  }
}

} // namespace holdfast::scenario
