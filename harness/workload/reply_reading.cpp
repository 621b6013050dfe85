// What one reply means: first whether its status and content are a declared rejection, a "nobody is signed in", an
// undeclared status, or a good answer; of a good answer the captured values, the list and where its next page is.
//
// A reply that does not fit the stack file is `info`: the operation may have taken effect. The cause is as often the
// stack file as the service, so the reason says which pointer was asked for, what was found there, and which other one
// was likely meant.
#include "harness/workload/reply_reading.hpp"

#include "harness/text/escape.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <boost/url.hpp>
#include <charconv>
#include <deque>
#include <fmt/format.h>
#include <functional>

namespace holdfast::workload {

namespace json = boost::json;
namespace urls = boost::urls;

namespace {

constexpr std::size_t shown_of_reply = 200;
constexpr std::size_t most_foreign = 1000;          ///< entries of a list that nobody submitted
constexpr std::size_t longest_capture = 16U << 10U; ///< what is sent back with every request
constexpr std::size_t longest_field = 4U << 10U;    ///< of an entry; more is cut off, and no id of ours

bool contains(const std::vector<int>& all, int one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::string shown(const async::HttpReply& reply) {
  const auto type = reply.header("content-type");
  const auto body = text::one_line(reply.body, shown_of_reply);
  if (body.empty())
    return "an empty body";
  return type.find("html") != std::string_view::npos ? "HTML: " + body : body;
}

const json::value* find(const json::value& root, const std::string& pointer) {
  boost::system::error_code error;
  return pointer.empty() ? &root : root.find_pointer(pointer, error);
}

std::string_view type_name(const json::value& value) {
  switch (value.kind()) {
  case json::kind::null:
    return "null";
  case json::kind::bool_:
    return "a truth";
  case json::kind::string:
    return "a text";
  case json::kind::array:
    return "a list";
  case json::kind::object:
    return "an object";
  default:
    return "a number";
  }
}

/// What stands at a pointer, for a reason: its type, its beginning.
std::string found_at(const json::value* value) {
  if (value == nullptr)
    return "nothing";
  if (value->is_null())
    return "null";
  return fmt::format("{} ({})", type_name(*value), text::one_line(json::serialize(*value), 60));
}

/// For a pointer that leads nowhere: how far it leads, and what stands there ("'/data' is an object with items,
/// total").
std::string where_it_ends(const json::value& root, const std::string& pointer) {
  std::string way;
  const auto* at = &root;
  for (std::size_t begin = 0; begin < pointer.size();) {
    const auto end = std::min(pointer.find('/', begin + 1), pointer.size());
    const auto longer = pointer.substr(0, end);
    const auto* next = find(root, longer);
    if (next == nullptr) {
      std::string known;
      if (const auto* object = at->if_object())
        for (const auto& [key, value] : *object)
          known += (known.empty() ? "" : ", ") + std::string(key);
      return fmt::format("'{}' is {}{}", way.empty() ? "the reply" : way, type_name(*at),
                         known.empty() ? "" : " with " + text::one_line(known, 120));
    }
    at = next;
    way = longer;
    begin = end;
  }
  return {};
}

/// Suggests another place in the reply that fits, which a mended stack file is likely to name. Breadth first, because a
/// place near the root is the likelier one; bounded, because a reply may hold anything.
std::string likely_place(const json::value& root,
                         const std::function<bool(std::string_view key, const json::value&)>& fits) {
  constexpr std::size_t most_looked_at = 500;
  std::deque<std::pair<std::string, const json::value*>> open = {{"", &root}};
  for (std::size_t looked_at = 0; !open.empty() && looked_at < most_looked_at; ++looked_at) {
    const auto [pointer, value] = open.front();
    open.pop_front();
    const auto* object = value->if_object();
    if (object == nullptr)
      continue;
    for (const auto& [key, member] : *object) {
      if (key.find_first_of("/~") != std::string_view::npos || key.size() > 100)
        continue; // a pointer would have to escape it
      const auto place = pointer + "/" + std::string(key);
      if (fits(key, member))
        return fmt::format("; did you mean '{}'?", place);
      open.emplace_back(place, &member);
    }
  }
  return {};
}

std::string_view last_step(const std::string& pointer) {
  return std::string_view(pointer).substr(std::min(pointer.rfind('/') + 1, pointer.size()));
}

/// What stands at a pointer, as a text: ids and tokens may be numbers in JSON. Nothing for null, which is how many
/// services say that there is none.
std::optional<std::string> scalar(const json::value& root, const std::string& pointer) {
  const auto* value = find(root, pointer);
  if (value == nullptr || value->is_null())
    return std::nullopt;
  if (value->is_string())
    return std::string(value->get_string());
  return json::serialize(*value);
}

/// An amount of money: a number, or a text that is one ("7.25"), as services write it that do not trust doubles.
std::optional<text::Decimal> decimal(const json::value* value) {
  if (value == nullptr)
    return std::nullopt;
  if (value->is_int64())
    return text::Decimal::parse(std::to_string(value->get_int64())); // refuses the one integer without a negative
  if (value->is_double())
    return text::Decimal::from_double(value->get_double());
  return value->is_string() ? text::Decimal::parse(std::string_view(value->get_string())) : std::nullopt;
}

class ReplyReader {
public:
  ReplyReader(const scenario::Operation& operation, const async::HttpReply& reply, const Sent& sent,
              const GivenIds& ids, const Pages& before)
      : operation_(operation), reply_(reply), sent_(sent), ids_(ids) {
    reading_.pages = before;
    ++reading_.pages.count;
    boost::system::error_code error;
    root_ = json::parse(reply.body, error);
    is_json_ = !error;
  }

  Reading read() {
    if (contains(operation_.fail, reply_.status)) {
      reading_.outcome = history::Outcome::fail;
      reading_.reason = "declared rejection: " + shown(reply_);
    } else if (const auto rule = unauthenticated_by(); !rule.empty()) {
      reading_.outcome = history::Outcome::unauthenticated;
      reading_.reason = fmt::format("{} says that nobody is signed in: {}", rule, shown(reply_));
    } else if (!contains(operation_.ok.status, reply_.status)) {
      reading_.reason = fmt::format("status {} is not declared: {}", reply_.status, shown(reply_));
      if (const auto location = reply_.header("location"); !location.empty())
        reading_.reason += fmt::format(" (Location: {}; `redirects = \"follow\"` in the request goes there)",
                                       text::one_line(location, 100));
    } else if (read_body()) {
      reading_.outcome = history::Outcome::ok;
    }
    return std::move(reading_);
  }

private:
  /// What of the reply says that nobody is signed in, by the stack file; empty: nothing.
  [[nodiscard]] std::string unauthenticated_by() const {
    const auto& said = operation_.unauthenticated;
    if (contains(said.status, reply_.status))
      return fmt::format("status {}", reply_.status);
    for (const auto& [name, pattern] : said.headers)
      for (const auto& [header, value] : reply_.headers)
        if (header == name && pattern.is_in(value))
          return fmt::format("the header '{}'", name);
    if (is_json_)
      for (const auto& one : said.json)
        if (scenario::fits(one, root_))
          return fmt::format("what stands at '{}'", one.pointer);
    // Some services answer 200 without a user where nobody is signed in. That counts only of an answer that would be
    // good otherwise: an error reply has nothing in these places either, and does not say that the session is unknown.
    // Nor does a page of HTML from a proxy.
    if (contains(operation_.ok.status, reply_.status))
      for (const auto& pointer : said.missing) {
        const auto* value = is_json_ ? find(root_, pointer) : nullptr;
        if ((is_json_ || reply_.body.empty()) && (value == nullptr || value->is_null()))
          return fmt::format("status {} with nothing at '{}' (unauthenticated.missing of '{}')", reply_.status, pointer,
                             operation_.name);
      }
    return {};
  }

  bool read_body() {
    const auto& ok = operation_.ok;
    if (ok.capture.empty() && !ok.list)
      return true;
    if (!is_json_) {
      reading_.reason = fmt::format("the reply is no JSON: {}", shown(reply_));
      return false;
    }
    for (const auto& [name, pointer] : ok.capture)
      if (!capture(name, pointer))
        return false;
    if (ok.list && !read_list(*ok.list, reading_.list))
      return false;
    if (ok.statement && !read_list(*ok.statement, reading_.statement))
      return false;
    return !ok.list || !ok.list->next.is_given() || read_next(ok.list->next);
  }

  // The members below return false when the reply does not fit, and have then set `reason`.
  bool nothing_at(const std::string& pointer, const json::value* value) {
    if (value == nullptr)
      reading_.reason = fmt::format(
          "the reply has nothing at '{}': {}; it is {}{}", pointer, where_it_ends(root_, pointer), shown(reply_),
          likely_place(root_, [&](auto key, const auto&) { return key == last_step(pointer); }));
    else
      reading_.reason = fmt::format("the reply has null at '{}': {}", pointer, shown(reply_));
    return false;
  }

  bool capture(const std::string& name, const std::string& pointer) {
    const auto* value = find(root_, pointer);
    if (value == nullptr || value->is_null())
      return nothing_at(pointer, value);
    const bool is_amount = name == "balance" && (operation_.role == scenario::Role::statement ||
                                                 operation_.role == scenario::Role::overview);
    if (is_amount) {
      const auto amount = decimal(value);
      if (!amount) {
        reading_.reason = fmt::format("the balance at '{}' is no number: {}", pointer, found_at(value));
        return false;
      }
      reading_.captured.set(name, amount->text());
      return true;
    }
    auto words = *scalar(root_, pointer);
    // A captured value is sent back in the heads and paths of all later requests. One that those cannot carry is found
    // here, where the service gave it out, and not at some later request that fails for it.
    if (words.size() > longest_capture) {
      reading_.reason = fmt::format("the value at '{}' has {} bytes, and at most {} are sent back with every request",
                                    pointer, words.size(), longest_capture);
      return false;
    }
    if (operation_.role == scenario::Role::login && std::any_of(words.begin(), words.end(), [](char c) {
          return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
        })) {
      reading_.reason = fmt::format("the value at '{}' of '{}' holds a line end or another control character, which no "
                                    "header or path can carry",
                                    pointer, operation_.name);
      return false;
    }
    reading_.captured.set(name, words);
    return true;
  }

  bool read_list(const scenario::ListCapture& capture, history::EntryList& list) {
    const auto* array = find(root_, capture.at);
    if (array == nullptr || !array->is_array()) {
      const auto likely = root_.is_array() ? std::string("; did you mean '', the whole reply?")
                                           : likely_place(root_, [](auto, const auto& one) { return one.is_array(); });
      reading_.reason = fmt::format("the reply has no list at '{}' but {}{}{}", capture.at, found_at(array),
                                    array == nullptr ? ": " + where_it_ends(root_, capture.at) : "", likely);
      return false;
    }
    std::size_t index = 0;
    auto& [pages, entries, foreign] = reading_.pages;
    for (const auto& element : array->get_array()) {
      history::ListEntry entry;
      if (!read_entry(capture, element, fmt::format("{}/{}", capture.at, index++), entry))
        return false;
      // A service that answers with endless lists must not take the harness's memory. Entries that this run has not
      // submitted are bounded on their own, and all entries together by what the operations so far could have made.
      if (!ids_.holds(entry.id) && ++foreign > most_foreign) {
        reading_.reason = fmt::format("the list holds more than {} entries that nobody submitted", most_foreign);
        return false;
      }
      if (entries++ > most_foreign + 2 * ids_.given) {
        reading_.reason =
            fmt::format("the list holds more than {} entries, and {} operations were begun", entries - 1, ids_.given);
        return false;
      }
      list.push_back(std::move(entry));
    }
    return true;
  }

  /// Without a declared id, item or amount a reply is not complete: a release that renames the key would otherwise
  /// pass, because there would be nothing left to compare. Other fields may be missing, and are then empty.
  bool read_entry(const scenario::ListCapture& capture, const json::value& element, const std::string& place,
                  history::ListEntry& entry) {
    const auto misses = [&](const std::string& pointer, const json::value* value, const char* meant) {
      const auto likely = value == nullptr
                              ? likely_place(element, [&](auto key, const auto&) { return key == last_step(pointer); })
                              : std::string{};
      reading_.reason = fmt::format("at '{}{}' is {}, and {} was meant{}: {}", place, pointer, found_at(value), meant,
                                    likely, text::one_line(json::serialize(element), shown_of_reply));
      return false;
    };
    for (const auto& [field, pointer] : capture.fields) {
      const auto* value = find(element, pointer);
      if (field == "amount") {
        entry.amount = decimal(value);
        if (entry.amount)
          continue;
        return misses(pointer, value, "a number");
      }
      const auto words = scalar(element, pointer);
      if (!words && (field == "id" || field == "item"))
        return misses(pointer, value, "a text or a number");
      auto value_text = text::clipped(words.value_or(""), longest_field);
      if (field == "id")
        entry.id = ids_.read(std::move(value_text));
      else if (field == "item")
        entry.item = std::move(value_text);
      else if (field == "peer")
        entry.peer = std::move(value_text);
      else
        entry.kind = std::move(value_text);
    }
    if (entry.id.empty()) {
      reading_.reason = "an element of the list has no id";
      return false;
    }
    return true;
  }

  bool read_next(const scenario::NextPage& next) {
    std::string reference;
    if (next.link_header)
      reference = linked_next();
    else if (const auto value = scalar(root_, next.at))
      reference = *value;
    // Services say in several ways that there is no next page: no field, null, an empty text, false.
    if (reference.empty() || reference == "false")
      return true;
    if (!next.parameter.empty()) {
      const auto sent_to = urls::parse_origin_form(sent_.target);
      if (!sent_to) {
        reading_.reason = fmt::format("a token cannot be put into '{}', which is no target of HTTP",
                                      text::one_line(sent_.target, 100));
        return false;
      }
      urls::url target(*sent_to);
      // The page was asked for with the token before: the new one replaces it, or there would be two.
      auto parameters = target.params();
      parameters.erase(next.parameter);
      parameters.append({next.parameter, reference});
      reading_.next = target.buffer();
      return true;
    }
    if (auto target = resolve_reference(reference, sent_)) {
      reading_.next = std::move(*target);
      return true;
    }
    reading_.reason =
        fmt::format("the next page '{}' is no path or URL of this service; a token for a query parameter is "
                    "declared with next = {{ at = \"{}\", parameter = … }}",
                    text::one_line(reference, 100), next.at);
    return false;
  }

  /// The target of rel="next" in the Link headers: RFC 8288, section 3.
  [[nodiscard]] std::string linked_next() const {
    for (const auto& [name, value] : reply_.headers) {
      if (name != "link")
        continue;
      for (std::size_t open = value.find('<'); open != std::string::npos; open = value.find('<', open + 1)) {
        const auto close = value.find('>', open);
        if (close == std::string::npos)
          break;
        const auto end = std::min(value.find(',', close), value.size());
        const auto parameters = value.substr(close + 1, end - close - 1);
        if (parameters.find("rel=\"next\"") != std::string::npos || parameters.find("rel=next") != std::string::npos)
          return value.substr(open + 1, close - open - 1);
      }
    }
    return {};
  }

  const scenario::Operation& operation_;
  const async::HttpReply& reply_;
  const Sent& sent_;
  const GivenIds& ids_;
  json::value root_;
  bool is_json_ = false;
  Reading reading_;
};

} // namespace

// A service that keeps ids as numbers is told the number alone, and shows it so: the history's id is put together
// again.
std::string GivenIds::read(std::string id) const {
  const bool digits = !id.empty() && std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
  return are_numbers && digits ? prefix + id : id;
}

bool GivenIds::holds(std::string_view id) const {
  if (!id.starts_with(prefix))
    return false;
  std::uint64_t number = 0;
  const auto digits = id.substr(prefix.size());
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return parsed.ec == std::errc{} && parsed.ptr == digits.data() + digits.size() && number > 0 && number <= given;
}

Reading read_reply(const scenario::Operation& operation, const async::HttpReply& reply, const Sent& sent,
                   const GivenIds& ids, const Pages& before) {
  return ReplyReader(operation, reply, sent, ids, before).read();
}

// References are followed on the same service only, over the route that the user has: following one to another place
// would ask a service that was not meant, or leave the machine.
std::optional<std::string> resolve_reference(std::string_view reference, const Sent& sent) {
  const auto parsed = urls::parse_uri_reference(reference);
  const auto base = urls::parse_origin_form(sent.target);
  if (!parsed || !base)
    return std::nullopt;
  if (parsed->has_authority()) {
    const auto host = parsed->host();
    // A service knows itself by its public name, by the address that it was told to listen on, or as localhost. The
    // public name stands for the load balancer before it, whose port is not the instance's.
    const bool own = host == sent.host || host == sent.address || host == "localhost" || host == "127.0.0.1";
    const bool same_port = !parsed->has_port() || parsed->port_number() == sent.port || host == sent.host;
    if (!own || !same_port)
      return std::nullopt;
  } else if (parsed->has_scheme() || reference.find_first_of("/?") == std::string_view::npos) {
    return std::nullopt; // a bare word may be a relative path, but is as likely a token: not guessed
  }
  urls::url whole;
  const auto url = fmt::format("http://{}{}", sent.host, sent.target); // the views below point into it
  const auto from = urls::parse_uri(url);
  if (!from || !urls::resolve(*from, *parsed, whole))
    return std::nullopt;
  auto target = std::string(whole.encoded_path());
  if (target.empty())
    target = "/";
  if (whole.has_query())
    target += "?" + std::string(whole.encoded_query());
  return target;
}

} // namespace holdfast::workload
