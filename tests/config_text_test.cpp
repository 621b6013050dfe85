#include "harness/stack/config_text.hpp"

#include <doctest/doctest.h>

using namespace holdfast::stack;
using holdfast::scenario::ConfigFormat;
using Kind = ConfigEdit::Kind;

TEST_CASE("a key of a properties file is set, unset and renamed; the rest stays as it is") {
  const std::string text = "# shop\na = 1\nb=2\n";
  CHECK(*edit_config(ConfigFormat::properties, text, {Kind::set, "a", "9"}) == "# shop\na = 9\nb=2\n");
  CHECK(*edit_config(ConfigFormat::properties, text, {Kind::set, "c", "3"}) == "# shop\na = 1\nb=2\nc = 3\n");
  CHECK(*edit_config(ConfigFormat::properties, text, {Kind::unset, "b", ""}) == "# shop\na = 1\n");
  CHECK(*edit_config(ConfigFormat::properties, text, {Kind::rename, "b", "bb"}) == "# shop\na = 1\nbb =2\n");
  CHECK(edit_config(ConfigFormat::properties, text, {Kind::unset, "z", ""}).error().message ==
        "the configuration has no key 'z'");
}

TEST_CASE("keys of TOML and JSON are dotted paths") {
  CHECK(edit_config(ConfigFormat::toml, "[db]\nhost = \"a\"\n", {Kind::rename, "db.host", "store.host"})
            ->find("[store]\nhost = 'a'") != std::string::npos);
  CHECK(*edit_config(ConfigFormat::json, R"({"db":{"port":1}})", {Kind::set, "db.port", "2"}) ==
        "{\"db\":{\"port\":2}}\n");
  CHECK(*edit_config(ConfigFormat::json, R"({"db":{"port":1}})", {Kind::set, "db.host", "x"}) ==
        "{\"db\":{\"port\":1,\"host\":\"x\"}}\n");
  CHECK(*edit_config(ConfigFormat::json, R"({"db":{"port":1}})", {Kind::unset, "db.port", ""}) == "{\"db\":{}}\n");
  CHECK_FALSE(edit_config(ConfigFormat::json, "no json", {Kind::set, "a", "1"}).has_value());
  CHECK_FALSE(edit_config(ConfigFormat::toml, "[db", {Kind::set, "a", "1"}).has_value());
}

TEST_CASE("another text has another hash") {
  CHECK(config_hash("a") != config_hash("b"));
}
