// What the harness may take and must give back: descriptors, time, the disk; and who may talk to whom.
#include "harness/async/deadline.hpp"
#include "harness/async/shortage.hpp"
#include "harness/link/link.hpp"
#include "harness/process/process.hpp"
#include "harness/stack/bounded_log.hpp"
#include "harness/stack/peer_uid.hpp"
#include "tests/support/support.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace holdfast;
using test::TemporaryFolder;
namespace asio = boost::asio;
namespace fs = std::filesystem;
using asio::use_awaitable;
using asio::ip::tcp;

namespace {

std::string content(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// Without a descriptor left UBSan cannot look at memory, and takes every object for a wrong one.
#if defined(__has_feature) && __has_feature(undefined_behavior_sanitizer)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

/// The tiny stack with many connections, under limits of open files: soft, hard.
struct Crowded {
  TemporaryFolder folder;
  test::Finished run(int connections, int soft, int hard) {
    folder.write("stack.toml", R"([stack]
name = "tiny"
[services.tiny]
command = ["sh", "-c", "ulimit -Sn; exec {bin}/tiny-service {address} {port} {dir}/items"]
ready = { http = "/ready", within = "3s" }
[operations.put]
request = { method = "POST", path = "/items/{id}" }
ok = { status = [201] }
)");
    const auto scenario = folder.write("scenario.toml", fmt::format(R"([scenario]
name = "crowded"
stack = "stack.toml"
cold_restart = false
[workload]
users = {0}
connections = {0}
arrivals = "1000/s"
journey = {{ put = 1 }}
[[step]]
at = "500ms"
do = "latency"
link = "tiny"
latency = "20ms"
for = "300ms"
[expect]
availability = {{ min = 1.0 }}
)",
                                                                    connections));
    return test::run_program(
        {"bash", "-c",
         fmt::format("ulimit -Sn {} && ulimit -Hn {} && exec '{}' run '{}' --out '{}' --format json", soft, hard,
                     test::holdfast_program(), scenario.string(), (folder.path() / "bundles").string())},
        folder.path());
  }
};

} // namespace

TEST_CASE("limits: the harness raises its own soft limit of open files, and services start with the one it was given") {
  Crowded crowded;
  const auto ran = crowded.run(150, 200, 4096); // three descriptors a user, whose requests pass a link
  INFO(ran.err);
  const auto run = boost::json::parse(ran.out).at("runs").at(0).as_object();
  INFO(boost::json::serialize(run.at("reason")));
  CHECK(run.at("verdict").as_string() == "pass");
  CHECK(content(fs::path(run.at("bundle").as_string().c_str()) / "logs/tiny@1.log").find("out 200\n") !=
        std::string::npos);
}

TEST_CASE("limits: a plan that needs more files than there may be is not begun") {
  Crowded crowded;
  const auto ran = crowded.run(600, 256, 300);
  CHECK(ran.status == 4);
  const auto run = boost::json::parse(ran.out).at("runs").at(0).as_object();
  const std::string reason(run.at("reason").as_string());
  CHECK(reason.find("the run needs at least 18") == 0);
  CHECK(reason.find("600 connections, and may have 300") != std::string::npos);
  CHECK(test::processes_of(crowded.folder.path()).empty());
}

TEST_CASE("limits: descriptors that run out in the middle are the harness's failure, never an outcome" *
          doctest::skip(sanitized)) {
  // Nobody could know before: the service itself connects as often as it can.
  TemporaryFolder folder;
  folder.write("greedy.py", R"(import http.server, socket, sys, threading, time
kept = []
def take():
    host, port = sys.argv[3].split(":")
    while True:
        try: kept.append(socket.create_connection((host, int(port)), timeout=1))
        except OSError: time.sleep(0.01)
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"{}")
threading.Timer(0.5, take).start()
http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
)");
  folder.write("stack.toml", R"([stack]
name = "greedy"
[dependencies]
store = { protocol = "redis" }
[services.greedy]
needs = ["store"]
command = ["/usr/bin/python3", "{stack}/greedy.py", "{address}", "{port}", "{link.store}"]
ready = { http = "/ready", within = "5s" }
[operations.look]
request = { path = "/" }
ok = { status = [200] }
)");
  const auto scenario = folder.write("scenario.toml", R"([scenario]
name = "greedy"
stack = "stack.toml"
[workload]
users = 3
connections = 3
arrivals = "50/s"
journey = { look = 1 }
length = "20s"
)");
  const auto begin = std::chrono::steady_clock::now();
  const auto ran = test::run_program(
      {"bash", "-c",
       fmt::format("ulimit -Sn 300 && ulimit -Hn 300 && exec '{}' run '{}' --out '{}' --format json",
                   test::holdfast_program(), scenario.string(), (folder.path() / "bundles").string())},
      folder.path());
  CHECK(ran.status == 4);
  const auto run = boost::json::parse(ran.out).at("runs").at(0).as_object();
  const std::string reason(run.at("reason").as_string());
  INFO(reason);
  CHECK(reason.find("the harness has no file descriptor left") != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{10});
  CHECK(test::processes_of(folder.path()).empty());
}

