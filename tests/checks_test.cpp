// Checks on histories made by hand: every kind is found, one change flips the verdict, benign oddities raise nothing.
#include "harness/checks/check.hpp"

#include <doctest/doctest.h>

using namespace holdfast;
using history::Operation;
using history::Outcome;
using scenario::Role;
using verdict::Verdict;

namespace {

/// Builds a bundle step by step; times follow sequence numbers, a millisecond each.
class Story {
public:
  Story() {
    auto& stack = bundle.scenario.stack;
    for (const auto& [name, role] : {std::pair{"login", Role::login},
                                     {"logout", Role::logout},
                                     {"me", Role::whoami},
                                     {"buy", Role::purchase},
                                     {"bought", Role::purchases},
                                     {"pay", Role::transfer},
                                     {"statement", Role::statement}}) {
      scenario::Operation operation;
      operation.name = name;
      operation.role = role;
      operation.service = "web";
      stack.operations.push_back(operation);
    }
    stack.services = {{.name = "web"}};
    stack.declare.opening_balance = 100;
    stack.declare.purchase_order = scenario::Declarations::Order::oldest_first;
    bundle.scenario.workload.users = 2;
    bundle.scenario.workload.journey = {{"buy", 1}, {"pay", 1}};
    bundle.manifest.ending = bundle::Ending::completed;
    event("phase", {{"name", "steady"}, {"state", "reached"}});
  }

  Operation& operation(const std::string& name, const std::string& user, history::Values values = {},
                       Outcome outcome = Outcome::ok) {
    Operation one{.id = "op" + std::to_string(++ids_),
                  .user = user,
                  .name = name,
                  .host = 1,
                  .instance = "web@1",
                  .values = std::move(values)};
    one.checkpoint = checkpoint_;
    one.invoked = ++sequence_;
    one.invoke_time = now();
    one.completed = ++sequence_;
    one.complete_time = now();
    one.outcome = outcome;
    one.status = outcome == Outcome::ok                ? 200
                 : outcome == Outcome::fail            ? 422
                 : outcome == Outcome::unauthenticated ? 401
                                                       : 503;
    one.attempts = {{.instance = "web@1",
                     .outcome = outcome,
                     .status = one.status,
                     .ended = one.completed,
                     .begin_time = one.invoke_time,
                     .end_time = one.complete_time}};
    bundle.history.operations.push_back(one);
    return bundle.history.operations.back();
  }
  Operation& read(const std::string& name, const std::string& user, std::vector<history::ListEntry> list,
                  Outcome outcome = Outcome::ok) {
    auto& one = operation(name, user, {}, outcome);
    one.list = std::move(list);
    if (name == "statement") {
      std::int64_t balance = 100;
      for (const auto& entry : one.list)
        balance += entry.amount.value_or(0);
      one.captured.set("balance", std::to_string(balance));
    }
    return one;
  }
  Operation& me(const Operation& login, Outcome outcome = Outcome::ok, const std::string& user = {}) {
    const auto owner = login.user, session = login.id;
    auto& one = operation("me", owner, {{"session", session}}, outcome);
    if (outcome == Outcome::ok)
      one.captured.set("user", user.empty() ? owner : user);
    return one;
  }
  void event(const std::string& type, history::Values fields) {
    bundle.history.events.push_back({++sequence_, now(), type, std::move(fields)});
  }
  void step(const std::string& id, const std::string& kind = "restart") {
    event("step", {{"id", id}, {"kind", kind}, {"state", "began"}, {"nature", "change"}, {"instances", "web@1"}});
    event("step", {{"id", id}, {"kind", kind}, {"state", "proven"}});
    scenario::Step one;
    one.id = id;
    one.kind = kind;
    bundle.scenario.steps.push_back(one);
  }
  void begin_checkpoint(bool restored = false) {
    checkpoint_ = ++checkpoints_;
    mark("began", restored);
  }
  void end_checkpoint(bool restored = false) {
    mark("ended", restored);
    checkpoint_ = 0;
  }
  void declare_payments() {
    bundle.scenario.stack.dependencies = {{.name = "provider", .protocol = "http"}};
    bundle.scenario.stack.declare.payments = scenario::Payments{.dependency = "provider", .id = "order"};
  }
  void book(const std::string& order, const std::string& kind, const std::string& amount,
            const std::string& dependency = "provider") {
    event("booked", {{"dependency", dependency}, {"order", order}, {"kind", kind}, {"amount", amount}});
  }
  Verdict verdict() {
    event("phase", {{"name", "end"}, {"state", "reached"}});
    return checks::judge(bundle, "").verdict;
  }
  bundle::Bundle bundle;

private:
  void mark(const std::string& state, bool restored) {
    event("checkpoint", {{"number", std::to_string(checkpoints_)},
                         {"state", state},
                         {"after", "restart"},
                         {"restored", restored ? "yes" : "no"},
                         {"left", "yes"}});
  }
  [[nodiscard]] history::Time now() const { return std::chrono::milliseconds(sequence_); }
  std::uint64_t sequence_ = 0;
  int ids_ = 0, checkpoints_ = 0, checkpoint_ = 0;
};

std::vector<std::string> kinds(const verdict::CheckResult& result) {
  std::vector<std::string> all;
  for (const auto& finding : result.findings)
    all.push_back(finding.kind);
  return all;
}

using Kinds = std::vector<std::string>;
using Reads = std::vector<std::optional<bool>>; ///< of each checkpoint: present, absent, unreadable

/// One purchase, a restart, and what the checkpoints after it show.
Kinds purchases_after(const Reads& reads, bool restored = false) {
  Story story;
  const auto id = story.operation("buy", "u1", {{"amount", "5"}, {"item", "x"}}).id;
  story.step("restart");
  for (const auto& present : reads) {
    story.begin_checkpoint(restored);
    std::vector<history::ListEntry> list;
    if (present && *present)
      list.push_back({id, 5, "x", {}, {}});
    story.read("bought", "u1", list, present ? Outcome::ok : Outcome::info);
    story.end_checkpoint(restored);
  }
  return kinds(checks::check_purchases(checks::Facts(story.bundle)));
}

} // namespace

