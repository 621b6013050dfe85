#include "harness/consistency/linearizability/search.hpp"

#include "harness/consistency/linearizability/configurations.hpp"
#include "harness/consistency/linearizability/cursor.hpp"
#include "harness/consistency/linearizability/transitions.hpp"

#include <algorithm>

namespace holdfast::consistency::linearizability {

namespace {

/// A call that can come next, and the state after it.
struct Candidate {
  CallIndex call = 0;
  StateNumber next = 0;
};

/// A configuration whose candidates are being tried.
struct Frame {
  std::size_t path = 0; ///< how many calls were linearized when it was reached
  StateNumber state = 0;
  std::size_t first = 0; ///< its candidates, from here to the next frame's
  std::size_t untried = 0;
};

class Search {
public:
  Search(const Object& object, std::span<const Call> calls, Budget& budget, Nodes nodes)
      : object_(object), calls_(calls), schedule_(calls), cursor_(schedule_, calls),
        transitions_(object, schedule_.width), seen_(cursor_.words(), budget), budget_(budget), nodes_(nodes),
        newest_(2 * object.kinds.size()) {
    path_.reserve(calls.size());
  }

  ~Search() { budget_.give_back(accounted_); }
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  Answer run() {
    auto answer = walk();
    answer.nodes = visited_;
    return answer;
  }

private:
  /// Goes forward until every required call is linearized. At a configuration that is known, or has no candidates, it
  /// goes back to the last one with an untried candidate.
  Answer walk() {
    state_ = transitions_.initial();
    while (!cursor_.at_end()) {
      take_pure_calls();
      if (cursor_.at_end())
        break;
      const bool is_new = open_frame();
      if (exhausted_)
        return undecided();
      if (!is_new || frames_.back().untried == candidates_.size())
        if (!back_up())
          return not_linearizable();
      follow();
    }
    Answer answer;
    answer.verdict = Verdict::linearizable;
    return answer;
  }

  /// A call that changes nothing and is possible now is taken now, and nothing else tried in its place: wherever a
  /// linearization has it, moving it up to here leaves every other call's result as it is.
  void take_pure_calls() {
    for (bool moved = true; moved;) {
      moved = false;
      cursor_.each_open([&](CallIndex call) {
        const auto kind = calls_[call].kind;
        if (!object_.kinds[kind].is_pure || transitions_.step(state_, kind) != state_)
          return true;
        path_.push_back(call);
        moved = cursor_.linearize(call); // others may have started
        return !moved;
      });
    }
  }

  /// False when it has been here before.
  bool open_frame() {
    if (visited_ == nodes_ || budget_.exhausted()) {
      exhausted_ = true;
      return false;
    }
    ++visited_;
    const auto added = seen_.add(cursor_.place(), state_, cursor_.linearized(), cursor_.hash());
    if (added == Configurations::Added::no_memory)
      exhausted_ = true;
    if (added != Configurations::Added::yes)
      return false;
    const auto first = candidates_.size();
    collect_candidates();
    frames_.push_back({path_.size(), state_, first, first});
    account();
    return true;
  }

  /// Tells the budget what the tables beside `seen_` have grown by.
  void account() {
    const auto bytes = transitions_.bytes() + candidates_.capacity() * sizeof(Candidate) +
                       frames_.capacity() * sizeof(Frame) + path_.capacity() * 2 * sizeof(CallIndex);
    if (bytes > accounted_)
      budget_.take(bytes - accounted_);
    accounted_ = std::max(accounted_, bytes);
  }

  void collect_candidates() {
    const auto first = static_cast<std::ptrdiff_t>(candidates_.size());
    ++round_;
    cursor_.each_open([&](CallIndex call) {
      const auto kind = calls_[call].kind;
      if (object_.kinds[kind].is_pure)
        return true;
      const auto next = transitions_.step(state_, kind);
      if (next == Transitions::impossible || (!calls_[call].is_required && !is_worth_it(call, next)))
        return true;
      // Of required calls of one kind the one with the earliest deadline goes first, and so of optional ones: where a
      // linearization has them the other way round, or has the later one alone, they can change places.
      auto& newest = newest_[2 * kind + (calls_[call].is_required ? 1 : 0)];
      if (newest.round != round_) {
        newest = {round_, candidates_.size()};
        candidates_.push_back({call, next});
      } else if (is_more_urgent(call, candidates_[newest.candidate].call)) {
        candidates_[newest.candidate].call = call;
      }
      return true;
    });
    std::sort(candidates_.begin() + first, candidates_.end(),
              [&](const Candidate& a, const Candidate& b) { return is_more_urgent(a.call, b.call); });
  }

