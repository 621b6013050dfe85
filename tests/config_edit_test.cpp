// Configuration files: one key changes, every other byte stays.
#include "harness/config/edit.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>
#include <random>
#include <toml++/toml.h>

using namespace holdfast::config;
using Kind = Edit::Kind;

namespace {

Edit set(const std::string& key, const std::string& value) {
  return {Kind::set, key, text_value(value), {}};
}
Edit set_number(const std::string& key, const std::string& value) {
  return {Kind::set, key, {.plain = value, .toml = value, .json = value, .is_text = false}, {}};
}
Edit unset(const std::string& key) {
  return {Kind::unset, key, {}, {}};
}
Edit renamed(const std::string& key, const std::string& to) {
  return {Kind::rename, key, {}, to};
}

std::string edited(Format format, const std::string& text, const Edit& change) {
  const auto result = edit(format, text, change);
  return result ? result->text : "error: " + result.error().message;
}

} // namespace

TEST_CASE("a key of a properties file is set, unset and renamed, the rest stays as it is") {
  constexpr auto format = Format::properties;
  const std::string text = "# shop\r\na = 1\r\n\r\n! b=3\nb=2  \nc   =  \"x\"";
  CHECK(edited(format, text, set("a", "9")) == "# shop\r\na = 9\r\n\r\n! b=3\nb=2  \nc   =  \"x\"");
  CHECK(edited(format, text, set("b", "9")) == "# shop\r\na = 1\r\n\r\n! b=3\nb=9  \nc   =  \"x\"");
  CHECK(edited(format, text, set("c", "y")) == "# shop\r\na = 1\r\n\r\n! b=3\nb=2  \nc   =  \"y\"");
  CHECK(edited(format, text, set("d", "4")) == text + "\r\nd = 4\r\n");
  CHECK(edited(format, text, unset("b")) == "# shop\r\na = 1\r\n\r\n! b=3\nc   =  \"x\"");
  CHECK(edited(format, text, renamed("b", "bb")) == "# shop\r\na = 1\r\n\r\n! b=3\nbb=2  \nc   =  \"x\"");
  CHECK(edited(format, text, unset("z")) == "error: the configuration has no key 'z'");
}

TEST_CASE("a properties file with sections: a key is looked for in its own") {
  constexpr auto format = Format::properties;
  const std::string text = "[db]\nport = 1\n\n[cache]\nport = 2\n";
  CHECK(edited(format, text, set("cache.port", "3")) == "[db]\nport = 1\n\n[cache]\nport = 3\n");
  CHECK(edited(format, text, set("port", "3")) == "error: the key 'port' is in several sections: write SECTION.port");
  CHECK(edited(format, text, set("db.host", "h")) == "[db]\nport = 1\nhost = h\n\n[cache]\nport = 2\n");
}

TEST_CASE("a properties file: a key is renamed within its section, and not to one that is there") {
  const std::string text = "[db]\nport = 1\nhost = h\n";
  CHECK(edited(Format::properties, text, renamed("db.port", "db.number")) == "[db]\nnumber = 1\nhost = h\n");
  CHECK(edited(Format::properties, text, renamed("port", "number")) == "[db]\nnumber = 1\nhost = h\n");
  CHECK(edited(Format::properties, text, renamed("db.port", "db.host")).find("is there already") != std::string::npos);
}

TEST_CASE("a file that is no properties file is refused, and not broken") {
  for (const std::string text : {"appendonly no\n", "server:\n  port: 1\n", "server { listen 80; }\n", "<a/>\n"}) {
    const auto result = edit(Format::properties, text, set("appendonly", "yes"));
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().message.find("line 1 ") == 0);
    CHECK(why_not_editable(Format::properties, text));
  }
  CHECK(why_not_editable(Format::text, "a = 1\n"));
  CHECK(why_not_editable(Format::json, "a = 1\n"));
  CHECK(why_not_editable(Format::toml, "a: 1\n"));
  CHECK_FALSE(why_not_editable(Format::properties, ""));
  CHECK_FALSE(why_not_editable(Format::json, "{}"));
  CHECK_FALSE(why_not_editable(Format::toml, ""));
  CHECK(edited(Format::properties, "a = 1\n", set("a", "1\nb = 2")).starts_with("error: "));
}

