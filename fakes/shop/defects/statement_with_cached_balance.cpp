// Planted defect: each bank remembers a balance once it has shown it. Found by `transactions`, kind `unbalanced`, as
// soon as money has moved since.
#include "fakes/shop/ledger.hpp"

#include <map>

namespace shop {

std::optional<Statement> Ledger::statement(const std::string& key) {
  static std::mutex mutex;
  static std::map<std::string, long long> balances;
  const auto rows = pool_.run("SELECT a.balance, e.movement, e.amount, e.peer, e.kind FROM accounts a LEFT JOIN "
                              "entries e ON e.data_key = a.data_key WHERE a.data_key = $1 ORDER BY e.id",
                              {key});
  if (rows.empty())
    return std::nullopt;
  const std::lock_guard lock(mutex);
  Statement statement{balances.try_emplace(key, rows.integer(0, 0)).first->second, {}};
  for (int i = 0; i < rows.size(); ++i)
    if (!rows.text(i, 1).empty())
      statement.entries.push_back({rows.text(i, 1), rows.integer(i, 2), rows.text(i, 3), rows.text(i, 4)});
  return statement;
}

} // namespace shop
