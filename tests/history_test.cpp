// What is recorded is read back; a cut line is survived, a wrong one is named.
#include "harness/history/identities.hpp"
#include "harness/history/reader.hpp"
#include "harness/history/recorder.hpp"
#include "tests/support/support.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <random>
#include <set>

using namespace holdfast::history;
using holdfast::test::TemporaryFolder;

namespace {

void record(const std::filesystem::path& folder) {
  Time now{};
  const Secrets secrets;
  Recorder recorder(folder, secrets, [&now] { return now += Time(1000); });
  Operation operation{.id = "op1",
                      .process = 3,
                      .user = "u\"1\n\xff",
                      .name = "buy",
                      .host = 2,
                      .instance = "web@2",
                      .values = {{"amount", "7"}}};
  recorder.invoke(operation);
  operation.attempts.push_back({.number = 1, .instance = "web@2", .outcome = Outcome::info, .reason = "cut"});
  recorder.result(operation, operation.attempts[0]);
  operation.attempts.push_back(
      {.number = 2, .instance = "web@1", .outcome = Outcome::ok, .answered = true, .status = 200});
  recorder.attempt(operation, operation.attempts[1]);
  operation.outcome = Outcome::ok;
  operation.answered = true;
  operation.status = 200;
  operation.list = {{"a", 5, "item", "", "charge"}};
  operation.captured = {{"balance", "993"}};
  recorder.event(StepEvent{.id = "s", .kind = "kill", .instances = {"web@1", "web@2"}});
  recorder.probe("web@2", true, "200");
  recorder.complete(operation);
  Operation open{.id = "op2", .user = "u2", .name = "buy", .instance = "web@1"};
  recorder.invoke(open);
}

} // namespace

TEST_CASE("lists are read back as they were, and share what the one before them held") {
  const TemporaryFolder folder;
  std::mt19937 random(7);
  const auto below = [&random](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  std::vector<std::vector<ListEntry>> lists;
  {
    const Secrets secrets;
    Recorder recorder(folder.path(), secrets, [] { return Time{}; });
    std::vector<ListEntry> list;
    for (int i = 0; i < 400; ++i) {
      // Most lists grow at one end; some shrink, change, or swap two of their elements.
      // Some are of operations, also of some that are yet to come.
      const auto id = below(3) == 0 ? fmt::format("read{}", below(400)) : std::to_string(i);
      const ListEntry fresh{id, below(5), below(2) == 0 ? "tea" : "", below(2) == 0 ? "u2" : "", ""};
      if (const auto what = below(8); what < 3 || list.empty())
        list.push_back(fresh);
      else if (what < 6)
        list.insert(list.begin(), fresh);
      else if (what == 6)
        list[below(list.size())].amount.reset();
      else
        std::swap(list[below(list.size())], list.back()), list.pop_back();
      lists.push_back(list);
      Operation read{.id = fmt::format("read{}", i), .user = "u1", .name = "orders", .instance = "web@1"};
      recorder.invoke(read);
      read.outcome = Outcome::ok;
      read.list = EntryList(list);
      read.pages = static_cast<std::uint16_t>(i % 3);
      read.statement = EntryList(std::vector(list.rbegin(), list.rend()));
      read.attempts.push_back({.instance = "web@1", .outcome = Outcome::ok, .answered = true, .status = 200});
      recorder.complete(read);
    }
  }
  const auto history = std::get<History>(read_history(folder.path()));
  std::size_t entries = 0;
  std::set<const ListEntry*> different;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    CHECK(history.operations[i].list == EntryList(lists[i]));
    CHECK(history.operations[i].statement == EntryList(std::vector(lists[i].rbegin(), lists[i].rend())));
    entries += lists[i].size();
    for (const auto& entry : history.operations[i].list)
      different.insert(&entry);
    CHECK(history.operations[i].number == i);
    CHECK(history.operations[i].pages == i % 3);
    for (const auto* list : {&history.operations[i].list, &history.operations[i].statement})
      for (std::size_t place = 0; place < list->size(); ++place) {
        const auto& id = (*list)[place].id;
        CHECK(list->operation(place) == (id.starts_with("read") ? std::stoul(id.substr(4)) : EntryList::no_operation));
      }
  }
  CHECK(different.size() * 10 < entries);
}

TEST_CASE("a history made by hand is identified as one that was read") {
  History history;
  history.operations.push_back({.id = "a", .list = EntryList{{"b", {}, "", "", ""}, {"c", {}, "", "", ""}}});
  history.operations.push_back({.id = "b", .statement = EntryList{{"a", {}, "", "", ""}}});
  CHECK(history.operations[0].list.operation(0) == EntryList::not_looked_up);
  identify(history);
  CHECK(history.operations[1].number == 1);
  CHECK(history.operations[0].list.operation(0) == 1);
  CHECK(history.operations[0].list.operation(1) == EntryList::no_operation);
  CHECK(history.operations[1].statement.operation(0) == 0);
  history.operations.push_back({.id = "c"});
  identify(history);
  CHECK(history.operations[0].list.operation(1) == 2);
  history.operations.push_back({.id = "c"});
  CHECK_THROWS_AS(identify(history), std::invalid_argument);
}