TEST_CASE("TOML: comments, order and quotes stay, dotted paths lead to tables") {
  constexpr auto format = Format::toml;
  const std::string text = "# top\nname = 'x' # why\n\n[db]\n  host = \"a\"   # there\nport = 1\n[db.pool]\nsize=5\n";
  CHECK(edited(format, text, set("db.host", "b")) ==
        "# top\nname = 'x' # why\n\n[db]\n  host = \"b\"   # there\nport = 1\n[db.pool]\nsize=5\n");
  CHECK(edited(format, text, set("db.port", "2")) ==
        "# top\nname = 'x' # why\n\n[db]\n  host = \"a\"   # there\nport = 2\n[db.pool]\nsize=5\n");
  CHECK(edited(format, text, unset("db.port")) ==
        "# top\nname = 'x' # why\n\n[db]\n  host = \"a\"   # there\n[db.pool]\nsize=5\n");
  for (const auto& change : {set("db.pool.max", "7"), set("new.table.key", "v"), renamed("db.host", "db.address"),
                             renamed("db.host", "store.host"), set_number("db.pool.size", "9"), set("top", "x")}) {
    const auto result = edit(format, text, change);
    REQUIRE_MESSAGE(result.has_value(), edited(format, text, change));
    INFO(result->text);
    const auto parsed = toml::parse(result->text);
    CHECK(parsed["name"].value<std::string>() == "x");
    const auto key = change.kind == Kind::rename ? change.to : change.key;
    CHECK(parsed.at_path(key));
    CHECK(result->text.find("# why") != std::string::npos);
    if (change.kind != Kind::rename) // what is moved leaves its comment behind
      CHECK(result->text.find("# there") != std::string::npos);
  }
}

TEST_CASE("JSON: white space and order stay, a text takes the type of what stood there") {
  constexpr auto format = Format::json;
  const std::string text = "{\n  \"db\": {\"port\": 1, \"on\" :true},\n  \"name\":\"x\"\n}\n";
  CHECK(edited(format, text, set("db.port", "2")) ==
        "{\n  \"db\": {\"port\": 2, \"on\" :true},\n  \"name\":\"x\"\n}\n");
  CHECK(edited(format, text, set("db.on", "false")) ==
        "{\n  \"db\": {\"port\": 1, \"on\" :false},\n  \"name\":\"x\"\n}\n");
  CHECK(edited(format, text, set("name", "2")) == "{\n  \"db\": {\"port\": 1, \"on\" :true},\n  \"name\":\"2\"\n}\n");
  CHECK(edited(format, text, unset("db.port")) == "{\n  \"db\": {\"on\" :true},\n  \"name\":\"x\"\n}\n");
  for (const auto& change : {set("db.host", "h"), renamed("db.port", "db.number"), set("a.b.c", "d"), unset("name"),
                             set_number("db.port", "7.5")}) {
    const auto result = edit(format, text, change);
    REQUIRE_MESSAGE(result.has_value(), edited(format, text, change));
    INFO(result->text);
    boost::system::error_code error;
    (void)boost::json::parse(result->text, error);
    CHECK_FALSE(error);
  }
  CHECK_FALSE(edit(format, "no json", set("a", "1")).has_value());
}

TEST_CASE("an edit says what stood there before, and whether anything is other now") {
  for (const auto& [format, text] : {std::pair{Format::properties, std::string("a = 1\n")},
                                     {Format::toml, std::string("a = 1\n")},
                                     {Format::json, std::string("{\"a\": 1}")}}) {
    const auto same = edit(format, text, set("a", "1"));
    REQUIRE(same.has_value());
    CHECK(same->is_same());
    CHECK(same->text == text);
    const auto other = edit(format, text, set("a", "2"));
    REQUIRE(other.has_value());
    CHECK(other->before == "1");
    CHECK(other->after == "2");
    CHECK_FALSE(other->is_same());
    const auto fresh = edit(format, text, set("b", "2"));
    REQUIRE(fresh.has_value());
    CHECK_FALSE(fresh->before);
    const auto gone = edit(format, text, unset("a"));
    REQUIRE(gone.has_value());
    CHECK(gone->before == "1");
    CHECK_FALSE(gone->after);
  }
}

TEST_CASE("what is edited is as readable as what it was made of, whatever the bytes") {
  std::mt19937 random(3);
  const std::string toml_text = "a = 1\n[b]\nc = \"x\" # y\nd = [1,\n 2]\n[[e]]\nf = 'g'\n";
  const std::string json_text = R"({"a": [1, {"b": "c\"d"}], "e": {"f": null}, "g": "ä"})";
  for (int round = 0; round < 4000; ++round) {
    const bool is_toml = round % 2 == 0;
    auto text = is_toml ? toml_text : json_text;
    for (int i = 0; i < round % 4; ++i)
      text[random() % text.size()] = "{}[]\":,=.'\n#a1\\"[random() % 15];
    const auto change = round % 3 == 0 ? set("b.z", "1") : round % 3 == 1 ? unset("a") : renamed("e.f", "q.r");
    const auto result = edit(is_toml ? Format::toml : Format::json, text, change);
    if (!result)
      continue;
    INFO(text, " => ", result->text);
    if (is_toml) {
      CHECK_NOTHROW((void)toml::parse(result->text));
    } else {
      boost::system::error_code error;
      boost::json::parse_options options; // as some programs read their files
      options.allow_comments = options.allow_trailing_commas = true;
      (void)boost::json::parse(result->text, error, {}, options);
      CHECK_FALSE(error);
    }
  }
}

TEST_CASE("the hash of a text is its FNV-1a, as published") {
  CHECK(hash("") == "cbf29ce484222325");
  CHECK(hash("a") == "af63dc4c8601ec8c");
  CHECK(hash("foobar") == "85944171f73967e8");
}