TEST_CASE("a purchase that stays is no finding; one that goes is lost, unreachable or destroyed") {
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
  CHECK(checks::check_purchases(checks::Facts(unread.bundle)).verdict == Verdict::inconclusive); // nothing read back
  Story early;
  const auto id = early.operation("buy", "u1", {{"amount", "5"}}).id;
  for (int i = 0; i < 200; ++i)
    early.event("lag", {});
  early.step("restart"); // 200 ms after the last acknowledgement
  early.begin_checkpoint();
  early.read("bought", "u1", {{id, 5, {}, {}, {}}});
  early.end_checkpoint();
  const auto result = checks::check_purchases(checks::Facts(early.bundle));
  CHECK(result.verdict == Verdict::inconclusive);
  CHECK(result.reason.find("no record was at risk") == 0);
}

TEST_CASE("only what is on the struck path was at risk") {
  // Users buy at web@1, which reaches orders and, through it, the bank with its ledger; nobody who buys reaches mail.
  const auto at_risk = [](const std::string& instances, const std::string& link) {
    Story story;
    auto& stack = story.bundle.scenario.stack;
    stack.hosts = 2;
    stack.dependencies = {{.name = "ledger"}, {.name = "outbox"}};
    stack.services = {{.name = "web", .needs = {"orders"}},
                      {.name = "orders", .needs = {"bank", "outbox"}},
                      {.name = "bank", .needs = {"ledger"}},
                      {.name = "mail", .needs = {"outbox", "bank"}}};
    story.operation("buy", "u1");
    story.event("step", {{"id", "strike"},
                         {"kind", "kill"},
                         {"nature", "fault"},
                         {"state", "began"},
                         {"instances", instances},
                         {"link", link}});
    const checks::Facts facts(story.bundle);
    return facts.at_risk(facts.of(Role::purchase));
  };
  CHECK(at_risk("web@1", "") == 1);
  CHECK(at_risk("bank@1", "") == 1); // through orders
  CHECK(at_risk("bank@2", "") == 0); // calls stay on a host
  CHECK(at_risk("mail@1", "") == 0);
  CHECK(at_risk("mail@1,orders@1", "") == 1);
  CHECK(at_risk("web@1,orders@1,bank@1,mail@1", "ledger") == 1);
  CHECK(at_risk("web@1,mail@1", "ledger") == 0); // neither has a connection to it of its own that a purchase takes
  CHECK(at_risk("mail@1", "outbox") == 0);
  CHECK(at_risk("orders@1", "outbox") == 1);
  CHECK(at_risk("web@1,orders@1", "web>orders") == 1);
  CHECK(at_risk("mail@1", "mail>bank") == 0);
  CHECK(at_risk("web@1", "web") == 1);       // users' requests to it
  CHECK(at_risk("orders@1", "orders") == 0); // users send their purchases to web
  CHECK(at_risk("", "ledger") == 1);         // no instances named: all
}

