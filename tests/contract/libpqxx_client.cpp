#include "tests/contract/contract.hpp"

#include <fmt/format.h>
#include <pqxx/pqxx>

namespace holdfast::test::contract {

namespace {

template <class Result>
std::string shown(const Result& result) {
  std::string text;
  for (const auto& row : result) {
    text += "|";
    for (const auto& field : row)
      text += std::string(" ") + (field.is_null() ? "NULL" : field.c_str());
  }
  return fmt::format("{} {} {}", text, result.size(), result.affected_rows());
}

template <class Body>
std::string attempt(const Body& body) {
  try {
    return body();
  } catch (const pqxx::unique_violation& error) {
    return "unique_violation " + error.sqlstate();
  } catch (const pqxx::sql_error& error) {
    return "sql_error " + error.sqlstate();
  } catch (const std::exception& error) {
    return error.what();
  }
}

std::string ask(pqxx::connection& connection, const Step& step) {
  return attempt([&] {
    pqxx::nontransaction work(connection);
    if (step.parameters.empty())
      return shown(work.exec(step.text));
    std::vector<const char*> values;
    for (const auto& value : step.parameters)
      values.push_back(value ? value->c_str() : nullptr);
    return shown(work.exec_params(step.text, pqxx::prepare::make_dynamic_params(values)));
  });
}

} // namespace

Results play_libpqxx(std::uint16_t port, const std::filesystem::path&) {
  const auto dsn = fmt::format("host=127.0.0.1 port={} user=postgres dbname=postgres", port);
  Results results;
  for (const auto& one : read_cases("postgres.cases")) {
    pqxx::connection first(dsn), second(dsn);
    std::string seen;
    for (const auto& step : one.steps)
      seen += ask(step.second ? second : first, step) + " ; ";
    results.push_back({one.name, seen});
  }
  pqxx::connection connection(dsn);
  results.push_back({"transactions and savepoints", attempt([&] {
                       pqxx::work work(connection);
                       work.exec("DROP TABLE IF EXISTS pqxx_t");
                       work.exec("CREATE TABLE pqxx_t (n int PRIMARY KEY, t text)");
                       try {
                         pqxx::subtransaction inner(work, "inner");
                         inner.exec("INSERT INTO pqxx_t VALUES (1, 'undone')");
                         inner.exec("INSERT INTO pqxx_t VALUES (1, 'twice')");
                       } catch (const pqxx::unique_violation&) {
                         work.exec("INSERT INTO pqxx_t VALUES (1, " + work.quote("it's") + ")");
                       }
                       work.commit();
                       pqxx::read_transaction reading(connection);
                       return shown(reading.exec("SELECT n, t FROM pqxx_t"));
                     })});
  results.push_back({"prepared statements", attempt([&] {
                       connection.prepare("add", "SELECT $1::int + $2::int AS sum");
                       pqxx::work work(connection);
                       return shown(work.exec_prepared("add", 1, 2)) + shown(work.exec_prepared("add", 40, 2));
                     })});
  results.push_back({"a serializable transaction", attempt([&] {
                       pqxx::transaction<pqxx::serializable> work(connection);
                       auto text = shown(work.exec("SHOW transaction_isolation"));
                       work.commit();
                       return text;
                     })});
  results.push_back({"a cursor", attempt([&] {
                       pqxx::work work(connection);
                       pqxx::icursorstream stream(work, "SELECT n FROM generate_series(1, 10) AS n", "numbers", 4);
                       std::string text;
                       for (pqxx::result part; stream >> part;)
                         text += std::to_string(part.size()) + " ";
                       return text;
                     })});
  return results;
}

} // namespace holdfast::test::contract
