#include "harness/consistency/values.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace holdfast::consistency {

namespace {

/// The finisher of MurmurHash3: every bit of the input moves every bit of the result.
constexpr std::uint64_t mix(std::uint64_t bits) {
  bits = (bits ^ bits >> 33) * 0xff51afd7ed558ccdULL;
  bits = (bits ^ bits >> 33) * 0xc4ceb9fe1a85ec53ULL;
  return bits ^ bits >> 33;
}

/// Of eight letters at a time: most texts of histories are shorter than that.
std::uint32_t hash_of(std::string_view text) {
  std::uint64_t sum = text.size();
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    sum = mix(sum ^ word);
  }
  std::uint64_t word = 0;
  if (left != 0)
    std::memcpy(&word, at, left);
  return static_cast<std::uint32_t>(mix(sum ^ word));
}

constexpr std::size_t block_size = std::size_t{1} << 16;

} // namespace

/// Copies letters into a block. Blocks never move or grow, so views of texts stay good while more are added.
const char* Values::keep(std::string_view text) {
  if (text.empty())
    return "";
  if (text.size() > block_left_) {
    const auto size = std::max(block_size, text.size());
    blocks_.push_back(std::make_unique<char[]>(size));
    block_left_ = size;
    block_bytes_ += size;
    block_end_ = blocks_.back().get() + size;
  }
  char* letters = block_end_ - block_left_;
  std::memcpy(letters, text.data(), text.size());
  block_left_ -= text.size();
  return letters;
}

/// Doubles the table. The hashes are kept with the texts: no letter is looked at again.
void Values::grow() {
  table_.assign(std::max<std::size_t>(64, table_.size() * 2), 0);
  const auto mask = table_.size() - 1;
  for (std::uint32_t i = 0; i < texts_.size(); ++i) {
    auto place = texts_[i].hash & mask;
    while (table_[place] != 0)
      place = (place + 1) & mask;
    table_[place] = i + 1;
  }
}

std::int64_t Values::intern(std::string_view text) {
  if ((texts_.size() + 1) * 2 > table_.size())
    grow();
  const auto hash = hash_of(text);
  const auto mask = table_.size() - 1;
  auto place = hash & mask;
  for (; table_[place] != 0; place = (place + 1) & mask)
    if (const auto& known = texts_[table_[place] - 1];
        known.hash == hash && std::string_view(known.letters, known.size) == text)
      return table_[place] - 1;
  if (texts_.size() >= UINT32_MAX - 1 || text.size() >= UINT32_MAX)
    throw std::length_error("more than four billion texts, or letters in one");
  texts_.push_back({keep(text), static_cast<std::uint32_t>(text.size()), hash});
  table_[place] = static_cast<std::uint32_t>(texts_.size());
  return static_cast<std::int64_t>(texts_.size()) - 1;
}

/// Lists and maps are not interned as texts are: two equal ones have different bits, and `equal` compares what they
/// hold.
std::int64_t Values::store(std::span<const Value> elements) {
  const auto place = items_.size();
  items_.push_back(integer(static_cast<std::int64_t>(elements.size())));
  items_.insert(items_.end(), elements.begin(), elements.end());
  return static_cast<std::int64_t>(place);
}

std::span<const Value> Values::elements(Value value) const {
  if (!value.is_list() && !value.is_map())
    return {};
  const auto place = content(value);
  return std::span(items_).subspan(place + 1, static_cast<std::size_t>(items_[place].integer()));
}

Value Values::at(Value map, std::string_view name) const {
  if (!map.is_map())
    return {};
  const auto entries = elements(map);
  for (std::size_t i = 0; i + 1 < entries.size(); i += 2)
    if (is_name(entries[i], name))
      return entries[i + 1];
  return {};
}

bool Values::is_name(Value value, std::string_view name) const {
  return (value.kind() == Value::Kind::keyword || value.kind() == Value::Kind::text) && view(value) == name;
}

bool Values::equal(Value a, Value b) const {
  if (a == b)
    return true;
  if (a.kind() != b.kind() || (!a.is_list() && !a.is_map()))
    return false;
  const auto left = elements(a);
  const auto right = elements(b);
  if (left.size() != right.size())
    return false;
  if (a.is_list())
    return std::equal(left.begin(), left.end(), right.begin(), [&](Value x, Value y) { return equal(x, y); });
  for (std::size_t i = 0; i + 1 < left.size(); i += 2) { // maps have no order
    bool found = false;
    for (std::size_t j = 0; j + 1 < right.size() && !found; j += 2)
      found = equal(left[i], right[j]) && equal(left[i + 1], right[j + 1]);
    if (!found)
      return false;
  }
  return true;
}

std::uint64_t Values::hash(Value value) const {
  if (!value.is_list() && !value.is_map())
    return mix(value.bits());
  const auto all = elements(value);
  std::uint64_t sum = mix(static_cast<std::uint64_t>(value.kind()) + all.size() * 8);
  if (value.is_list())
    for (const auto element : all)
      sum = mix(sum + hash(element));
  else
    for (std::size_t i = 0; i + 1 < all.size(); i += 2)
      // Added up, so that the order of the entries does not matter, as it does not for `equal`.
      sum += mix(hash(all[i]) + mix(hash(all[i + 1])));
  return sum;
}

std::string Values::show(Value value) const {
  switch (value.kind()) {
  case Value::Kind::nil:
    return "nil";
  case Value::Kind::boolean:
    return value.integer() != 0 ? "true" : "false";
  case Value::Kind::integer:
    return std::to_string(value.integer());
  case Value::Kind::keyword:
    return ":" + std::string(view(value));
  case Value::Kind::text: {
    std::string shown = "\"";
    for (const char letter : view(value)) {
      if (letter == '"' || letter == '\\')
        shown += '\\';
      shown += letter;
    }
    return shown + '"';
  }
  case Value::Kind::list:
  case Value::Kind::map: {
    std::string shown = value.is_list() ? "[" : "{";
    for (const auto element : elements(value))
      shown += (shown.size() > 1 ? " " : "") + show(element);
    return shown + (value.is_list() ? "]" : "}");
  }
  }
  return {};
}

} // namespace holdfast::consistency
