#include "harness/workload/cookie_jar.hpp"

#include "harness/text/ascii.hpp"
#include "harness/text/escape.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace holdfast::workload {

using text::lower;

namespace {

constexpr std::size_t shown_of_domain = 100;
constexpr std::size_t most_refused = 10; ///< cookies are kept for `take_refused`; further ones are not reported

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_address(std::string_view host) {
  return host.find_first_not_of("0123456789.") == std::string_view::npos || host.find(':') != std::string_view::npos;
}

/// RFC 6265, section 5.1.3: the domain itself and names below it. An address has no names below it: "1.10.0.0.1" is not
/// part of "10.0.0.1".
bool domain_matches(std::string_view host, std::string_view domain) {
  if (host == domain)
    return true;
  return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.' &&
         !is_address(host);
}

/// Section 5.1.4: the folder of the request's path, for a cookie without a Path of its own.
std::string default_path(std::string_view path) {
  const auto slash = path.rfind('/');
  return path.empty() || path.front() != '/' || slash == 0 ? "/" : std::string(path.substr(0, slash));
}

/// Section 5.1.4, the second half: whole steps of a path match, so "/account" is no prefix of "/accounts".
bool path_matches(std::string_view path, std::string_view cookie) {
  if (path == cookie)
    return true;
  return path.starts_with(cookie) && (cookie.ends_with('/') || path[cookie.size()] == '/');
}

/// The number at the front of a date's token, where it has at least `least` and at most `most` digits. Anything else
/// may follow: the grammar of section 5.1.1 allows "06th".
std::optional<int> leading_number(std::string_view text, std::size_t least, std::size_t most) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits]))
    ++digits;
  if (digits < least || digits > most)
    return std::nullopt;
  int value = 0;
  std::from_chars(text.data(), text.data() + digits, value);
  return value;
}

struct TimeOfDay {
  int hour, minute, second;
};

std::optional<TimeOfDay> time_of(std::string_view token) {
  const auto first = token.find(':'), second = token.find(':', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos)
    return std::nullopt;
  const auto whole = [](std::string_view part) {
    const auto value = leading_number(part, 1, 2);
    return value && part.size() <= 2 ? value : std::nullopt;
  };
  const auto hour = whole(token.substr(0, first)), minute = whole(token.substr(first + 1, second - first - 1));
  const auto seconds = leading_number(token.substr(second + 1), 1, 2);
  if (!hour || !minute || !seconds)
    return std::nullopt;
  return TimeOfDay{*hour, *minute, *seconds};
}

std::optional<int> month_of(std::string_view token) {
  static constexpr std::string_view months[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                                "jul", "aug", "sep", "oct", "nov", "dec"};
  const auto name = lower(token.substr(0, 3));
  const auto* found = std::find(std::begin(months), std::end(months), name);
  return found == std::end(months) ? std::nullopt : std::optional(static_cast<int>(found - std::begin(months)) + 1);
}

/// What separates the tokens of a date. Letters, digits and the colon do not.
bool is_delimiter(char c) {
  return c == '\t' || (c >= ' ' && c <= '/') || (c >= ';' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

constexpr WallTime longest_life = std::chrono::hours(400 * 24); ///< browsers cap it there
constexpr std::size_t shown_of_attribute = 60;

struct Attributes {
  std::optional<std::int64_t> max_age;
  std::optional<WallTime> expires;
  std::string max_age_text, expires_text;
  std::string domain;
  std::string path;
  bool secure = false;
};

/// The attributes of a Set-Cookie header (section 5.2): of several of one name the last counts, and one whose value
/// makes no sense is as good as not there. `rest` is empty or begins with a semicolon.
Attributes read_attributes(std::string_view rest) {
  Attributes all;
  while (!rest.empty()) {
    rest.remove_prefix(1); // the semicolon
    const auto part = rest.substr(0, rest.find(';'));
    rest.remove_prefix(part.size());
    const auto equals = part.find('=');
    const auto name = lower(trim(part.substr(0, equals)));
    const auto value = equals == std::string_view::npos ? std::string_view{} : trim(part.substr(equals + 1));
    if (name == "expires") {
      if (const auto date = parse_cookie_date(value))
        all.expires = date, all.expires_text = value.substr(0, shown_of_attribute);
    } else if (name == "max-age") {
      const bool negative = value.starts_with('-');
      const auto digits = value.substr(negative ? 1 : 0);
      if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit))
        continue;
      // More digits than fit are only a very long time, and browsers cap that.
      std::int64_t seconds = 0;
      const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
      if (parsed.ec != std::errc{} || seconds > longest_life.count())
        seconds = longest_life.count();
      all.max_age = negative ? -seconds : seconds;
      all.max_age_text = value.substr(0, shown_of_attribute);
    } else if (name == "domain") {
      if (!value.empty())
        all.domain = lower(value.starts_with('.') ? value.substr(1) : value);
    } else if (name == "path") {
      all.path = value.starts_with('/') ? std::string(value) : std::string{};
    } else if (name == "secure") {
      all.secure = true;
    }
  }
  return all;
}

} // namespace