TEST_CASE("limits: SIGTERM ends a run within two seconds although a reply never ends") {
  TemporaryFolder folder;
  folder.write("endless.py", R"(import socket, sys, threading
def serve(client):
    try:
        head = client.recv(65536)
        if b"/ready" in head:
            client.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"); client.close(); return
        client.sendall(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5;")
        open(sys.argv[3], "w").close()
        while True: client.sendall(b"x" * 65536)
    except OSError: pass
listener = socket.socket(); listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((sys.argv[1], int(sys.argv[2]))); listener.listen(64)
while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
)");
  folder.write("stack.toml", fmt::format(R"([stack]
name = "endless"
[services.endless]
command = ["/usr/bin/python3", "{{stack}}/endless.py", "{{address}}", "{{port}}", "{}/asked"]
ready = {{ http = "/ready", within = "5s" }}
[operations.look]
request = {{ path = "/" }}
ok = {{ status = [200] }}
timeout = "60s"
)",
                                         folder.path().string()));
  const auto scenario = folder.write("scenario.toml", R"([scenario]
name = "endless"
stack = "stack.toml"
[workload]
users = 3
arrivals = "50/s"
journey = { look = 1 }
length = "60s"
)");
  test::RunningProgram run(
      {test::holdfast_program(), "run", scenario.string(), "--out", (folder.path() / "bundles").string()},
      folder.path());
  test::await_file(folder.path() / "asked");
  const auto begin = std::chrono::steady_clock::now();
  run.signal(SIGTERM);
  CHECK(run.end().status == 130);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{2});
  CHECK(test::processes_of(folder.path()).empty());
  CHECK(test::workspaces_in(folder.path()).empty());
}

TEST_CASE("limits: a log keeps its beginning and its newest end, and says that something is gone") {
  const TemporaryFolder folder;
  stack::BoundedLog log(folder.path() / "web@1.log");
  const std::string line(1023, 'x');
  const int lines = 100 * 1024;
  for (int i = 0; i < lines; ++i)
    log.append(fmt::format("{:<10}", i) + line.substr(11) + "\n");
  log.append("the last line\n");
  CHECK(log.has_dropped());
  std::uintmax_t size = 0;
  std::string newest;
  int newest_number = 0;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    size += fs::file_size(entry.path());
    const auto name = entry.path().filename().string();
    const int number = name == "web@1.log" ? 1 : std::stoi(name.substr(6));
    if (number > newest_number)
      newest_number = number, newest = entry.path().string();
  }
  CHECK(size <= (1U << 20U) + (67U << 20U));
  CHECK(size >= (1U << 20U) + (63U << 20U));
  CHECK(content(folder.path() / "web@1.log").starts_with("0 "));
  CHECK(content(newest).ends_with("the last line\n"));
  CHECK(content(newest).substr(0, 300).find("was dropped") != std::string::npos);
}

TEST_CASE("limits: a link tells whose process it is that connects, and turns strangers away") {
  test::on_loop([](asio::any_io_executor executor, async::Clock& clock) -> asio::awaitable<void> {
    tcp::acceptor behind(executor, {asio::ip::make_address("127.0.0.1"), 0});
    const auto upstream = behind.local_endpoint().port();
    const test::ReservedPort port;
    std::optional<uid_t> seen;
    bool admits = true;
    link::Link link(executor, clock, {.name = "l", .admits = [&](const link::Ends& ends) {
                                        seen = stack::user_of_socket(ends.remote_address, ends.remote_port,
                                                                     ends.local_address, ends.local_port);
                                        return admits;
                                      }});
    REQUIRE(
        link.listen({"web@1", "127.0.0.1", port.number()}, link::make_tcp_upstream(executor, "127.0.0.1", upstream)));
    const auto answer = [&]() -> asio::awaitable<std::size_t> {
      boost::system::error_code error;
      tcp::socket client(executor);
      co_await client.async_connect({asio::ip::make_address("127.0.0.1"), port.number()}, use_awaitable);
      char byte = 0;
      // Of whoever is turned away the connection ends; of anybody else it stays.
      const auto read = co_await async::until(
          clock, clock.now() + std::chrono::milliseconds{100},
          client.async_read_some(asio::buffer(&byte, 1), asio::redirect_error(use_awaitable, error)));
      co_return read ? 1 : 0;
    };
    CHECK(co_await answer() == 0);
    REQUIRE(seen);
    CHECK(*seen == ::geteuid());
    admits = false;
    CHECK(co_await answer() == 1);
    CHECK(link.counters().turned_away == 1);
    if (::geteuid() == 0) { // somebody else, who is told apart by the kernel alone
      const TemporaryFolder folder;
      auto process = co_await process::Process::spawn(
          executor,
          {.command = {"/usr/bin/python3", "-c",
                       fmt::format("import socket; socket.create_connection(('127.0.0.1', {})).recv(1)",
                                   port.number())},
           .environment = {{"PATH", "/usr/bin:/bin"}},
           .directory = "/",
           .shim = HOLDFAST_BINARY_DIR "/holdfast-shim",
           .run_as = "nobody"},
          [](auto, auto) {});
      REQUIRE(process);
      co_await (*process)->gone();
      CHECK(*seen == 65534);
    }
  });
}

