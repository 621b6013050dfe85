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
  /// where they are named: they would be found in everything.
  void learn(std::string_view value);

  /// A configuration key, field, header or variable whose value is a secret: by what such names hold ("password",
  /// "token", …), or as the stack declares.
  [[nodiscard]] bool is_secret_name(std::string_view name) const;

  /// What stands for a secret.
  [[nodiscard]] std::string mark(std::string_view secret) const;

  /// Any text with its secrets as marks: values of secret names in assignments, JSON and query strings, headers that
  /// carry credentials, passwords in URLs and in SQL, the arguments of Redis' AUTH, private keys in PEM, and what was
  /// learnt. Linear in the size of the text.
  [[nodiscard]] std::string mask(std::string_view text) const;

private:
  [[nodiscard]] std::string mask_learnt(std::string text) const;

  Policy policy_;
  std::vector<std::string> names_; ///< declared, in lower case
  std::array<unsigned char, 32> key_{};
  /// Learnt values are looked for by their last bytes: values of one make often begin alike.
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> lengths_;
  std::unordered_set<std::string> learnt_;
};

} // namespace holdfast::history
