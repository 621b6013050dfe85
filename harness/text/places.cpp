#include "harness/text/places.hpp"

#include <algorithm>

namespace holdfast::text {

Places::Places(std::string_view text) : text_(text), starts_{0} {
  for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
    starts_.push_back(at + 1);
}

std::size_t Places::offset(std::size_t line, std::size_t column) const {
  auto at = starts_[std::clamp<std::size_t>(line, 1, starts_.size()) - 1];
  for (; column > 1 && at < text_.size(); --column)
    do
      ++at;
    while (at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xC0U) == 0x80U);
  return at;
}

} // namespace holdfast::text
