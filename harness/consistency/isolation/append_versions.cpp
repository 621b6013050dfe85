#include "harness/consistency/isolation/append_versions.hpp"

#include <algorithm>
#include <cstring>

namespace holdfast::consistency::isolation {

namespace {

/// How many of the first elements two lists have in common.
std::uint32_t common(std::span<const Value> a, std::span<const Value> b) {
  const auto count = std::min(a.size(), b.size());
  // Nearly always one is a prefix of the other.
  if (count == 0 || std::memcmp(a.data(), b.data(), count * sizeof(Value)) == 0)
    return static_cast<std::uint32_t>(count);
  return static_cast<std::uint32_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(count), b.begin()).first - a.begin());
}

} // namespace

/// In this order: the longest read of a key gives the order, the other reads say how far it can be trusted, its
/// elements give each version a writer, and then every read gets its version.
AppendVersions::AppendVersions(const Transactions& transactions, const Writes& writes)
    : transactions_(transactions), writes_(writes), keys_(transactions.keys.size()),
      version_of_write_(writes.all().size(), none) {
  reads_.reserve(transactions.reads);
  for (OperationId id = 0; id < transactions.count(); ++id)
    if (transactions.outcome(id) == Outcome::ok)
      for (auto step = transactions.first[id]; step < transactions.first[id + 1]; ++step)
        if (!transactions.steps[step].is_write)
          reads_.push_back({id, step, none});
  find_longest();
  find_trusted();
  number_versions();
  read_versions();
}

void AppendVersions::find_longest() {
  const auto& values = transactions_.history->values;
  std::vector<std::size_t> length(keys_.size(), 0);
  for (const auto& read : reads_) {
    const auto& step = transactions_.steps[read.step];
    const auto size = values.elements(step.value).size();
    if (size > length[step.key]) {
      length[step.key] = size;
      keys_[step.key].longest = step.value;
      keys_[step.key].reader = read.by;
    }
  }
}

/// How far the order of the longest read of a key can be trusted: to where the first read departs from it.
void AppendVersions::find_trusted() {
  const auto& values = transactions_.history->values;
  for (auto& key : keys_)
    key.trusted = static_cast<std::uint32_t>(values.elements(key.longest).size());
  for (const auto& read : reads_) {
    const auto& step = transactions_.steps[read.step];
    auto& key = keys_[step.key];
    const auto seen = values.elements(step.value);
    if (const auto same = common(seen, values.elements(key.longest)); same < seen.size()) {
      // Two timelines: what they have in common is the order in both. Beyond it nothing is known: a transaction of
      // unknown outcome may have been read before it was undone, which read-uncommitted allows.
      key.trusted = std::min(key.trusted, same);
      key.is_compatible = false;
    }
  }
}

/// An element that comes a second time ends what can be trusted: from there on a version has no one writer.
void AppendVersions::number_versions() {
  std::uint32_t total = 0;
  for (std::uint32_t number = 0; number < keys_.size(); ++number) {
    auto& key = keys_[number];
    key.first = total;
    const auto seen = elements(number);
    writers_.push_back(none);
    for (std::uint32_t version = 1; version <= key.trusted; ++version) {
      const auto write = writes_.number(number, seen[version - 1]);
      if (write != none && version_of_write_[write] != none) {
        key.trusted = version - 1; // the same element again
        key.is_compatible = false;
        break;
      }
      auto by = none;
      if (write != none) {
        version_of_write_[write] = version;
        const auto& one = writes_.all()[write];
        if (!one.has_failed && !one.is_doubled)
          by = one.by;
      }
      writers_.push_back(by);
    }
    total = static_cast<std::uint32_t>(writers_.size());
  }
}

void AppendVersions::read_versions() {
  const auto& values = transactions_.history->values;
  for (auto& read : reads_) {
    const auto& step = transactions_.steps[read.step];
    const auto& key = keys_[step.key];
    const auto seen = values.elements(step.value);
    const auto size = static_cast<std::uint32_t>(seen.size());
    if (size <= key.trusted)
      read.version = size; // trusted versions are common to all reads that are as long
  }
}

} // namespace holdfast::consistency::isolation
