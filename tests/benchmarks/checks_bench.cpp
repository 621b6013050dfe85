// How the checks of purchases and transactions grow with the recorded history:   checks-bench [LARGEST]
//
// Histories as runs record them: users buy, pay one another and read their lists, and all is read back at a checkpoint.
// Prints processor time and memory from 10^4 operations to the largest, and the exponent of the growth fitted to them.
#include "harness/checks/check.hpp"
#include "harness/history/identities.hpp"

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fmt/format.h>
#include <functional>
#include <sys/resource.h>

using namespace holdfast;
using history::Outcome;
using scenario::Role;

namespace {

constexpr std::size_t rounds = 40; ///< of each user: a purchase, a transfer, and in every tenth both lists are read

class Recording {
public:
  explicit Recording(std::size_t operations) : users_(std::max<std::size_t>(2, operations / (rounds * 22 / 10 + 2))) {
    auto& stack = bundle.scenario.stack;
    for (const auto& [name, role] : {std::pair{"buy", Role::purchase},
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
    stack.declare.opening_balance = 1'000'000;
    stack.declare.purchase_order = scenario::Declarations::Order::oldest_first;
    bundle.scenario.workload.journey = {{"buy", 1}, {"pay", 1}};
    purchases_.resize(users_);
    statements_.resize(users_);
    for (std::size_t round = 0; round < rounds; ++round)
      for (std::size_t user = 0; user < users_; ++user) {
        buy(user);
        pay(user, (user + round + 1) % users_);
        if (round % 10 == 9)
          read(user, 0);
      }
    bundle.history.events.push_back({++sequence_, now(), "checkpoint", {{"number", "1"}, {"state", "began"}}});
    for (std::size_t user = 0; user < users_; ++user)
      read(user, 1);
    bundle.history.events.push_back({++sequence_, now(), "checkpoint", {{"number", "1"}, {"state", "ended"}}});
    history::identify(bundle.history);
  }

  bundle::Bundle bundle;

private:
  [[nodiscard]] history::Time now() const { return std::chrono::milliseconds(sequence_); }
  static std::string name(std::size_t user) { return fmt::format("user-{:06}", user); }

  history::Operation& add(const char* what, std::size_t user, history::Values values) {
    auto& one = bundle.history.operations.emplace_back();
    one.id = fmt::format("{}-{:08x}", what, bundle.history.operations.size());
    one.user = name(user);
    one.name = what;
    one.values = std::move(values);
    one.invoked = ++sequence_;
    one.invoke_time = now();
    one.completed = ++sequence_;
    one.complete_time = now();
    one.outcome = Outcome::ok;
    return one;
  }
  void buy(std::size_t user) {
    const auto& one = add("buy", user, {{"amount", "5"}, {"item", "tea"}});
    purchases_[user].push_back({one.id, 5, "tea", {}, {}});
  }
  void pay(std::size_t user, std::size_t peer) {
    const auto& one = add("pay", user, {{"amount", "7"}, {"peer", name(peer)}});
    statements_[user].push_back({one.id, -7, {}, name(peer), {}});
    statements_[peer].push_back({one.id, 7, {}, name(user), {}});
  }
  void read(std::size_t user, int checkpoint) {
    auto& bought = add("bought", user, {});
    bought.checkpoint = checkpoint;
    bought.list = purchases_[user];
    auto& statement = add("statement", user, {});
    statement.checkpoint = checkpoint;
    statement.list = statements_[user];
    std::int64_t balance = 1'000'000;
    for (const auto& entry : statement.list)
      balance += entry.amount.value_or(0);
    statement.captured.set("balance", std::to_string(balance));
  }

  std::size_t users_;
  std::uint64_t sequence_ = 0;
  std::vector<history::EntryList> purchases_;
  std::vector<history::EntryList> statements_;
};

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

double seconds(const std::function<void()>& work) {
  const auto begin = std::clock();
  work();
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

} // namespace

int main(int argc, char** argv) {
  const std::size_t largest = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  fmt::print("{:>12} {:>9} {:>11} {:>14} {:>9} {:>11} {:>9}\n", "operations", "facts s", "purchases s",
             "transactions s", "sum s", "recorded MB", "peak MB");
  std::vector<std::pair<double, double>> points; // logarithms
  for (std::size_t size = 10'000; size <= largest; size *= 10) {
    const Recording recording(size);
    const auto recorded = peak_megabytes();
    std::optional<checks::Facts> facts;
    verdict::CheckResult purchases, transactions;
    const auto known = seconds([&] { facts.emplace(recording.bundle); });
    const auto bought = seconds([&] { purchases = checks::check_purchases(*facts); });
    const auto paid = seconds([&] { transactions = checks::check_transactions(*facts); });
    const auto operations = recording.bundle.history.operations.size();
    fmt::print("{:>12} {:>9.3f} {:>11.3f} {:>14.3f} {:>9.3f} {:>11.0f} {:>9.0f}\n", operations, known, bought, paid,
               known + bought + paid, recorded, peak_megabytes());
    if (!purchases.findings.empty() || !transactions.findings.empty()) {
      fmt::print(stderr, "a sound history was found wrong\n");
      return 1;
    }
    points.emplace_back(std::log(operations), std::log(known + bought + paid));
  }
  double x = 0, y = 0, xx = 0, xy = 0;
  for (const auto& [a, b] : points)
    x += a, y += b, xx += a * a, xy += a * b;
  const auto n = static_cast<double>(points.size());
  if (points.size() > 1)
    fmt::print("grows with the power {:.2f} of the operations\n", (n * xy - x * y) / (n * xx - x * x));
}
