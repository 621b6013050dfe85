#include "harness/jepsen/reader.hpp"

#include <doctest/doctest.h>

using namespace holdfast;
using consistency::Outcome;

namespace {

consistency::History history_of(std::string_view text) {
  auto read = jepsen::read(text, "h");
  if (const auto* error = std::get_if<jepsen::ReadError>(&read))
    FAIL(jepsen::describe(*error));
  return std::move(std::get<consistency::History>(read));
}

std::string error_of(std::string_view text) {
  const auto read = jepsen::read(text, "h");
  const auto* error = std::get_if<jepsen::ReadError>(&read);
  return error == nullptr ? "none" : jepsen::describe(*error);
}

/// Every operation as "process f invoked completed outcome invocation-completion lines".
std::string shown(const consistency::History& history) {
  std::string text;
  for (const auto& one : history.operations) {
    text += std::to_string(one.process) + ' ' + history.values.show(one.f) + ' ' + history.values.show(one.invoked) +
            ' ' + history.values.show(one.completed);
    text += one.outcome == Outcome::ok ? " ok " : one.outcome == Outcome::fail ? " fail " : " info ";
    text += std::to_string(one.invocation) + '-' +
            (one.completion == consistency::never ? "never" : std::to_string(one.completion));
    text += " @" + std::to_string(one.invoke_line) + '-' + std::to_string(one.complete_line) + '\n';
  }
  return text;
}

} // namespace

TEST_CASE("EDN is read as one map a line, as a vector and as a list of maps") {
  const std::string maps = "{:type :invoke, :f :write, :value 1, :process 0}\n"
                           "{:type :invoke, :f :read, :value nil, :process 1}\n"
                           "{:type :ok, :f :read, :value 1, :process 1}\n"
                           "{:type :ok, :f :write, :value 1, :process 0}\n";
  const auto expected = "0 :write 1 1 ok 0-3 @1-4\n1 :read nil 1 ok 1-2 @2-3\n";
  CHECK(shown(history_of(maps)) == expected);
  CHECK(shown(history_of("[" + maps + "]")) == expected);
  CHECK(shown(history_of("(" + maps + ")\n; the end\n")) == expected);
  CHECK(history_of(maps).events == 4);
}

TEST_CASE("JSON is read as one object a line and as an array, and means the same") {
  const std::string a = R"({"type":"invoke","f":"cas","value":[1,2],"process":0,"index":0,"error":{"deep":["x"]}})";
  const std::string b = R"({"process":0,"value":[1,2],"type":"ok","f":"cas","index":1})";
  const auto expected = "0 \"cas\" [1 2] [1 2] ok 0-1 @1-2\n";
  CHECK(shown(history_of(a + "\n" + b + "\n")) == expected);
  CHECK(shown(history_of("[" + a + ",\n" + b + "]\n")) == expected);
}

