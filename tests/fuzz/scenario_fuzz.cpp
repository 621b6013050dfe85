// The TOML front: any text is a scenario or a list of errors.
#include "harness/cli/registry.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace holdfast;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto catalog = cli::make_registry().catalog();
  static const std::filesystem::path file =
      std::filesystem::path(HOLDFAST_SOURCE_DIR) / "scenarios/incidents/fuzz.toml";
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.find("/dev/") != std::string_view::npos || text.find("/proc/") != std::string_view::npos)
    return 0; // a stack or a template that never ends is no parser's business
  const auto loaded = scenario::parse_scenario(text, file, catalog);
  if (loaded.scenario.has_value() != loaded.diagnostics.empty())
    std::abort();
  (void)scenario::describe(loaded.diagnostics);
  return 0;
}
