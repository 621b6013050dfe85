#include "harness/consistency/linearizability/text_object.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <unordered_map>

namespace holdfast::consistency::linearizability {

namespace {

constexpr State something_else = ~State{0};
constexpr std::size_t most_compared = std::size_t{1} << 30; ///< bytes, in looking for what nobody got

/// The texts that somebody got, in order. A state is the first of them that begins with it, and its length.
class Texts {
public:
  explicit Texts(std::vector<std::string_view> got) : got_(std::move(got)) {
    std::sort(got_.begin(), got_.end());
    got_.erase(std::unique(got_.begin(), got_.end()), got_.end());
  }

  [[nodiscard]] State state_of(std::string_view text) const { return after(0, {}, text); }
  [[nodiscard]] std::string_view text_of(State state) const { return got_[state >> 32].substr(0, state & 0xffffffff); }
  [[nodiscard]] State append(State state, std::string_view text) const {
    return state == something_else ? state : after(state >> 32, text_of(state), text);
  }
  /// False only when nobody got a text with this in it.
  [[nodiscard]] bool may_contain(std::string_view text, std::size_t& compared) const {
    for (std::size_t i = 0; i < got_.size(); ++i) {
      if (i + 1 < got_.size() && got_[i + 1].starts_with(got_[i]))
        continue; // the next one has it too
      compared += got_[i].size();
      if (compared > most_compared || got_[i].find(text) != std::string_view::npos)
        return true;
    }
    return false;
  }

private:
  /// Of the texts from `first` on, which is the first that begins with `prefix`.
  [[nodiscard]] State after(std::size_t first, std::string_view prefix, std::string_view text) const {
    const auto found = std::lower_bound(got_.begin() + static_cast<std::ptrdiff_t>(first), got_.end(), text,
                                        [&](std::string_view one, std::string_view wanted) {
                                          const auto order = one.substr(0, prefix.size()).compare(prefix);
                                          return order != 0 ? order < 0 : one.substr(prefix.size()).compare(wanted) < 0;
                                        });
    if (found == got_.end() || !found->starts_with(prefix) || !found->substr(prefix.size()).starts_with(text))
      return something_else;
    return static_cast<State>(found - got_.begin()) << 32 | (prefix.size() + text.size());
  }

  std::vector<std::string_view> got_;
};

/// What `Object::step` works with.
struct Meaning {
  TextAction action = TextAction::get;
  State whole = something_else; ///< of get and put
  std::string_view text;        ///< of append
};

Texts texts_got(std::span<const TextCall> calls) {
  std::vector<std::string_view> got;
  for (const auto& call : calls)
    if (call.action == TextAction::get)
      got.push_back(call.text);
  return Texts(std::move(got));
}

} // namespace

Problem text_problem(const History& history, std::span<const TextCall> calls, std::string_view initial) {
  const auto texts = std::make_shared<const Texts>(texts_got(calls));
  const auto meanings = std::make_shared<std::vector<Meaning>>();
  Problem problem;
  auto& object = problem.object;
  object.initial = texts->state_of(initial);
  object.unobservable = object.merged = something_else;
  // Calls with the same action and text are of one kind: the search may exchange them.
  std::unordered_map<std::string_view, Kind> kinds[3];
  std::size_t compared = 0;
  for (const auto& [action, id, text] : calls) {
    const auto& operation = history.operations[id];
    const bool is_required = operation.outcome != Outcome::info;
    // It leads to "something else" if anywhere, which no result tells from its not having happened (`reduce.hpp`, 1).
    if (!is_required && !texts->may_contain(text, compared))
      continue;
    const auto [known, is_new] =
        kinds[static_cast<std::size_t>(action)].emplace(text, static_cast<Kind>(object.kinds.size()));
    if (is_new) {
      Traits traits;
      traits.is_pure = action == TextAction::get;
      traits.is_blind = action == TextAction::put;
      object.kinds.push_back(traits);
      meanings->push_back({action, action == TextAction::append ? something_else : texts->state_of(text), text});
    }
    problem.calls.push_back(
        {id, known->second, is_required, moment(operation.invocation), moment(operation.completion)});
  }
  object.step = [texts, meanings](State state, Kind kind) -> std::optional<State> {
    const auto& meaning = (*meanings)[kind];
    if (meaning.action == TextAction::append)
      return texts->append(state, meaning.text);
    return meaning.action == TextAction::put || state == meaning.whole ? std::optional(meaning.whole) : std::nullopt;
  };
  object.describe = [texts](State state) {
    return state == something_else ? std::string("the value begins no text that was got")
                                   : fmt::format("the value is \"{}\"", shorten(std::string(texts->text_of(state))));
  };
  return problem;
}

} // namespace holdfast::consistency::linearizability
