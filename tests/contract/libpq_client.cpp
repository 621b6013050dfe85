#include "tests/contract/contract.hpp"

#include <bit>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <memory>
#include <set>

namespace holdfast::test::contract {

namespace {

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

Connection connect(std::uint16_t port, const std::string& more = {}) {
  Connection connection(
      PQconnectdb(fmt::format("host=127.0.0.1 port={} user=postgres dbname=postgres {}", port, more).c_str()),
      PQfinish);
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr); // notices are no part of a result
  return connection;
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

/// Columns with type and modifier, rows, the tag; or state, message and constraint of an error.
std::string shown(PGresult* owned) {
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(owned, PQclear);
  const auto status = PQresultStatus(owned);
  if (status == PGRES_COMMAND_OK)
    return PQcmdStatus(owned);
  if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_EMPTY_QUERY)
    return PQresStatus(status);
  if (status != PGRES_TUPLES_OK && status != PGRES_SINGLE_TUPLE)
    return fmt::format("{} {} {} [{}]", field(owned, PG_DIAG_SEVERITY), field(owned, PG_DIAG_SQLSTATE),
                       field(owned, PG_DIAG_MESSAGE_PRIMARY), field(owned, PG_DIAG_CONSTRAINT_NAME));
  std::string text = "(";
  for (int i = 0; i < PQnfields(owned); ++i)
    text += fmt::format("{}:{}:{}:{} ", PQfname(owned, i), PQftype(owned, i), PQfmod(owned, i), PQfsize(owned, i));
  text += ")";
  for (int row = 0; row < PQntuples(owned); ++row) {
    text += " |";
    for (int i = 0; i < PQnfields(owned); ++i) {
      std::string value =
          PQgetisnull(owned, row, i) != 0
              ? "NULL"
              : std::string(PQgetvalue(owned, row, i), static_cast<std::size_t>(PQgetlength(owned, row, i)));
      if (PQfformat(owned, i) == 1) {
        std::string hex;
        for (const char c : value)
          hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
        value = hex;
      }
      text += " " + value;
    }
  }
  return text + " " + PQcmdStatus(owned);
}

enum class Protocol { simple, extended, extended_binary };

std::string ask(PGconn* connection, const Step& step, Protocol protocol) {
  if (step.parameters.empty() && protocol == Protocol::simple)
    return shown(PQexec(connection, step.text.c_str()));
  std::vector<const char*> values;
  for (const auto& value : step.parameters)
    values.push_back(value ? value->c_str() : nullptr);
  return shown(PQexecParams(connection, step.text.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                            nullptr, nullptr, protocol == Protocol::extended_binary ? 1 : 0));
}

Results play_cases(std::uint16_t port, Protocol protocol) {
  Results results;
  for (const auto& one : read_cases("postgres.cases")) {
    const auto first = connect(port), second = connect(port);
    std::string seen;
    for (const auto& step : one.steps)
      seen += ask((step.second ? second : first).get(), step, protocol) + " ; ";
    results.push_back({one.name, seen});
  }
  return results;
}

/// Every value that a statement returns in binary, and its parameters' types as Describe tells them.
std::string prepared(PGconn* connection, const std::string& sql, const std::vector<const char*>& values) {
  auto text = shown(PQprepare(connection, "", sql.c_str(), 0, nullptr));
  auto* described = PQdescribePrepared(connection, "");
  for (int i = 0; i < PQnparams(described); ++i)
    text += fmt::format(" ${}:{}", i + 1, PQparamtype(described, i));
  text += " " + shown(described);
  return text + " " +
         shown(PQexecPrepared(connection, "", static_cast<int>(values.size()), values.data(), nullptr, nullptr, 1));
}

std::string rows_one_by_one(PGconn* connection) {
  std::string text;
  PQsendQuery(connection, "SELECT n FROM generate_series(1, 3) AS n");
  PQsetSingleRowMode(connection);
  while (auto* result = PQgetResult(connection))
    text += shown(result) + ", ";
  return text;
}

std::string pipeline(PGconn* connection) {
  std::string text;
  PQenterPipelineMode(connection);
  for (const auto* sql : {"SELECT 1", "SELECT nonsense", "SELECT 2"})
    PQsendQueryParams(connection, sql, 0, nullptr, nullptr, nullptr, nullptr, 0);
  PQpipelineSync(connection);
  PQsendQueryParams(connection, "SELECT 3", 0, nullptr, nullptr, nullptr, nullptr, 0);
  PQpipelineSync(connection);
  for (int syncs = 0, nulls = 0; syncs < 2 && nulls < 20;) {
    auto* result = PQgetResult(connection);
    if (result == nullptr) {
      ++nulls;
      continue;
    }
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC)
      ++syncs;
    text += PQresStatus(PQresultStatus(result)) + std::string(" ");
    PQclear(result);
  }
  PQexitPipelineMode(connection);
  return text;
}

