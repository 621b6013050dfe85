// Every format of reports: one line a format.
#include "reports/report.hpp"

#include <algorithm>

#define HOLDFAST_FORMATS(FORMAT)                                                                                       \
  FORMAT(human)                                                                                                        \
  FORMAT(json)                                                                                                         \
  FORMAT(junit)                                                                                                        \
  FORMAT(markdown)

namespace holdfast::reports {

// Each is defined beside its format, as NAME_format().
#define HOLDFAST_DECLARE(name) [[nodiscard]] Format name##_format();
HOLDFAST_FORMATS(HOLDFAST_DECLARE)

std::span<const Format> all_formats() {
#define HOLDFAST_LIST(name) name##_format(),
  static const std::vector<Format> all = {HOLDFAST_FORMATS(HOLDFAST_LIST)};
  return all;
}

const Format* find_format(std::string_view name) {
  const auto all = all_formats();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Format& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

} // namespace holdfast::reports
