// Anomalies of list-append histories that need no cycle: values appended twice, reads that contradict each other, what
// a transaction did to itself, and lost updates. The cycles are found from the dependencies (append_dependencies.cpp).
#include "harness/consistency/isolation/append_versions.hpp"
#include "harness/consistency/isolation/judgement.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace holdfast::consistency::isolation {

namespace {

class Finder {
public:
  Finder(const AppendVersions& versions, Result& result)
      : versions_(versions), transactions_(versions.transactions()), writes_(versions.writes()),
        history_(*transactions_.history), result_(result) {}

  void run() {
    find_doubled();
    for (std::uint32_t key = 0; key < versions_.keys().size(); ++key)
      look_at_key(key);
    for (const auto& read : versions_.reads())
      look_at_read(read);
    for (OperationId id = 0; id < transactions_.count(); ++id)
      if (transactions_.outcome(id) == Outcome::ok && transactions_.of(id).size() > 1)
        look_inside(id);
    find_lost_updates();
  }

private:
  [[nodiscard]] std::string name(OperationId id) const { return name_of(history_, id); }
  [[nodiscard]] std::string key_of(std::uint32_t key) const { return transactions_.show_key(key); }
  [[nodiscard]] std::string show(Value value) const { return transactions_.show(value); }
  [[nodiscard]] std::span<const Value> elements(Value list) const { return history_.values.elements(list); }

  void find_doubled() {
    for (const auto& write : writes_.all())
      if (write.is_doubled)
        result_.add("duplicate-appends",
                    {fmt::format("{} was appended to {} by {} and by {}: who appended what was read "
                                 "cannot be told",
                                 show(write.value), key_of(write.key), name(write.by),
                                 write.by == write.also_by ? "itself again" : name(write.also_by)),
                     {write.by, write.also_by},
                     {}});
  }

  void look_at_key(std::uint32_t number) {
    const auto& key = versions_.keys()[number];
    const auto seen = versions_.elements(number).first(key.trusted);
    // A dirty update: an acknowledged append whose version holds an element of an append that certainly failed.
    const Write* undone = nullptr;
    for (std::uint32_t version = 1; version <= seen.size(); ++version) {
      const auto* write = writes_.find(number, seen[version - 1]);
      if (write == nullptr || write->is_doubled)
        continue;
      if (write->has_failed)
        undone = write;
      else if (undone != nullptr && transactions_.outcome(write->by) == Outcome::ok) {
        result_.add("dirty-update",
                    {fmt::format("{} appended {} to {} on top of {}, which {} appended and which "
                                 "certainly failed, as {} read {}",
                                 name(write->by), show(write->value), key_of(number), show(undone->value),
                                 name(undone->by), name(key.reader), show(key.longest)),
                     {undone->by, write->by, key.reader},
                     {}});
        undone = nullptr;
      }
    }
    first_strange_.push_back(static_cast<std::uint32_t>(std::find_if(seen.begin(), seen.end(),
                                                                     [&](Value element) {
                                                                       const auto* write =
                                                                           writes_.find(number, element);
                                                                       return write == nullptr || write->has_failed;
                                                                     }) -
                                                        seen.begin()));
  }

  /// One acknowledged read: elements that nobody should see, an order that contradicts the longest read, and a version
  /// that was not the last of its transaction.
  void look_at_read(const AppendRead& read) {
    const auto& step = transactions_.steps[read.step];
    const auto& key = versions_.keys()[step.key];
    const auto seen = elements(step.value);
    if (seen.empty())
      return;
    // Of a trusted version it is known from the key whether anything is wrong before its end.
    if (read.version == none || read.version > first_strange_[step.key])
      look_at_elements(read, seen);
    if (read.version == none) {
      const auto longest = elements(key.longest);
      if (!std::equal(seen.begin(), seen.end(), longest.begin()))
        result_.add(
            "incompatible-order",
            {fmt::format("{} read {} as {}, and {} read it as {}: neither is the beginning of the other", name(read.by),
                         key_of(step.key), show(step.value), name(key.reader), show(key.longest)),
             {read.by, key.reader},
             {}});
    }
    // An intermediate version ends with an append that its own transaction followed by another to the same key.
    if (const auto* last = writes_.find(step.key, seen.back());
        last != nullptr && !last->is_final && !last->has_failed && !last->is_doubled && last->by != read.by)
      result_.add("G1b",
                  {fmt::format("{} read {} as {}, which {} had not finished: it appended more after {}", name(read.by),
                               key_of(step.key), show(step.value), name(last->by), show(last->value)),
                   {last->by, read.by},
                   {}});
  }

