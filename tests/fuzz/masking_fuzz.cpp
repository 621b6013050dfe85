// Masking and escaping: a learnt secret stands nowhere any more, and every medium gets what it can carry.
#include "harness/bundle/masked_sources.hpp"
#include "harness/text/escape.hpp"
#include "harness/text/utf8.hpp"

#include <boost/json.hpp>
#include <cstdint>
#include <cstdlib>

using namespace holdfast;

namespace {

void must_be_text(std::string_view out) {
  while (!out.empty()) {
    const auto letter = text::first_letter(out);
    if (letter.length == 0 || letter.code == 0x1b || letter.code == 0xfffe || letter.code == 0xffff)
      std::abort();
    out.remove_prefix(letter.length);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto secrets = [] {
    history::Secrets learnt;
    learnt.learn("0123456789abcdef");
    learnt.learn("a secret with blanks");
    return learnt;
  }();
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto masked = secrets.mask(bytes);
  if (masked.find("0123456789abcdef") != std::string::npos || masked.find("a secret with blanks") != std::string::npos)
    std::abort();
  (void)bundle::masked_toml(bytes, secrets);
  for (const auto& out :
       {text::terminal(bytes), text::xml(bytes), text::html(bytes), text::terminal_lines(bytes, "  ")})
    must_be_text(out);
  std::string json;
  text::append_json(json, bytes);
  boost::system::error_code error;
  (void)boost::json::parse(json, error);
  if (error)
    std::abort();
  return 0;
}
