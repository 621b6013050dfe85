// Edits of JSON files. A scanner notes where each member of an object begins and ends, and an edit replaces exactly
// those bytes: a parser would read the file as well, but keeps neither places nor layout. Comments, which some programs
// allow in JSON, are stepped over.
#include "harness/config/edit.hpp"
#include "harness/config/path.hpp"
#include "harness/text/escape.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <memory>
#include <stdexcept>

namespace holdfast::config {

namespace {

using Result = boost::system::result<Edited, Error>;

struct BadJson : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Node;
struct Member {
  std::string name;
  std::size_t begin = 0, end = 0; ///< of the name, quotes included
  std::unique_ptr<Node> value;
};
// Elements of arrays are scanned and not kept: a dotted path leads through objects alone, so that nothing in an array
// can be named by an edit.
struct Node {
  std::size_t begin = 0, end = 0;
  bool is_object = false;
  std::vector<Member> members; ///< of an object
};

class Scanner {
public:
  explicit Scanner(const std::string& text) : text_(text) {}

  std::unique_ptr<Node> document() {
    skip();
    auto root = value(0);
    skip();
    if (at_ != text_.size())
      throw BadJson("something stands behind its end");
    return root;
  }

private:
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void expect(char c) {
    if (peek() != c)
      throw BadJson(fmt::format("'{}' is missing at byte {}", c, at_));
    ++at_;
  }
  void skip() {
    for (;;) {
      while (peek() == ' ' || peek() == '\t' || peek() == '\r' || peek() == '\n')
        ++at_;
      if (text_.compare(at_, 2, "//") == 0) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (text_.compare(at_, 2, "/*") == 0) {
        // Without this check npos + 2 would send the scanner back to the beginning of the text, for ever.
        const auto end = text_.find("*/", at_ + 2);
        if (end == std::string::npos)
          throw BadJson("a comment has no end");
        at_ = end + 2;
      } else {
        return;
      }
    }
  }
  /// A text, number, truth or null from `begin` to here. Boost.JSON decides whether it is one: a file is edited only
  /// where all of it is JSON.
  [[nodiscard]] boost::json::value scalar(std::size_t begin) const {
    boost::system::error_code error;
    auto value = boost::json::parse(std::string_view(text_).substr(begin, at_ - begin), error);
    if (error)
      throw BadJson(fmt::format("what stands at byte {} is no value", begin));
    return value;
  }
  std::string string() {
    const auto begin = at_;
    expect('"');
    while (peek() != '"') {
      if (at_ >= text_.size())
        throw BadJson("a text has no end");
      at_ += peek() == '\\' ? 2 : 1;
    }
    ++at_;
    return std::string(scalar(begin).as_string());
  }
  /// One value and all that is in it. The function calls itself once a level: its bound makes a file of nothing but
  /// brackets an error, and not an overflow of the stack.
  std::unique_ptr<Node> value(int depth) {
    if (depth > 100)
      throw BadJson("it is nested too deeply");
    auto node = std::make_unique<Node>();
    node->begin = at_;
    if (peek() == '{') {
      node->is_object = true;
      ++at_;
      skip();
      while (peek() != '}') {
        Member member{.begin = at_};
        member.name = string();
        member.end = at_;
        skip();
        expect(':');
        skip();
        member.value = value(depth + 1);
        node->members.push_back(std::move(member));
        separator('}');
      }
      ++at_;
    } else if (peek() == '[') {
      ++at_;
      skip();
      while (peek() != ']') {
        (void)value(depth + 1);
        separator(']');
      }
      ++at_;
    } else if (peek() == '"') {
      (void)string();
    } else {
      while (at_ < text_.size() && std::string_view(" \t\r\n,:]}/").find(peek()) == std::string_view::npos)
        ++at_;
      if (at_ == node->begin)
        throw BadJson(fmt::format("a value is missing at byte {}", at_));
      (void)scalar(node->begin);
    }
    node->end = at_;
    return node;
  }
  /// Steps over the comma to the next element, or stops before `end`. A comma right before `end` is accepted.
  void separator(char end) {
    skip();
    if (peek() == end)
      return;
    expect(',');
    skip();
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

class Document {
public:
  explicit Document(const std::string& text) : text_(text), root_(Scanner(text).document()) {
    if (!root_->is_object)
      throw BadJson("it is no object");
  }

  struct Place {
    const Node* object = nullptr; ///< that has the member, or would have it; null: there is none
    std::size_t missing = 0;      ///< how many objects on the way are not there
    std::size_t member = SIZE_MAX;
    [[nodiscard]] bool is_there() const { return member != SIZE_MAX; }
  };
  [[nodiscard]] Place find(const std::vector<std::string>& path) const {
    Place place{root_.get()};
    for (std::size_t i = 0; i < path.size(); ++i) {
      const auto& members = place.object->members;
      const auto found =
          std::find_if(members.begin(), members.end(), [&](const Member& one) { return one.name == path[i]; });
      if (found == members.end()) {
        place.missing = path.size() - 1 - i;
        return place;
      }
      if (i + 1 == path.size()) {
        place.member = static_cast<std::size_t>(found - members.begin());
        return place;
      }
      if (!found->value->is_object)
        return {};
      place.object = found->value.get();
    }
    return place;
  }
  [[nodiscard]] std::string value(const Place& place) const {
    const auto& node = *place.object->members[place.member].value;
    return text_.substr(node.begin, node.end - node.begin);
  }

  /// The text with `member` behind the last one of an object. What stands between that one and the comma (or brace)
  /// before it is its layout, and the new member gets the same: in a file with one member a line it has a line of its
  /// own. A comment in that place would be repeated; then it is one blank.
  [[nodiscard]] std::string with(const Node& object, const std::string& member) const {
    auto text = text_;
    if (object.members.empty())
      return text.insert(object.begin + 1, member);
    const auto& last = object.members.back();
    const auto before =
        object.members.size() == 1 ? object.begin + 1 : object.members[object.members.size() - 2].value->end;
    auto gap = text_.substr(before, last.begin - before);
    gap.erase(0, gap.find_last_of(",{") == std::string::npos ? 0 : gap.find_last_of(",{") + 1);
    if (gap.find('/') != std::string::npos) // a comment
      gap = " ";
    return text.insert(last.value->end, "," + (gap.empty() && object.members.size() == 1 ? "" : gap) + member);
  }
  /// The text without a member, its name and its comma: the comma behind it, or of the last member the one before it.
  [[nodiscard]] std::string without(const Place& place) const {
    const auto& members = place.object->members;
    const auto& gone = members[place.member];
    auto text = text_;
    const auto begin = place.member + 1 < members.size() ? gone.begin
                       : place.member > 0                ? members[place.member - 1].value->end
                                                         : gone.begin;
    const auto end = place.member + 1 < members.size() ? members[place.member + 1].begin : gone.value->end;
    return text.erase(begin, end - begin);
  }
  [[nodiscard]] std::string replaced(std::size_t begin, std::size_t end, const std::string& by) const {
    auto text = text_;
    return text.replace(begin, end - begin, by);
  }

private:
  const std::string& text_;
  std::unique_ptr<Node> root_;
};

std::string quoted(const std::string& name) {
  std::string out;
  text::append_json(out, name);
  return out;
}

/// `"a": {"b": value}` for what is missing of a path.
std::string member_of(const std::vector<std::string>& path, std::size_t missing, const std::string& value) {
  std::string text, closing;
  for (auto i = path.size() - 1 - missing; i + 1 < path.size(); ++i)
    text += quoted(path[i]) + ": {", closing += "}";
  return text + quoted(path.back()) + ": " + value + closing;
}

/// How a value is written where `before` stood. A text over a number, a truth or a list is written bare if it is JSON,
/// since a program that reads a number there would refuse "5"; so it is where nothing stood. Over a text it stays a
/// text.
std::string literal_of(const Value& value, const std::optional<std::string>& before) {
  const bool was_text = before && before->starts_with('"');
  boost::system::error_code error;
  const auto parsed = boost::json::parse(value.plain, error);
  return value.is_text && !was_text && !error ? value.plain : value.json;
}

/// Compares values and not their spelling: 1.50 over 1.5 changes nothing, and the file keeps what it says.
bool means_the_same(const std::string& a, const std::string& b) {
  boost::system::error_code first, second;
  const auto one = boost::json::parse(a, first), other = boost::json::parse(b, second);
  return !first && !second && one == other;
}

} // namespace

Result edit_json(const std::string& text, const Edit& edit) try {
  const Document document(text);
  const auto path = split_path(edit.key);
  const auto place = document.find(path);
  Edited edited;
  if (place.is_there())
    edited.before = document.value(place);
  else if (edit.kind != Edit::Kind::set)
    return Error{fmt::format("the configuration has no key '{}'", edit.key)};
  if (place.object == nullptr)
    return Error{fmt::format("'{}' cannot be set: something on its way is no object", edit.key)};
  switch (edit.kind) {
  case Edit::Kind::set: {
    const auto value = literal_of(edit.value, edited.before);
    edited.after = edited.before && means_the_same(*edited.before, value) ? *edited.before : value;
    if (place.is_there()) {
      const auto& node = *place.object->members[place.member].value;
      edited.text = document.replaced(node.begin, node.end, *edited.after);
    } else {
      edited.text = document.with(*place.object, member_of(path, place.missing, value));
    }
    break;
  }
  case Edit::Kind::unset:
    edited.text = document.without(place);
    break;
  case Edit::Kind::rename: {
    const auto target_path = split_path(edit.to);
    const auto target = document.find(target_path);
    edited.after = edited.before;
    edited.renamed = edit.to != edit.key;
    if (!edited.renamed) {
      edited.text = text;
      break;
    }
    if (target.object == nullptr || target.is_there())
      return Error{fmt::format("'{}' cannot be renamed to '{}': {}", edit.key, edit.to,
                               target.is_there() ? "that is there already" : "something on its way is no object")};
    // Within one object only the name is replaced, so that its value, its place and the comments around it stay.
    if (target.object == place.object && target.missing == 0) {
      const auto& member = place.object->members[place.member];
      edited.text = document.replaced(member.begin, member.end, quoted(target_path.back()));
      break;
    }
    // In another object it is a new member. The places of `document` are wrong once it is taken out: the rest is
    // scanned anew.
    const auto without = document.without(place);
    const Document rest(without);
    const auto there = rest.find(target_path);
    edited.text = rest.with(*there.object, member_of(target_path, there.missing, *edited.before));
    break;
  }
  }
  (void)Document(edited.text); // what was put together is read again
  return Result(boost::system::in_place_value, std::move(edited));
} catch (const BadJson& bad) {
  return Error{fmt::format("the configuration is no JSON object: {}", bad.what())};
}

} // namespace holdfast::config
