// Bundles made by hand, for checks.
#pragma once

#include "harness/checks/check.hpp"
#include "harness/history/identities.hpp"

#include <doctest/doctest.h>

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
    event(history::PhaseEvent{history::PhaseEvent::Phase::steady, history::PhaseEvent::State::reached, {}});
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
    one.answered = true;
    one.attempts = {{.instance = "web@1",
                     .outcome = outcome,
                     .answered = true,
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
      text::Decimal balance = 100;
      for (const auto& entry : one.list)
        balance = balance.plus(entry.amount.value_or(0)).value();
      one.captured.set("balance", balance.text());
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
  history::Event& event(history::EventData data) {
    bundle.history.events.push_back({++sequence_, now(), std::move(data)});
    return bundle.history.events.back();
  }
  /// Nothing happens for so long.
  void pass(std::chrono::milliseconds time) { sequence_ += static_cast<std::uint64_t>(time.count()); }
  using StepEvent = history::StepEvent;
  struct StepOf {
    std::string kind = "restart";
    StepEvent::Nature nature = StepEvent::Nature::change;
    std::vector<std::string> instances = {"web@1"};
    std::string link = {};
    bool ends_processes = true;
    bool is_proven = true;
  };
  void step(const std::string& id, const StepOf& of) {
    begin_step(id, of);
    end_step(id, of);
  }
  void step(const std::string& id) { step(id, {}); }
  void begin_step(const std::string& id, const StepOf& of) {
    event(StepEvent{.id = id,
                    .kind = of.kind,
                    .state = StepEvent::State::began,
                    .nature = of.nature,
                    .instances = of.instances,
                    .link = of.link});
    scenario::Step one;
    one.id = id;
    one.kind = of.kind;
    bundle.scenario.steps.push_back(one);
  }
  void end_step(const std::string& id, const StepOf& of) {
    event(StepEvent{.id = id,
                    .kind = of.kind,
                    .state = of.is_proven ? StepEvent::State::proven : StepEvent::State::unproven,
                    .nature = of.nature,
                    .struck = of.ends_processes ? of.instances : std::vector<std::string>{}});
    event(StepEvent{.id = id, .kind = of.kind, .state = StepEvent::State::ended, .nature = of.nature});
  }
  void begin_checkpoint(bool restored = false) {
    checkpoint_ = ++checkpoints_;
    mark(history::CheckpointEvent::State::began, restored);
  }
  void end_checkpoint(bool restored = false) {
    mark(history::CheckpointEvent::State::ended, restored);
    checkpoint_ = 0;
  }
  void declare_payments() {
    bundle.scenario.stack.dependencies = {{.name = "provider", .protocol = "http"}};
    bundle.scenario.stack.declare.payments = scenario::Payments{.dependency = "provider", .id = "order"};
  }
  void book(const std::string& order, const std::string& kind, const std::string& amount,
            const std::string& dependency = "provider") {
    event(history::BookedEvent{dependency, {{"order", order}, {"kind", kind}, {"amount", amount}}});
  }
  void probe(const std::string& instance, bool ready, const std::string& detail = "200") {
    const auto& last = bundle.history.operations.back();
    bundle.history.probes.push_back({last.completed, last.complete_time, instance, ready, detail});
  }
  void end() { event(history::PhaseEvent{history::PhaseEvent::Phase::end, history::PhaseEvent::State::reached, {}}); }
  verdict::Verdict verdict() {
    end();
    return report().verdict;
  }
  /// At the last checkpoint an instance is ready; the run comes to its end.
  void end_ready() {
    probe("web@1", true);
    end_checkpoint();
    end();
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
  void mark(history::CheckpointEvent::State state, bool restored) {
    event(history::CheckpointEvent{
        .number = checkpoints_, .state = state, .after = "restart", .restored = restored, .left = true});
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

template <>
struct doctest::StringMaker<holdfast::test::Kinds> {
  static String convert(const holdfast::test::Kinds& kinds) {
    std::string all;
    for (const auto& kind : kinds)
      all += (all.empty() ? "" : ", ") + kind;
    return ("{" + all + "}").c_str();
  }
};