std::optional<WallTime> parse_cookie_date(std::string_view text) {
  std::optional<TimeOfDay> time;
  std::optional<int> day, month, year;
  while (!text.empty()) {
    if (is_delimiter(text.front())) {
      text.remove_prefix(1);
      continue;
    }
    std::size_t size = 0;
    while (size < text.size() && !is_delimiter(text[size]))
      ++size;
    const auto token = text.substr(0, size);
    text.remove_prefix(size);
    // Section 5.1.1: each token is taken for the first of these parts that it can be and that is still missing,
    // whatever the order in which a server writes them.
    const auto becomes = [](auto& part, auto found) {
      const bool is_new = !part && found;
      if (is_new)
        part = found;
      return is_new;
    };
    (void)(becomes(time, time_of(token)) || becomes(day, leading_number(token, 1, 2)) ||
           becomes(month, month_of(token)) || becomes(year, leading_number(token, 2, 4)));
  }
  if (!time || !day || !month || !year)
    return std::nullopt;
  // Years of two digits, as the old forms of dates have them.
  if (*year >= 70 && *year <= 99)
    *year += 1900;
  else if (*year >= 0 && *year <= 69)
    *year += 2000;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1601 || time->hour > 23 || time->minute > 59 || time->second > 59)
    return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(time->hour) +
         std::chrono::minutes(time->minute) + std::chrono::seconds(time->second);
}

