// `set`: elements are added, and read once at the end. Everything acknowledged before that read began is in it, once,
// and nothing that nobody may have added.
//
// The question of Jepsen's checker `set`, with three differences: an element that is read twice is `duplicated`, one
// whose add certainly failed is a `phantom`, and what was acknowledged after the read had begun is not lost but unread.
#include "harness/consistency/durability.hpp"
#include "harness/consistency/models.hpp"
#include "harness/consistency/set_history.hpp"

#include <fmt/format.h>

namespace holdfast::consistency {

namespace {

Result check(History& history, const Question&, Budget& budget) {
  Result result;
  const auto set = read_set(history, SetReads::last);
  result.reason = set.wrong;
  if (!set.wrong.empty())
    return result;
  add_intruders(result, history, set);
  const Lanes lanes(set.sightings, Lanes::By::collection);
  const auto durability = find_absences(set.sightings, lanes, Holders(set.sightings, lanes));
  add_losses(result, history, set, durability);
  result.examined = durability.judged;
  finish(result, history, set, durability, budget);
  return result;
}

} // namespace

Model set_model() {
  return {.name = "set",
          .about = "add and remove elements, read all of them at the end: lost, duplicated, phantom, resurrected",
          .levels = {},
          .declarations = {},
          .check = check};
}

} // namespace holdfast::consistency
