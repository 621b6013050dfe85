// The model of banks against brute force, and case by case.
#include "tests/consistency/simulation.hpp"

#include <algorithm>
#include <fmt/format.h>

using namespace holdfast::consistency;
using namespace holdfast::consistency::test;

namespace {

enum { is_transfer, is_read };
constexpr int accounts = 3;
constexpr int total = 6;
constexpr int nothing = 999; ///< as a balance: nil

const Question declared{.declarations = {{"total", "6"}, {"accounts", "0,1,2"}, {"opening", "0:2,1:2,2:2"}}};

int from(const Draft& transfer) {
  return transfer.value % 3;
}
int to(const Draft& transfer) {
  return (transfer.value / 3) % 3;
}
int amount(const Draft& transfer) {
  return 1 + transfer.value / 9;
}

/// Of a read the result is one balance an account, and a fourth of an account that nobody declared when it is spoilt.
Drafts simulate_bank(const Script& script) {
  std::vector<int> balances(accounts, total / accounts);
  return simulate(script, {.plan =
                               [&](Draft& one, Bits& bits, const Drafts& before) {
                                 one.kind = bits.take(2) == 0 ? is_read : is_transfer;
                                 one.value = static_cast<int>(bits.take(18));
                                 if (before.size() + 1 == script.size() && script.size() > 2)
                                   one.kind = is_read, one.outcome = Outcome::ok, one.takes_effect = true;
                               },
                           .apply =
                               [&](Draft& one) {
                                 if (one.kind == is_read) {
                                   one.result = balances;
                                 } else if (balances[static_cast<std::size_t>(from(one))] < amount(one)) {
                                   one.outcome = one.is_ok() ? Outcome::fail : one.outcome;
                                   one.result = {0};
                                 } else {
                                   balances[static_cast<std::size_t>(from(one))] -= amount(one);
                                   balances[static_cast<std::size_t>(to(one))] += amount(one);
                                   one.result = {0}; // has happened
                                 }
                               },
                           .spoil = [&](Draft& one, Bits& bits) -> bool {
                             if (one.kind != is_read)
                               return false;
                             auto& balance = one.result[bits.take(accounts)];
                             const auto what = bits.take(8);
                             if (what == 0)
                               balance = nothing;
                             else if (what == 1)
                               one.result.push_back(0);
                             else if (what == 2)
                               balance -= 3;
                             else if (what < 5)
                               balance += 1, one.result[bits.take(accounts)] -= 1; // the total is conserved, mostly
                             else
                               balance += 1;
                             return true;
                           }});
}

History history_of(const Drafts& drafts, bool with_texts = false) {
  return to_history(drafts, [&](const Draft& draft, Values& values, Operation& one) {
    const auto account = [&](int number) {
      return with_texts ? values.text(std::to_string(number)) : Values::integer(number);
    };
    one.f = values.keyword(draft.kind == is_transfer ? "transfer" : "read");
    std::vector<Value> entries;
    if (draft.kind == is_transfer)
      entries = {values.keyword("from"),     Values::integer(from(draft)), values.keyword("to"),
                 Values::integer(to(draft)), values.keyword("amount"),     Values::integer(amount(draft))};
    else
      for (std::size_t i = 0; i < draft.result.size(); ++i) {
        entries.push_back(account(static_cast<int>(i)));
        entries.push_back(draft.result[i] == nothing ? Value{} : Values::integer(draft.result[i]));
      }
    (draft.kind == is_transfer ? one.invoked : one.completed) = values.map(entries);
  });
}

Result judge_bank(const Drafts& drafts, const Question& question = declared) {
  auto history = history_of(drafts);
  return judge("bank", history, question);
}

/// Each balance lies between the least and the most that any choice of what is possible makes.
bool is_possible(const Drafts& drafts, const Draft& read, int account) {
  int least = 1000, most = -1000;
  for (std::size_t chosen = 0; chosen < std::size_t{1} << drafts.size(); ++chosen) {
    int balance = total / accounts;
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      const auto& one = drafts[i];
      if (one.kind != is_transfer || one.is_failed() || one.invocation > read.completion ||
          !(one.before(read) || (chosen >> i & 1U) != 0))
        continue;
      balance -= from(one) == account ? amount(one) : 0;
      balance += to(one) == account ? amount(one) : 0;
    }
    least = std::min(least, balance);
    most = std::max(most, balance);
  }
  const int balance = read.result[static_cast<std::size_t>(account)];
  return balance >= least && balance <= most;
}

