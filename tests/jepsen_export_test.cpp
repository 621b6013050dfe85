// What is exported can be read back: by the reader of others' histories, as the same operations.
#include "harness/jepsen/reader.hpp"
#include "reports/jepsen_export.hpp"

#include <doctest/doctest.h>
#include <sstream>

using namespace holdfast;
using reports::JepsenSyntax;

namespace {

history::History recorded() {
  history::History history;
  history.operations.push_back({.id = "p1",
                                .process = 4,
                                .user = "u\"4",
                                .name = "purchase",
                                .values = {{"amount", "5"}, {"odd key", "line\nend"}},
                                .invoked = 3,
                                .completed = 9,
                                .invoke_time = history::Time(100),
                                .complete_time = history::Time(900),
                                .outcome = history::Outcome::ok,
                                .status = 201,
                                .captured = {{"order", "77"}},
                                .list = {{.id = "p0", .amount = 5, .item = "mug"}, {.id = "p1"}}});
  history.operations.push_back({.id = "l1",
                                .process = 5,
                                .user = "u5",
                                .name = "log in",
                                .checkpoint = 2,
                                .invoked = 4,
                                .completed = 8,
                                .invoke_time = history::Time(200),
                                .complete_time = history::Time(800),
                                .outcome = history::Outcome::unauthenticated,
                                .status = 401});
  history.operations.push_back({.id = "p2",
                                .process = 6,
                                .user = "u6",
                                .name = "purchase",
                                .invoked = 5,
                                .completed = 7,
                                .invoke_time = history::Time(300),
                                .complete_time = history::Time(700),
                                .reason = "no reply"});
  history.operations.push_back(
      {.id = "p3", .process = 7, .user = "u7", .name = "purchase", .invoked = 10, .invoke_time = history::Time(950)});
  using history::StepEvent;
  history.events.push_back({6, history::Time(400),
                            StepEvent{.id = "s1",
                                      .kind = "kill",
                                      .state = StepEvent::State::proven,
                                      .nature = StepEvent::Nature::fault,
                                      .evidence = "gone",
                                      .struck = {"web@1", "web@2"}}});
  history.events.push_back({11, history::Time(960), history::PhaseEvent{}});
  return history;
}

std::string exported(JepsenSyntax syntax,
                     const history::Secrets& secrets = history::Secrets(history::Secrets::Policy::keep)) {
  std::ostringstream out;
  reports::jepsen_export(recorded(), secrets, syntax, out);
  return out.str();
}

consistency::History read_back(const std::string& text) {
  auto read = jepsen::read(text, "exported");
  if (const auto* error = std::get_if<jepsen::ReadError>(&read))
    FAIL(jepsen::describe(*error));
  return std::move(std::get<consistency::History>(read));
}

} // namespace

TEST_CASE("an exported history in Jepsen's EDN: operations by their sequence, steps by the nemesis") {
  CHECK(
      exported(JepsenSyntax::edn) ==
      R"({:type :invoke, :process 4, :f :purchase, :value {:op "p1", :user "u\"4", :amount "5", "odd key" "line\u000aend"}, :time 100, :index 0}
{:type :invoke, :process 5, :f "log in", :value {:op "l1", :user "u5", :checkpoint 2}, :time 200, :index 1}
{:type :invoke, :process 6, :f :purchase, :value {:op "p2", :user "u6"}, :time 300, :index 2}
{:type :info, :process :nemesis, :f :kill, :value {:id "s1", :kind "kill", :state "proven", :nature "fault", :evidence "gone", :struck ["web@1" "web@2"]}, :time 400, :index 3}
{:type :info, :process 6, :f :purchase, :value {:op "p2", :user "u6"}, :time 700, :error "no reply", :index 4}
{:type :fail, :process 5, :f "log in", :value {:op "l1", :user "u5", :checkpoint 2}, :time 800, :status 401, :error :unauthenticated, :index 5}
{:type :ok, :process 4, :f :purchase, :value {:op "p1", :user "u\"4", :amount "5", "odd key" "line\u000aend", :captured {:order "77"}, :list [{:id "p0", :amount 5, :item "mug"} {:id "p1"}]}, :time 900, :status 201, :index 6}
{:type :invoke, :process 7, :f :purchase, :value {:op "p3", :user "u7"}, :time 950, :index 7}
)");
}

TEST_CASE("what is exported is read back as the same operations, in EDN and in JSON") {
  for (const auto syntax : {JepsenSyntax::edn, JepsenSyntax::json}) {
    const auto history = read_back(exported(syntax));
    const auto original = recorded();
    REQUIRE(history.operations.size() == original.operations.size());
    for (std::size_t i = 0; i < original.operations.size(); ++i) {
      const auto& was = original.operations[i];
      const auto& is = history.operations[i];
      const auto text = [&](consistency::Value map, const char* key) {
        return std::string(history.values.view(history.values.at(map, key)));
      };
      CHECK(history.values.is_name(is.f, was.name));
      CHECK(is.process == static_cast<std::int64_t>(was.process));
      CHECK(text(is.invoked, "op") == was.id);
      CHECK(text(is.invoked, "user") == was.user);
      for (const auto& [key, value] : was.values)
        CHECK(text(is.invoked, std::string(key).c_str()) == value);
      CHECK(is.invoke_time == was.invoke_time.count());
      CHECK(is.complete_time == was.complete_time.count());
      CHECK((is.complete_line == 0) == (was.completed == 0));
    }
    CHECK(history.operations[0].outcome == consistency::Outcome::ok);
    CHECK(history.operations[1].outcome == consistency::Outcome::fail);
    CHECK(history.operations[2].outcome == consistency::Outcome::info);
    CHECK(history.operations[3].outcome == consistency::Outcome::info);
    const auto list = history.values.at(history.operations[0].completed, "list");
    CHECK(history.values.elements(list).size() == 2);
    CHECK(history.values.at(history.values.elements(list)[0], "amount") == consistency::Values::integer(5));
    CHECK(history.events == 6); // two of them never told, or with an unknown end
  }
}
