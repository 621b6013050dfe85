// The dependencies that register histories show, as far as the orders of `RegisterVersions` go, and one sentence for
// each.
#include "harness/consistency/isolation/judgement.hpp"
#include "harness/consistency/isolation/register_versions.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::consistency::isolation {

namespace {

/// An anti-dependency counts as what the order of its two versions rests on.
Kind rw_kind(Source source, bool is_fact) {
  if (is_fact || source == Source::follows_read)
    return Kind::rw;
  return source == Source::process ? Kind::rw_process : Kind::rw_realtime;
}

/// Who read the version that a write made, or nil.
std::span<const RegisterRead> readers_of(std::span<const RegisterRead> reads, std::uint32_t key, std::uint32_t write) {
  const auto [begin, end] =
      std::equal_range(reads.begin(), reads.end(), RegisterRead{key, write, 0}, [](const auto& a, const auto& b) {
        return std::pair(a.key, a.write) < std::pair(b.key, b.write);
      });
  return {begin, end};
}

} // namespace

void RegisterVersions::add_dependencies(GraphBuilder& builder) const {
  // Every read, even of what was not final or of what one cannot place: the writer comes first.
  for (OperationId id = 0; id < transactions_.count(); ++id)
    if (transactions_.outcome(id) == Outcome::ok)
      for (const auto& step : transactions_.of(id))
        if (!step.is_write && !step.value.is_nil())
          if (const auto* seen = writes_.find(step.key, step.value);
              seen != nullptr && !seen->has_failed && !seen->is_doubled)
            builder.add(seen->by, id, Kind::wr);

  std::vector<std::uint32_t> readers;
  std::vector<std::uint32_t> writers;
  std::vector<Kind> kinds;
  const auto read_by = [&](std::uint32_t key, std::uint32_t write) {
    readers.clear();
    for (const auto& read : readers_of(reads_, key, write))
      readers.push_back(read.by);
  };
  // Whoever read nil comes before all who wrote the key.
  for (auto begin = meetings_.begin(); begin != meetings_.end();) {
    const auto key = begin->key;
    writers.clear();
    for (; begin != meetings_.end() && begin->key == key; ++begin)
      if (begin->wrote != none)
        writers.push_back(begin->by);
    kinds.assign(writers.size(), Kind::rw);
    read_by(key, none);
    builder.add_all(readers, writers, kinds);
  }
  // Whoever read a version comes before all who wrote a later one.
  for (auto begin = orders_.begin(); begin != orders_.end();) {
    const auto before = begin->before;
    writers.clear();
    kinds.clear();
    for (; begin != orders_.end() && begin->before == before; ++begin) {
      const auto by = write(begin->after).by;
      const auto kind = rw_kind(begin->source, is_fact(begin->source));
      if (writers.empty() || writers.back() != by) {
        writers.push_back(by);
        kinds.push_back(kind);
      } else
        kinds.back() = std::min(kinds.back(), kind); // whatever counts with less assumed counts with more
      // Of what was written, not read, later: a path of wr and order leads there anyway.
      if (is_fact(begin->source))
        builder.add(write(before).by, by, Kind::ww);
      else if (begin->is_seen_later)
        builder.add(write(before).by, by,
                    begin->source == Source::process ? Kind::ww_stale_process : Kind::ww_stale_realtime);
    }
    read_by(write(before).key, before);
    builder.add_all(readers, writers, kinds);
  }
}

std::string RegisterVersions::sentence(const VersionOrder& order) const {
  const auto& history = *transactions_.history;
  const auto before = transactions_.show(write(order.before).value);
  const auto after = transactions_.show(write(order.after).value);
  const auto first = name_of(history, order.first);
  const auto second = name_of(history, order.second);
  if (order.source == Source::follows_read)
    return fmt::format("{} read {} and then wrote {}", first, before, after);
  const auto met = write(order.before).by == order.first ? "wrote" : "read";
  return fmt::format("{} {} {} before {} {} {}, {}", first, met, before, second, order.is_seen_later ? "read" : "wrote",
                     after,
                     order.source == Source::process
                         ? fmt::format("one after the other in process {}", history.operations[order.first].process)
                         : std::string("one after the other in real time"));
}

std::string RegisterVersions::explain(OperationId from, OperationId to, Kind kind) const {
  const auto& history = *transactions_.history;
  const auto a = name_of(history, from);
  const auto b = name_of(history, to);
  if (kind == Kind::wr) {
    for (const auto& step : transactions_.of(to))
      if (const auto* seen = step.is_write ? nullptr : writes_.find(step.key, step.value);
          seen != nullptr && seen->by == from)
        return fmt::format("{} wrote {} to {}, which {} read", a, transactions_.show(step.value),
                           transactions_.show_key(step.key), b);
    return {};
  }
  const bool is_rw = (bit(kind) & rw_kinds) != 0;
  for (const auto& step : transactions_.of(to)) {
    const auto number = step.is_write ? writes_.number(step.key, step.value) : none;
    if (number == none)
      continue;
    const auto key = transactions_.show_key(step.key);
    const auto value = transactions_.show(step.value);
    for (const auto& other : transactions_.of(from)) {
      if (other.key != step.key || other.is_write == is_rw)
        continue;
      if (is_rw && other.value.is_nil() && kind == Kind::rw)
        return fmt::format("{} read {} as nil, before {} wrote {}", a, key, b, value);
      const auto before = writes_.number(other.key, other.value);
      for (auto order = std::lower_bound(orders_.begin(), orders_.end(), VersionOrder{before, number});
           order != orders_.end() && order->before == before && order->after == number; ++order) {
        const auto fact = is_fact(order->source);
        if (is_rw ? rw_kind(order->source, fact) != kind : fact != (kind == Kind::ww))
          continue;
        return fmt::format("{} {} {} as {}, which {} overwrote with {} ({})", a, is_rw ? "read" : "wrote", key,
                           transactions_.show(other.value), b, value, sentence(*order));
      }
    }
  }
  return {};
}

} // namespace holdfast::consistency::isolation
