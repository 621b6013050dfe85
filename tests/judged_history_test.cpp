// holdfast check HISTORY: what it says, and its exit status. The model is a tiny one: what is read has been written.
#include "harness/cli/check.hpp"
#include "harness/consistency/evidence.hpp"
#include "tests/support/support.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>
#include <fstream>
#include <iterator>

using namespace holdfast;
using namespace holdfast::consistency;

namespace {

Result seen_before_written(History& history, const Question& question, Budget&) {
  Result result;
  Evidence evidence;
  const auto& all = history.operations;
  for (OperationId i = 0; i < all.size(); ++i) {
    const bool reads = history.values.is_name(all[i].f, "read");
    ++(reads ? evidence.reads : evidence.writes);
    if (!reads || all[i].outcome != Outcome::ok || all[i].completed.is_nil())
      continue;
    bool written = false;
    for (const auto& other : all)
      written = written || (history.values.is_name(other.f, "write") && other.invoked == all[i].completed);
    if (!written) {
      result.add("phantom", {"what was read was never written", {0, i}, {{0, i, "realtime", "it ended before"}}});
      result.prefix = {0};
      result.stuck = {i};
    }
  }
  result.examined = all.size();
  if (question.declarations.contains("ruled"))
    result.ruled_out = {question.declarations.at("ruled")};
  conclude(result, history, evidence, !result.findings.empty());
  return result;
}

const std::vector<Model> tiny = {
    {"phantoms", "reads of what nobody wrote", {"linearizable", "sequential"}, {"ruled: a model"}, seen_before_written},
    {"plain", "the same, without levels", {}, {}, seen_before_written},
    {"late", "the same, with another level", {"eventual"}, {}, seen_before_written}};

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// With the folder of the history taken out of what is said.
cli::Said told(const std::string& text, cli::CheckOptions options, std::string* page = nullptr) {
  const test::TemporaryFolder folder;
  options.path = folder.write("h.edn", text).string();
  if (page != nullptr)
    options.explain = (folder.path() / "page.html").string();
  auto said = cli::check_history(options, tiny);
  if (page != nullptr)
    *page = text_of(folder.path() / "page.html");
  for (auto* where : {&said.out, &said.error})
    for (std::size_t at = 0; (at = where->find(folder.path().string() + "/")) != std::string::npos;)
      where->erase(at, folder.path().string().size() + 1);
  return said;
}

const std::string good = "{:type :invoke :process 0 :f :write :value 1}\n{:type :ok :process 0 :f :write}\n"
                         "{:type :invoke :process 1 :f :read}\n{:type :ok :process 1 :f :read :value 1}\n";
const std::string bad = good + "{:type :invoke :process 1 :f :read}\n{:type :ok :process 1 :f :read :value 2}\n";

} // namespace

TEST_CASE("a history that holds passes, and the verdict says what it rests on") {
  const auto said = told(good, {.model = "phantoms"});
  CHECK(said.status == 0);
  CHECK(said.out ==
        "PASS  phantoms at linearizable  h.edn\n  → 1 reads against 1 writes\n  2 operations, 2 examined\n");
}

TEST_CASE("a counterexample is told with its operations, their lines, and why one comes before the other") {
  const auto said = told(bad, {.model = "phantoms", .level = "sequential", .declarations = {"ruled=weak"}});
  CHECK(said.status == 1);
  CHECK(said.out == "FAIL  phantoms at sequential  h.edn\n"
                    "  → what was read was never written\n"
                    "  3 operations, 3 examined\n\n"
                    "  phantom, 1 case:\n"
                    "    what was read was never written\n"
                    "      lines 1 and 2  process 0 :write 1 → ok\n"
                    "      lines 5 and 6  process 1 :read → ok 2\n"
                    "    lines 1 and 2 → lines 5 and 6 (realtime): it ended before\n\n"
                    "  the longest prefix that works, in an order that works\n"
                    "        1  lines 1 and 2: process 0 :write 1 → ok\n\n"
                    "  what cannot be placed after it\n"
                    "           lines 5 and 6  process 1 :read → ok 2\n\n"
                    "  ruled out: weak\n");
}

TEST_CASE("without evidence a history is inconclusive, with the reason") {
  const auto said = told("", {.model = "plain"});
  CHECK(said.status == 2);
  CHECK(said.out.starts_with("INCONCLUSIVE  plain  h.edn\n  → the history has no operations\n"));
}