bool is_wrong(const Drafts& drafts) {
  for (const auto& read : drafts) {
    if (read.kind != is_read || !read.is_ok())
      continue;
    int sum = 0;
    for (const int balance : read.result)
      sum += balance;
    if (sum != total || read.result.size() != accounts)
      return true;
    for (int account = 0; account < accounts; ++account)
      if (read.result[static_cast<std::size_t>(account)] < 0 || !is_possible(drafts, read, account))
        return true;
  }
  return false;
}

Draft read_of(std::vector<int> balances, Position at = 10) {
  return {.kind = is_read, .invocation = at, .completion = at + 1, .result = std::move(balances)};
}
/// 1 from account 0 to account 1.
Draft transfer(Position at = 0) {
  return {.kind = is_transfer, .value = 3, .invocation = at, .completion = at + 1};
}

Kinds kinds(const Drafts& drafts, const Question& question = declared) {
  return test::kinds(judge_bank(drafts, question));
}

} // namespace

TEST_CASE("bank agrees with brute force") {
  check_against_brute_force(
      simulate_bank, [](const Drafts& drafts) { return judge_bank(drafts); }, is_wrong,
      [](const Drafts& drafts) {
        return show(drafts, {"transfer", "read"});
      });
}

TEST_CASE("banks: each way to be wrong has its name") {
  CHECK(kinds({transfer(), read_of({1, 3, 2})}).empty());
  CHECK(kinds({transfer(), read_of({1, 3, 3})}) == Kinds{"wrong-total", "wrong-balance"});
  CHECK(kinds({transfer(), read_of({1, 3, nothing})}) == Kinds{"missing-account"});
  CHECK(kinds({transfer(), read_of({1, 3})}) == Kinds{"missing-account"});
  CHECK(kinds({transfer(), read_of({1, 3, 2, 0})}) == Kinds{"unknown-account"});
  CHECK(kinds({transfer(), read_of({2, 2, 2})}) == Kinds{"wrong-balance"}); // lost: the total is conserved
  CHECK(kinds({transfer(), read_of({0, 4, 2})}) == Kinds{"wrong-balance"}); // done twice
  CHECK(kinds({transfer(), read_of({1, 2, 3})}) == Kinds{"wrong-balance"}); // misdirected
  const Question without{.declarations = {{"total", "6"}}};
  CHECK(kinds({transfer(), read_of({-1, 5, 2})}, without) == Kinds{"negative-balance"});
  CHECK(kinds({transfer(), read_of({-1, 5, 2})}, {.declarations = {{"total", "6"}, {"negative", "allowed"}}}).empty());
  const auto lost = judge_bank({transfer(), read_of({2, 2, 2})});
  CHECK(lost.reason == "account 0 was read as 2, and its transfers make it 1");
  CHECK(lost.findings[0].examples[0].operations == std::vector<OperationId>{0, 1});
}

TEST_CASE("banks: a total is declared, and never inferred from the first read") {
  const auto undeclared = judge_bank({transfer(), read_of({1, 3, 2}), read_of({1, 3, 3}, 20)}, {});
  CHECK(undeclared.validity == Validity::unknown);
  CHECK(undeclared.reason == "the total is not declared (total=…), and it is not inferred from what was read");
  // A counterexample stands whatever is missing.
  CHECK(judge_bank({transfer(), read_of({-1, 3, 2})}, {}).validity == Validity::invalid);
  const auto without_accounts = judge_bank({transfer(), read_of({1, 3, 2})}, {.declarations = {{"total", "6"}}});
  CHECK(without_accounts.validity == Validity::valid);
  CHECK(without_accounts.reason.find("the accounts are not declared") != std::string::npos);
  CHECK(judge_bank({}, {.declarations = {{"total", "six"}}}).reason == "the declaration total=six must be an integer");
}

TEST_CASE("banks: the keys of JSON's maps are texts, and name the same accounts") {
  auto history = history_of({transfer(), read_of({1, 3, 2})}, true);
  CHECK(judge("bank", history, declared).validity == Validity::valid);
}