TEST_CASE("a charge is a transaction that was at risk") {
  for (const bool charged : {false, true}) {
    Story story;
    story.bundle.scenario.stack.declare.purchases_are_charged = charged;
    story.bundle.scenario.stack.declare.opening_balance.reset();
    story.operation("buy", "u1", {{"amount", "5"}});
    for (int i = 0; i < 200; ++i)
      story.event("lag", {});
    story.operation("buy", "u1", {{"amount", "5"}});
    story.step("restart");
    CHECK(checks::check_transactions(checks::Facts(story.bundle)).at_risk == (charged ? 1 : 0));
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
      story.event("step", {{"id", "restart"}, {"kind", "restart"}, {"state", "began"}, {"instances", "mail@1"}});
      story.event("step", {{"id", "restart"}, {"kind", "restart"}, {"state", "proven"}});
      story.begin_checkpoint();
      story.me(login);
      story.read("bought", "u1",
                 lost ? std::vector<history::ListEntry>{} : std::vector<history::ListEntry>{{id, 5, {}, {}, {}}});
      story.read("statement", "u1", {});
      const auto& last = story.bundle.history.operations.back();
      story.bundle.history.probes.push_back({last.completed, last.complete_time, "web@1", true, "200"});
      story.end_checkpoint();
      story.event("phase", {{"name", "end"}, {"state", "reached"}});
      const auto report = checks::judge(story.bundle, "");
      INFO(report.reason);
      CHECK(report.verdict == (lost ? Verdict::fail : named ? Verdict::inconclusive : Verdict::pass));
    }
}

TEST_CASE("what was never submitted, certainly failed, came twice, changed, or belongs to somebody else is found") {
  const auto with = [](const std::function<void(Story&)>& play) {
    Story story;
    story.operation("buy", "u1", {{"amount", "5"}, {"item", "x"}}); // op1
    story.operation("buy", "u1", {{"amount", "7"}, {"item", "y"}}); // op2
    play(story);
    return kinds(checks::check_purchases(checks::Facts(story.bundle)));
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
    story.read("bought", "u1",
               there ? std::vector<history::ListEntry>{{id, 5, "x", {}, {}}} : std::vector<history::ListEntry>{});
    story.end_checkpoint();
    CHECK(kinds(checks::check_purchases(checks::Facts(story.bundle))).empty());
  }
}

