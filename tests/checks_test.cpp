// Checks on histories made by hand: every kind is found, one change flips the verdict, benign oddities raise nothing.
#include "tests/support/story.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <random>
#include <set>

using namespace holdfast;
using history::Outcome;
using scenario::Role;
using test::kinds;
using test::Kinds;
using test::Story;
using verdict::Verdict;

namespace {

using Reads = std::vector<std::optional<bool>>; ///< of each checkpoint: present, absent, unreadable

/// One purchase, a restart, and what the checkpoints after it show.
Kinds purchases_after(const Reads& reads, bool restored = false) {
  Story story;
  const auto id = story.operation("buy", "u1", {{"amount", "5"}, {"item", "x"}}).id;
  story.step("restart");
  for (const auto& present : reads) {
    story.begin_checkpoint(restored);
    history::EntryList list;
    if (present && *present)
      list.push_back({id, 5, "x", {}, {}});
    story.read("bought", "u1", list, present ? Outcome::ok : Outcome::info);
    story.end_checkpoint(restored);
  }
  return kinds(checks::check_purchases(story.facts()));
}

} // namespace

TEST_CASE("a purchase that stays is no finding, one that goes is lost, unreachable or destroyed") {
  CHECK(purchases_after({true, true}).empty());
  CHECK(purchases_after({false, true}) == Kinds{"unreachable"});
  CHECK(purchases_after({std::nullopt, true}) == Kinds{"unreachable"});
  CHECK(purchases_after({true, false}) == Kinds{"lost"});
  CHECK(purchases_after({true, std::nullopt}) == Kinds{"unreachable"});
  CHECK(purchases_after({true, false}, true) == Kinds{"destroyed"});
}

TEST_CASE("no evidence, no pass") {
  CHECK(Story().verdict() == Verdict::inconclusive); // nothing acknowledged
  Story unread;
  unread.operation("buy", "u1", {{"amount", "5"}});
  CHECK(checks::check_purchases(unread.facts()).verdict == Verdict::inconclusive); // nothing read back
  Story early;
  const auto id = early.operation("buy", "u1", {{"amount", "5"}}).id;
  early.pass(std::chrono::milliseconds{200});
  early.step("restart"); // 200 ms after the last acknowledgement
  early.begin_checkpoint();
  early.read("bought", "u1", {{id, 5, {}, {}, {}}});
  early.end_checkpoint();
  const auto result = checks::check_purchases(early.facts());
  CHECK(result.verdict == Verdict::inconclusive);
  CHECK(result.reason.find("no record was at risk") == 0);
}

TEST_CASE("a check that does not look is inconclusive, and said not to be judged") {
  Story story;
  story.bundle.scenario.workload.journey = {{"me", 1}};
  const auto report = story.report();
  const auto purchases = std::find_if(report.checks.begin(), report.checks.end(),
                                      [](const auto& check) { return check.name == "purchases"; });
  REQUIRE(purchases != report.checks.end());
  CHECK_FALSE(purchases->judged);
  CHECK(purchases->verdict == Verdict::inconclusive);
}

