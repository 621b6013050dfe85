// Functions that see or change their session: sequences, settings, other sessions.
#include "fakes/postgres/functions.hpp"
#include "harness/protocol/conversation.hpp"

#include <fmt/format.h>
#include <memory>

namespace holdfast::fakes::pg {

namespace {

using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;

Statement ask(Environment& environment, const char* sql, const std::string& parameter) {
  sqlite3_stmt* raw = nullptr;
  sqlite3_prepare_v2(environment.database, sql, -1, &raw, nullptr);
  sqlite3_bind_text(raw, 1, parameter.data(), static_cast<int>(parameter.size()), SQLITE_TRANSIENT);
  return {raw, sqlite3_finalize};
}

/// As it is kept: without schema and quotes, in lower case where it has none.
std::string relation_name(std::string name) {
  if (name.starts_with("public."))
    name.erase(0, 7);
  if (name.size() > 1 && name.starts_with('"') && name.ends_with('"'))
    return name.substr(1, name.size() - 2);
  return protocol::lower(name);
}

struct Known {
  Sequence* state;
  std::int64_t start, step;
};

/// Where a sequence stands; at its start when it is used for the first time. The row in holdfast_sequences is read once
/// and remembered until a definition changes. Throws for a sequence that does not exist.
Known sequence(Environment& environment, const std::string& name) {
  auto found = environment.known_sequences.find(name);
  if (found == environment.known_sequences.end()) {
    const auto statement = ask(environment, "SELECT id, start, step FROM holdfast_sequences WHERE name = ?1", name);
    if (sqlite3_step(statement.get()) != SQLITE_ROW)
      fail("42P01", fmt::format("relation \"{}\" does not exist", name));
    const auto column = [&](int index) { return sqlite3_column_int64(statement.get(), index); };
    found =
        environment.known_sequences.emplace(name, Environment::KnownSequence{column(0), column(1), column(2)}).first;
  }
  const auto& [id, start, step] = found->second;
  return {&environment.sequences->try_emplace(id, Sequence{start, false}).first->second, start, step};
}

/// The first call gives the start itself, only later ones add the step.
Value next(Environment& environment, Arguments a) {
  const auto name = relation_name(text(a[0]));
  const auto known = sequence(environment, name);
  if (known.state->called && __builtin_add_overflow(known.state->value, known.step, &known.state->value))
    fail("2200H", fmt::format("nextval: reached maximum value of sequence \"{}\" (9223372036854775807)", name));
  known.state->called = true;
  environment.drawn[name] = known.state->value;
  environment.last_drawn = known.state->value;
  return known.state->value;
}

Value current(Environment& environment, Arguments a) {
  const auto name = relation_name(text(a[0]));
  (void)sequence(environment, name);
  const auto found = environment.drawn.find(name);
  if (found == environment.drawn.end())
    fail("55000", fmt::format("currval of sequence \"{}\" is not yet defined in this session", name));
  return found->second;
}

Value last(Environment& environment, Arguments) {
  if (!environment.last_drawn)
    fail("55000", "lastval is not yet defined in this session");
  return *environment.last_drawn;
}

Value set(Environment& environment, Arguments a) {
  const auto name = relation_name(text(a[0]));
  *sequence(environment, name).state = {integer(a[1]), integer(a[2]) != 0};
  if (integer(a[2]) != 0)
    environment.drawn[name] = integer(a[1]);
  return integer(a[1]);
}

Value setting(Environment& environment, Arguments a) {
  const auto value = environment.settings.get(text(a[0]));
  if (!value && integer(a[1]) == 0)
    fail("42704", fmt::format("unrecognized configuration parameter \"{}\"", text(a[0])));
  return value ? Value(*value) : Value{};
}

Value named(Environment& environment, Arguments a) {
  const auto what = text(a[0]);
  if (what == "pid")
    return std::int64_t{environment.pid};
  return what == "user" ? environment.user : environment.database_name;
}

Value random_uuid(Environment&, Arguments) {
  unsigned char bytes[16];
  sqlite3_randomness(sizeof bytes, bytes);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0FU) | 0x40U); // version 4
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3FU) | 0x80U);
  std::string hex;
  for (const auto byte : bytes)
    hex += fmt::format("{:02x}", byte);
  return read_text({Type::uuid}, hex);
}

} // namespace

std::vector<SqlFunction> session_functions() {
  constexpr auto strict = SqlFunction::Nulls::give_null;
  return {
      {"pg_nextval", 1, next, strict, false},
      {"pg_currval", 1, current, strict, false},
      {"pg_lastval", 0, last, strict, false},
      {"pg_setval", 3, set, strict, false},
      {"pg_restart", 1,
       [](Environment& environment, Arguments a) -> Value {
         const auto known = sequence(environment, text(a[0]));
         *known.state = {known.start, false};
         return {};
       },
       strict, false},
      {"pg_serial_sequence", 2,
       [](Environment& environment, Arguments a) -> Value {
         const auto found =
             ask(environment, "SELECT name, sequence FROM holdfast_columns WHERE tab = ?1", relation_name(text(a[0])));
         bool any = false;
         for (; sqlite3_step(found.get()) == SQLITE_ROW; any = true)
           if (std::get<std::string>(value_of(found.get(), 0)) == text(a[1])) {
             const auto name = std::get<std::string>(value_of(found.get(), 1));
             return name.empty() ? Value{} : Value("public." + name);
           }
         if (!any)
           fail("42P01", fmt::format("relation \"{}\" does not exist", text(a[0])));
         fail("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", text(a[1]), text(a[0])));
       },
       strict, false},
      {"pg_to_regclass", 1,
       [](Environment& environment, Arguments a) -> Value {
         const auto name = relation_name(text(a[0]));
         const auto found =
             ask(environment,
                 "SELECT 1 FROM sqlite_master WHERE name = ?1 UNION ALL SELECT 1 FROM holdfast_sequences "
                 "WHERE name = ?1",
                 name);
         return sqlite3_step(found.get()) == SQLITE_ROW ? Value(name) : Value{};
       },
       strict, false},
      {"pg_setting", 2, setting, strict, false},
      {"pg_set_config", 3,
       [](Environment& environment, Arguments a) -> Value {
         environment.settings.set(text(a[0]), text(a[1]),
                                  integer(a[2]) != 0 ? Settings::Scope::transaction : Settings::Scope::session);
         return *environment.settings.get(text(a[0]));
       },
       strict, false},
      {"pg_current", 1, named, strict, false},
      {"pg_version", 0, [](Environment&, Arguments) -> Value { return "PostgreSQL " + std::string(server_version); }},
      {"pg_random_uuid", 0, random_uuid, strict, false},
      {"pg_sleep", 1,
       [](Environment& environment, Arguments a) -> Value {
         // Only noted: the session waits for it after the statement, when SQLite is not on the stack.
         environment.sleep_seconds += sqlite3_value_double(a[0]);
         return std::string{};
       },
       strict, false},
      {"pg_cancel_backend", 1,
       [](Environment& environment, Arguments a) -> Value {
         return std::int64_t{environment.signal(static_cast<std::int32_t>(integer(a[0])), false)};
       },
       strict, false},
      {"pg_terminate_backend", 1,
       [](Environment& environment, Arguments a) -> Value {
         return std::int64_t{environment.signal(static_cast<std::int32_t>(integer(a[0])), true)};
       },
       strict, false},
  };
}

} // namespace holdfast::fakes::pg
