// Decimals, escapes, patterns, output files: what everything else rests on.
#include "harness/text/decimal.hpp"
#include "harness/text/escape.hpp"
#include "harness/text/input_file.hpp"
#include "harness/text/output_file.hpp"
#include "harness/text/pattern.hpp"
#include "harness/text/utf8.hpp"
#include "tests/support/support.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>
#include <fstream>
#include <random>
#include <sys/stat.h>

using namespace holdfast;
using text::Decimal;

namespace {

Decimal decimal(const std::string& written) {
  const auto parsed = Decimal::parse(written);
  REQUIRE_MESSAGE(parsed, written);
  return *parsed;
}

std::string content(const std::filesystem::path& file) {
  const auto read = text::read_file(file);
  REQUIRE(std::holds_alternative<std::string>(read));
  return std::get<std::string>(read);
}

/// Bytes of every kind: letters of all lengths, halves of letters, controls.
std::string any_bytes(std::mt19937& random) {
  std::string all;
  for (auto left = random() % 40; left > 0; --left)
    switch (random() % 4) {
    case 0:
      all += static_cast<char>(random() % 256);
      break;
    case 1:
      text::append_utf8(all, random() % 0x11000);
      break;
    case 2:
      all += "<>&\"'\\\n\t\r\x1b]"[random() % 11];
      break;
    default:
      all += static_cast<char>('a' + random() % 26);
    }
  return all;
}

} // namespace

TEST_CASE("amounts are exact, and equal when they are the same number") {
  CHECK(decimal("7.00") == Decimal(7));
  CHECK(decimal("7") == decimal("7.0"));
  CHECK(decimal("7e0") == Decimal(7));
  CHECK(decimal("-0.0") == Decimal(0));
  CHECK(decimal("1e3") == Decimal(1000));
  CHECK(decimal("0.1").plus(decimal("0.2")) == decimal("0.3"));
  CHECK(decimal("7.25").text() == "7.25");
  CHECK((-decimal("7.25")).text() == "-7.25");
  CHECK(decimal("1000").text() == "1000");
  CHECK(Decimal::from_double(7.1) == decimal("7.1"));
  CHECK(Decimal::from_double(1e15) == decimal("1000000000000000"));
  CHECK_FALSE(Decimal::from_double(std::numeric_limits<double>::infinity()));
  for (const auto* bad : {"", "-", ".", "1e", "0x7", "7 ", " 7", "7,5", "nan", "1e99", "99999999999999999999"})
    CHECK_FALSE_MESSAGE(Decimal::parse(bad), std::string(bad));
  CHECK_FALSE(decimal("9223372036854775807").plus(Decimal(1)));
  CHECK(decimal("7.10").is_whole() == false);
  CHECK(decimal("7.00").is_whole());
}

