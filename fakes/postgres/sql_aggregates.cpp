// Aggregates that SQLite has not, or has not exactly.
#include "fakes/postgres/decimal.hpp"
#include "fakes/postgres/functions.hpp"
#include "fakes/postgres/json.hpp"

#include <algorithm>
#include <memory>
#include <new>

namespace holdfast::fakes::pg {

namespace {

/// SQLite keeps a pointer for each group; the state behind it lives from the first row to the result.
template <class State>
State& state_of(sqlite3_context* context) {
  auto** place = static_cast<State**>(sqlite3_aggregate_context(context, sizeof(State*)));
  if (*place == nullptr)
    *place = new State;
  return **place;
}
template <class State>
std::unique_ptr<State> take_state(sqlite3_context* context) {
  auto** place = static_cast<State**>(sqlite3_aggregate_context(context, 0));
  return std::unique_ptr<State>(place == nullptr ? nullptr : std::exchange(*place, nullptr));
}

struct Sum {
  Decimal sum;
  std::int64_t count = 0;
};

/// A group without any value that is not null never gets a state: its sum is null, not zero.
void add_row(sqlite3_context* context, int, sqlite3_value** values) {
  if (sqlite3_value_type(values[0]) == SQLITE_NULL)
    return;
  auto& state = state_of<Sum>(context);
  state.sum = add(state.sum, parse_decimal(text(values[0])).value_or(Decimal{}));
  ++state.count;
}

struct Collected {
  struct Item {
    Value value, key;
  };
  std::vector<Item> items;
  std::string kind, delimiter;
  Type type = Type::text;
  std::int64_t direction = 0;
};

/// kind, type, value, delimiter, key, direction
void collect_row(sqlite3_context* context, int, sqlite3_value** values) {
  const auto kind = text(values[0]);
  if (kind == "string_agg" && sqlite3_value_type(values[2]) == SQLITE_NULL)
    return;
  auto& state = state_of<Collected>(context);
  state.kind = kind;
  state.type = static_cast<Type>(integer(values[1]));
  state.delimiter = text(values[3]);
  state.direction = integer(values[5]);
  state.items.push_back({value_of(values[2]), value_of(values[4])});
}

std::string joined(Collected& state) {
  if (state.direction != 0)
    std::stable_sort(state.items.begin(), state.items.end(), [&](const auto& a, const auto& b) {
      const bool a_null = std::holds_alternative<std::monostate>(a.key),
                 b_null = std::holds_alternative<std::monostate>(b.key);
      if (a_null || b_null) // nulls are greatest
        return state.direction > 0 ? !a_null && b_null : a_null && !b_null;
      return state.direction > 0 ? a.key < b.key : b.key < a.key;
    });
  std::string out;
  const bool strings = state.kind == "string_agg";
  for (std::size_t i = 0; i < state.items.size(); ++i) {
    const auto& value = state.items[i].value;
    if (i > 0)
      out += strings ? state.delimiter : ",";
    // For array_agg and jsonb_agg `out` becomes JSON. jsonb has numbers and documents as they are shown; an array holds
    // elements as SQLite keeps them, so that moments stay numbers.
    const bool as_shown = strings || (state.kind == "jsonb_agg" &&
                                      (is_number(state.type) || state.type == Type::jsonb || state.type == Type::json));
    if (!strings && std::holds_alternative<std::monostate>(value))
      out += "null";
    else if (state.kind == "jsonb_agg" && state.type == Type::boolean)
      out += std::get<std::int64_t>(value) != 0 ? "true" : "false";
    else if (as_shown)
      out += show_text(state.type, value);
    else if (state.kind == "jsonb_agg" || std::holds_alternative<std::string>(value))
      out += quoted_json(state.kind == "jsonb_agg" ? show_text(state.type, value) : std::get<std::string>(value));
    else
      out += sql_literal(state.type, value);
  }
  if (strings)
    return out;
  out = "[" + out + "]";
  return state.kind == "jsonb_agg" ? canonical(parse_json(out).value_or(Json{})) : out;
}

void add_aggregate(sqlite3* database, const char* name, int arguments,
                   void (*step)(sqlite3_context*, int, sqlite3_value**), void (*finish)(sqlite3_context*)) {
  sqlite3_create_function_v2(database, name, arguments, SQLITE_UTF8, nullptr, nullptr, step, finish, nullptr);
}

} // namespace

void add_aggregates(sqlite3* database) {
  add_aggregate(database, "pg_numeric_sum", 1, add_row, [](sqlite3_context* context) {
    const auto state = take_state<Sum>(context);
    set_result(context, Type::numeric, state == nullptr ? Value{} : Value(to_text(state->sum)));
  });
  add_aggregate(database, "pg_numeric_avg", 1, add_row, [](sqlite3_context* context) {
    const auto state = take_state<Sum>(context);
    set_result(context, Type::numeric,
               state == nullptr ? Value{} : Value(to_text(divide(state->sum, Decimal{state->count, 0}))));
  });
  add_aggregate(database, "pg_collect", 6, collect_row, [](sqlite3_context* context) {
    const auto state = take_state<Collected>(context);
    set_result(context, Type::text, state == nullptr ? Value{} : Value(joined(*state)));
  });
}

} // namespace holdfast::fakes::pg
