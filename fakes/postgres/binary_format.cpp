// Values in the binary form that drivers such as libpqxx and node-postgres may ask for, type by type as PostgreSQL's
// send and receive functions write them.
#include "fakes/postgres/decimal.hpp"
#include "fakes/postgres/json.hpp"
#include "fakes/postgres/moment.hpp"
#include "fakes/postgres/value.hpp"
#include "fakes/postgres/wire.hpp"

#include <bit>
#include <cstdlib>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

[[noreturn]] void malformed() {
  fail("22P03", "incorrect binary data format");
}

/// Big-endian numbers from the front of some bytes.
struct Bytes {
  std::string_view rest;
  std::int64_t take(std::size_t size) {
    if (rest.size() < size)
      fail("08P01", "insufficient data left in message");
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < size; ++i)
      bits = bits << 8U | static_cast<unsigned char>(rest[i]);
    rest.remove_prefix(size);
    return size == 2   ? static_cast<std::int16_t>(bits)
           : size == 4 ? static_cast<std::int32_t>(bits)
                       : static_cast<std::int64_t>(bits);
  }
};

/// A number that takes all of a value's bytes.
std::int64_t whole(std::string_view bytes, std::size_t size) {
  if (bytes.size() > size)
    malformed();
  return Bytes{bytes}.take(size);
}

/// Groups of four digits with the weight of the first, as numeric_send writes them.
std::string read_numeric(std::string_view bytes) {
  Bytes in{bytes};
  const auto groups = in.take(2);
  auto weight = in.take(2);
  const auto sign = in.take(2) & 0xFFFF;
  const auto scale = static_cast<int>(in.take(2));
  if (sign != 0 && sign != 0x4000)
    unsupported("NaN and infinity of type numeric");
  Decimal value;
  for (std::int64_t i = 0; i < groups; ++i, --weight) {
    Decimal group{in.take(2), 0};
    if (weight >= 0)
      group.digits *= boost::multiprecision::pow(boost::multiprecision::cpp_int(10000), static_cast<unsigned>(weight));
    else
      group.scale = static_cast<int>(-weight) * 4;
    value = add(value, group);
  }
  value = rounded(value, scale);
  if (sign != 0)
    value.digits = -value.digits;
  return to_text(value);
}

/// The other way. Groups of zeros at both ends are left out; the scale says how many digits behind the point to show.
std::string show_numeric(const std::string& text) {
  const bool negative = text.starts_with('-');
  auto digits = negative ? text.substr(1) : text;
  const auto point = digits.find('.');
  std::string before = digits.substr(0, point), after = point == std::string::npos ? "" : digits.substr(point + 1);
  const auto scale = after.size();
  if (before == "0")
    before.clear();
  before.insert(0, (4 - before.size() % 4) % 4, '0');
  after.append((4 - after.size() % 4) % 4, '0');
  std::vector<int> groups;
  const auto all = before + after;
  for (std::size_t i = 0; i < all.size(); i += 4)
    groups.push_back(std::stoi(all.substr(i, 4)));
  int weight = static_cast<int>(before.size() / 4) - 1;
  while (!groups.empty() && groups.back() == 0)
    groups.pop_back();
  while (!groups.empty() && groups.front() == 0) {
    groups.erase(groups.begin());
    --weight;
  }
  if (groups.empty())
    weight = 0;
  auto bytes = BackendWriter::i16(static_cast<int>(groups.size())) + BackendWriter::i16(weight) +
               BackendWriter::i16(negative && !groups.empty() ? 0x4000 : 0) +
               BackendWriter::i16(static_cast<int>(scale));
  for (const int group : groups)
    bytes += BackendWriter::i16(group);
  return bytes;
}

/// The element type comes from the client and may differ from the parameter's: int4 elements for an int8[] are
/// converted.
std::string read_array(Type type, std::string_view bytes) {
  Bytes in{bytes};
  const auto dimensions = in.take(4);
  (void)in.take(4); // whether there are nulls
  const auto element = static_cast<Type>(in.take(4));
  if (dimensions > 1)
    unsupported("arrays of more than one dimension");
  const auto size = dimensions == 0 ? 0 : in.take(4);
  if (dimensions > 0)
    (void)in.take(4); // the lower bound
  std::string json = "[";
  for (std::int64_t i = 0; i < size; ++i) {
    json += json.size() > 1 ? "," : "";
    const auto length = in.take(4);
    if (length < 0) {
      json += "null";
      continue;
    }
    if (in.rest.size() < static_cast<std::size_t>(length))
      malformed();
    const auto read = read_binary({element}, in.rest.substr(0, static_cast<std::size_t>(length)));
    in.rest.remove_prefix(static_cast<std::size_t>(length));
    const auto value = converted(read, element, {element_of(type)}, Cast::assignment);
    if (const auto* string = std::get_if<std::string>(&value))
      json += quoted_json(*string);
    else
      json += sql_literal(element, value);
  }
  return json + "]";
}