TEST_CASE("sessions: lost, unreachable, zombie and crossed; a logout of unknown outcome is neither") {
  const auto after = [](const std::function<void(Story&, const Operation&)>& play) {
    Story story;
    const auto login = story.operation("login", "u1");
    play(story, login);
    return kinds(checks::check_sessions(checks::Facts(story.bundle)));
  };
  const auto read = [](Story& s, const Operation& login, Outcome outcome) {
    s.begin_checkpoint();
    s.me(login, outcome);
    s.end_checkpoint();
  };
  CHECK(after([&](Story& s, const Operation& l) { read(s, l, Outcome::ok); }).empty());
  CHECK(after([&](Story& s, const Operation& l) { read(s, l, Outcome::unauthenticated); }) == Kinds{"lost"});
  CHECK(after([&](Story& s, const Operation& l) { read(s, l, Outcome::info), read(s, l, Outcome::ok); }) ==
        Kinds{"unreachable"});
  CHECK(after([&](Story& s, const Operation& l) { s.me(l, Outcome::ok, "u2"); }) == Kinds{"crossed"});
  CHECK(after([&](Story& s, const Operation& l) {
          s.operation("logout", "u1", {{"session", l.id}}), read(s, l, Outcome::unauthenticated);
        }).empty());
  CHECK(after([&](Story& s, const Operation& l) {
          s.operation("logout", "u1", {{"session", l.id}}), read(s, l, Outcome::ok);
        }) == Kinds{"zombie"});
  for (const auto outcome : {Outcome::ok, Outcome::unauthenticated})
    CHECK(after([&](Story& s, const Operation& l) {
            s.operation("logout", "u1", {{"session", l.id}}, Outcome::info), read(s, l, outcome);
          }).empty());
}