TEST_CASE("only what is on the struck path was at risk") {
  // Users buy at web@1, which reaches orders and, through it, the bank with its ledger; nobody who buys reaches mail.
  const auto at_risk = [](const std::vector<std::string>& instances, const std::string& link) {
    Story story;
    auto& stack = story.bundle.scenario.stack;
    stack.hosts = 2;
    stack.dependencies = {{.name = "ledger"}, {.name = "outbox"}};
    stack.services = {{.name = "web", .needs = {"orders"}},
                      {.name = "orders", .needs = {"bank", "outbox"}},
                      {.name = "bank", .needs = {"ledger"}},
                      {.name = "mail", .needs = {"outbox", "bank"}}};
    story.operation("buy", "u1");
    story.step("strike",
               {.kind = "kill", .nature = Story::StepEvent::Nature::fault, .instances = instances, .link = link});
    const auto facts = story.facts();
    return facts.at_risk(facts.of(Role::purchase));
  };
  CHECK(at_risk({"web@1"}, "") == 1);
  CHECK(at_risk({"bank@1"}, "") == 1); // through orders
  CHECK(at_risk({"bank@2"}, "") == 0); // calls stay on a host
  CHECK(at_risk({"mail@1"}, "") == 0);
  CHECK(at_risk({"mail@1", "orders@1"}, "") == 1);
  CHECK(at_risk({"web@1", "orders@1", "bank@1", "mail@1"}, "ledger") == 1);
  CHECK(at_risk({"web@1", "mail@1"}, "ledger") == 0); // neither has a connection to it of its own that a purchase takes
  CHECK(at_risk({"mail@1"}, "outbox") == 0);
  CHECK(at_risk({"orders@1"}, "outbox") == 1);
  CHECK(at_risk({"web@1", "orders@1"}, "web>orders") == 1);
  CHECK(at_risk({"mail@1"}, "mail>bank") == 0);
  CHECK(at_risk({"web@1"}, "web") == 1);       // users' requests to it
  CHECK(at_risk({"orders@1"}, "orders") == 0); // users send their purchases to web
  CHECK(at_risk({}, "ledger") == 1);           // no instances named: all
}

TEST_CASE("a charge is a transaction that was at risk") {
  for (const bool charged : {false, true}) {
    Story story;
    story.bundle.scenario.stack.declare.purchases_are_charged = charged;
    story.bundle.scenario.stack.declare.opening_balance.reset();
    story.operation("buy", "u1", {{"amount", "5"}});
    story.pass(std::chrono::milliseconds{200});
    story.operation("buy", "u1", {{"amount", "5"}});
    story.step("restart");
    CHECK(checks::check_transactions(story.facts()).at_risk == (charged ? 1 : 0));
  }
}

TEST_CASE("a check that [expect] leaves out decides only what it has found") {
  for (const bool lost : {false, true})
    for (const bool named : {false, true}) {
      Story story;
      story.bundle.scenario.stack.services.push_back({.name = "mail"});
      story.bundle.scenario.expect.survive = {{"sessions", "survive"}};
      if (named)
        story.bundle.scenario.expect.survive["purchases"] = "survive";
      story.bundle.scenario.stack.operations[0].service = "mail"; // logins, and nothing else, pass what is struck
      const auto login = story.operation("login", "u1");
      const auto id = story.operation("buy", "u1", {{"amount", "5"}}).id;
      story.step("restart", {.instances = {"mail@1"}});
      story.begin_checkpoint();
      story.me(login);
      story.read("bought", "u1", lost ? history::EntryList{} : history::EntryList{{id, 5, {}, {}, {}}});
      story.read("statement", "u1", {});
      story.end_ready();
      const auto report = story.report();
      INFO(report.reason);
      CHECK(report.verdict == (lost ? Verdict::fail : named ? Verdict::inconclusive : Verdict::pass));
    }
}

TEST_CASE("what was never answered as the stack file says before the first step is no finding, and named") {
  for (const int answered : {0, 1}) {
    Story story;
    const auto bought = story.operation("buy", "u1", {{"amount", "5"}, {"item", "x"}}).id;
    for (int i = 0; i < 6; ++i)
      story.read("bought", "u1", {{bought, 5, "x", {}, {}}}, i < answered ? Outcome::ok : Outcome::info).reason =
          "nothing at '/purchases'";
    story.step("restart");
    story.begin_checkpoint();
    story.read("bought", "u1", {}, Outcome::info);
    story.end_ready();
    const auto report = story.report();
    INFO(report.reason);
    CHECK(report.verdict == (answered == 0 ? Verdict::inconclusive : Verdict::fail));
    CHECK((report.reason == "'bought' was never answered as the stack file says before the first step, in 6 tries; the "
                            "last: nothing at '/purchases'") == (answered == 0));
  }
}

