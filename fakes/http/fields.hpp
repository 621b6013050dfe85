// What the templates of a script may name, for one request: its JSON body, headers and path, what it has found in the
// book and what it has booked.
#pragma once

#include "fakes/http/message.hpp"

namespace holdfast::fakes {

using BookEntry = std::map<std::string, std::string>;

class Fields {
public:
  /// `request` must outlive it. `number` is that of the entry which may be booked.
  Fields(const HttpMessage& request, std::map<std::string, std::string> captures, std::size_t number)
      : request_(request), captures_(std::move(captures)), number_(number) {}

  const BookEntry* found = nullptr;
  const BookEntry* booked = nullptr;

  /// Fills a template; what the request lacks is empty, and noted.
  [[nodiscard]] std::string text(std::string_view form);
  [[nodiscard]] BookEntry texts(const std::map<std::string, std::string>& forms);
  /// Fills the string leaves of a JSON value. A leaf that is one placeholder keeps the type of what it names; what the
  /// request lacks is null.
  [[nodiscard]] boost::json::value json(const boost::json::value& form);
  /// The first name that something was asked for and not there; empty when all were.
  [[nodiscard]] const std::string& missing() const { return missing_; }

private:
  [[nodiscard]] boost::json::value named(std::string_view name) const;

  const HttpMessage& request_;
  std::map<std::string, std::string> captures_;
  std::size_t number_;
  std::string missing_;
};

} // namespace holdfast::fakes