TEST_CASE("transfers: partial, misdirected, altered, duplicated, unbalanced, overdrawn") {
  const auto after = [](const std::function<void(Story&, const std::string&)>& play, Outcome outcome = Outcome::ok) {
    Story story;
    const auto id = story.operation("pay", "u1", {{"amount", "5"}, {"peer", "u2"}}, outcome).id;
    story.begin_checkpoint();
    play(story, id);
    story.end_checkpoint();
    return kinds(checks::check_transactions(checks::Facts(story.bundle)));
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

TEST_CASE("payments: paid twice, without an order, never, with another amount, by nobody; taken back is fine") {
  struct Told {
    Kinds kinds;
    Verdict verdict;
  };
  const auto after = [](Outcome outcome, bool ordered, const std::function<void(Story&, const std::string&)>& book,
                        const std::function<void(Story&, const std::string&)>& later = {}) {
    Story story;
    story.declare_payments();
    const auto id = story.operation("buy", "u1", {{"amount", "5"}}, outcome).id;
    book(story, id);
    story.begin_checkpoint();
    story.read("bought", "u1",
               ordered ? std::vector<history::ListEntry>{{id, 5, {}, {}, {}}} : std::vector<history::ListEntry>{});
    story.end_checkpoint();
    if (later)
      later(story, id);
    const auto result = checks::check_payments(checks::Facts(story.bundle));
    return Told{kinds(result), result.verdict};
  };
  const auto times = [](int payments, int voids, const std::string& amount = "5") {
    return [=](Story& story, const std::string& id) {
      for (int i = 0; i < payments; ++i)
        story.book(id, "payment", amount);
      for (int i = 0; i < voids; ++i)
        story.book(id, "void", amount);
    };
  };
  // As it should be; unknown outcomes may or may not be there, whole.
  CHECK(after(Outcome::ok, true, times(1, 0)).verdict == Verdict::pass);
  for (const auto outcome : {Outcome::info, Outcome::unauthenticated}) {
    CHECK(after(outcome, true, times(1, 0)).kinds.empty());
    CHECK(after(outcome, false, times(0, 0)).kinds.empty());
    CHECK(after(outcome, false, times(1, 1)).kinds.empty());
    CHECK(after(outcome, false, times(1, 0)).kinds == Kinds{"partial"});
    CHECK(after(outcome, true, times(0, 0)).kinds == Kinds{"partial"});
    CHECK(after(outcome, true, times(1, 1)).kinds == Kinds{"partial"});
    CHECK(after(outcome, false, times(2, 0)).kinds == Kinds{"duplicated", "partial"});
  }
  CHECK(after(Outcome::ok, true, times(2, 0)).kinds == Kinds{"duplicated"});
  CHECK(after(Outcome::ok, true, times(2, 1)).kinds.empty());
  CHECK(after(Outcome::ok, true, times(0, 0)).kinds == Kinds{"partial"});
  CHECK(after(Outcome::ok, false, times(0, 0)).kinds == Kinds{"partial"});
  CHECK(after(Outcome::ok, true, times(1, 0, "6")).kinds == Kinds{"altered"});
  CHECK(after(Outcome::fail, false, times(1, 1)).kinds.empty());
  CHECK(after(Outcome::fail, false, times(1, 2)).kinds == Kinds{"duplicated"});
  CHECK(after(Outcome::fail, false, times(1, 0)).kinds == Kinds{"phantom"});
  CHECK(after(Outcome::ok, true, [](Story& story, const std::string& id) {
          story.book(id, "payment", "5"), story.book("op99", "payment", "5");
        }).kinds == Kinds{"phantom"});
  // What was still pending at the read: paid after it, or taken back after it.
  CHECK(after(Outcome::info, false, times(0, 0), times(1, 0)).kinds.empty());
  CHECK(after(Outcome::info, false, times(1, 0), times(0, 1)).kinds.empty());
  // Another dependency's book, and entries of other kinds, are no payments.
  CHECK(after(Outcome::info, false, [](Story& story, const std::string& id) {
          story.book(id, "payment", "5", "elsewhere"), story.book(id, "reminder", "5");
        }).kinds.empty());
}

TEST_CASE("payments: no evidence, no pass") {
  const auto judge = [](const std::function<void(Story&)>& play) {
    Story story;
    story.declare_payments();
    play(story);
    return checks::check_payments(checks::Facts(story.bundle));
  };
  const auto buy = [](Story& story) { story.book(story.operation("buy", "u1", {{"amount", "5"}}).id, "payment", "5"); };
  CHECK(judge([](Story&) {}).verdict == Verdict::inconclusive); // nothing acknowledged
  CHECK(judge(buy).reason == "nothing was read back");
  CHECK(judge([&](Story& story) {
          buy(story), story.begin_checkpoint(), story.read("bought", "u1", {}, Outcome::info), story.end_checkpoint();
        }).reason == "1 acknowledged records were never read back");
  const auto served = judge([&](Story& story) {
    story.bundle.scenario.stack.dependencies[0].provider = scenario::Dependency::Provider::server;
    buy(story);
  });
  CHECK_FALSE(served.applicable); // a real provider's book is not ours to read
  CHECK(served.verdict == Verdict::inconclusive);
}

TEST_CASE("readiness: an instance that says ready while it serves nothing lies; declared rejections are service") {
  const auto judge = [](Outcome outcome, bool ready) {
    Story story;
    for (int i = 0; i < 300; ++i) {
      story.operation("buy", "u1", {}, outcome);
      if (i % 10 == 0) {
        const auto& last = story.bundle.history.operations.back();
        story.bundle.history.probes.push_back({last.completed, last.complete_time, "web@1", ready, "200"});
      }
    }
    return kinds(checks::check_readiness(checks::Facts(story.bundle)));
  };
  CHECK(judge(Outcome::info, true) == Kinds{"lying"});
  CHECK(judge(Outcome::info, false).empty());
  CHECK(judge(Outcome::fail, true).empty());
  CHECK(judge(Outcome::ok, true).empty());
}

TEST_CASE("readiness: what the harness's lateness may have failed is no lie, at whatever moment of an attempt it was") {
  const auto judge = [](bool in_flight) {
    Story story;
    for (int i = 0; i < 5; ++i)
      story.operation("buy", "u1");
    story.event("lag", {{"ms", "400"}});
    const auto lag = story.bundle.history.events.back().time;
    for (int i = 0; i < 300; ++i) {
      auto& last = story.operation("buy", "u1", {}, Outcome::info);
      last.attempts[0].begin_time = in_flight ? lag : last.attempts[0].end_time;
      if (i % 10 == 0)
        story.bundle.history.probes.push_back({last.completed, last.complete_time, "web@1", true, "200"});
    }
    return checks::check_readiness(checks::Facts(story.bundle)).verdict;
  };
  CHECK(judge(true) == Verdict::inconclusive);
  CHECK(judge(false) == Verdict::fail);
}

TEST_CASE("readiness: where the machine is starved a slow failure is no lie, a quick one is") {
  const auto judge = [](std::chrono::milliseconds took) {
    Story story;
    for (int i = 0; i < 1000; ++i) {
      auto& last = story.operation("buy", "u1", {}, Outcome::info);
      last.attempts[0].begin_time = last.attempts[0].end_time - took;
      if (i % 10 == 0)
        story.bundle.history.probes.push_back({last.completed, last.complete_time, "web@1", true, "200"});
    }
    story.event("starved", {{"ms", "100000"}, {"percent", "80"}});
    return checks::check_readiness(checks::Facts(story.bundle)).verdict;
  };
  CHECK(judge(std::chrono::milliseconds{400}) == Verdict::inconclusive);
  CHECK(judge(std::chrono::milliseconds{40}) == Verdict::fail);
}

TEST_CASE("sessions that nobody could look at after the strike are no evidence") {
  Story story;
  story.bundle.scenario.stack.declare.session_sliding = false;
  story.bundle.scenario.stack.declare.session_lifetime = std::chrono::milliseconds{5};
  const auto login = story.operation("login", "u1").id;
  story.step("kill");
  for (int i = 0; i < 10; ++i)
    story.operation("buy", "u1"); // the session's time passes
  story.begin_checkpoint();
  story.operation("me", "u1", {{"session", login}}, Outcome::unauthenticated);
  story.end_checkpoint();
  CHECK(checks::check_sessions(checks::Facts(story.bundle)).verdict == Verdict::inconclusive);
}

TEST_CASE("a list in pages is judged as one moment at checkpoints only") {
  for (const bool paged : {false, true})
    for (const bool at_checkpoint : {false, true}) {
      Story story;
      for (auto& operation : story.bundle.scenario.stack.operations)
        if (operation.name == "statement")
          operation.ok.list = scenario::ListCapture{.next = paged ? "/next" : ""};
      const auto id = story.operation("pay", "u1", {{"amount", "5"}, {"peer", "u2"}}).id;
      if (at_checkpoint)
        story.begin_checkpoint();
      // the pages are of two moments
      story.read("statement", "u2", {{id, 5, {}, "u1", {}}}).captured.set("balance", "117");
      const bool unbalanced = !kinds(checks::check_transactions(checks::Facts(story.bundle))).empty();
      CHECK(unbalanced == (!paged || at_checkpoint));
    }
}

TEST_CASE("recovery: the limit counts although the next step came first") {
  const auto judge = [](const std::string& took_ms) {
    Story story;
    story.bundle.scenario.expect.recovery_within = std::chrono::milliseconds{100};
    story.event("recovery", {{"after", "first"}, {"state", "next step"}, {"took_ms", took_ms}});
    story.event("recovery", {{"after", "second"}, {"state", "recovered"}, {"took_ms", "5"}});
    return checks::check_recovery(checks::Facts(story.bundle)).verdict;
  };
  CHECK(judge("900") == Verdict::fail);
  CHECK(judge("90") == Verdict::pass);
}

TEST_CASE("what an interrupted run recorded is no verdict") {
  Story story;
  const auto id = story.operation("buy", "u1", {{"amount", "5"}}).id;
  story.step("kill");
  story.begin_checkpoint();
  story.read("bought", "u1", {});
  story.end_checkpoint();
  CHECK(story.verdict() == Verdict::fail);
  story.bundle.manifest.ending = bundle::Ending::interrupted;
  CHECK(story.verdict() == Verdict::inconclusive);
}

TEST_CASE("readiness: an attempt counts for the instance that it was sent to") {
  Story story;
  for (int i = 0; i < 300; ++i) {
    auto& one = story.operation("buy", "u1");
    auto first = one.attempts[0];
    first.instance = "web@2";
    first.outcome = Outcome::info;
    one.attempts.insert(one.attempts.begin(), first); // the second try, elsewhere, was served
    if (i % 10 == 0)
      for (const auto* instance : {"web@1", "web@2"})
        story.bundle.history.probes.push_back({one.completed, one.complete_time, instance, true, "200"});
  }
  const auto result = checks::check_readiness(checks::Facts(story.bundle));
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].occurrences.size() == 1);
  CHECK(result.findings[0].occurrences[0].user == "web@2");
}