TEST_CASE("what was never served hides no finding that shows without it") {
  for (const auto* unserved : {"pay", "bought", "login"}) {
    Story story;
    for (int i = 0; i < 6; ++i)
      story.operation(unserved, "u1", {{"amount", "1"}, {"peer", "u2"}}, Outcome::info);
    story.operation("buy", "u1", {{"amount", "5"}, {"item", "x"}});
    story.step("restart");
    story.begin_checkpoint();
    story.read("bought", "u1", {});
    story.end_ready();
    const auto report = story.report();
    INFO(report.reason);
    CHECK(report.verdict == (std::string(unserved) == "pay" ? Verdict::fail : Verdict::inconclusive));
  }
}

TEST_CASE("what was never submitted, certainly failed, came twice, changed, or belongs to somebody else is found") {
  const auto with = [](const std::function<void(Story&)>& play) {
    Story story;
    story.operation("buy", "u1", {{"amount", "5"}, {"item", "x"}}); // op1
    story.operation("buy", "u1", {{"amount", "7"}, {"item", "y"}}); // op2
    play(story);
    return kinds(checks::check_purchases(story.facts()));
  };
  const history::ListEntry one{"op1", 5, "x", {}, {}}, two{"op2", 7, "y", {}, {}};
  CHECK(with([&](Story& s) { s.read("bought", "u1", {one, two}); }).empty());
  CHECK(with([&](Story& s) { s.read("bought", "u1", {one, two, {"op9", 1, "z", {}, {}}}); }) == Kinds{"phantom"});
  CHECK(with([&](Story& s) { s.read("bought", "u1", {one, two, two}); }) == Kinds{"duplicated"});
  CHECK(with([&](Story& s) { s.read("bought", "u1", {one, {"op2", 70, "y", {}, {}}}); }) == Kinds{"altered"});
  CHECK(with([&](Story& s) { s.read("bought", "u1", {two, one}); }) == Kinds{"reordered"});
  CHECK(with([&](Story& s) { s.read("bought", "u2", {one}); }) == Kinds{"crossed"});
  CHECK(with([&](Story& s) {
          s.read("bought", "u1", {one, two}), s.read("bought", "u1", {two}), s.read("bought", "u1", {one, two});
        }) == Kinds{"flickering"});
  CHECK(with([&](Story& s) {
          const auto id = s.operation("buy", "u1", {{"amount", "1"}, {"item", "z"}}, Outcome::fail).id;
          s.read("bought", "u1", {one, two, {id, 1, "z", {}, {}}});
        }) == Kinds{"phantom"});
}

TEST_CASE("an operation of unknown outcome may or may not be there") {
  for (const bool there : {true, false}) {
    Story story;
    const auto id = story.operation("buy", "u1", {{"amount", "5"}, {"item", "x"}}, Outcome::info).id;
    story.begin_checkpoint();
    story.read("bought", "u1", there ? history::EntryList{{id, 5, "x", {}, {}}} : history::EntryList{});
    story.end_checkpoint();
    CHECK(kinds(checks::check_purchases(story.facts())).empty());
  }
}

TEST_CASE("transfers: partial, misdirected, altered, duplicated, unbalanced, overdrawn") {
  const auto after = [](const std::function<void(Story&, const std::string&)>& play, Outcome outcome = Outcome::ok) {
    Story story;
    const auto id = story.operation("pay", "u1", {{"amount", "5"}, {"peer", "u2"}}, outcome).id;
    story.begin_checkpoint();
    play(story, id);
    story.end_checkpoint();
    return kinds(checks::check_transactions(story.facts()));
  };
  const auto debit = [](const std::string& id, std::int64_t amount = -5, const std::string& peer = "u2") {
    return history::ListEntry{id, amount, {}, peer, {}};
  };
  const auto credit = [](const std::string& id) { return history::ListEntry{id, 5, {}, "u1", {}}; };
  CHECK(after([&](Story& s, const std::string& id) {
          s.read("statement", "u1", {debit(id)}), s.read("statement", "u2", {credit(id)});
        }).empty());
  for (const auto outcome : {Outcome::ok, Outcome::info})
    CHECK(after([&](Story& s,
                    const std::string& id) { s.read("statement", "u1", {debit(id)}), s.read("statement", "u2", {}); },
                outcome) == Kinds{"partial"});
  CHECK(after([&](Story& s, const std::string&) { s.read("statement", "u1", {}), s.read("statement", "u2", {}); }) ==
        Kinds{"lost"});
  CHECK(after([&](Story& s, const std::string& id) {
          s.read("statement", "u1", {debit(id, -6)}), s.read("statement", "u2", {credit(id)});
        }) == Kinds{"altered"});
  CHECK(after([&](Story& s, const std::string& id) {
          s.read("statement", "u1", {debit(id, -5, "u3")}), s.read("statement", "u2", {credit(id)});
        }) == Kinds{"misdirected"});
  CHECK(after([&](Story& s, const std::string& id) {
          s.read("statement", "u1", {debit(id), debit(id)}), s.read("statement", "u2", {credit(id)});
        }) == Kinds{"duplicated"});
  CHECK(after([&](Story& s, const std::string& id) {
          s.read("statement", "u1", {debit(id)}).captured.set("balance", "100"),
              s.read("statement", "u2", {credit(id)});
        }) == Kinds{"unbalanced"});
  CHECK(after(
            [&](Story& s, const std::string& id) {
              s.read("statement", "u1", {debit(id)}), s.read("statement", "u2", {credit(id)});
            },
            Outcome::fail) == Kinds{"phantom"});
}

