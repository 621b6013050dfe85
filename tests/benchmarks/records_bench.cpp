// How the engines of durability, exactly-once and session guarantees grow with the history:   records-bench [LARGEST]
//
// Users who add records to lists of their own and read them throughout, dense numbers as the engines take them. Prints
// the processor time and peak memory for 10^4 operations to the largest, and the exponent of the growth fitted to them.
#include "harness/consistency/durability.hpp"
#include "harness/consistency/exactly_once.hpp"
#include "harness/consistency/session_guarantees.hpp"

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fmt/format.h>
#include <functional>
#include <sys/resource.h>
#include <tuple>

using namespace holdfast::consistency;

namespace {

constexpr std::uint32_t adds_a_user = 80; ///< and 20 reads, of 41 records on average

/// As many operations as asked for. Every thousandth record is lost from a read and seen again later.
Sightings generate(std::size_t operations) {
  Sightings all;
  const auto users = static_cast<std::uint32_t>(std::max<std::size_t>(1, operations / (adds_a_user + 20)));
  std::vector<std::vector<RecordId>> lists(users);
  Position position = 0;
  for (std::uint32_t round = 0; round < adds_a_user; ++round)
    for (std::uint32_t user = 0; user < users; ++user) {
      lists[user].push_back(static_cast<RecordId>(all.records.size()));
      all.records.push_back({.submitted = position, .acknowledged = position + 1, .owner = user, .session = user});
      position += 2;
      if (round % 4 != 3)
        continue;
      all.begin_read({.invoked = position, .completed = position + 1, .collection = user, .session = user});
      position += 2;
      for (const auto record : lists[user])
        if (record % 1000 != 999 || round % 16 != 7)
          all.show(record);
    }
  return all;
}

struct Engine {
  const char* name;
  std::function<std::size_t(const Sightings&)> judge; ///< how many cases it found
};

const std::vector<Engine> engines = {
    {"exactly-once", [](const Sightings& all) { return find_intruders(all).size(); }},
    {"order", [](const Sightings& all) { return find_inversions(all, ListOrder::oldest_first).size(); }},
    {"durability",
     [](const Sightings& all) {
       const Lanes lanes(all, Lanes::By::collection);
       return find_absences(all, lanes, Holders(all, lanes)).absences.size();
     }},
    {"session guarantees",
     [](const Sightings& all) {
       const Lanes lanes(all, Lanes::By::collection_and_session);
       const Holders holders(all, lanes);
       std::size_t cases = 0;
       Budget budget({std::chrono::hours(1), std::size_t{1} << 40});
       for (const auto guarantee : {Guarantee::read_your_writes, Guarantee::monotonic_reads,
                                    Guarantee::monotonic_writes, Guarantee::writes_follow_reads})
         cases += find_breaches(all, lanes, holders, guarantee, budget).size();
       return cases;
     }},
};

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// The slope of a line through the logarithms.
double exponent(const std::vector<std::pair<double, double>>& points) {
  double x = 0, y = 0, xx = 0, xy = 0;
  for (const auto& [size, seconds] : points) {
    x += std::log(size), y += std::log(seconds);
    xx += std::log(size) * std::log(size), xy += std::log(size) * std::log(seconds);
  }
  const auto n = static_cast<double>(points.size());
  return (n * xy - x * y) / (n * xx - x * x);
}

} // namespace

int main(int argc, char** argv) {
  const std::size_t largest = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000;
  std::vector<std::vector<std::pair<double, double>>> points(engines.size() + 1);
  fmt::print("{:<20} {:>12} {:>12} {:>9} {:>9} {:>9}\n", "engine", "operations", "sightings", "cases", "seconds",
             "peak MB");
  for (std::size_t size = 10'000; size <= largest; size *= 10) {
    const auto sightings = generate(size);
    double sum = 0;
    for (std::size_t i = 0; i < engines.size(); ++i) {
      const auto begin = std::clock();
      const auto cases = engines[i].judge(sightings);
      const auto seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
      sum += seconds;
      points[i].emplace_back(size, seconds);
      fmt::print("{:<20} {:>12} {:>12} {:>9} {:>9.4f} {:>9.0f}\n", engines[i].name, size, sightings.elements.size(),
                 cases, seconds, peak_megabytes());
    }
    points.back().emplace_back(size, sum);
    fmt::print("{:<20} {:>12} {:>12} {:>9} {:>9.4f} {:>9.0f}\n", "all", size, sightings.elements.size(), "", sum,
               peak_megabytes());
  }
  for (std::size_t i = 0; i <= engines.size(); ++i)
    fmt::print("{:<20} grows with the power {:.2f} of the operations\n", i < engines.size() ? engines[i].name : "all",
               exponent(points[i]));
}
