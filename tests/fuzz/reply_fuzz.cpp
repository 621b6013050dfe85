// Replies of services: status, headers and body as they come, read by a mapping, with their cookies.
#include "harness/workload/cookie_jar.hpp"
#include "harness/workload/reply_reading.hpp"

#include <cstdint>
#include <cstdlib>

using namespace holdfast;

namespace {

std::string_view line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto first = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return first;
}

/// An overview shows everything that a reply can.
scenario::Operation overview(bool by_header) {
  scenario::Operation operation{.name = "overview"};
  operation.role = scenario::Role::overview;
  operation.ok.status = {200};
  operation.ok.capture = {{"user", "/user"}, {"balance", "/balance"}};
  operation.ok.list = scenario::ListCapture{.at = "/items", .fields = {{"id", "/id"}, {"amount", "/amount"}}};
  operation.ok.statement = scenario::ListCapture{.at = "/statement", .fields = {{"id", "/id"}, {"amount", "/a/b"}}};
  operation.ok.list->next = by_header ? scenario::NextPage{.link_header = true} : scenario::NextPage{.at = "/next"};
  operation.unauthenticated.missing = {"/user"};
  return operation;
}

} // namespace

/// Lines: a digit for the status, headers as "name: value" up to an empty one, the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  async::HttpReply reply;
  const auto first = line(text);
  reply.status = first.empty() ? 200 : static_cast<unsigned char>(first[0]) * 5;
  workload::CookieJar jar;
  for (auto header = line(text); !header.empty(); header = line(text)) {
    const auto colon = std::min(header.find(':'), header.size());
    reply.headers.emplace_back(header.substr(0, colon), header.substr(std::min(colon + 1, header.size())));
    jar.store(reply.headers.back().second, "shop.example", "/a/b", std::chrono::seconds{1}, std::chrono::seconds{2},
              "op");
  }
  reply.body = text;
  const workload::Sent sent{"/a/b?c=d", "shop.example", "127.0.0.1", 80};
  for (const bool by_header : {false, true}) {
    const auto read = workload::read_reply(overview(by_header), reply, sent, {"op-", 50, false});
    if (read.outcome != history::Outcome::ok && read.reason.empty())
      std::abort();
    if (read.reason.size() > 2000)
      std::abort(); // what is quoted is clipped
    if (!read.next.empty() && read.next.front() != '/')
      std::abort();
  }
  const auto cookies = jar.header("shop.example", "/a/b", std::chrono::seconds{2});
  if (cookies.find_first_of("\r\n") != std::string::npos || jar.contents().size() > workload::CookieJar::most)
    std::abort();
  return 0;
}
