// Sessions are processes. Dense numbers for them, and for what one of them has to do with one key.
#pragma once

#include "harness/consistency/isolation/flat_index.hpp"
#include "harness/consistency/isolation/transactions.hpp"

namespace holdfast::consistency::isolation {

class Sessions {
public:
  explicit Sessions(const Transactions& transactions);

  [[nodiscard]] std::uint32_t of(OperationId id) const { return of_[id]; }
  [[nodiscard]] std::uint32_t count() const { return count_; }
  /// A dense number for a session and a key that one of its transactions names; `none` where none does.
  [[nodiscard]] std::uint32_t place(std::uint32_t key, std::uint32_t session) const {
    return places_.find(key, session);
  }
  [[nodiscard]] std::size_t places() const { return places_.used(); }

private:
  std::vector<std::uint32_t> of_;
  std::uint32_t count_ = 0;
  FlatIndex places_;
};

} // namespace holdfast::consistency::isolation