TEST_CASE("sums of amounts are what whole numbers of hundredths make") {
  std::mt19937 random(5);
  std::int64_t hundredths = 0;
  Decimal sum;
  for (int i = 0; i < 1000; ++i) {
    const auto one = static_cast<std::int64_t>(random() % 20'000) - 10'000;
    hundredths += one;
    const auto sign = one < 0 ? "-" : "";
    const auto size = std::abs(one);
    const auto written =
        sign + std::to_string(size / 100) + "." + (size % 100 < 10 ? "0" : "") + std::to_string(size % 100);
    sum = sum.plus(decimal(written)).value();
    CHECK(decimal(sum.text()) == sum);
  }
  CHECK(sum.plus(decimal(std::to_string(-hundredths) + "e-2")) == Decimal(0));
}

TEST_CASE("what steers a terminal is shown by its number") {
  CHECK(text::terminal("a\x1b[31mb\n") == "a\\x1b[31mb\\x0a");
  CHECK(text::terminal("\xc2\x9b"
                       "31m") == "\\x9b31m"); // CSI of the C1 block
  CHECK(text::terminal("\x9b") == "\\x9b");   // and as a raw byte
  CHECK(text::terminal("a\xe2\x80\xae"
                       "b") == "a\\u{202e}b"); // right to left
  CHECK(text::terminal("Grüße, 世界") == "Grüße, 世界");
  CHECK(text::terminal_lines("a\nb\x07", "> ") == "> a\n> b\\x07\n");
}

TEST_CASE("every medium gets text that it can carry, whatever the bytes were") {
  std::mt19937 random(9);
  for (int i = 0; i < 3000; ++i) {
    const auto bytes = any_bytes(random);
    std::string json;
    text::append_json(json, bytes);
    boost::system::error_code error;
    const auto back = boost::json::parse(json, error);
    CHECK_FALSE(error);
    for (const auto& out : {text::terminal(bytes), text::xml(bytes), text::html(bytes),
                            text::terminal(text::one_line(bytes, 20)), text::clipped(text::terminal(bytes), 10)}) {
      std::string_view rest = out;
      while (!rest.empty()) {
        const auto letter = text::first_letter(rest);
        REQUIRE(letter.length > 0);
        CHECK((letter.code >= 0x20 || letter.code == '\n' || letter.code == '\t' || letter.code == '\r'));
        CHECK_FALSE((letter.code >= 0x7f && letter.code < 0xa0));
        CHECK((letter.code & 0xfffe) != 0xfffe);
        rest.remove_prefix(letter.length);
      }
    }
    CHECK(text::xml(bytes).find('<') == std::string::npos);
    CHECK(text::html(bytes).find('<') == std::string::npos);
    CHECK(text::html(bytes).find('"') == std::string::npos);
  }
  CHECK(text::xml("\xef\xbf\xbe\xef\xbf\xbf\xed\xa0\x80") ==
        "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); // U+FFFE, U+FFFF, a surrogate's three bytes
}

TEST_CASE("long text is cut between letters, and lines become one") {
  CHECK(text::clipped("abcdef", 6) == "abcdef");
  CHECK(text::clipped("abcdef", 3) == "abc…");
  CHECK(text::clipped("aüb", 2) == "a…");
  CHECK(text::one_line("  <html>\n\n  <body>\t x", 100) == "<html> <body> x");
  CHECK(text::one_line(std::string(1U << 20U, ' ') + "x", 10) == "x");
  CHECK(text::one_line(std::string(100, 'x'), 10) == "xxxxxxxxxx…");
}

TEST_CASE("a pattern is searched in linear time, and one that RE2 refuses is an error at its letter") {
  const auto compiled = text::Pattern::compile("(a+)+$");
  REQUIRE(std::holds_alternative<text::Pattern>(compiled));
  const auto& pattern = std::get<text::Pattern>(compiled);
  CHECK_FALSE(pattern.is_in(std::string(200'000, 'a') + "b")); // a backtracking engine never ends here
  CHECK(pattern.is_in("xxaa"));
  const auto refused = text::Pattern::compile("ab(c");
  REQUIRE(std::holds_alternative<text::BadPattern>(refused));
  CHECK(std::get<text::BadPattern>(refused).message == "missing ): ab(c");
  const auto back = text::Pattern::compile(R"((a)\1)");
  REQUIRE(std::holds_alternative<text::BadPattern>(back));
  CHECK(std::get<text::BadPattern>(back).at == 3);
}

TEST_CASE("an output file appears whole or not at all") {
  const test::TemporaryFolder folder;
  const auto path = folder.write("out.xml", "old");
  {
    text::OutputFile file(path);
    file.stream() << "half";
  }
  CHECK(content(path) == "old");
  {
    text::OutputFile file(path);
    file.stream() << "new";
    CHECK(content(path) == "old");
    CHECK_FALSE(file.finish());
  }
  CHECK(content(path) == "new");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    files += entry.is_regular_file() ? 1 : 0;
  CHECK(files == 1);
  text::OutputFile impossible(folder.path() / "no" / "such" / "folder");
  REQUIRE(impossible.problem());
  CHECK(impossible.problem()->find("cannot write") == 0);
  CHECK(impossible.finish());
  CHECK(text::write_file("/dev/full", std::string(1U << 20U, 'x')) ==
        "cannot write /dev/full: No space left on device");
}

TEST_CASE("only files are read: a folder, a device or a pipe may have no end") {
  const test::TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(text::why_unreadable(folder.path() / "nothing") == "there is no such file");
  CHECK(text::why_unreadable(folder.path()) == "it is a folder");
  CHECK(text::why_unreadable(pipe) == "it is no file but a device, a pipe or a socket");
  CHECK(text::why_unreadable("/dev/zero") == "it is no file but a device, a pipe or a socket");
  CHECK_FALSE(text::why_unreadable(folder.write("f", "x")));
}
