// A few short texts by name, in one allocation: a history of a large run holds millions of them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace holdfast::history {

/// Kept and iterated in the order of the names. Views that it gives out are valid until it is changed.
class Values {
public:
  using Pair = std::pair<std::string_view, std::string_view>;

  class Iterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Pair;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Pair;

    explicit Iterator(std::string_view rest) : rest_(rest) {}
    [[nodiscard]] Pair operator*() const;
    Iterator& operator++();
    [[nodiscard]] bool operator==(const Iterator& other) const { return rest_.size() == other.rest_.size(); }

  private:
    std::string_view rest_;
  };

  Values() = default;
  Values(std::initializer_list<Pair> pairs);

  /// Replaces what had the name.
  void set(std::string_view name, std::string_view value);
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] bool empty() const { return text_.empty(); }
  /// They are wanted soon.
  void prefetch() const { __builtin_prefetch(text_.data()); }
  [[nodiscard]] Iterator begin() const { return Iterator(text_); }
  [[nodiscard]] Iterator end() const { return Iterator({}); }
  bool operator==(const Values&) const = default;

private:
  std::string text_; ///< of each pair two sizes of four bytes, the name, the value
};

} // namespace holdfast::history