TEST_CASE("two sides of a transfer are held together at the last checkpoint that shows both") {
  const history::ListEntry debit{"op1", -5, {}, "u2", {}}, credit{"op1", 5, {}, "u1", {}};
  using Lists = std::pair<history::EntryList, history::EntryList>; // statements of u1 and u2
  const auto after = [](const std::vector<Lists>& checkpoints, Outcome last_of_u2 = Outcome::ok) {
    Story story;
    story.operation("pay", "u1", {{"amount", "5"}, {"peer", "u2"}});
    for (std::size_t i = 0; i < checkpoints.size(); ++i) {
      story.begin_checkpoint();
      story.read("statement", "u1", checkpoints[i].first);
      story.read("statement", "u2", checkpoints[i].second, i + 1 == checkpoints.size() ? last_of_u2 : Outcome::ok);
      story.end_checkpoint();
    }
    return kinds(checks::check_transactions(story.facts()));
  };
  CHECK(after({{{debit}, {credit}}, {{debit}, {}}}) == Kinds{"partial"});
  CHECK(after({{{debit}, {}}, {{debit}, {credit}}}) == Kinds{});                                  // it was on its way
  CHECK(after({{{debit}, {}}, {{debit}, {}}}, Outcome::info) == Kinds{"unreachable", "partial"}); // by the first one
  CHECK(after({{{debit}, {credit}}, {{}, {}}}, Outcome::info) == Kinds{"unreachable", "lost"});
  auto wrong = debit;
  wrong.amount = -6;
  CHECK(after({{{debit, wrong}, {credit}}}) == Kinds{"duplicated"}); // the first one counts
  CHECK(after({{{wrong, debit}, {credit}}}) == Kinds{"duplicated", "altered"});
  // An entry on somebody else's statement is neither side.
  Story story;
  story.operation("pay", "u1", {{"amount", "5"}, {"peer", "u2"}});
  story.begin_checkpoint();
  story.read("statement", "u1", {debit}), story.read("statement", "u2", {}), story.read("statement", "u3", {credit});
  story.end_checkpoint();
  CHECK(kinds(checks::check_transactions(story.facts())) == Kinds{"crossed", "partial"});
}

