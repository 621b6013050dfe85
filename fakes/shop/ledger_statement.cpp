#include "fakes/shop/ledger.hpp"

namespace shop {

std::optional<Statement> Ledger::statement(const std::string& key) {
  // One query sees one state: balance and entries belong together.
  const auto rows = pool_.run("SELECT a.balance, e.movement, e.amount, e.peer, e.kind FROM accounts a LEFT JOIN "
                              "entries e ON e.data_key = a.data_key WHERE a.data_key = $1 ORDER BY e.id",
                              {key});
  if (rows.empty())
    return std::nullopt;
  Statement statement{rows.integer(0, 0), {}};
  for (int i = 0; i < rows.size(); ++i)
    if (!rows.text(i, 1).empty())
      statement.entries.push_back({rows.text(i, 1), rows.integer(i, 2), rows.text(i, 3), rows.text(i, 4)});
  return statement;
}

} // namespace shop
