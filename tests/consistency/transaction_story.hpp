// Histories of transactions from a few letters: "ax1 ry[1,2]" appends 1 to x, then read y as [1 2].
#pragma once

#include "harness/consistency/model.hpp"

#include <string>
#include <vector>

namespace holdfast::test {

/// One transaction. Steps: `a` append, `w` write or `r` read; a key of one letter; a number, `_` for nil or a list.
struct Told {
  std::string steps;
  consistency::Outcome outcome = consistency::Outcome::ok;
  std::int64_t process = -1; ///< -1: one of its own
};

constexpr auto ok = consistency::Outcome::ok;
constexpr auto fail = consistency::Outcome::fail;
constexpr auto info = consistency::Outcome::info;

/// Each begins after the one before completed.
[[nodiscard]] consistency::History one_by_one(const std::vector<Told>& all);
/// All begin before any completes.
[[nodiscard]] consistency::History at_once(const std::vector<Told>& all);

[[nodiscard]] consistency::Result judge(consistency::History& history, const std::string& model,
                                        const std::string& level = {});
[[nodiscard]] consistency::Result judged(consistency::History history, const std::string& model,
                                         const std::string& level = {});
/// The kinds of the findings, as "G0 G1a".
[[nodiscard]] std::string kinds(const consistency::Result& result);

} // namespace holdfast::test