TEST_CASE("orders and charges are held together where purchases are charged") {
  const history::ListEntry order{"op1", 5, "x", {}, {}}, charge{"op1", -5, {}, "merchant", {}};
  const auto after = [](const history::EntryList& orders, const history::EntryList& statement, bool charged = true,
                        const history::EntryList& orders_of_another = {}, Outcome outcome = Outcome::info) {
    Story story;
    story.bundle.scenario.stack.declare.purchases_are_charged = charged;
    story.operation("buy", "u1", {{"amount", "5"}, {"item", "x"}}, outcome);
    story.begin_checkpoint();
    story.read("bought", "u1", orders), story.read("statement", "u1", statement);
    story.read("bought", "u2", orders_of_another), story.read("statement", "u2", {});
    story.end_checkpoint();
    return kinds(checks::check_transactions(story.facts()));
  };
  CHECK(after({order}, {charge}) == Kinds{});
  CHECK(after({}, {}) == Kinds{}); // nobody knows whether it was taken
  CHECK(after({order}, {}) == Kinds{"partial"});
  CHECK(after({}, {charge}) == Kinds{"partial"});
  CHECK(after({order}, {}, false) == Kinds{});
  CHECK(after({}, {charge}, true, {order}) == Kinds{"partial"}); // what another's list shows is not their order
  CHECK(after({}, {}, true, {order}) == Kinds{});
  auto dear = charge;
  dear.amount = -6;
  CHECK(after({order}, {dear}) == Kinds{"altered"});
  CHECK(after({order}, {}, true, {}, Outcome::unauthenticated) == Kinds{});
}

TEST_CASE("a list in several pages is judged as one moment at checkpoints only") {
  for (const int pages : {0, 1, 2}) // 0: of a list that has none
    for (const bool at_checkpoint : {false, true}) {
      Story story;
      for (auto& operation : story.bundle.scenario.stack.operations)
        if (operation.name == "statement")
          operation.ok.list = scenario::ListCapture{.next = {.at = pages != 0 ? "/next" : ""}};
      const auto id = story.operation("pay", "u1", {{"amount", "5"}, {"peer", "u2"}}).id;
      if (at_checkpoint)
        story.begin_checkpoint();
      // the pages are of two moments
      auto& read = story.read("statement", "u2", {{id, 5, {}, "u1", {}}});
      read.captured.set("balance", "117");
      read.pages = static_cast<std::uint16_t>(pages);
      const bool unbalanced = !kinds(checks::check_transactions(story.facts())).empty();
      CHECK(unbalanced == (pages < 2 || at_checkpoint));
    }
}

TEST_CASE("users are who they are in a history of any length") {
  for (const bool lost : {false, true}) {
    Story story;
    std::map<std::string, history::EntryList> lists;
    for (int i = 0; i < 700; ++i) { // some are first met late
      const auto user = fmt::format("u{}", i / 3);
      const auto id = story.operation("buy", user, {{"amount", "5"}, {"item", "x"}}).id;
      story.operation("pay", user, {{"amount", "1"}, {"peer", fmt::format("peer{}", i)}});
      if (!lost || i != 600)
        lists[user].push_back({id, 5, "x", {}, {}});
    }
    story.step("restart");
    story.begin_checkpoint();
    for (const auto& [user, list] : lists)
      story.read("bought", user, list);
    story.end_checkpoint();
    CHECK(kinds(checks::check_purchases(story.facts())) == (lost ? Kinds{"lost"} : Kinds{}));
  }
}

TEST_CASE("an entry with the id of another kind of operation, and a transfer to nobody") {
  Story story;
  const auto login = story.operation("login", "u1").id;
  const auto bought = story.operation("buy", "u1", {{"amount", "5"}, {"item", "x"}}).id;
  story.read("bought", "u1", {{bought, 5, "x", {}, {}}, {login, 5, "x", {}, {}}});
  CHECK(kinds(checks::check_purchases(story.facts())) == Kinds{"phantom"});
  const auto paid = story.operation("pay", "u1", {{"amount", "5"}}).id;
  story.read("statement", "u1", {{paid, -5, {}, {}, {}}});
  CHECK(kinds(checks::check_transactions(story.facts())).empty());
  story.read("statement", "u2", {{paid, 5, {}, {}, {}}});
  CHECK(kinds(checks::check_transactions(story.facts())) == Kinds{"crossed"});
}

TEST_CASE("a history that nobody numbered is not judged") {
  Story story;
  story.operation("buy", "u1", {{"amount", "5"}, {"item", "x"}});
  story.operation("buy", "u2", {{"amount", "5"}, {"item", "x"}});
  CHECK_THROWS_AS(checks::Facts(story.bundle), std::logic_error);
  (void)story.facts();
  story.bundle.history.operations[0].list.push_back({"op2", 5, "x", {}, {}});
  story.bundle.history.operations[0].name = "bought";
  CHECK_THROWS_AS((void)checks::check_purchases(checks::Facts(story.bundle)), std::logic_error);
}

