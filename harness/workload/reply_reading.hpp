// What a reply means, by the stack file's mapping. Pure.
#pragma once

#include "harness/async/http_connection.hpp"
#include "harness/history/operation.hpp"
#include "harness/scenario/stack.hpp"

namespace holdfast::workload {

/// What the pages of a list have held so far: its bounds count over all of its pages.
struct Pages {
  std::size_t count = 0;
  std::size_t entries = 0;
  std::size_t foreign = 0; ///< entries that nobody submitted
};

struct Reading {
  history::Outcome outcome = history::Outcome::info;
  std::string reason; ///< why it is not `ok`: the pointer, what was found there, what it may mean
  history::Values captured;
  history::EntryList list;
  history::EntryList statement; ///< of an overview
  std::string next;             ///< target of the list's next page; empty: this was the last
  Pages pages;                  ///< of the list that were read, with this one
};

/// The ids that this run has given out, to read them back from lists.
struct GivenIds {
  std::string prefix;       ///< of every id; a number follows
  std::uint64_t given = 0;  ///< so many
  bool are_numbers = false; ///< services are told the number alone

  /// The id that is meant by what an entry of a list shows: "12" is "op1-12" where services are told numbers.
  [[nodiscard]] std::string read(std::string shown) const;
  /// True for an id that this run has given out already.
  [[nodiscard]] bool holds(std::string_view id) const;
};

/// Where a request was sent, for what a reply says about other places.
struct Sent {
  std::string target;
  std::string host;    ///< the service's name
  std::string address; ///< where it listens
  std::uint16_t port = 0;
};

/// Reads a reply to `operation`. Never throws for what a service says; what does not fit is `info` with a reason.
/// `before` are the pages of the same list that were read already.
[[nodiscard]] Reading read_reply(const scenario::Operation& operation, const async::HttpReply& reply, const Sent& sent,
                                 const GivenIds& ids, const Pages& before = {});

/// The target on the same service that a reference means: a path, a URL, "?page=2", "next". Nothing when it leads to
/// another service, or is no reference.
[[nodiscard]] std::optional<std::string> resolve_reference(std::string_view reference, const Sent& sent);

} // namespace holdfast::workload