void CookieJar::store(std::string_view header, std::string_view host, std::string_view path, JarTime now, WallTime wall,
                      const std::string& by) {
  // Browsers ignore a header with a control character as a whole: sent back in a Cookie header, a line end would begin
  // another header.
  if (std::any_of(header.begin(), header.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7f;
      }))
    return;
  const auto pair = header.substr(0, header.find(';'));
  const auto equals = pair.find('=');
  if (equals == std::string_view::npos)
    return;
  Cookie cookie{.name = std::string(trim(pair.substr(0, equals))), .value = std::string(trim(pair.substr(equals + 1)))};
  if (cookie.name.empty() || cookie.name.size() + cookie.value.size() > longest)
    return;
  const auto attributes = read_attributes(header.substr(pair.size()));
  const auto own = lower(host);
  cookie.domain = own;
  const auto refuse = [&](std::string why) {
    if (refused_.size() < most_refused)
      refused_.push_back({cookie.name, by, "refused: " + std::move(why)});
  };
  // A service may set cookies for a domain above its own ("shop.example" from "www.shop.example"), and neither for
  // somebody else's nor for a whole top-level domain.
  if (!attributes.domain.empty() && attributes.domain != own) {
    if (!domain_matches(own, attributes.domain) || attributes.domain.find('.') == std::string::npos)
      return refuse(fmt::format("Domain={} does not cover '{}', the service's 'host'",
                                text::one_line(attributes.domain, shown_of_domain), own));
    cookie.domain = attributes.domain;
  }
  cookie.host_only = attributes.domain.empty();
  const auto own_path = path.substr(0, path.find_first_of("?#"));
  cookie.path = attributes.path.empty() ? default_path(own_path) : attributes.path;
  // RFC 6265bis: a name may promise how its cookie was set, and browsers refuse a cookie that breaks the promise.
  if (cookie.name.starts_with("__Secure-") && !attributes.secure)
    return refuse("its name asks for Secure");
  if (cookie.name.starts_with("__Host-") && (!attributes.secure || !cookie.host_only || attributes.path != "/"))
    return refuse("its name asks for Secure, Path=/ and no Domain");
  cookie.by = by;
  // Max-Age wins over Expires (section 5.3). Both become a time on the run's clock, which does not jump when the
  // machine's calendar is set. An end in the past is "now": the cookie is deleted below.
  if (attributes.max_age) {
    cookie.lifetime = "Max-Age=" + attributes.max_age_text;
    cookie.expires = *attributes.max_age <= 0 ? now : now + std::chrono::seconds(*attributes.max_age);
  } else if (attributes.expires) {
    cookie.lifetime = "Expires=" + attributes.expires_text;
    cookie.expires = *attributes.expires <= wall ? now : now + std::min(*attributes.expires - wall, longest_life);
  }
  drop_expired(now);
  const auto old = std::find_if(cookies_.begin(), cookies_.end(), [&](const Cookie& one) {
    return one.name == cookie.name && one.domain == cookie.domain && one.path == cookie.path;
  });
  // A cookie that is renewed keeps its place in the order in which cookies are sent.
  cookie.created = old == cookies_.end() ? ++made_ : old->created;
  if (cookie.expires && *cookie.expires <= now) {
    if (old != cookies_.end()) {
      dropped_.push_back({cookie.name, by, cookie.lifetime});
      cookies_.erase(old);
    }
    return;
  }
  // A service that deletes a cookie and sets it anew has not taken it from the browser.
  std::erase_if(dropped_, [&](const Dropped& one) { return one.cookie == cookie.name; });
  if (old != cookies_.end()) {
    *old = std::move(cookie);
    return;
  }
  cookies_.push_back(std::move(cookie));
  if (cookies_.size() > most) {
    dropped_.push_back({cookies_.front().name, by, "the browser keeps no more cookies"});
    cookies_.erase(cookies_.begin());
  }
}

void CookieJar::drop_expired(JarTime now) {
  std::erase_if(cookies_, [&](const Cookie& one) {
    if (!one.expires || *one.expires > now)
      return false;
    dropped_.push_back({one.name, one.by, one.lifetime + " was over"});
    return true;
  });
}

std::string CookieJar::header(std::string_view host, std::string_view path, JarTime now) {
  drop_expired(now);
  if (cookies_.empty())
    return {};
  const auto own = lower(host);
  const auto own_path = path.substr(0, path.find_first_of("?#"));
  std::vector<const Cookie*> sent;
  for (const auto& one : cookies_)
    if ((one.host_only ? own == one.domain : domain_matches(own, one.domain)) && path_matches(own_path, one.path))
      sent.push_back(&one);
  // Section 5.4: longer paths first, and of equal ones the older. A service that reads only the first of a name relies
  // on that order.
  std::sort(sent.begin(), sent.end(), [](const Cookie* a, const Cookie* b) {
    return std::pair(b->path.size(), a->created) < std::pair(a->path.size(), b->created);
  });
  std::string text;
  for (const auto* one : sent)
    text += (text.empty() ? "" : "; ") + one->name + "=" + one->value;
  return text;
}

std::vector<Dropped> CookieJar::take_dropped() {
  return std::exchange(dropped_, {});
}

std::vector<Dropped> CookieJar::take_refused() {
  return std::exchange(refused_, {});
}

std::vector<std::pair<std::string, std::string>> CookieJar::contents() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& one : cookies_)
    all.emplace_back(one.name, one.value);
  std::sort(all.begin(), all.end());
  return all;
}

} // namespace holdfast::workload
