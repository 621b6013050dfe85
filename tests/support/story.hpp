// Bundles made by hand, for checks.
#pragma once

#include "harness/checks/check.hpp"
#include "harness/history/identities.hpp"

namespace holdfast::test {

/// Builds a bundle step by step; times follow sequence numbers, a millisecond each.
class Story {
public:
  Story() {
    auto& stack = bundle.scenario.stack;
    for (const auto& [name, role] : {std::pair{"login", scenario::Role::login},
                                     {"logout", scenario::Role::logout},
                                     {"me", scenario::Role::whoami},
                                     {"buy", scenario::Role::purchase},
                                     {"bought", scenario::Role::purchases},
                                     {"pay", scenario::Role::transfer},
                                     {"statement", scenario::Role::statement}}) {
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

  history::Operation& operation(const std::string& name, const std::string& user, history::Values values = {},
                                history::Outcome outcome = history::Outcome::ok) {
    history::Operation one{.id = "op" + std::to_string(++ids_),
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
    one.status = outcome == history::Outcome::ok                ? 200
                 : outcome == history::Outcome::fail            ? 422
                 : outcome == history::Outcome::unauthenticated ? 401
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
  history::Operation& read(const std::string& name, const std::string& user, history::EntryList list,
                           history::Outcome outcome = history::Outcome::ok) {
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
  history::Operation& me(const history::Operation& login, history::Outcome outcome = history::Outcome::ok,
                         const std::string& user = {}) {
    const auto owner = login.user, session = login.id;
    auto& one = operation("me", owner, {{"session", session}}, outcome);
    if (outcome == history::Outcome::ok)
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
  verdict::Verdict verdict() {
    event("phase", {{"name", "end"}, {"state", "reached"}});
    return report().verdict;
  }
  /// At the last checkpoint an instance is ready; the run comes to its end.
  void end_ready() {
    const auto& last = bundle.history.operations.back();
    bundle.history.probes.push_back({last.completed, last.complete_time, "web@1", true, "200"});
    end_checkpoint();
    event("phase", {{"name", "end"}, {"state", "reached"}});
  }
  verdict::Report report() {
    history::identify(bundle.history);
    return checks::judge(bundle, "");
  }
  /// Of what it holds by now.
  checks::Facts facts() {
    history::identify(bundle.history);
    return checks::Facts(bundle);
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

inline std::vector<std::string> kinds(const verdict::CheckResult& result) {
  std::vector<std::string> all;
  for (const auto& finding : result.findings)
    all.push_back(finding.kind);
  return all;
}

using Kinds = std::vector<std::string>;

} // namespace holdfast::test
