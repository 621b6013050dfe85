// What a user reads, and what the linearizable models take for an observation.
#include "harness/consistency/model.hpp"

#include <array>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace holdfast::consistency;

namespace {

/// Builds a history line by line.
class Lines {
public:
  History history;

  Value key(const char* name) { return history.values.keyword(name); }
  Value text(const char* content) { return history.values.text(content); }
  static Value number(int value) { return Values::integer(value); }
  Value pair(Value a, Value b) { return history.values.list(std::array{a, b}); }
  Value access(const char* f, const char* key, Value value) {
    return history.values.list(std::array{history.values.keyword(f), history.values.keyword(key), value});
  }
  Value list(std::initializer_list<Value> elements) { return history.values.list({elements.begin(), elements.size()}); }

  OperationId invoke(int process, const char* f, Value value = {}, Value of_key = {}) {
    Operation operation;
    operation.f = history.values.keyword(f);
    operation.key = of_key;
    operation.invoked = value;
    operation.process = process;
    operation.invocation = history.events++;
    operation.invoke_line = operation.invocation + 1;
    history.operations.push_back(operation);
    return static_cast<OperationId>(history.operations.size() - 1);
  }
  void end(OperationId id, Outcome outcome, Value value = {}) {
    auto& operation = history.operations[id];
    operation.outcome = outcome;
    operation.completed = value;
    operation.completion = outcome == Outcome::info ? never : history.events;
    operation.complete_line = ++history.events;
  }
  /// Begun and ended at once.
  OperationId did(int process, const char* f, Value invoked, Outcome outcome, Value completed = {}, Value of_key = {}) {
    const auto id = invoke(process, f, invoked, of_key);
    end(id, outcome, completed);
    return id;
  }
  OperationId wrote(int process, int value) { return did(process, "write", number(value), Outcome::ok, number(value)); }
  OperationId read(int process, int value) { return did(process, "read", {}, Outcome::ok, number(value)); }

  Result check(const char* model, std::map<std::string, std::string> declarations = {}, const Limits& limits = {}) {
    Budget budget(limits);
    return find_model(model)->check(history, {"", std::move(declarations)}, budget);
  }
};

} // namespace

TEST_CASE("a stale read is named, with the writes that make it stale") {
  Lines lines;
  const auto three = lines.wrote(0, 3);
  lines.read(1, 3);
  const auto five = lines.wrote(2, 5);
  const auto stale = lines.read(4, 3);
  lines.wrote(0, 7);
  for (const auto* method : {"direct", "search"}) {
    const auto result = lines.check("register", {{"method", method}});
    CHECK(result.validity == Validity::invalid);
    CHECK(result.reason ==
          "read of 3 at line 7 by process 4 cannot be placed: after the longest prefix the register is 5");
    CHECK(result.stuck == std::vector{stale});
    CHECK(result.prefix.size() == 3);
    CHECK(result.findings.front().kind == "nonlinearizable");
    CHECK(result.findings.front().examples.front().operations == std::vector{three, five, stale});
  }
}

TEST_CASE("a value that nobody wrote is named alone") {
  Lines lines;
  lines.wrote(0, 3);
  const auto phantom = lines.read(1, 4);
  const auto result = lines.check("register");
  CHECK(result.reason ==
        "read of 4 at line 3 by process 1 cannot be placed: after the longest prefix the register is 3");
  CHECK(result.findings.front().examples.front().operations == std::vector{phantom});
}

TEST_CASE("tuples of Jepsen's independent are judged by key, and the key is named") {
  Lines lines;
  const auto key = Lines::number(7);
  lines.did(0, "write", lines.pair(Lines::number(8), Lines::number(1)), Outcome::ok,
            lines.pair(Lines::number(8), Lines::number(1)));
  lines.did(0, "cas", lines.pair(key, lines.pair({}, Lines::number(2))), Outcome::ok,
            lines.pair(key, lines.pair({}, Lines::number(2))));
  lines.did(1, "read", lines.pair(key, {}), Outcome::ok, lines.pair(key, Lines::number(1)));
  const auto result = lines.check("cas-register");
  CHECK(result.reason == "key 7: read of 1 at line 5 by process 1 cannot be placed: after the longest prefix, whose "
                         "last change is the cas "
                         "of [nil 2] at line 3 by process 0, the register holds something that nobody read");
}

TEST_CASE("keys of kv may stand beside the value, and texts are appended to") {
  Lines lines;
  const auto a = lines.text("a");
  const auto b = lines.text("b");
  lines.did(0, "append", lines.text("x"), Outcome::ok, {}, a);
  lines.did(0, "append", lines.text("y"), Outcome::ok, {}, b);
  lines.did(0, "append", lines.text("z"), Outcome::ok, {}, a);
  lines.did(0, "get", {}, Outcome::ok, lines.text("xz"), a);
  CHECK(lines.check("kv").validity == Validity::valid);
  lines.did(0, "get", {}, Outcome::ok, {}, b);
  const auto result = lines.check("kv");
  CHECK(result.validity == Validity::invalid);
  CHECK(result.reason.starts_with("key \"b\": get of nil at line 9 by process 0 cannot be placed"));
}

