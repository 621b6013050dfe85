// What the reads of lists say about the order of appends.
//
// Every read of a list shows the whole order of the appends before it (Kingsbury & Alvaro, "Elle", VLDB 2020, section
// 4.2: traceability), so the longest read of a key has the order of all appends that anybody saw.
#pragma once

#include "harness/consistency/budget.hpp"
#include "harness/consistency/isolation/graph.hpp"
#include "harness/consistency/isolation/transactions.hpp"
#include "harness/consistency/result.hpp"

namespace holdfast::consistency::isolation {

/// The versions of one key: 0 is the empty list, n the list after its nth append.
struct AppendKey {
  Value longest;             ///< what the longest read saw; nil: no read saw anything
  OperationId reader = 0;    ///< whose read that was
  std::uint32_t trusted = 0; ///< versions up to here are the same in every read that is as long
  std::uint32_t first = 0;   ///< of its versions among those of all keys
  bool is_compatible = true; ///< all reads are prefixes of the longest
};

struct AppendRead {
  OperationId by = 0;
  std::uint32_t step = 0;       ///< among `Transactions::steps`
  std::uint32_t version = none; ///< `none` when it is not a trusted one
};

/// Points into the transactions and writes that it was made of.
class AppendVersions {
public:
  AppendVersions(const Transactions& transactions, const Writes& writes);

  /// Adds what is wrong with single transactions, reads and keys.
  void find_anomalies(Result& result) const;
  /// Adds what breaks these guarantees to sessions (anomalies are called as they are). Linear in the lists that were
  /// read, times the keys that a transaction reads. Returns why nothing more can be excluded; empty when it can.
  [[nodiscard]] std::string find_breaches(std::span<const std::string_view> guarantees, Result& result,
                                          Budget& budget) const;
  /// Adds the dependencies that the orders show.
  void add_dependencies(GraphBuilder& builder) const;
  [[nodiscard]] std::string explain(OperationId from, OperationId to, Kind kind) const;

  [[nodiscard]] const std::vector<AppendKey>& keys() const { return keys_; }
  [[nodiscard]] const std::vector<AppendRead>& reads() const { return reads_; }
  [[nodiscard]] std::span<const Value> elements(std::uint32_t key) const {
    return transactions_.history->values.elements(keys_[key].longest);
  }
  [[nodiscard]] const Transactions& transactions() const { return transactions_; }
  [[nodiscard]] const Writes& writes() const { return writes_; }
  /// Who appended the element that made a version; `none` where that cannot be told, or certainly failed.
  [[nodiscard]] std::uint32_t writer(std::uint32_t key, std::uint32_t version) const {
    return writers_[keys_[key].first + version];
  }
  /// The version that an append made, or `none` where no trusted read saw it.
  [[nodiscard]] std::uint32_t version_of(std::uint32_t write) const { return version_of_write_[write]; }

private:
  void find_longest();
  void find_trusted();
  void number_versions();
  void read_versions();

  const Transactions& transactions_;
  const Writes& writes_;
  std::vector<AppendKey> keys_;
  std::vector<AppendRead> reads_; ///< of acknowledged transactions, in the order of steps
  std::vector<std::uint32_t> writers_;
  std::vector<std::uint32_t> version_of_write_;
};

} // namespace holdfast::consistency::isolation
