// An operation's requests, read once when the workload is made and filled in for every operation. Pure.
#pragma once

#include "harness/async/http_connection.hpp"
#include "harness/history/values.hpp"
#include "harness/scenario/stack.hpp"

#include <boost/json/value.hpp>
#include <set>

namespace holdfast::workload {

class RequestTemplate {
public:
  explicit RequestTemplate(const scenario::Operation& operation);

  [[nodiscard]] const scenario::Operation& operation() const { return *operation_; }
  /// True when its path, headers or body contain this placeholder.
  [[nodiscard]] bool uses(std::string_view name) const { return names_.contains(name); }

  /// The request with these values in its placeholders; a leaf of its JSON that is one placeholder of a number becomes
  /// that number.
  [[nodiscard]] async::HttpRequest fill(const history::Values& values) const;
  /// The request of an import: the elements of the arrays in its JSON are repeated for every user.
  [[nodiscard]] async::HttpRequest fill_import(const std::vector<history::Values>& users) const;

private:
  [[nodiscard]] async::HttpRequest fill_head(const history::Values& values) const;

  const scenario::Operation* operation_;
  boost::json::value body_; ///< null: none
  std::set<std::string, std::less<>> names_;
};

/// Why a request cannot be sent as it is, as a sentence: it is too large, or holds a character with which its receiver
/// would read another request, or several. Nothing when it can be sent.
[[nodiscard]] std::optional<std::string> unsendable(const scenario::Operation& operation,
                                                    const async::HttpRequest& request);

} // namespace holdfast::workload
