// Every protocol: one line a kind. Each is defined in its own file, as NAME_kind().
#include "harness/protocol/kind.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

#define HOLDFAST_PROTOCOLS(KIND)                                                                                       \
  KIND(redis)                                                                                                          \
  KIND(postgres)                                                                                                       \
  KIND(http)                                                                                                           \
  KIND(tcp)

namespace holdfast::protocol {

#define HOLDFAST_DECLARE(name) [[nodiscard]] Kind name##_kind();
HOLDFAST_PROTOCOLS(HOLDFAST_DECLARE)

const std::vector<Kind>& all_kinds() {
#define HOLDFAST_ONE(name) name##_kind(),
  static const std::vector<Kind> all = {HOLDFAST_PROTOCOLS(HOLDFAST_ONE)};
  return all;
}

const Kind& of_services() {
  static const auto kind = http_kind();
  return kind;
}

std::unique_ptr<Conversation> make_conversation(std::string_view protocol) {
  const auto& all = all_kinds();
  const auto kind = std::find_if(all.begin(), all.end(), [&](const Kind& one) { return one.schema.name == protocol; });
  if (kind == all.end())
    throw std::logic_error(
        fmt::format("there is no protocol '{}'", protocol)); // a bug: stack files are checked against the list
  return kind->make();
}

} // namespace holdfast::protocol