TEST_CASE("what an EDN value may be") {
  const auto value = [](const std::string& text) {
    const auto history = history_of("{:type :invoke :process 0 :value " + text + "}");
    return history.values.show(history.operations.at(0).invoked);
  };
  CHECK(value("-7") == "-7");
  CHECK(value("+7") == "7");
  CHECK(value("12N") == "12");
  CHECK(value("1152921504606846975") == "1152921504606846975");
  CHECK(value("1152921504606846976") == "\"1152921504606846976\"");
  CHECK(value("-123456789012345678901234567890N") == "\"-123456789012345678901234567890\"");
  CHECK(value("1.5") == "\"1.5\"");
  CHECK(value("2.5M") == "\"2.5M\"");
  CHECK(value("1/2") == "\"1/2\"");
  CHECK(value("##Inf") == "\"##Inf\"");
  CHECK(value("true") == "true");
  CHECK(value(":jepsen/value") == ":jepsen/value");
  CHECK(value("symbol") == "\"symbol\"");
  CHECK(value(R"("a \"b\" \u00e9 \101")") == R"("a \"b\" é A")");
  CHECK(value("[\\a \\newline \\u0041 \\( \\,]") == "[\"a\" \"\n\" \"A\" \"(\" \",\"]");
  CHECK(value("#{3 1 2}") == "[3 1 2]");
  CHECK(value("(1, 2)") == "[1 2]");
  CHECK(value("{:a 1, \"b\" [nil]}") == "{:a 1 \"b\" [nil]}");
  CHECK(value("#inst \"2024-01-01\"") == "\"2024-01-01\"");
  CHECK(value("#jepsen.Thing{:a 1}") == "{:a 1}");
  CHECK(value("[1 #_2 3 #_ #_ 4 5 6 ; seven\n 8]") == "[1 3 6 8]");
  CHECK(value("[]") == "[]");
}

TEST_CASE("what a JSON value may be") {
  const auto value = [](const std::string& text) {
    const auto history = history_of(R"({"type":"invoke","process":0,"value":)" + text + "}");
    return history.values.show(history.operations.at(0).invoked);
  };
  CHECK(value("-7") == "-7");
  CHECK(value("1152921504606846976") == "\"1152921504606846976\"");
  CHECK(value("1.5e-3") == "\"1.5e-3\"");
  CHECK(value(R"("\ud83d\ude00\n\/")") == "\"😀\n/\"");
  CHECK(value(R"({"0": 10, "1": {}})") == R"({"0" 10 "1" {}})");
  CHECK(value("[ ]") == "[]");
  CHECK(value("[true, false ,null]") == "[true false nil]");
}

TEST_CASE("operations of Jepsen's own record type, nemesis and comments between them") {
  CHECK(shown(history_of("; recorded\n"
                         "#jepsen.history.Op{:index 0, :time 5, :type :invoke, :process 0, :f :read, :value nil}\n"
                         "{:type :info, :f :kill, :value {:n1 :killed}, :process :nemesis, :time 6, :index 1}\n"
                         "#_{:type :ok :process 7}\n"
                         "#jepsen.history.Op {:index 2, :time 9, :type :ok, :process 0, :f :read, :value 3}\n")) ==
        "0 :read nil 3 ok 0-1 @2-5\n");
  CHECK(shown(history_of(R"([{"type":"info","process":"nemesis","f":"start","time":1},)"
                         R"({"type":"invoke","process":1,"f":"read"}])")) == "1 \"read\" nil nil info 0-never @1-0\n");
}

TEST_CASE("a completion without a value: what is acknowledged is what was asked for, what failed says nothing") {
  CHECK(shown(history_of("{:type :invoke :process 0 :f :write :value 4}{:type :ok :process 0 :f :write}"
                         "{:type :invoke :process 0 :f :write :value 5}{:type :fail :process 0}"
                         "{:type :invoke :process 0 :f :read}{:type :ok :process 0 :f :read :value nil}")) ==
        "0 :write 4 4 ok 0-1 @1-1\n0 :write 5 nil fail 2-3 @1-1\n0 :read nil nil ok 4-5 @1-1\n");
}

TEST_CASE("whoever uses the number of a crashed process is another process") {
  CHECK(shown(history_of("{:type :invoke :process 0 :f :w :value 1}\n{:type :info :process 0 :f :w}\n"
                         "{:type :invoke :process 3 :f :w :value 2}\n{:type :ok :process 3 :f :w}\n"
                         "{:type :invoke :process 0 :f :w :value 3}\n{:type :ok :process 0 :f :w}\n"
                         "{:type :invoke :process 0 :f :w :value 4}\n")) ==
        "0 :w 1 nil info 0-never @1-2\n3 :w 2 2 ok 1-2 @3-4\n4 :w 3 3 ok 3-4 @5-6\n4 :w 4 nil info 5-never @7-0\n");
}

TEST_CASE("the order is the index's, wherever a line stands") {
  CHECK(shown(history_of("{:index 9 :type :ok :process 0 :f :r :value 1}\n{:index 2 :type :invoke :process 0 :f :r}\n"
                         "{:index 3 :type :invoke :process 1 :f :w :value 1}\n")) ==
        "0 :r nil 1 ok 0-2 @2-1\n1 :w 1 nil info 1-never @3-0\n");
}

TEST_CASE("without an index the order is that of time, ties with invocations first") {
  CHECK(shown(history_of("{:time 5 :type :invoke :process 0 :f :a}\n{:time 9 :type :ok :process 0}\n"
                         "{:time 9 :type :invoke :process 1 :f :b}\n{:time 9 :type :ok :process 1}\n"
                         "{:time 7 :type :invoke :process 2 :f :c}\n")) ==
        "0 :a nil nil ok 0-3 @1-2\n2 :c nil nil info 1-never @5-0\n1 :b nil nil ok 2-4 @3-4\n");
}

TEST_CASE("ties never go against a process's own order") {
  CHECK(shown(history_of("{:time 5 :type :invoke :process 0 :f :a}\n{:time 9 :type :ok :process 0}\n"
                         "{:time 9 :type :invoke :process 0 :f :b}\n{:time 9 :type :ok :process 0}\n"
                         "{:time 9 :type :invoke :process 1 :f :c}\n")) ==
        "0 :a nil nil ok 0-2 @1-2\n1 :c nil nil info 1-never @5-0\n0 :b nil nil ok 3-4 @3-4\n");
}

TEST_CASE("a clock that stands still orders nothing: the text does") {
  CHECK(shown(history_of("{:time 0 :type :invoke :process 0 :f :a}{:time 0 :type :ok :process 0}"
                         "{:time 0 :type :invoke :process 1 :f :b}{:time 0 :type :ok :process 1}")) ==
        "0 :a nil nil ok 0-1 @1-1\n1 :b nil nil ok 2-3 @1-1\n");
}

TEST_CASE("the times of different processes may cross where there is an index, as Jepsen's do") {
  CHECK(history_of("{:index 0 :time 8 :type :invoke :process 0 :f :a}{:index 1 :time 7 :type :invoke :process 1 :f :b}")
            .operations.size() == 2);
}

TEST_CASE("an empty history is one without operations") {
  for (const auto* text : {"", "\n\n", "[]", "()", " [ ]\n", "; nothing\n", "[\n]"})
    CHECK(history_of(text).operations.empty());
}

TEST_CASE("a malformed history is a sentence with its line") {
  CHECK(error_of("{:type :ok :process 0 :f :read}") ==
        "h:1: process 0 completes an operation (:ok) without having invoked one");
  CHECK(error_of("{:type :invoke :process 3 :f :r}\n\n{:type :invoke :process 3 :f :r}") ==
        "h:3: process 3 invokes an operation while its last one, invoked on line 1, is open");
  CHECK(error_of("{:type :invoke :process 3 :f :r}\n{:type :okay :process 3 :f :r}") ==
        "h:2:13: the type 'okay' is unknown: invoke, ok, fail and info are known");
  CHECK(error_of("{:process 3 :f :r}") == "h:1: an operation without a type: invoke, ok, fail or info");
  CHECK(error_of("{:type :invoke :process 3 :f :r :index 4}\n{:type :ok :process 3 :f :r :index 4}") ==
        "h:2: the index 4 occurs twice: line 1 has it too");
  CHECK(error_of("{:type :invoke :process 3 :f :r :index 4}\n{:type :ok :process 3 :f :r}") ==
        "h:2: an operation without an index in a history whose operations have one");
  CHECK(error_of("{:type :invoke :process 3 :f :r :time 9}\n{:type :ok :process 3 :f :r :time 8}") ==
        "h:2: time runs backwards: process 3 is at 8 here and was at 9 on line 1");
  CHECK(error_of("{:type :invoke :process 3 :f :r :index 0 :time 9}\n{:type :ok :process 3 :f :r :index 1 :time 8}") ==
        "h:2: time runs backwards: process 3 is at 8 here and was at 9 on line 1");
  CHECK(error_of("{:type :invoke :process 3 :f :r}\n{:type :ok :process 3 :f :w}") ==
        "h:2: process 3 completes :w, and what it invoked on line 1 is :r");
  CHECK(error_of("{:type :invoke :process 3 :f :r}\n{:type :invoke :f :w}") ==
        "h:2: an operation without a process, and the one of line 1 has one");
  CHECK(error_of("{:type :invoke :process \"a\" :f :r}") ==
        "h:1:28: the process 'a' is neither a number nor the nemesis");
  CHECK(error_of("seq 1") == "h:1: this is no history: neither EDN nor JSON begins like this");
}

TEST_CASE("a truncated line is named, whatever stands on the next") {
  CHECK(error_of("{:type :invoke :process 3 :f :r}\n{:type :ok :proc") ==
        "h:2:17: the file ends where a value is expected");
  CHECK(error_of("{:type :invoke :process 3 :f\n{:type :ok :process 3 :f :r}\n{:type :invoke :process 3 :f :r}\n") ==
        "h:1: the operation that begins here is cut or wrong: an operation's keys are keywords, and '{' stands where "
        "one is "
        "expected (line 3, column 1)");
  CHECK(error_of("{\"type\":\"invoke\",\"process\":3,\"f\":\"re\n{\"type\":\"ok\"}\n") ==
        "h:1:37: the line ends inside a string");
  CHECK(error_of("{\"type\":\"invoke\",\"process\":3\n{\"type\":\"ok\"}\n") ==
        "h:1: the operation that begins here is cut or wrong: a ',' is expected between the keys of an object, and '{' "
        "stands here (line 2, column 1)");
  CHECK(error_of("[{\"type\":\"invoke\",\"process\":3},\n") ==
        "h:2:1: an operation is an object, and the end of the file stands here");
  CHECK(error_of("[{:type :invoke, :process 3}\n") == "h:2:1: the history's ']' is missing: it was cut");
}

TEST_CASE("invalid letters, escapes and numbers are named, and so is what is nested too deep") {
  CHECK(error_of("{:type :invoke :f \"\xff\"}").starts_with("h:1:21: the text before this is no UTF-8"));
  CHECK(error_of("{:type :invoke :f :\xc0\x80}").starts_with("h:1:22: the text before this is no UTF-8"));
  CHECK(error_of(R"({:type :invoke :f "\q"})") == "h:1:21: there is no escape \\ followed by 'q'");
  CHECK(error_of(R"({"type":"\u12"})") == "h:1:14: four hexadecimal digits follow \\u, and '\"' is none");
  CHECK(error_of(R"({"type":"\ud800"})") == "h:1:16: an escape is half of a letter, and the other half is missing");
  CHECK(error_of("{:type :invoke :value 12abc}") == "h:1:28: '12abc' is no number");
  CHECK(error_of("{\"type\":\"invoke\",\"value\":1.}") == "h:1:28: a digit is expected, and '}' stands here");
  CHECK(error_of("{:value " + std::string(100'000, '[')).starts_with("h:1:109: values are nested more than 100 deep"));
  CHECK(error_of("{:value " + std::string(100'000, '#')).starts_with("h:1"));
  CHECK(error_of(std::string(20, ' ') + "[" + std::string(100'000, '#')).starts_with("h:1"));
  std::string discards;
  for (int i = 0; i < 100'000; ++i)
    discards += "#_ #a ";
  CHECK(error_of("[" + discards).starts_with("h:1:"));
  CHECK(error_of("{\"value\":" + std::string(100'000, '[')).find("nested more than 100 deep") != std::string::npos);
}
