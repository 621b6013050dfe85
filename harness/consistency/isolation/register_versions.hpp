// What the reads and writes of registers say about the order of their versions.
//
// A read of a register shows one version and nothing of the order (Kingsbury & Alvaro, "Elle", VLDB 2020, section 5).
// It is inferred, each time only as far as it is sound:
//   nil first            The initial version comes before all others (Adya 1999, section 3.1). Always true.
//   writes follow reads  Who read v and wrote w: v comes before w. Were w before v, its writer would come before the
//                        writer of v (ww), which comes before it (wr): G1c. Only anti-dependencies are drawn from it,
//                        and those only matter to levels without G1c, so it holds wherever it counts.
//   one process          What a process met earlier comes before what it meets later. Were it the other way round,
//                        there would be a G-single-process at least. So what is drawn from it counts as -process.
//   real time            Likewise: G-single-realtime, so it counts as -realtime. This is what strict serializability
//                        makes of single keys; nothing is assumed for models that may read the past.
// Who knows that each key by itself is linearizable (or sequential, or that writes follow reads at every level) can
// declare it; then the order is taken for a fact.
#pragma once

#include "harness/consistency/isolation/graph.hpp"
#include "harness/consistency/isolation/transactions.hpp"
#include "harness/consistency/result.hpp"

#include <compare>

namespace holdfast::consistency::isolation {

/// Where an order of two versions comes from.
enum class Source : std::uint8_t { follows_read, process, realtime };

/// The version that one write made comes before that of another, of the same key.
struct VersionOrder {
  std::uint32_t before = 0; ///< numbers of writes
  std::uint32_t after = 0;
  Source source = Source::follows_read;
  bool is_seen_later = false; ///< the later one was read, not written, by `second`
  OperationId first = 0;      ///< who met the earlier one
  OperationId second = 0;     ///< who met the later one afterwards
  auto operator<=>(const VersionOrder&) const = default;
};

/// The first thing that an acknowledged transaction did to a key was to read it.
struct RegisterRead {
  std::uint32_t key = 0;
  std::uint32_t write = none; ///< the number of the write that it saw; `none`: nil
  OperationId by = 0;
  auto operator<=>(const RegisterRead&) const = default;
};

struct Declared {
  bool linearizable_keys = false;
  bool sequential_keys = false;
  bool writes_follow_reads = false;
};

class RegisterVersions {
public:
  RegisterVersions(const Transactions& transactions, const Writes& writes, const Declared& declared);

  void find_anomalies(Result& result) const;
  void add_dependencies(GraphBuilder& builder) const;
  [[nodiscard]] std::string explain(OperationId from, OperationId to, Kind kind) const;

private:
  /// What a transaction did to a key, seen from outside.
  struct Meeting {
    std::uint32_t key = 0;
    OperationId by = 0;
    std::uint32_t read = none;  ///< the write that it saw
    std::uint32_t wrote = none; ///< its own last write
    bool has_read = false;
    bool is_clear = true; ///< what it read has one writer that may have been seen
  };
  void meet(OperationId by);
  void order_by_process();
  void order_by_time();
  void add_order(const Meeting& first, const Meeting& second, Source source);
  [[nodiscard]] bool is_fact(Source source) const;
  [[nodiscard]] const Write& write(std::uint32_t number) const { return writes_.all()[number]; }
  [[nodiscard]] std::string sentence(const VersionOrder& order) const;
  void find_cyclic_versions(Result& result) const;

  const Transactions& transactions_;
  const Writes& writes_;
  Declared declared_;
  std::vector<Meeting> meetings_;    ///< by key, then by transaction
  std::vector<RegisterRead> reads_;  ///< sorted
  std::vector<VersionOrder> orders_; ///< sorted
};

} // namespace holdfast::consistency::isolation
