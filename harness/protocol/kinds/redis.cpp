#include "harness/protocol/kind.hpp"
#include "harness/protocol/resp.hpp"

namespace holdfast::protocol {

namespace {

void use_redis_server(scenario::Dependency& dependency) {
  dependency.ready.kind = scenario::Probe::Kind::tcp;
  dependency.ready.within = std::chrono::seconds{30};
  // On a Unix socket alone: at a port every local user could talk to it.
  dependency.socket = "{dir}/redis.sock";
  dependency.command = {"redis-server",
                        "--port",
                        "0",
                        "--unixsocket",
                        dependency.socket,
                        "--unixsocketperm",
                        "700",
                        "--dir",
                        "{dir}",
                        "--save",
                        "",
                        "--appendonly",
                        "no",
                        "--daemonize",
                        "no"};
}

} // namespace

Kind redis_kind() {
  return {.schema = {.name = "redis", .about = "RESP 2 and 3", .use_usual_server = use_redis_server},
          .make = []() -> std::unique_ptr<Conversation> { return std::make_unique<RespConversation>(); }};
}

} // namespace holdfast::protocol