TEST_CASE("a history is read back as it was recorded") {
  const TemporaryFolder folder;
  record(folder.path());
  const auto read = std::get<History>(read_history(folder.path()));
  REQUIRE(read.operations.size() == 2);
  const auto& operation = read.operations[0];
  CHECK(operation.user == "u\"1\n\xEF\xBF\xBD");
  CHECK(operation.attempts.size() == 2);
  CHECK(operation.attempts[0].reason == "cut");
  CHECK(operation.attempts[1].instance == "web@1");
  CHECK(operation.outcome == Outcome::ok);
  CHECK(operation.list == EntryList{{"a", 5, "item", "", "charge"}});
  CHECK(operation.captured.find("balance") == "993");
  CHECK(operation.invoked < operation.completed);
  CHECK(read.operations[1].outcome == Outcome::info);
  CHECK(read.operations[1].completed == 0);
  const auto* step = read.events.at(0).as<StepEvent>();
  REQUIRE(step != nullptr);
  CHECK(step->state == StepEvent::State::began);
  CHECK(step->instances == std::vector<std::string>{"web@1", "web@2"});
  CHECK(read.probes.at(0).ready);
  CHECK_FALSE(read.truncated);
}

TEST_CASE("whether somebody answered is kept, with a status and without one") {
  const TemporaryFolder folder;
  {
    const Secrets secrets;
    Recorder recorder(folder.path(), secrets, [] { return Time{}; });
    for (const auto& [id, answered, status] :
         {std::tuple{"number", true, 422}, {"no-number", true, 0}, {"silence", false, 0}}) {
      Operation one{.id = id, .user = "u", .name = "buy", .instance = "web@1"};
      recorder.invoke(one);
      one.outcome = Outcome::fail;
      one.answered = answered;
      one.status = status;
      one.attempts.push_back({.instance = "web@1", .outcome = one.outcome, .answered = answered, .status = status});
      recorder.complete(one);
    }
  }
  const auto read = std::get<History>(read_history(folder.path()));
  REQUIRE(read.operations.size() == 3);
  CHECK(read.operations[0].is_served());
  CHECK(read.operations[0].status == 422);
  CHECK(read.operations[1].is_served());
  CHECK(read.operations[1].attempts[0].answered);
  CHECK_FALSE(read.operations[2].is_served());
}

TEST_CASE("values are kept by name, in order, whatever they hold") {
  Values values = {{"b", "2"}, {"a", ""}, {"c", std::string_view("x\0y", 3)}};
  values.set("b", "longer than before");
  values.set("aa", "between");
  values.set("d", *values.find("b")); // a view of its own text
  std::string names;
  for (const auto& [name, value] : values)
    names += std::string(name) + " ";
  CHECK(names == "a aa b c d ");
  CHECK(values.find("a") == "");
  CHECK(values.find("b") == "longer than before");
  CHECK(values.find("d") == "longer than before");
  CHECK(values.find("c")->size() == 3);
  CHECK_FALSE(values.find("e"));
  CHECK(values == Values{{"d", "longer than before"},
                         {"c", std::string_view("x\0y", 3)},
                         {"b", "longer than before"},
                         {"aa", "between"},
                         {"a", ""}});
}

TEST_CASE("a history that was cut anywhere is readable up to its last line") {
  const TemporaryFolder folder;
  record(folder.path());
  const auto file = folder.path() / "history.jsonl";
  const auto size = std::filesystem::file_size(file);
  for (auto cut = size; cut > 0; --cut) {
    std::filesystem::resize_file(file, cut);
    const auto read = read_history(folder.path());
    if (const auto* error = std::get_if<ReadError>(&read))
      FAIL(describe(*error));
  }
}

TEST_CASE("what cannot be is named with file and line") {
  const auto error_of = [](const std::string& text) {
    const TemporaryFolder folder;
    record(folder.path());
    folder.write("history.jsonl", text);
    const auto read = read_history(folder.path());
    return std::holds_alternative<ReadError>(read)
               ? describe(std::get<ReadError>(read)).substr(folder.path().string().size() + 1)
               : std::string("fine");
  };
  const std::string invoke =
      R"({"seq":1,"time":1,"type":"invoke","op":"a","process":1,"user":"u","name":"n","host":1,"instance":"i"})"
      "\n";
  CHECK(error_of("{\n") == "history.jsonl:1: is no JSON");
  CHECK(error_of(R"({"seq":1,"time":1,"type":"complete","op":"a","number":1,"outcome":"ok"})"
                 "\n") == "history.jsonl:1: 'complete' of operation 'a', which was never invoked");
  CHECK(error_of(invoke + invoke) == "history.jsonl:2: 'seq' goes from 1 to 1");
  CHECK(error_of(invoke + R"({"seq":2,"time":1,"type":"complete","op":"a","number":1,"outcome":"maybe"})"
                          "\n") == "history.jsonl:2: unknown outcome 'maybe'");
  CHECK(error_of(invoke) == "fine");
}

TEST_CASE("no bytes crash the reader") {
  const TemporaryFolder folder;
  record(folder.path());
  std::ifstream stream(folder.path() / "history.jsonl");
  const std::string good((std::istreambuf_iterator<char>(stream)), {});
  std::mt19937 random(3);
  for (int round = 0; round < 3000; ++round) {
    auto text = good;
    for (int i = 0; i < 1 + round % 4; ++i)
      text[random() % text.size()] = "{}[]\":,0a\n"[random() % 10];
    folder.write("history.jsonl", text);
    (void)read_history(folder.path());
  }
}