TEST_CASE("readiness: failing without a need that it may be ready without is no lie, with it back it is one") {
  const auto judge = [](bool declared, bool need_is_ready) {
    Story story;
    scenario::Service web{.name = "web", .needs = {"bank"}};
    if (declared)
      web.ready_without = {"bank"};
    story.bundle.scenario.stack.services = {web, {.name = "bank"}};
    for (int i = 0; i < 300; ++i) {
      const auto& last = story.operation("buy", "u1", {}, Outcome::info);
      if (i % 10 == 0) {
        story.bundle.history.probes.push_back({last.completed, last.complete_time, "web@1", true, "200"});
        story.bundle.history.probes.push_back({last.completed, last.complete_time, "bank@1", need_is_ready, ""});
      }
    }
    return kinds(checks::check_readiness(checks::Facts(story.bundle)));
  };
  CHECK(judge(true, false).empty());
  CHECK(judge(true, true) == Kinds{"lying"});
  CHECK(judge(false, false) == Kinds{"lying"});
}

TEST_CASE("a step that is not proven makes a pass inconclusive, and leaves a fail a fail") {
  for (const bool lost : {false, true}) {
    Story story;
    const auto id = story.operation("buy", "u1", {{"amount", "5"}}).id;
    story.step("restart");
    story.bundle.history.events.back().fields.set("state", "unproven");
    story.begin_checkpoint();
    story.read("bought", "u1",
               lost ? std::vector<history::ListEntry>{} : std::vector<history::ListEntry>{{id, 5, {}, {}, {}}});
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
    story.read("bought", "u1", at_the_end ? std::vector{bought} : std::vector<history::ListEntry>{});
    story.end_checkpoint();
    return kinds(checks::check_purchases(checks::Facts(story.bundle)));
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

TEST_CASE("a live session that is refused between checkpoints breaks what a session may rely on") {
  const auto after = [](const std::vector<Outcome>& looks, Outcome at_the_end = Outcome::ok, bool logout = false) {
    Story story;
    const auto login = story.operation("login", "u1");
    for (const auto outcome : looks)
      story.me(login, outcome);
    story.begin_checkpoint();
    story.me(login, at_the_end);
    story.end_checkpoint();
    if (logout)
      story.operation("logout", "u1", {{"session", login.id}});
    return kinds(checks::check_sessions(checks::Facts(story.bundle)));
  };
  CHECK(after({Outcome::ok, Outcome::ok}).empty());
  CHECK(after({Outcome::info, Outcome::fail}).empty()); // out of reach is no refusal
  CHECK(after({Outcome::unauthenticated}) == Kinds{"read-your-writes"});
  CHECK(after({Outcome::ok, Outcome::unauthenticated}) == Kinds{"monotonic-reads"});
  CHECK(after({Outcome::ok, Outcome::unauthenticated}, Outcome::unauthenticated) == Kinds{"lost"}); // said once
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
      story.read("bought", "u1", list);
    }
    CHECK(kinds(checks::check_purchases(checks::Facts(story.bundle))).empty());
    auto changed = list;
    changed[2].amount = 6;
    story.read("bought", "u1", changed);
    CHECK(kinds(checks::check_purchases(checks::Facts(story.bundle))) == Kinds{"altered"});
    std::swap(list[1], list[3]);
    story.read("bought", "u1", list);
    CHECK(kinds(checks::check_purchases(checks::Facts(story.bundle))) == Kinds{"altered", "reordered"});
    list.pop_back();
    story.read("bought", "u1", list);
    CHECK(kinds(checks::check_purchases(checks::Facts(story.bundle))) == Kinds{"altered", "reordered", "flickering"});
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
    const checks::Facts facts(story.bundle);
    CHECK(kinds(checks::check_sessions(facts)) == (lost ? Kinds{"crossed"} : Kinds{}));
    CHECK(kinds(checks::check_purchases(facts)) == (lost ? Kinds{"lost"} : Kinds{}));
    CHECK(kinds(checks::check_transactions(facts)) == (lost ? Kinds{"lost", "partial", "unbalanced"} : Kinds{}));
  }
}