std::string show_array(Type type, const std::string& json) {
  const auto element = element_of(type);
  const auto parsed = parse_json(json);
  const auto items = parsed ? parsed->items : std::vector<Json>{};
  bool nulls = false;
  std::string body;
  for (const auto& item : items) {
    if (item.kind == Json::Kind::null) {
      nulls = true;
      body += BackendWriter::i32(-1);
      continue;
    }
    Value value = item.text;
    if (item.kind != Json::Kind::string && is_real(element))
      value = std::strtod(item.text.c_str(), nullptr);
    else if (item.kind != Json::Kind::string)
      value = static_cast<std::int64_t>(std::strtoll(item.text.c_str(), nullptr, 10));
    const auto shown = show_binary(element, value);
    body += BackendWriter::i32(static_cast<std::int32_t>(shown.size())) + shown;
  }
  auto head = BackendWriter::i32(items.empty() ? 0 : 1) + BackendWriter::i32(nulls ? 1 : 0) +
              BackendWriter::i32(static_cast<std::int32_t>(element));
  if (!items.empty())
    head += BackendWriter::i32(static_cast<std::int32_t>(items.size())) + BackendWriter::i32(1);
  return head + body;
}

} // namespace

Value read_binary(TypeName type, std::string_view bytes) {
  switch (type.type) {
  case Type::boolean:
    if (bytes.size() != 1)
      malformed();
    return std::int64_t{bytes[0] != 0};
  case Type::int2:
    return whole(bytes, 2);
  case Type::int4:
    return whole(bytes, 4);
  case Type::oid:
    return whole(bytes, 4) & 0xFFFFFFFF;
  case Type::date: {
    const auto days = whole(bytes, 4);
    return days == INT32_MAX ? forever : days == INT32_MIN ? always_before : days;
  }
  case Type::int8:
  case Type::time:
  case Type::timestamp:
  case Type::timestamptz:
    return whole(bytes, 8);
  case Type::float4:
    return static_cast<double>(std::bit_cast<float>(static_cast<std::int32_t>(whole(bytes, 4))));
  case Type::float8:
    return std::bit_cast<double>(whole(bytes, 8));
  case Type::numeric:
    return read_numeric(bytes);
  case Type::interval: {
    Bytes in{bytes};
    Interval interval;
    interval.us = in.take(8);
    interval.days = in.take(4);
    interval.months = in.take(4);
    return stored(interval);
  }
  case Type::uuid: {
    if (bytes.size() != 16)
      malformed();
    std::string hex;
    for (const char c : bytes)
      hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return read_text(type, hex);
  }
  case Type::bytea:
    return std::string(bytes);
  case Type::jsonb:
    if (!bytes.starts_with('\1'))
      malformed();
    return read_text(type, bytes.substr(1));
  default:
    return is_array(type.type) ? Value(read_array(type.type, bytes)) : read_text(type, bytes);
  }
}

std::string show_binary(Type type, const Value& value) {
  if (is_real(type)) {
    const auto* real = std::get_if<double>(&value);
    const double number = real != nullptr ? *real : static_cast<double>(std::get<std::int64_t>(value));
    return type == Type::float4 ? BackendWriter::i32(std::bit_cast<std::int32_t>(static_cast<float>(number)))
                                : BackendWriter::i64(std::bit_cast<std::int64_t>(number));
  }
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (type == Type::boolean)
      return std::string(1, *number != 0 ? '\1' : '\0');
    if (type == Type::date)
      return BackendWriter::i32(*number == forever         ? INT32_MAX
                                : *number == always_before ? INT32_MIN
                                                           : static_cast<std::int32_t>(*number));
    if (info(type).size == 2)
      return BackendWriter::i16(static_cast<int>(*number));
    return info(type).size == 4 ? BackendWriter::i32(static_cast<std::int32_t>(*number)) : BackendWriter::i64(*number);
  }
  const auto& text = std::get<std::string>(value);
  if (type == Type::numeric)
    return show_numeric(text);
  if (type == Type::jsonb)
    return '\1' + text;
  if (type == Type::interval) {
    const auto interval = from_stored(text);
    return BackendWriter::i64(interval.us) + BackendWriter::i32(static_cast<std::int32_t>(interval.days)) +
           BackendWriter::i32(static_cast<std::int32_t>(interval.months));
  }
  if (is_array(type))
    return show_array(type, text);
  if (type != Type::uuid)
    return text;
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    if (text[i] == '-')
      ++i;
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

} // namespace holdfast::fakes::pg