  void look_at_elements(const AppendRead& read, std::span<const Value> seen) {
    const auto& step = transactions_.steps[read.step];
    bool is_aborted = false;
    bool is_garbage = false;
    for (const auto element : seen) {
      const auto* write = writes_.find(step.key, element);
      if (write == nullptr && !std::exchange(is_garbage, true))
        result_.add("garbage-read", {fmt::format("{} read {} as {}, but nobody ever appended {}", name(read.by),
                                                 key_of(step.key), show(step.value), show(element)),
                                     {read.by},
                                     {}});
      if (write != nullptr && write->has_failed && !std::exchange(is_aborted, true))
        result_.add("G1a", {fmt::format("{} read {} as {}, with the {} of {}, which certainly failed", name(read.by),
                                        key_of(step.key), show(step.value), show(element), name(write->by)),
                            {write->by, read.by},
                            {}});
    }
    if (read.version != none)
      return; // the trusted part has no duplicates
    sorted_.assign(seen.begin(), seen.end());
    std::sort(sorted_.begin(), sorted_.end(), [](Value a, Value b) { return a.bits() < b.bits(); });
    if (const auto twice = std::adjacent_find(sorted_.begin(), sorted_.end()); twice != sorted_.end())
      result_.add("duplicate-elements", {fmt::format("{} read {} as {}, with {} more than once", name(read.by),
                                                     key_of(step.key), show(step.value), show(*twice)),
                                         {read.by},
                                         {}});
  }

  /// Reads against what the same transaction did before (`internal`, the axiom INT of Cerone, Bernardi & Gotsman 2015)
  /// and against what it did afterwards (`future-read`).
  void look_inside(OperationId id) {
    const auto steps = transactions_.of(id);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].is_write)
        continue;
      const auto seen = elements(steps[i].value);
      // What must have been read: the last read before of the same key, then what was appended since.
      const Step* known = nullptr;
      tail_.clear();
      for (std::size_t j = 0; j < i; ++j)
        if (steps[j].key == steps[i].key) {
          if (steps[j].is_write)
            tail_.push_back(steps[j].value);
          else {
            known = &steps[j];
            tail_.clear();
          }
        }
      const auto before = known == nullptr ? std::span<const Value>{} : elements(known->value);
      const bool has_tail =
          seen.size() >= tail_.size() &&
          std::equal(tail_.begin(), tail_.end(), seen.end() - static_cast<std::ptrdiff_t>(tail_.size()));
      const bool has_begin = known == nullptr || (seen.size() == before.size() + tail_.size() &&
                                                  std::equal(before.begin(), before.end(), seen.begin()));
      if (!has_tail || !has_begin) {
        std::string expected = known == nullptr ? "... " : "";
        for (const auto element : before)
          expected += show(element) + " ";
        for (const auto element : tail_)
          expected += show(element) + " ";
        if (!expected.empty())
          expected.pop_back();
        result_.add("internal", {fmt::format("{} read {} as {}, where its own steps before make it [{}]", name(id),
                                             key_of(steps[i].key), show(steps[i].value), expected),
                                 {id},
                                 {}});
      }
      for (std::size_t j = i + 1; j < steps.size(); ++j)
        if (steps[j].is_write && steps[j].key == steps[i].key &&
            std::find(seen.begin(), seen.end(), steps[j].value) != seen.end() &&
            !writes_.find(steps[j].key, steps[j].value)->is_doubled)
          result_.add("future-read", {fmt::format("{} read {} as {} before it appended {} itself", name(id),
                                                  key_of(steps[i].key), show(steps[i].value), show(steps[j].value)),
                                      {id},
                                      {}});
    }
  }

  /// Two that read the same version and then both wrote the key, whatever the order of their writes.
  void find_lost_updates() {
    struct Update {
      std::uint32_t key, version;
      OperationId by;
      auto operator<=>(const Update&) const = default;
    };
    std::vector<Update> updates;
    auto read = versions_.reads().begin();
    for (OperationId id = 0; id < transactions_.count(); ++id) {
      for (; read != versions_.reads().end() && read->by == id; ++read) {
        if (read->version == none)
          continue;
        const auto key = transactions_.steps[read->step].key;
        const auto begin = transactions_.first[id];
        const auto touches = [&](const Step& step) { return step.key == key; };
        const auto steps = transactions_.of(id);
        const auto at = steps.begin() + (read->step - begin);
        if (std::any_of(steps.begin(), at, touches))
          continue; // not the first that it did to the key
        if (std::any_of(at, steps.end(), [&](const Step& step) { return step.is_write && step.key == key; }))
          updates.push_back({key, read->version, id});
      }
    }
    std::sort(updates.begin(), updates.end());
    for (auto begin = updates.begin(); begin != updates.end();) {
      const auto end = std::find_if(begin, updates.end(), [&](const Update& other) {
        return other.key != begin->key || other.version != begin->version;
      });
      if (end - begin > 1) {
        std::vector<OperationId> all;
        std::for_each(begin, end, [&](const Update& one) { all.push_back(one.by); });
        const auto version = begin->version;
        std::string state;
        for (const auto element : versions_.elements(begin->key).first(version))
          state += (state.empty() ? "" : " ") + show(element);
        result_.add("lost-update", {fmt::format("{} and {} both read {} as [{}] and both appended to it", name(all[0]),
                                                name(all[1]), key_of(begin->key), state),
                                    std::move(all),
                                    {}});
      }
      begin = end;
    }
  }

  const AppendVersions& versions_;
  const Transactions& transactions_;
  const Writes& writes_;
  const History& history_;
  Result& result_;
  std::vector<std::uint32_t> first_strange_; ///< by key: how many versions come before one that nobody ought to see
  std::vector<Value> sorted_, tail_;
};

} // namespace

void AppendVersions::find_anomalies(Result& result) const {
  Finder(*this, result).run();
}

} // namespace holdfast::consistency::isolation
