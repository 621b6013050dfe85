// Values as histories hold them: nil, booleans, integers, texts, keywords, lists and maps, eight bytes each.
#pragma once

#include "harness/consistency/large_pages.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::consistency {

/// One value. Of one `Values`, two that are no lists and no maps are equal exactly when their bits are. A keyword
/// (`:append`) is not the text "append"; what names something accepts both (`Values::is_name`).
class Value {
public:
  enum class Kind : std::uint8_t { nil, boolean, integer, text, keyword, list, map };

  constexpr Value() = default;

  [[nodiscard]] constexpr Kind kind() const { return static_cast<Kind>(bits_ & kind_mask); }
  [[nodiscard]] constexpr bool is_nil() const { return kind() == Kind::nil; }
  [[nodiscard]] constexpr bool is_integer() const { return kind() == Kind::integer; }
  [[nodiscard]] constexpr bool is_list() const { return kind() == Kind::list; }
  [[nodiscard]] constexpr bool is_map() const { return kind() == Kind::map; }
  /// Of an integer.
  [[nodiscard]] constexpr std::int64_t integer() const { return static_cast<std::int64_t>(bits_) >> kind_bits; }
  /// For hashing, and as a key where no lists and maps occur.
  [[nodiscard]] constexpr std::uint64_t bits() const { return bits_; }

  constexpr bool operator==(const Value&) const = default;

private:
  friend class Values;
  static constexpr int kind_bits = 3;
  static constexpr std::uint64_t kind_mask = (1U << kind_bits) - 1;
  constexpr Value(Kind kind, std::int64_t content)
      : bits_(static_cast<std::uint64_t>(content) << kind_bits | static_cast<std::uint64_t>(kind)) {}
  std::uint64_t bits_ = 0;
};

/// Owns what does not fit into eight bytes. Values of one must not be asked of another. Not for several threads while
/// somebody adds. Move-only: values point into it.
class Values {
public:
  Values() = default;
  Values(Values&&) = default;
  Values& operator=(Values&&) = default;

  /// Room for so many elements of lists and maps: saves copying when many are known to come.
  void reserve(std::size_t elements) { items_.reserve(elements); }

  static constexpr std::int64_t largest_integer = (std::int64_t{1} << 60) - 1;

  [[nodiscard]] static constexpr Value boolean(bool is) { return {Value::Kind::boolean, is ? 1 : 0}; }
  /// From -largest_integer to largest_integer; what is beyond is to be kept as text.
  [[nodiscard]] static constexpr Value integer(std::int64_t number) { return {Value::Kind::integer, number}; }
  /// The same text gives the same value.
  Value text(std::string_view text) { return {Value::Kind::text, intern(text)}; }
  Value keyword(std::string_view name) { return {Value::Kind::keyword, intern(name)}; } ///< without the colon
  Value list(std::span<const Value> elements) { return {Value::Kind::list, store(elements)}; }
  /// Keys and values by turns.
  Value map(std::span<const Value> entries) { return {Value::Kind::map, store(entries)}; }

  /// Of a text or a keyword (without its colon).
  [[nodiscard]] std::string_view view(Value value) const {
    const auto& text = texts_[content(value)];
    return {text.letters, text.size};
  }
  /// The elements of a list, the keys and values by turns of a map; empty for anything else. Valid until something is
  /// added.
  [[nodiscard]] std::span<const Value> elements(Value value) const;
  /// What a map holds under a key that is a keyword or a text of that name; nil when it does not.
  [[nodiscard]] Value at(Value map, std::string_view name) const;
  /// A text or keyword of these letters.
  [[nodiscard]] bool is_name(Value value, std::string_view name) const;
  [[nodiscard]] bool equal(Value a, Value b) const;
  [[nodiscard]] std::uint64_t hash(Value value) const;
  /// As EDN writes it.
  [[nodiscard]] std::string show(Value value) const;

  /// What it holds in memory, about.
  [[nodiscard]] std::size_t bytes() const {
    return texts_.size() * sizeof(Text) + table_.size() * sizeof(std::uint32_t) + items_.size() * sizeof(Value) +
           block_bytes_;
  }

private:
  [[nodiscard]] static std::size_t content(Value value) { return value.bits() >> Value::kind_bits; }
  std::int64_t intern(std::string_view text);
  std::int64_t store(std::span<const Value> elements);

  /// A text and its hash, which also holds the places of `table_` apart.
  struct Text {
    const char* letters = nullptr; ///< in `blocks_`, where they stay
    std::uint32_t size = 0;
    std::uint32_t hash = 0;
  };
  const char* keep(std::string_view text);
  void grow();

  LargeVector<Text> texts_;
  /// Open addressing, a power of two: the text's place in `texts_` plus one, or 0.
  LargeVector<std::uint32_t> table_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_left_ = 0;
  std::size_t block_bytes_ = 0; ///< of all blocks
  char* block_end_ = nullptr;
  LargeVector<Value> items_; ///< of each list or map: how many, as an integer, then they
};

} // namespace holdfast::consistency