TEST_CASE("banks: transactions that only read are reads, a part of the accounts is no whole") {
  const auto after = [](std::initializer_list<std::pair<int, int>> reads, bool writes = false) {
    auto history = history_of({transfer()});
    auto& values = history.values;
    std::vector<Value> parts;
    for (const auto& [account, balance] : reads) {
      const Value part[] = {values.keyword(writes ? "w" : "r"), Values::integer(account), Values::integer(balance)};
      parts.push_back(values.list(part));
    }
    history.operations.push_back(
        {.f = values.keyword("txn"), .completed = values.list(parts), .invocation = 2, .completion = 3});
    history.operations.back().outcome = Outcome::ok;
    return judge("bank", history, declared);
  };
  CHECK(after({{0, 1}, {1, 3}, {2, 2}}).validity == Validity::valid);
  CHECK(after({{0, 1}, {1, 3}, {2, 3}}).validity == Validity::invalid);
  CHECK(after({{0, 1}, {1, 3}}).validity == Validity::valid);
  CHECK(after({{0, 1}, {7, 3}}).findings[0].kind == "unknown-account");
  CHECK(after({{0, 1}, {1, 9}}, true).validity == Validity::unknown); // nothing was read
}

TEST_CASE("banks: a statement adds up to its balance") {
  for (const int balance : {1, 2}) {
    auto history = history_of({transfer(), read_of({1, 3, 2})});
    auto& values = history.values;
    const Value entries[] = {Values::integer(-1)};
    const Value statement[] = {values.keyword("account"), Values::integer(0),        values.keyword("balance"),
                               Values::integer(balance),  values.keyword("entries"), values.list(entries)};
    history.operations.push_back(
        {.f = values.keyword("statement"), .completed = values.map(statement), .invocation = 20, .completion = 21});
    history.operations.back().outcome = Outcome::ok;
    const auto result = judge("bank", history, declared);
    CHECK(result.validity == (balance == 1 ? Validity::valid : Validity::invalid));
    if (balance == 2)
      CHECK(result.reason == "the statement of account 0 adds up to 1, its balance is 2");
  }
}

TEST_CASE("banks: no evidence, no verdict") {
  CHECK(judge_bank({}).validity == Validity::unknown);
  CHECK(judge_bank({read_of({2, 2, 2})}).reason == "nothing was written: what was read shows nothing");
  CHECK(judge_bank({transfer()}).reason == "nothing was read: what was written could be anywhere");
  auto open = transfer();
  open.outcome = Outcome::info;
  open.completion = never;
  CHECK(judge_bank({open}).reason == "none of the 1 operations completed");
}

TEST_CASE("banks: whatever is done to one acknowledged transfer is seen when all is quiet") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Script script;
    rc::Random random(seed);
    for (int i = 0; i < 40; ++i)
      script.push_back(random.next() & ~std::uint64_t{1}); // all sound
    auto sound = simulate_bank(script);
    Position position = 0;
    std::vector<int> balances(accounts, total / accounts);
    for (auto& one : sound) { // one after the other, so that every read is exact
      one.invocation = position++;
      one.completion = position++;
      one.outcome = one.kind == is_transfer && balances[static_cast<std::size_t>(from(one))] < amount(one)
                        ? Outcome::fail
                        : Outcome::ok;
      if (one.kind == is_transfer && one.is_ok()) {
        balances[static_cast<std::size_t>(from(one))] -= amount(one);
        balances[static_cast<std::size_t>(to(one))] += amount(one);
      }
      one.result = balances;
    }
    REQUIRE(judge_bank(sound).validity == Validity::valid);
    for (std::size_t i = 0; i + 1 < sound.size(); ++i) {
      if (sound[i].kind != is_transfer || !sound[i].is_ok() || from(sound[i]) == to(sound[i]))
        continue;
      const auto flips = [&](const std::function<void(Drafts&)>& mutate) {
        auto drafts = sound;
        mutate(drafts);
        CHECK(judge_bank(drafts).validity == Validity::invalid);
      };
      const auto at = static_cast<std::ptrdiff_t>(i);
      flips([&](Drafts& all) { all.erase(all.begin() + at); });
      flips([&](Drafts& all) { all.insert(all.begin() + at, all[i]); });
      flips([&](Drafts& all) { all[i].value = all[i].value % 9 + 9 * (1 - all[i].value / 9); }); // another amount
      flips([&](Drafts& all) {
        all[i].value = from(all[i]) + 3 * (3 - from(all[i]) - to(all[i])) + 9 * (amount(all[i]) - 1);
      }); // misdirected
    }
  }
}