TEST_CASE("a statement is folded whole, however much of it repeats the one before") {
  std::mt19937 random(11);
  const auto below = [&random](int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random); };
  int unbalanced = 0;
  for (int i = 0; i < 2000; ++i) {
    Story story;
    story.operation("pay", "u1", {{"amount", "1"}, {"peer", "u2"}});
    std::map<std::string, std::vector<history::ListEntry>> lists;
    std::set<std::string> wrong;
    for (int reads = 2 + below(5); reads > 0; --reads) {
      const std::string user = below(3) == 0 ? "u2" : "u1";
      auto& list = lists[user];
      const history::ListEntry fresh{fmt::format("e{}", below(1000)), below(9) - 4, {}, {}, {}};
      for (int more = below(3); more > 0; --more)
        list.insert(below(2) == 0 ? list.begin() : list.end(), fresh);
      if (below(4) == 0 && !list.empty())
        list.erase(list.begin() + below(static_cast<int>(list.size())));
      if (below(6) == 0 && !list.empty())
        list.back().amount = below(3) == 0 ? std::nullopt : std::optional<text::Decimal>(below(9));
      auto& read = story.read("statement", user, history::EntryList(list));
      const bool is_known =
          std::all_of(list.begin(), list.end(), [](const auto& entry) { return entry.amount.has_value(); });
      if (below(6) == 0) {
        read.captured.set("balance", std::to_string(std::stoi(std::string(*read.captured.find("balance"))) + 1));
        if (is_known)
          wrong.insert(user);
      }
    }
    std::set<std::string> found;
    for (const auto& finding : checks::check_transactions(story.facts()).findings)
      if (finding.kind == "unbalanced")
        for (const auto& one : finding.occurrences)
          found.insert(one.user);
    CHECK(found == wrong);
    unbalanced += wrong.empty() ? 0 : 1;
  }
  CHECK(unbalanced > 200);
}

TEST_CASE("findings say whom they are about") {
  const verdict::CheckSummary of_instances{.name = "readiness", .of_instances = true}, of_users{.name = "purchases"};
  CHECK(verdict::affected(of_instances, {.kind = "lying", .count = 3, .users = 2, .examples = {}}) == "2 instances");
  CHECK(verdict::affected(of_users, {.kind = "lost", .count = 3, .users = 1, .examples = {}}) == "1 user");
  CHECK(verdict::affected(of_users, {.kind = "not recovered", .count = 1, .users = 0, .examples = {}}).empty());
  CHECK(verdict::counted(0, "case") == "0 cases");
}

TEST_CASE("what an interrupted run recorded is no verdict") {
  Story story;
  const auto id = story.operation("buy", "u1", {{"amount", "5"}}).id;
  story.step("kill", {.kind = "kill", .nature = Story::StepEvent::Nature::fault});
  story.begin_checkpoint();
  story.read("bought", "u1", {});
  story.end_checkpoint();
  CHECK(story.verdict() == Verdict::fail);
  story.bundle.manifest.ending = bundle::Ending::interrupted;
  CHECK(story.verdict() == Verdict::inconclusive);
}

TEST_CASE("a step that is not proven makes a pass inconclusive, and leaves a fail a fail") {
  for (const bool lost : {false, true}) {
    Story story;
    const auto id = story.operation("buy", "u1", {{"amount", "5"}}).id;
    story.step("restart", {.is_proven = false});
    story.begin_checkpoint();
    story.read("bought", "u1", lost ? history::EntryList{} : history::EntryList{{id, 5, {}, {}, {}}});
    story.end_checkpoint();
    CHECK(story.verdict() == (lost ? Verdict::fail : Verdict::inconclusive));
  }
}