/// A binary parameter of a declared type, big-endian.
std::string binary(PGconn* connection, Oid type, const std::string& bytes) {
  const char* value = bytes.data();
  const int length = static_cast<int>(bytes.size()), format = 1;
  return shown(PQexecParams(connection, "SELECT $1 AS v", 1, &type, &value, &length, &format, 0));
}

} // namespace

Results play_libpq_extended(std::uint16_t port, const std::filesystem::path&) {
  return play_cases(port, Protocol::extended);
}

Results play_libpq_binary(std::uint16_t port, const std::filesystem::path&) {
  return play_cases(port, Protocol::extended_binary);
}

Results play_libpq(std::uint16_t port, const std::filesystem::path&) {
  auto results = play_cases(port, Protocol::simple);
  const auto connection = connect(port, "sslmode=prefer gssencmode=prefer password=secret application_name=libpq");
  std::string statuses;
  for (const auto* name : {"server_encoding", "client_encoding", "DateStyle", "TimeZone", "integer_datetimes",
                           "standard_conforming_strings", "application_name", "IntervalStyle", "is_superuser",
                           "session_authorization", "in_hot_standby", "default_transaction_read_only"}) {
    const char* value = PQparameterStatus(connection.get(), name);
    statuses += fmt::format("{}={} ", name, value == nullptr ? "none" : value);
  }
  results.push_back({"what a connection is told", statuses});
  (void)shown(PQexec(connection.get(), "DROP TABLE IF EXISTS typed"));
  (void)shown(PQexec(connection.get(), "CREATE TABLE typed (id int PRIMARY KEY, t text, n numeric, at timestamptz)"));
  std::string typed;
  typed += prepared(connection.get(), "INSERT INTO typed VALUES ($1, $2, $3, $4) RETURNING *",
                    {"1", "x", "-12.340", "2024-01-02 03:04:05.6+00"});
  typed += prepared(connection.get(), "SELECT t FROM typed WHERE id = $1 AND n < $2 AND at > $3 LIMIT $4",
                    {"1", "100", "2000-01-01", "5"});
  typed += prepared(connection.get(), "UPDATE typed SET t = $2 WHERE id = $1", {"1", "y"});
  typed += prepared(
      connection.get(), "SELECT $1::uuid, $2::interval, $3::date, $4::jsonb, $5::int[], $6::bytea",
      {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "1 day 00:00:01", "2024-01-02", "{\"a\": 1}", "{1,NULL}", "\\x0102"});
  results.push_back({"types of parameters and binary results", typed});
  using namespace std::string_literals;
  results.push_back({"binary parameters",
                     binary(connection.get(), 21, "\xff\xfe"s) + binary(connection.get(), 23, "\0\0\1\0"s) +
                         binary(connection.get(), 20, "\0\0\0\1\0\0\0\0"s) +
                         binary(connection.get(), 701, "\x3f\xf8\0\0\0\0\0\0"s) + binary(connection.get(), 16, "\1"s) +
                         binary(connection.get(), 25, "text"s) + binary(connection.get(), 17, "\0\xff"s) +
                         binary(connection.get(), 1184, "\0\2\x0b\x07\x9a\xd0\x40\0"s) +
                         binary(connection.get(), 1082, "\0\0\x22\x4d"s) +
                         binary(connection.get(), 1700, "\0\2\0\0\0\0\0\2\0\x0c\x0d\x48"s) +
                         binary(connection.get(), 2950, std::string(16, '\x11')) +
                         binary(connection.get(), 3802, "\1{\"a\":1}"s) + binary(connection.get(), 23, "\0"s)});
  results.push_back({"rows one by one", rows_one_by_one(connection.get())});
  results.push_back({"a pipeline", pipeline(connection.get())});
  std::string statements;
  for (const auto* sql : {"SELECT 1 +", "SELECT 1; SELECT 2", ""})
    statements += shown(PQprepare(connection.get(), "named", sql, 0, nullptr)) + " ; ";
  statements += shown(PQprepare(connection.get(), "again", "SELECT $1::int", 0, nullptr)) + " ; " +
                shown(PQprepare(connection.get(), "again", "SELECT 2", 0, nullptr)) + " ; " +
                shown(PQexecPrepared(connection.get(), "missing", 0, nullptr, nullptr, nullptr, 0)) + " ; " +
                shown(PQexecPrepared(connection.get(), "again", 0, nullptr, nullptr, nullptr, 0)) + " ; " +
                shown(PQexec(connection.get(), "DEALLOCATE again")) + " ; " +
                shown(PQexecPrepared(connection.get(), "again", 0, nullptr, nullptr, nullptr, 0)) + " ; " +
                shown(PQexec(connection.get(), "")) + " ; " + shown(PQexec(connection.get(), " ; ;"));
  results.push_back({"prepared statements", statements});
  results.push_back({"what the fake has not: COPY", shown(PQexec(connection.get(), "COPY typed TO STDOUT"))});
  return results;
}

} // namespace holdfast::test::contract
