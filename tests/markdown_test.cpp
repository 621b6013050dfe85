// Reports as Markdown, read back by GitHub's own parser.
#include "harness/text/escape.hpp"
#include "reports/report.hpp"
#include "tests/support/support.hpp"

#include <doctest/doctest.h>

using namespace holdfast;

namespace {

constexpr auto hostile = "a|b `c` <img src=x> **d** [e](http://f) @g #1 \\ \n| x | y |\n</details> ~~h~~ &amp;";

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size()))
    ++found;
  return found;
}

/// What GitHub's parser makes of it, as XML.
std::string parsed(const test::TemporaryFolder& scratch, const std::string& markdown) {
  const auto file = scratch.write("report.md", markdown);
  const auto said = test::run_program(
      {"cmark-gfm", "-e", "table", "-e", "strikethrough", "-e", "autolink", "--to", "xml", file.string()},
      scratch.path());
  REQUIRE(said.status == 0);
  return said.out;
}

verdict::Report report(verdict::Verdict verdict, const std::string& words) {
  verdict::Report one{.scenario = words, .seed = 7, .verdict = verdict, .reason = words, .bundle = words};
  one.steps.push_back({.id = words, .kind = words, .proven = false, .evidence = words});
  verdict::CheckSummary check{.name = words, .verdict = verdict, .reason = words};
  check.findings.push_back({.kind = words, .count = 2, .users = 1, .examples = {std::string(words) + "\n```\nmore"}});
  one.checks.push_back(check);
  one.notes.push_back(words);
  return one;
}

} // namespace

TEST_CASE("markdown: a table of runs, and what did not pass is folded below") {
  const test::TemporaryFolder scratch;
  const auto& format = *reports::find_format("markdown");
  const auto text =
      format.all({report(verdict::Verdict::pass, "good"), report(verdict::Verdict::fail, "bad")}, reports::Colour::off);
  CHECK(text.starts_with("### Holdfast: fail\n\n1 of 2 runs passed.\n"));
  const auto xml = parsed(scratch, text);
  CHECK(count(xml, "<table>") == 3); // the runs; of the one that failed its checks and its steps
  CHECK(count(text, "<details>") == 1);
  CHECK(count(xml, "<code_block") == 1);
}

TEST_CASE("markdown: whatever a service said stays text") {
  const test::TemporaryFolder scratch;
  const auto& format = *reports::find_format("markdown");
  const auto plain = parsed(scratch, format.all({report(verdict::Verdict::fail, "word")}, reports::Colour::off));
  const auto xml = parsed(scratch, format.all({report(verdict::Verdict::fail, hostile)}, reports::Colour::off));
  for (const auto* element : {"<table>", "<table_row", "<table_cell", "<link", "<image", "<code_block", "<code>",
                              "<html_inline", "<html_block", "<emph>", "<strong>", "<strikethrough>", "<heading"}) {
    INFO(element);
    CHECK(count(xml, element) == count(plain, element));
  }
}
