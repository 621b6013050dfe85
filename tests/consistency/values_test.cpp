#include "harness/consistency/values.hpp"

#include <array>
#include <doctest/doctest.h>

using namespace holdfast::consistency;

TEST_CASE("equal texts are one value, and a keyword is not the text of its name") {
  Values values;
  CHECK(values.text("a") == values.text("a"));
  CHECK(values.text("a") != values.keyword("a"));
  CHECK(values.is_name(values.text("a"), "a"));
  CHECK(values.is_name(values.keyword("a"), "a"));
  CHECK_FALSE(values.is_name(Values::integer(1), "1"));
}

TEST_CASE("integers keep their sign") {
  for (const std::int64_t number :
       {std::int64_t{0}, std::int64_t{-1}, Values::largest_integer, -Values::largest_integer})
    CHECK(Values::integer(number).integer() == number);
}

TEST_CASE("lists are equal by their elements, maps whatever their order") {
  Values values;
  const auto key = values.keyword("key");
  const auto other = values.text("other");
  const auto one = Values::integer(1);
  const std::array ab{key, one, other, Value{}};
  const std::array ba{other, Value{}, key, one};
  const auto list = values.list(ab);
  CHECK(values.equal(list, values.list(ab)));
  CHECK_FALSE(values.equal(list, values.list(ba)));
  CHECK_FALSE(values.equal(list, values.map(ab)));
  CHECK(values.equal(values.map(ab), values.map(ba)));
  CHECK(values.hash(values.map(ab)) == values.hash(values.map(ba)));
  CHECK(values.at(values.map(ba), "key") == one);
  CHECK(values.at(values.map(ba), "nothing").is_nil());
  CHECK(values.show(values.map(ab)) == R"({:key 1 "other" nil})");
}