TEST_CASE("a failed compare-and-set proves nothing unless that is declared, and then it observes every write") {
  Lines lines;
  lines.wrote(0, 3);
  const auto failed = lines.did(1, "cas", lines.pair(Lines::number(3), Lines::number(4)), Outcome::fail);
  lines.read(0, 3);
  CHECK(lines.check("cas-register").validity == Validity::valid);
  const auto result = lines.check("cas-register", {{"failed-cas", "mismatch"}});
  CHECK(result.validity == Validity::invalid);
  CHECK(result.stuck == std::vector{failed});

  Lines timed_out; // nobody reads 5, and still its write must not be dropped
  timed_out.wrote(0, 3);
  timed_out.did(1, "write", Lines::number(5), Outcome::info);
  timed_out.did(2, "cas", timed_out.pair(Lines::number(3), Lines::number(4)), Outcome::fail);
  timed_out.wrote(0, 3);
  timed_out.read(0, 3);
  CHECK(timed_out.check("cas-register", {{"failed-cas", "mismatch"}}).validity == Validity::valid);
}

TEST_CASE("transactions on several registers are placed as a whole") {
  Lines lines;
  const auto write = lines.list({lines.access("w", "x", Lines::number(1)), lines.access("w", "y", Lines::number(1))});
  const auto asked = lines.list({lines.access("r", "x", {}), lines.access("r", "y", {})});
  lines.did(0, "txn", write, Outcome::info);
  lines.did(1, "txn", asked, Outcome::ok,
            lines.list({lines.access("r", "x", Lines::number(1)), lines.access("r", "y", Lines::number(1))}));
  CHECK(lines.check("multi-register").validity == Validity::valid);
  lines.did(1, "txn", asked, Outcome::ok,
            lines.list({lines.access("r", "x", Lines::number(1)), lines.access("r", "y", {})}));
  const auto result = lines.check("multi-register");
  CHECK(result.validity == Validity::invalid);
  CHECK(result.reason.find("after the longest prefix :x is 1, :y is 1") != std::string::npos);
}

TEST_CASE("a lock that two hold is found") {
  Lines lines;
  lines.did(0, "acquire", {}, Outcome::ok);
  const auto second = lines.did(1, "acquire", {}, Outcome::ok);
  const auto result = lines.check("mutex");
  CHECK(result.reason == "acquire at line 3 by process 1 cannot be placed: after the longest prefix the lock is held");
  CHECK(result.stuck == std::vector{second});
}

TEST_CASE("without evidence linearizability is unknown, with the reason") {
  for (const auto* model : {"register", "cas-register", "multi-register", "mutex", "kv"}) {
    CHECK(Lines{}.check(model).reason == "the history has no operations");
    CHECK(Lines{}.check(model).validity == Validity::unknown);
  }
  Lines reads;
  reads.did(0, "read", {}, Outcome::ok);
  CHECK(reads.check("register").reason == "nothing was written: what was read shows nothing");
  Lines writes;
  writes.wrote(0, 1);
  CHECK(writes.check("register").reason == "nothing was read: what was written could be anywhere");
  Lines open;
  open.invoke(0, "write", Lines::number(1));
  CHECK(open.check("register").reason == "none of the 1 operations completed");
  Lines info;
  info.did(0, "write", Lines::number(1), Outcome::info);
  CHECK(info.check("register").reason ==
        "none of the 1 operations is acknowledged: all failed or have an unknown outcome");
}

TEST_CASE("what is no operation of the model is named with its line") {
  Lines lines;
  lines.did(0, "cas", Lines::number(5), Outcome::ok);
  CHECK(lines.check("register").reason == "line 1: :cas is no operation of a register, which has read and write");
  CHECK(lines.check("cas-register").reason == "line 1: the value of a cas is to be [old new], not 5");
  CHECK(lines.check("kv").reason == "line 1: :cas is no operation of kv, which has get, put and append");
  CHECK(lines.check("mutex").reason == "line 1: :cas is no operation of a mutex, which has acquire and release");
  CHECK(lines.check("multi-register").reason ==
        "line 1: a transaction is to be [[:r key value] [:w key value] …], not 5");
  CHECK(lines.check("register", {{"nodes", "few"}}).reason == "nodes is to be a number, not \"few\"");
}

TEST_CASE("a search that has used up its budget is unknown and says which") {
  Lines lines; // many writes at once, each of a value that is written twice, and two last values read after them
  constexpr int writers = 40;
  for (int i = 0; i < writers; ++i)
    lines.invoke(i, "write", Lines::number(i / 2));
  for (int i = 0; i < writers; ++i)
    lines.end(static_cast<OperationId>(i), Outcome::ok);
  for (int i = 0; i < writers / 2; ++i)
    lines.read(100, i);
  CHECK(lines.check("register", {{"nodes", "1000"}}).reason == "the limit of configurations was reached");
  CHECK(lines.check("register", {}, {.memory = std::size_t{2} << 20}).reason == "the memory limit of 2 MB was reached");
  CHECK(lines.check("register", {}, {.time = std::chrono::milliseconds{20}}).reason ==
        "the time limit of 0.02 s was reached");
}

TEST_CASE("ten thousand writes that timed out cost next to nothing") {
  for (const bool unique : {true, false}) {
    Lines lines;
    for (int i = 0; i < 10'000; ++i)
      lines.did(i, "write", Lines::number(unique ? i : i / 2), Outcome::info);
    for (int i = 0; i < 21; ++i)
      lines.read(20'000, 200 * i);
    CHECK(lines.check("register").validity == Validity::valid);
    lines.read(20'000, 0);
    if (unique)
      CHECK(lines.check("register").stuck == std::vector<OperationId>{10'021});
  }
}
