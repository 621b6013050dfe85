// Planted defect: balance and entries are read one after the other, each from a state of its own. Found by
// `transactions`, kind `unbalanced`, when money moves in between (read skew).
#include "fakes/shop/ledger.hpp"

namespace shop {

std::optional<Statement> Ledger::statement(const std::string& key) {
  const auto account = pool_.run("SELECT balance FROM accounts WHERE data_key = $1", {key});
  if (account.empty())
    return std::nullopt;
  const auto rows =
      pool_.run("SELECT movement, amount, peer, kind FROM entries WHERE data_key = $1 ORDER BY id", {key});
  Statement statement{account.integer(0, 0), {}};
  for (int i = 0; i < rows.size(); ++i)
    statement.entries.push_back({rows.text(i, 0), rows.integer(i, 1), rows.text(i, 2), rows.text(i, 3)});
  return statement;
}

} // namespace shop
