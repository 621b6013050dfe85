// What a reply means, by the stack file's mapping. Pure.
#pragma once

#include "harness/async/http_connection.hpp"
#include "harness/history/operation.hpp"
#include "harness/scenario/stack.hpp"

namespace holdfast::workload {

struct Reading {
  history::Outcome outcome = history::Outcome::info;
  std::string reason;
  history::Values captured;
  history::EntryList list;
  history::EntryList statement; ///< of an overview
  std::string next;             ///< path of the list's next page; empty: this was the last
  std::size_t pages = 0;        ///< of the list that were read
};

[[nodiscard]] Reading read_reply(const scenario::Operation& operation, const async::HttpReply& reply);

/// The JSON body of a request: a string leaf that is one placeholder of a number becomes that number.
[[nodiscard]] std::string fill_json(const std::string& json, const history::Values& values);

/// The JSON body of an import: what stands in its arrays stands there once for every user.
[[nodiscard]] std::string fill_import(const std::string& json, const std::vector<history::Values>& users);

} // namespace holdfast::workload