TEST_CASE("the JSON of a judgement holds the operations as they were recorded") {
  const auto said = told(bad, {.model = "phantoms", .format = "json"});
  const auto json = boost::json::parse(said.out);
  CHECK(json.at("verdict") == "fail");
  CHECK(json.at("model") == "phantoms");
  CHECK(json.at("consistency") == "linearizable");
  CHECK(json.at("examined") == 3);
  const auto& example = json.at("findings").at(0).at("examples").at(0);
  CHECK(json.at("findings").at(0).at("kind") == "phantom");
  CHECK(json.at("findings").at(0).at("count") == 1);
  CHECK(example.at("operations").at(1) ==
        boost::json::parse(R"({"id": 2, "line": 5, "process": 1, "f": "read", "value": 2, "invoked": null,
                               "completed": 2, "outcome": "ok", "completed_line": 6})"));
  CHECK(example.at("edges").at(0) ==
        boost::json::parse(R"({"from": 0, "to": 2, "kind": "realtime", "why": "it ended before"})"));
  CHECK(json.at("stuck").at(0).at("line") == 5);
}

TEST_CASE("a model, a level or a declaration that does not exist: the nearest, or all there are") {
  const auto error = [](cli::CheckOptions options) {
    const auto said = told(good, std::move(options));
    CHECK(said.status == 3);
    CHECK(said.out.empty());
    return said.error;
  };
  CHECK(error({}) == "holdfast check: a history is judged by a model: --model, one of phantoms, plain, late\n");
  CHECK(error({.model = "fantoms"}) == "holdfast check: there is no model 'fantoms': did you mean 'phantoms'?\n");
  CHECK(error({.model = "phantoms", .level = "linearisable"}) ==
        "holdfast check: there is no consistency level of phantoms 'linearisable': did you mean 'linearizable'?\n");
  CHECK(error({.model = "phantoms", .level = "eventual"}) ==
        "holdfast check: phantoms cannot be judged at the consistency level 'eventual'; models that can: late\n");
  CHECK(error({.model = "plain", .level = "linearizable"}) ==
        "holdfast check: the model plain has no consistency levels\n");
  CHECK(error({.model = "phantoms", .declarations = {"rule=1"}}) ==
        "holdfast check: there is no declaration 'rule': did you mean 'ruled'?\n");
  CHECK(error({.model = "plain", .declarations = {"total=1"}}) ==
        "holdfast check: the model plain needs no declaration, and 'total' is given\n");
  CHECK(error({.model = "phantoms", .declarations = {"total"}}) ==
        "holdfast check: --declare total: write KEY=VALUE, as total=100\n");
  CHECK(error({.model = "plain", .time_limit = "soon"}) ==
        "holdfast check: --time-limit soon: write a duration, as 30s or 2m\n");
  CHECK(error({.model = "plain", .memory_limit = "2"}) ==
        "holdfast check: --memory-limit 2: write a size, as 500MB or 2GB\n");
  CHECK(error({.model = "sessions"}) ==
        "holdfast check: sessions is judged from the directory of a run, and h.edn is a file\n");
}

TEST_CASE("a malformed history is the user's mistake: its line and a sentence, nothing else") {
  const auto said = told("{:type :ok :process 0 :f :read}\n", {.model = "plain"});
  CHECK(said.status == 3);
  CHECK(said.error == "h.edn:1: process 0 completes an operation (:ok) without having invoked one\n");
}

TEST_CASE("the page that explains needs nothing else and takes nothing from the history for markup") {
  std::string page;
  const auto said = told(good + "{:type :invoke :process 1 :f :read}\n"
                                "{:type :ok :process 1 :f :read :value \"</title><script src='http://x'>\"}\n",
                         {.model = "phantoms"}, &page);
  CHECK(said.status == 1);
  CHECK(page.starts_with("<!doctype html>"));
  CHECK(page.find("&lt;/title&gt;&lt;script src=&#39;http://x&#39;&gt;") != std::string::npos);
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("href=") == std::string::npos);
  CHECK(page.find(" src=\"") == std::string::npos);
  CHECK(page.find("cannot be placed") != std::string::npos);
  CHECK(page.find("1 realtime") != std::string::npos);
}