  [[nodiscard]] bool is_more_urgent(CallIndex a, CallIndex b) const {
    return calls_[a].deadline != calls_[b].deadline ? calls_[a].deadline < calls_[b].deadline : a < b;
  }

  /// Of an optional call. In a linearization with the fewest of them each is followed by a call that is not blind
  /// (`reduce.hpp`; a blind one would do the same without it), and it changes the state into one that can be observed.
  bool is_worth_it(CallIndex call, StateNumber next) {
    if (next == state_ || (object_.unobservable && transitions_.state(next) == *object_.unobservable))
      return false;
    bool found = false;
    cursor_.each_open([&](CallIndex other) {
      const auto kind = calls_[other].kind;
      found =
          other != call && !object_.kinds[kind].is_blind && transitions_.step(next, kind) != Transitions::impossible;
      return !found;
    });
    exhausted_ = exhausted_ || budget_.exhausted();
    return found;
  }

  /// To the last configuration that has an untried candidate; false when none has.
  bool back_up() {
    remember_longest();
    while (!frames_.empty() && frames_.back().untried == candidates_.size()) {
      candidates_.resize(frames_.back().first);
      frames_.pop_back();
    }
    if (frames_.empty())
      return false;
    while (path_.size() > frames_.back().path) {
      cursor_.take_back(path_.back());
      path_.pop_back();
    }
    unchanged_ = std::min(unchanged_, path_.size());
    return true;
  }

  void follow() {
    auto& frame = frames_.back();
    const auto [call, next] = candidates_[frame.untried++];
    path_.push_back(call);
    cursor_.linearize(call);
    state_ = next;
  }

  /// Before calls are taken back: copies what has changed since the last time, so that all copies together cost no more
  /// than the search.
  void remember_longest() {
    if (!longest_.empty() && cursor_.place() <= longest_place_ && has_longest_)
      return;
    has_longest_ = true;
    longest_place_ = cursor_.place();
    longest_state_ = state_;
    longest_.resize(std::min(unchanged_, longest_.size()));
    longest_.insert(longest_.end(), path_.begin() + static_cast<std::ptrdiff_t>(longest_.size()), path_.end());
    unchanged_ = path_.size();
  }

  /// The call at whose deadline the farthest prefix stopped is the one that cannot be placed.
  Answer not_linearizable() {
    Answer answer;
    answer.verdict = Verdict::not_linearizable;
    answer.stuck = schedule_.events[longest_place_].call;
    answer.order = std::move(longest_);
    answer.state = transitions_.state(longest_state_);
    for (const auto state : seen_.states_at(longest_place_))
      answer.states.push_back(transitions_.state(state));
    return answer;
  }

  Answer undecided() {
    Answer answer;
    answer.reason = visited_ == nodes_ ? "the limit of configurations was reached" : budget_.reason();
    return answer;
  }

  /// The candidate of one kind in a round. Rounds are numbered so that nothing has to be cleared between them.
  struct Newest {
    std::uint64_t round = 0;
    std::size_t candidate = 0;
  };

  const Object& object_;
  std::span<const Call> calls_;
  Schedule schedule_;
  Cursor cursor_;
  Transitions transitions_;
  Configurations seen_;
  Budget& budget_;
  Nodes nodes_;
  Nodes visited_ = 0;
  StateNumber state_ = 0;
  std::vector<CallIndex> path_;
  std::vector<Frame> frames_;
  std::vector<Candidate> candidates_;
  std::vector<Newest> newest_; ///< by kind and whether required, in the round of collecting
  std::uint64_t round_ = 0;
  std::size_t accounted_ = 0;
  bool exhausted_ = false;
  std::vector<CallIndex> longest_;
  std::size_t unchanged_ = 0; ///< so many of `path_` are those of `longest_`
  std::uint32_t longest_place_ = 0;
  StateNumber longest_state_ = 0;
  bool has_longest_ = false;
};

} // namespace

Answer search(const Object& object, std::span<const Call> calls, Budget& budget, Nodes nodes) {
  return Search(object, calls, budget, nodes).run();
}

} // namespace holdfast::consistency::linearizability