TEST_CASE("limits: what the machine lacks is told apart from what a peer does") {
  for (const int lacking : {EMFILE, ENFILE, ENOMEM, EADDRNOTAVAIL})
    CHECK(async::shortage_of(lacking));
  for (const int usual : {ECONNREFUSED, ECONNRESET, ETIMEDOUT, EPIPE, 0})
    CHECK_FALSE(async::shortage_of(usual));
}

TEST_CASE("limits: a spawned server listens on a Unix socket in its own user's folder, or asks for a password") {
  const TemporaryFolder folder;
  folder.write("client.py", R"(import http.server, socket, sys
def redis(place, *words):
    if place.startswith("/"): client = socket.socket(socket.AF_UNIX); client.connect(place)
    else: host, port = place.split(":"); client = socket.create_connection((host, int(port)))
    for word in words: client.sendall(word.encode() + b"\r\n"); answer = client.recv(100)
    return answer.decode().strip()
print("open says", redis(sys.argv[3], "PING"), flush=True)
print("closed says", redis(sys.argv[4], "PING"), "and", redis(sys.argv[4], "AUTH " + sys.argv[5], "PING"), flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"{}")
http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
)");
  folder.write("stack.toml", R"([stack]
name = "servers"
[dependencies]
plain = { protocol = "redis", provider = "server" }
ledger = { protocol = "postgres", provider = "server" }
[dependencies.closed]
protocol = "redis"
provider = "server"
command = ["redis-server", "--bind", "{address}", "--port", "{port}", "--requirepass", "{password}", "--save", "", "--daemonize", "no"]
ready = { tcp = true, within = "10s" }
[services.client]
needs = ["plain", "closed", "ledger"]
command = ["/usr/bin/python3", "{stack}/client.py", "{address}", "{port}", "{link.plain}", "{link.closed}", "{link.closed.password}"]
ready = { http = "/ready", within = "5s" }
[operations.look]
request = { path = "/" }
ok = { status = [200] }
)");
  const auto scenario = folder.write("scenario.toml", R"([scenario]
name = "servers"
stack = "stack.toml"
[workload]
users = 1
arrivals = "20/s"
journey = { look = 1 }
length = "20s"
)");
  test::RunningProgram run(
      {test::holdfast_program(), "run", scenario.string(), "--out", (folder.path() / "bundles").string()},
      folder.path());
  test::await_workspaces(folder.path(), 1);
  const auto outer = test::workspaces_in(folder.path()).at(0);
  const auto inner = test::inner_workspace(outer);
  test::await_text(folder.path() / "bundles/servers-1/logs/client@1.log", "closed says");
  const auto mode = [](const fs::path& path) {
    struct stat found {};
    REQUIRE_MESSAGE(::stat(path.c_str(), &found) == 0, path.string());
    return found.st_mode & 0777;
  };
  for (const auto& passage : {outer, inner, inner / "dependencies", inner / "instances"})
    CHECK_MESSAGE(mode(passage) == 0711, passage.string());
  for (const auto& own : {inner / "dependencies/plain", inner / "dependencies/ledger", inner / "dependencies/closed",
                          inner / "instances/client@1"})
    CHECK_MESSAGE(mode(own) == 0700, own.string());
  CHECK(fs::is_socket(inner / "dependencies/ledger/.s.PGSQL.5432"));
  CHECK(fs::is_socket(inner / "dependencies/plain/redis.sock"));
  run.interrupt();
  (void)run.end();
  const auto log = content(folder.path() / "bundles/servers-1/logs/client@1.log");
  CHECK(log.find("open says +PONG") != std::string::npos);
  CHECK(log.find("closed says -NOAUTH Authentication required. and +PONG") != std::string::npos);
  // Of servers, only the one that said so listens at an address.
  CHECK(content(folder.path() / "bundles/servers-1/stack.toml").find("requirepass") != std::string::npos);
}