TEST_CASE("what a buyer does not see of their own purchases is found once") {
  const auto after = [](const std::function<void(Story&, const history::ListEntry&)>& play, bool at_the_end) {
    Story story;
    const history::ListEntry bought{story.operation("buy", "u1", {{"amount", "5"}, {"item", "x"}}).id, 5, "x", {}, {}};
    play(story, bought);
    story.begin_checkpoint();
    story.read("bought", "u1", at_the_end ? history::EntryList{bought} : history::EntryList{});
    story.end_checkpoint();
    return kinds(checks::check_purchases(story.facts()));
  };
  const auto lagging = [](Story& s, const history::ListEntry& one) {
    s.read("bought", "u1", {}), s.read("bought", "u1", {one});
  };
  CHECK(after(lagging, true) == Kinds{"read-your-writes"});
  CHECK(after([](Story& s, const history::ListEntry&) { s.read("bought", "u1", {}); }, false) == Kinds{"lost"});
  CHECK(after([](Story& s, const history::ListEntry& one) { s.read("bought", "u1", {one}); }, true).empty());
  CHECK(after(
            [](Story& s, const history::ListEntry& one) {
              s.read("bought", "u1", {one}), s.read("bought", "u1", {}), s.read("bought", "u1", {one});
            },
            true) == Kinds{"flickering"});
}

TEST_CASE("lists that grow at either end, shrink and change are read as they are") {
  for (const bool newest_first : {false, true}) {
    Story story;
    story.bundle.scenario.stack.declare.purchase_order =
        newest_first ? scenario::Declarations::Order::newest_first : scenario::Declarations::Order::oldest_first;
    std::vector<history::ListEntry> list;
    for (int i = 0; i < 5; ++i) {
      const auto id = story.operation("buy", "u1", {{"amount", "5"}, {"item", "x"}}).id;
      list.insert(newest_first ? list.begin() : list.end(), {id, 5, "x", {}, {}});
      story.read("bought", "u1", history::EntryList(list));
    }
    CHECK(kinds(checks::check_purchases(story.facts())).empty());
    auto changed = list;
    changed[2].amount = 6;
    story.read("bought", "u1", history::EntryList(changed));
    CHECK(kinds(checks::check_purchases(story.facts())) == Kinds{"altered"});
    std::swap(list[1], list[3]);
    story.read("bought", "u1", history::EntryList(list));
    CHECK(kinds(checks::check_purchases(story.facts())) == Kinds{"altered", "reordered"});
    list.pop_back();
    story.read("bought", "u1", history::EntryList(list));
    CHECK(kinds(checks::check_purchases(story.facts())) == Kinds{"altered", "reordered", "flickering"});
  }
}

TEST_CASE("an overview is judged as identity, purchases and statement") {
  for (const bool lost : {false, true}) {
    Story story;
    scenario::Operation overview;
    overview.name = "overview";
    overview.role = Role::overview;
    story.bundle.scenario.stack.operations.push_back(overview);
    const auto login = story.operation("login", "u1").id;
    const auto bought = story.operation("buy", "u1", {{"amount", "5"}, {"item", "x"}}).id;
    const auto paid = story.operation("pay", "u1", {{"amount", "7"}, {"peer", "u2"}}).id;
    story.step("restart");
    story.begin_checkpoint();
    auto& mine = story.operation("overview", "u1", {{"session", login}});
    mine.captured = {{"user", lost ? "u2" : "u1"}, {"balance", "93"}};
    if (!lost) {
      mine.list = {{bought, 5, "x", {}, {}}};
      mine.statement = {{paid, -7, {}, "u2", {}}};
    }
    auto& theirs = story.operation("overview", "u2");
    theirs.captured = {{"user", "u2"}, {"balance", "107"}};
    theirs.statement = {{paid, 7, {}, "u1", {}}};
    story.end_checkpoint();
    const auto facts = story.facts();
    CHECK(kinds(checks::check_sessions(facts)) == (lost ? Kinds{"crossed"} : Kinds{}));
    CHECK(kinds(checks::check_purchases(facts)) == (lost ? Kinds{"lost"} : Kinds{}));
    CHECK(kinds(checks::check_transactions(facts)) == (lost ? Kinds{"lost", "partial", "unbalanced"} : Kinds{}));
  }
}
