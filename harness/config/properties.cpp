// Edits of properties files, line by line. There is no one grammar of such files, so that everything which is not
// plainly an assignment, a comment or a section makes the file strange, and a strange file is not edited: it is YAML,
// or a server's own language, and a line put into it may break it.
#include "harness/config/edit.hpp"

#include <fmt/format.h>
#include <set>
#include <vector>

namespace holdfast::config {

namespace {

using Result = boost::system::result<Edited, Error>;

/// Places in the text; a line's own begin and end, its end of line not counted.
struct Line {
  std::size_t begin = 0, end = 0, next = 0;
  std::string section;
  bool is_assignment = false;
  std::size_t key_begin = 0, key_end = 0, value_begin = 0, value_end = 0;
};

struct File {
  std::vector<Line> lines;
  std::optional<std::size_t> strange; ///< the number of a line that is none of what properties have
};

File read(const std::string& text) {
  File file;
  std::string section;
  for (std::size_t at = 0; at < text.size();) {
    Line line{.begin = at};
    const auto newline = text.find('\n', at);
    line.next = newline == std::string::npos ? text.size() : newline + 1;
    line.end = newline == std::string::npos ? text.size() : newline;
    if (line.end > line.begin && text[line.end - 1] == '\r')
      --line.end;
    at = line.next;
    const auto trimmed = [&](std::size_t begin, std::size_t end) {
      while (begin < end && (text[begin] == ' ' || text[begin] == '\t'))
        ++begin;
      while (end > begin && (text[end - 1] == ' ' || text[end - 1] == '\t'))
        --end;
      return std::pair(begin, end);
    };
    const auto [begin, end] = trimmed(line.begin, line.end);
    const bool is_comment = begin < end && (text[begin] == '#' || text[begin] == ';' || text[begin] == '!');
    if (begin < end && !is_comment) {
      const auto equals = text.find('=', begin);
      if (text[begin] == '[' && text[end - 1] == ']') {
        section = text.substr(begin + 1, end - begin - 2);
      } else if (equals < end && equals > begin) {
        line.is_assignment = true;
        std::tie(line.key_begin, line.key_end) = trimmed(begin, equals);
        std::tie(line.value_begin, line.value_end) = trimmed(equals + 1, end);
      } else if (!file.strange) {
        file.strange = file.lines.size() + 1;
      }
    }
    line.section = section;
    file.lines.push_back(std::move(line));
  }
  return file;
}

/// The quote around a value, or nothing. An edit replaces what is between the quotes and leaves them.
std::string_view quotes_of(std::string_view value) {
  const bool quoted =
      value.size() > 1 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
  return quoted ? value.substr(0, 1) : std::string_view{};
}

std::string bare(std::string_view value) {
  return std::string(quotes_of(value).empty() ? value : value.substr(1, value.size() - 2));
}

/// A key that was not there goes to the end of the section that it names; without one to the end of the file.
std::string with_new(const std::string& text, const File& file, const Edit& edit) {
  const auto* line_end = text.find("\r\n") != std::string::npos ? "\r\n" : "\n";
  const Line* last = nullptr; ///< of the section
  for (const auto& line : file.lines)
    if (!line.section.empty() && edit.key.starts_with(line.section + ".") && line.end > line.begin)
      last = &line;
  const auto key = last == nullptr ? edit.key : edit.key.substr(last->section.size() + 1);
  const auto place = last == nullptr ? text.size() : last->next;
  auto head = text.substr(0, place);
  if (!head.empty() && !head.ends_with('\n'))
    head += line_end;
  return head + fmt::format("{} = {}{}", key, edit.value.plain, line_end) + text.substr(place);
}

} // namespace

Result edit_properties(const std::string& text, const Edit& edit) {
  const auto file = read(text);
  if (file.strange)
    return Error{
        fmt::format("line {} of the configuration is neither `key = value` nor a comment or a section: this is no "
                    "properties file, and a line put into it may break it",
                    *file.strange)};
  if (edit.kind == Edit::Kind::set && edit.value.is_list)
    return Error{"a properties file has no lists"};
  // A value of two lines would set a second key, and a key with a "=" would end where its value is thought to begin.
  if (edit.kind == Edit::Kind::set && edit.value.plain.find_first_of("\r\n") != std::string::npos)
    return Error{"a value of a properties file has one line"};
  for (const auto* key : {&edit.key, &edit.to})
    if (key->find_first_of("\r\n=") != std::string::npos)
      return Error{"a key of a properties file has one line and no '='"};
  std::vector<const Line*> lines;
  std::set<std::string> sections;
  for (const auto& line : file.lines) {
    if (!line.is_assignment)
      continue;
    const auto key = text.substr(line.key_begin, line.key_end - line.key_begin);
    if (key != edit.key && (line.section.empty() || line.section + "." + key != edit.key))
      continue;
    lines.push_back(&line);
    sections.insert(line.section);
  }
  // A key without its section may be any of these: to choose one would change a setting that nobody meant.
  if (sections.size() > 1)
    return Error{fmt::format("the key '{}' is in several sections: write SECTION.{}", edit.key, edit.key)};
  Edited edited;
  if (lines.empty()) {
    if (edit.kind != Edit::Kind::set)
      return Error{fmt::format("the configuration has no key '{}'", edit.key)};
    edited.text = with_new(text, file, edit);
    edited.after = edit.value.plain;
    return Result(boost::system::in_place_value, std::move(edited));
  }
  // In its own section a key is written without it: renamed to "db.number", the line "port" of [db] becomes "number".
  const auto new_name = [&](const Line& line) {
    const auto prefix = line.section + ".";
    return !line.section.empty() && edit.to.starts_with(prefix) ? edit.to.substr(prefix.size()) : edit.to;
  };
  if (edit.kind == Edit::Kind::rename && edit.to != edit.key)
    for (const auto& line : file.lines)
      if (line.is_assignment && sections.contains(line.section) &&
          text.substr(line.key_begin, line.key_end - line.key_begin) == new_name(line))
        return Error{fmt::format("'{}' cannot be renamed to '{}': that is there already", edit.key, edit.to)};
  const auto value_of = [&](const Line& line) {
    return std::string_view(text).substr(line.value_begin, line.value_end - line.value_begin);
  };
  edited.before = bare(value_of(*lines.back())); // of several the last counts, to most who read such files
  // A key that stands several times is changed in every place: programs differ in which of them they take. `from` is
  // where the part of the old text begins that has not been copied yet.
  std::size_t from = 0;
  for (const auto* line : lines) {
    switch (edit.kind) {
    case Edit::Kind::set: {
      const auto quote = quotes_of(value_of(*line));
      edited.text += text.substr(from, line->value_begin - from);
      edited.text += fmt::format("{}{}{}", quote, edit.value.plain, quote);
      from = line->value_end;
      break;
    }
    case Edit::Kind::rename:
      edited.text += text.substr(from, line->key_begin - from) + new_name(*line);
      from = line->key_end;
      break;
    case Edit::Kind::unset:
      edited.text += text.substr(from, line->begin - from);
      from = line->next;
      break;
    }
  }
  edited.text += text.substr(from);
  if (edit.kind == Edit::Kind::set)
    edited.after = edit.value.plain;
  if (edit.kind == Edit::Kind::rename)
    edited.after = edited.before, edited.renamed = edit.to != edit.key;
  return Result(boost::system::in_place_value, std::move(edited));
}

} // namespace holdfast::config
