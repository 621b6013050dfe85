// What must not reach a bundle or a report: passwords, tokens and the like. One object a run decides, for every file
// that is written.
//
// A secret becomes a mark: `***` and eight hex digits of an HMAC under a key of this object that nobody keeps. Equal
// secrets have equal marks, so that what is compared stays comparable, and nobody who reads a mark can guess its secret
// by trying. What looks like a secret is found by its name; what a service gave out, and was told of with `learn`, by
// itself.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace holdfast::history {

class Secrets {
public:
  enum class Policy {
    mask,
    keep ///< for those who need the values: nothing is changed
  };
  explicit Secrets(Policy policy = Policy::mask, std::vector<std::string> names = {});

  /// A value that a service gave out, wherever it stands from now on. Values of fewer than eight bytes are only masked
  /// where they are named: they would be found in everything. Of values without end the oldest are forgotten.
  void learn(std::string_view value);
  [[nodiscard]] bool has_learnt() const { return !order_.empty(); }

  /// A configuration key, field, header or variable whose value is a secret: by what such names hold ("password",
  /// "token", …), or as the stack declares.
  [[nodiscard]] bool is_secret_name(std::string_view name) const;

  /// What stands for a secret.
  [[nodiscard]] std::string mark(std::string_view secret) const;

  /// Any text with its secrets as marks: values of secret names in assignments, JSON and query strings, headers that
  /// carry credentials, passwords in URLs and in SQL, the arguments of Redis' AUTH, private keys in PEM, and what was
  /// learnt. Linear in the size of the text: one in which learnt values are looked for in vain again and again is
  /// masked as a whole.
  [[nodiscard]] std::string mask(std::string_view text) const;
  /// Only what was learnt.
  [[nodiscard]] std::string mask_learnt(std::string text) const;

private:
  void forget_oldest();

  Policy policy_;
  std::vector<std::string> names_; ///< declared, in lower case
  std::array<unsigned char, 32> key_{};
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_set<std::string, Hash, std::equal_to<>> learnt_;
  /// For each ending of eight bytes how many learnt values have it, by their lengths, the longest first. Values are
  /// looked for by their last bytes and not their first, since those of one service often begin alike.
  std::unordered_map<std::uint64_t, std::map<std::size_t, std::size_t, std::greater<>>> lengths_;
  std::deque<const std::string*> order_; ///< of `learnt_`, the oldest first
  std::size_t bytes_ = 0;                ///< of all learnt values
};

} // namespace holdfast::history
