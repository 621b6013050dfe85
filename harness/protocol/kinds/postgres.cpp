#include "harness/protocol/postgres.hpp"

#include "harness/protocol/kind.hpp"

namespace holdfast::protocol {

namespace {

// Debian keeps the servers' programs out of PATH, one folder a version.
const std::string path = R"sh(PATH="$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"; )sh";

std::vector<std::string> shell(const std::string& script, const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"sh", "-c", script, "holdfast"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

std::string named_or_own(const std::string& name) {
  return name.empty() ? "postgres" : name;
}

void use_postgres_server(scenario::Dependency& dependency) {
  dependency.ready.within = std::chrono::seconds{30};
  // Only processes are killed here, never machines: what a server has written survives in the kernel's cache, so fsync
  // would only cost time. If initdb fails it must leave its files: they lead to the shared memory that its servers have
  // left.
  dependency.prepare =
      shell("set -e; " + path +
                R"(initdb -D "$1/data" -U "$2" -A trust --no-sync --no-clean --no-instructions --locale=C -E UTF8
if [ "$3" != postgres ]; then printf 'CREATE DATABASE "%s"\n' "$3" | postgres --single -F -D "$1/data" postgres; fi)",
            {"{dir}", named_or_own(dependency.user), named_or_own(dependency.database)});
  // The server asks for no password (-A trust). On a Unix socket in a folder of its own user nobody else can reach it;
  // at a port every local user could.
  dependency.socket = "{dir}/.s.PGSQL.5432";
  dependency.command = shell(path + R"(exec postgres -D "$1/data" -h "" -k "$1" -p 5432 -F )" +
                                 "-c dynamic_shared_memory_type=mmap -c shared_buffers=32MB -c max_connections=400",
                             {"{dir}"});
  // It accepts connections before it serves them: a probe that only connects would find it ready too early.
  dependency.ready.kind = scenario::Probe::Kind::log;
  dependency.ready.path = "database system is ready to accept connections";
  dependency.stop_signal = "SIGINT"; // its own "fast": it takes its shared memory along
  dependency.run_as = "postgres";    // it refuses to run as root
}

} // namespace

Kind postgres_kind() {
  return {.schema = {.name = "postgres", .about = "PostgreSQL's protocol 3", .use_usual_server = use_postgres_server},
          .make = []() -> std::unique_ptr<Conversation> { return std::make_unique<PostgresConversation>(); }};
}

} // namespace holdfast::protocol
