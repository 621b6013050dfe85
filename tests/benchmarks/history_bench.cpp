// How fast histories are read, in megabytes a second of processor time:   history-bench [MEGABYTES]
#include "harness/history/reader.hpp"
#include "harness/history/recorder.hpp"
#include "harness/jepsen/reader.hpp"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fmt/format.h>
#include <functional>

using namespace holdfast;

namespace {

struct Shape {
  std::string name;
  /// The value of the nth operation, as EDN and as JSON; the same for its invocation and completion.
  std::function<std::string(std::uint64_t n, bool is_json, bool is_ok)> value;
  std::string f;
};

std::string event(const Shape& shape, bool is_json, bool is_ok, std::uint64_t operation, std::uint64_t index) {
  const auto value = shape.value(operation, is_json, is_ok);
  const auto time = 10'000'000'000 + index * 1'234;
  return is_json ? fmt::format(R"({{"type":"{}","f":"{}","value":{},"process":{},"time":{},"index":{}}})",
                               is_ok ? "ok" : "invoke", shape.f, value, operation % 50, time, index)
                 : fmt::format("{{:type :{}, :f :{}, :value {}, :process {}, :time {}, :index {}}}",
                               is_ok ? "ok" : "invoke", shape.f, value, operation % 50, time, index);
}

/// Fifty processes at work at the same time.
std::string generate(const Shape& shape, bool is_json, std::size_t bytes) {
  std::string text;
  text.reserve(bytes + 65536);
  std::uint64_t index = 0;
  for (std::uint64_t first = 0; text.size() < bytes; first += 50)
    for (const bool is_ok : {false, true})
      for (std::uint64_t i = first; i < first + 50; ++i)
        text += event(shape, is_json, is_ok, i, index++) + '\n';
  return text;
}

void measure(const Shape& shape, bool is_json, std::size_t bytes) {
  const auto text = generate(shape, is_json, bytes);
  const auto begin = std::clock();
  const auto read = jepsen::read(text, "generated");
  const auto seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  if (const auto* error = std::get_if<jepsen::ReadError>(&read)) {
    fmt::print(stderr, "{}\n", jepsen::describe(*error));
    std::exit(1);
  }
  const auto operations = std::get<consistency::History>(read).operations.size();
  fmt::print("{:<12} {:<5} {:6.0f} MB {:9} operations {:6.2f} s {:6.0f} MB/s\n", shape.name, is_json ? "JSON" : "EDN",
             static_cast<double>(text.size()) / 1e6, operations, seconds,
             static_cast<double>(text.size()) / 1e6 / seconds);
}

std::string transaction(std::uint64_t n, bool is_json, bool is_ok) {
  const char gap = is_json ? ',' : ' ';
  const auto read = is_ok     ? fmt::format("[{}{}{}{}{}]", n - n % 7, gap, n - n % 3, gap, n)
                    : is_json ? std::string("null")
                              : std::string("nil");
  return is_json
             ? fmt::format(R"([["append",{},{}],["r",{},{}],["append",{},{}]])", n % 100, n, n % 77, read, n % 13, n)
             : fmt::format("[[:append {} {}] [:r {} {}] [:append {} {}]]", n % 100, n, n % 77, read, n % 13, n);
}

std::string number(std::uint64_t n, bool, bool) {
  return fmt::format("{}", n);
}

/// No text occurs twice but in its invocation and completion.
std::string text(std::uint64_t n, bool, bool) {
  return fmt::format("\"order-{:x}\"", n * 0x9e3779b97f4a7c15ULL);
}

/// What a run records: users buy, and now and then read what they have bought.
void record(const std::filesystem::path& folder, std::size_t bytes) {
  history::Time now{};
  history::Recorder recorder(folder, [&now] { return now += std::chrono::microseconds(137); });
  std::vector<history::EntryList> bought(500);
  for (std::uint64_t n = 0; n % 64 != 0 || std::filesystem::file_size(folder / "history.jsonl") < bytes; ++n) {
    const auto user = n % bought.size();
    const bool is_read = n / bought.size() % 10 == 9;
    history::Operation one{.id = fmt::format("20230510-{:x}", n),
                           .process = user,
                           .user = fmt::format("user-{:06}", user),
                           .name = is_read ? "orders" : "buy",
                           .host = static_cast<int>(user % 5 + 1),
                           .instance = fmt::format("orders@{}", user % 5 + 1)};
    if (!is_read)
      one.values = {{"amount", "1250"}, {"item", "tea"}};
    recorder.invoke(one);
    one.outcome = history::Outcome::ok;
    one.answered = true;
    one.status = 200;
    one.attempts.push_back({.instance = one.instance, .outcome = one.outcome, .answered = true, .status = one.status});
    if (is_read)
      one.list = bought[user];
    else
      bought[user].push_back({one.id, 1250, "tea", {}, {}});
    recorder.complete(one);
  }
}

void measure_recorded(std::size_t bytes) {
  auto folder = (std::filesystem::temp_directory_path() / "history-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr)
    throw std::runtime_error("no folder can be made beside " + folder);
  record(folder, bytes);
  const auto size = static_cast<double>(std::filesystem::file_size(folder + "/history.jsonl")) / 1e6;
  const auto begin = std::clock();
  const auto read = history::read_history(folder);
  const auto seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::filesystem::remove_all(folder);
  if (const auto* error = std::get_if<history::ReadError>(&read))
    throw std::runtime_error(history::describe(*error));
  fmt::print("{:<12} {:<5} {:6.0f} MB {:9} operations {:6.2f} s {:6.0f} MB/s\n", "of a run", "JSON", size,
             std::get<history::History>(read).operations.size(), seconds, size / seconds);
}

} // namespace

int main(int argc, char** argv) {
  const auto bytes = (argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 200) * 1'000'000;
  const Shape shapes[] = {{"register", number, "write"}, {"list-append", transaction, "txn"}, {"texts", text, "add"}};
  for (const auto& shape : shapes)
    for (const bool is_json : {false, true})
      measure(shape, is_json, bytes);
  measure_recorded(bytes);
}
