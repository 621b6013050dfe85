// Follows both directions of a connection and keeps a queue of what the server still has to answer: each statement that
// was sent, and each Sync. The server answers in that order, so the front of the queue is what its next answer belongs
// to. The letters are the message types of the protocol.
#include "harness/protocol/postgres.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace holdfast::protocol {

namespace {

// In a startup packet these stand in the place of the protocol version.
constexpr std::uint32_t cancel_request = 80877102;
constexpr std::uint32_t ssl_request = 80877103;
constexpr std::uint32_t gssenc_request = 80877104;

std::uint32_t read_u32(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
  return byte(0) << 24U | byte(1) << 16U | byte(2) << 8U | byte(3);
}

/// Reads the body of a message field by field; after a field that is not there `good` is false.
struct Fields {
  std::string_view rest;
  bool good = true;

  std::string_view text() {
    const auto end = rest.find('\0');
    if (end == std::string_view::npos)
      return fail();
    const auto value = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return value;
  }
  std::string_view bytes(std::size_t count) {
    if (rest.size() < count)
      return fail();
    const auto value = rest.substr(0, count);
    rest.remove_prefix(count);
    return value;
  }
  int u16() {
    const auto value = bytes(2);
    return good ? static_cast<unsigned char>(value[0]) << 8 | static_cast<unsigned char>(value[1]) : 0;
  }
  std::int32_t i32() {
    const auto value = bytes(4);
    return good ? static_cast<std::int32_t>(read_u32(value)) : 0;
  }

private:
  std::string_view fail() {
    good = false;
    rest = {};
    return {};
  }
};

/// Statements that may change data: outside of a transaction the server commits such a statement by itself. WITH and
/// CALL only may, and are counted as if they did.
bool writes(const std::string& keyword) {
  static constexpr std::string_view all[] = {"insert", "update", "delete",   "merge", "copy",  "create",
                                             "drop",   "alter",  "truncate", "with",  "grant", "call"};
  return std::find(std::begin(all), std::end(all), keyword) != std::end(all);
}

} // namespace

// Messages already taken are dropped from the buffer now and then, not with each message: that would move what follows
// every time. Before the next `append` the caller is done with the message that points into the buffer.
void PostgresScanner::append(std::string_view bytes) {
  if (begin_ > 0 && begin_ == buffer_.size())
    buffer_.clear(), begin_ = 0;
  if (begin_ > (64U << 10U))
    buffer_.erase(0, begin_), begin_ = 0;
  buffer_.append(bytes);
}

// A length counts itself and what follows it, but not the type byte before it.
std::optional<PostgresScanner::Message> PostgresScanner::next(bool expect_startup) {
  const std::string_view rest = std::string_view(buffer_).substr(begin_);
  const std::size_t head = expect_startup ? 4 : 5;
  if (rest.size() < head)
    return std::nullopt;
  const std::size_t length = read_u32(rest.substr(head - 4));
  const std::size_t limit = expect_startup ? 10'000 : message_limit; // as in PostgreSQL's own postmaster
  if (length < (expect_startup ? 8U : 4U) || length > limit) {
    error_ = "a PostgreSQL message of an impossible length";
    return std::nullopt;
  }
  const std::size_t size = head - 4 + length;
  if (rest.size() < size)
    return std::nullopt;
  begin_ += size;
  return Message{expect_startup ? '\0' : rest[0], rest.substr(0, size), rest.substr(head, size - head)};
}

std::string PostgresScanner::take_rest() {
  auto rest = buffer_.substr(begin_);
  buffer_.clear();
  begin_ = 0;
  return rest;
}

void PostgresConversation::from_client(std::string_view bytes, Units& units) {
  if (!unframed().empty())
    return void(units.push_back({.bytes = client_.take_rest() + std::string(bytes)}));
  client_.append(bytes);
  while (unframed().empty()) {
    const auto message = client_.next(!started_);
    if (!client_.error().empty())
      give_up(client_.error());
    if (!message)
      break;
    client_message(*message, units);
  }
  if (!unframed().empty())
    units.push_back({.bytes = client_.take_rest()});
}

void PostgresConversation::client_message(const PostgresScanner::Message& message, Units& units) {
  const auto pass = [&] { units.push_back({.bytes = std::string(message.bytes)}); };
  switch (message.type) {
  case 0: {
    if (started_)
      return pass(); // a message whose type byte is 0: the server will reject it
    // Requests for encryption are answered by a single byte, and followed by another startup packet when that is 'N'. A
    // cancel request is the only packet of its connection.
    const auto code = read_u32(message.body);
    if (code == ssl_request || code == gssenc_request)
      asked_encryption_ = true;
    else if (code != cancel_request)
      started_ = true;
    return pass();
  }
  case 'Q': // Query
    return simple_query(message, units);
  case 'P': { // Parse
    Fields fields{message.body};
    const auto name = fields.text();
    const auto statements = read_statements(fields.text());
    prepared_[std::string(name)] = statements.empty() ? Statement{} : statements.front();
    return pass();
  }
  case 'B': // Bind
    bind(message.body);
    return pass();
  case 'E': // Execute
    return execute(message, units);
  case 'C': { // Close
    Fields fields{message.body};
    const bool statement = fields.bytes(1) == "S";
    const auto name = std::string(fields.text());
    if (statement)
      prepared_.erase(name);
    else
      portals_.erase(name);
    return pass();
  }
  case 'c': // CopyDone
  case 'f': // CopyFail
    ++copies_ended_;
    return pass();
  case 'S':
    // A Sync. Amid COPY data the server ignores it.
    if (copying_since_ != copies_ended_)
      pending_.emplace_back(Sync{copies_ended_});
    return pass();
  case 'F': { // FunctionCall
    ++requested_;
    pending_.emplace_back(Exchange{requested_, false, false, true, true, copies_ended_});
    units.push_back({.kind = Unit::Kind::request,
                     .bytes = std::string(message.bytes),
                     .exchange = requested_,
                     .request = {{"function"}, {}}});
    return;
  }
  default:
    return pass(); // Describe, Flush, Terminate, passwords, COPY data
  }
}

// What triggers may match in a statement. A COMMIT or ROLLBACK names nothing itself and gets the keys of all statements
// in its transaction, so that a trigger can hold "the commit of order 17". A writing statement outside of a transaction
// is a commit as well. Also keeps `in_block_` up to date, ahead of the server: a client may send BEGIN and what follows
// without waiting for answers.
Request PostgresConversation::describe_request(const Statement& statement, const std::vector<std::string>& values,
                                               bool& commits) {
  const auto& keyword = statement.keyword;
  Request request;
  request.operations.push_back(keyword);
  commits = keyword == "commit";
  if (!in_block_ && writes(keyword)) {
    request.operations.emplace_back("commit");
    commits = true;
  }
  if (keyword == "begin" || keyword == "start") {
    in_block_ = true;
    seen_in_transaction_.clear();
  }
  const auto add = [&](const std::string& key) {
    if (key.empty())
      return;
    request.keys.push_back(key);
    if (in_block_)
      seen_in_transaction_.push_back(key);
  };
  add(statement.table);
  for (const auto& value : statement.literals)
    add(value);
  for (const auto& value : values)
    add(value);
  if (keyword == "commit" || keyword == "rollback" || keyword == "abort") {
    request.keys = std::exchange(seen_in_transaction_, {});
    in_block_ = false;
  }
  return request;
}

void PostgresConversation::simple_query(const PostgresScanner::Message& message, Units& units) {
  Fields fields{message.body};
  const auto statements = read_statements(fields.text());
  if (statements.empty()) { // the server answers with EmptyQueryResponse
    pending_.emplace_back(Exchange{++requested_, false, false, true, true, copies_ended_});
    units.push_back({.kind = Unit::Kind::request, .bytes = std::string(message.bytes), .exchange = requested_});
    return;
  }
  // One message may carry several statements: it is one request whose operations and keys are those of all of them, and
  // every statement's answer is a reply to it, the last one to be held.
  Unit unit{.kind = Unit::Kind::request, .bytes = std::string(message.bytes), .exchange = ++requested_};
  for (std::size_t i = 0; i < statements.size(); ++i) {
    bool commits = false;
    auto request = describe_request(statements[i], {}, commits);
    unit.request.operations.insert(unit.request.operations.end(), request.operations.begin(), request.operations.end());
    unit.request.keys.insert(unit.request.keys.end(), request.keys.begin(), request.keys.end());
    const bool last = i + 1 == statements.size();
    pending_.emplace_back(Exchange{requested_, statements[i].keyword == "commit", false, true, last, copies_ended_});
  }
  units.push_back(std::move(unit));
}

// Keeps which statement a portal runs and with which values, for the Execute that follows. Values in binary format and
// long ones are left out: no trigger can name them.
void PostgresConversation::bind(std::string_view body) {
  Fields fields{body};
  const auto portal = std::string(fields.text());
  const auto name = std::string(fields.text());
  const int formats = fields.u16();
  std::vector<int> format;
  for (int i = 0; i < formats && fields.good; ++i)
    format.push_back(fields.u16());
  const int count = fields.u16();
  Portal bound;
  if (const auto found = prepared_.find(name); found != prepared_.end())
    bound.statement = found->second;
  for (int i = 0; i < count && fields.good; ++i) {
    const auto length = fields.i32();
    if (length < 0)
      continue;
    const auto value = fields.bytes(static_cast<std::size_t>(length));
    const auto index = static_cast<std::size_t>(i);
    // No format code: all values are text. One: it is for all of them. Otherwise one for each. 0 is text, 1 binary.
    const int kind = format.empty() ? 0 : format.size() == 1 ? format[0] : index < format.size() ? format[index] : 0;
    if (kind == 0 && value.size() <= 256)
      bound.values.emplace_back(value);
  }
  if (!fields.good)
    return; // malformed: the server will reject it
  portals_[portal] = std::move(bound);
}

void PostgresConversation::execute(const PostgresScanner::Message& message, Units& units) {
  Fields fields{message.body};
  const auto found = portals_.find(std::string(fields.text()));
  const Portal portal = found == portals_.end() ? Portal{} : found->second;
  bool commits = false;
  Unit unit{.kind = Unit::Kind::request, .bytes = std::string(message.bytes), .exchange = ++requested_};
  unit.request = describe_request(portal.statement, portal.values, commits);
  // A portal that is not known (its Bind was malformed) still counts as a request: the server answers each Execute.
  const bool explicit_commit = portal.statement.keyword == "commit";
  pending_.emplace_back(
      Exchange{requested_, explicit_commit, commits && !explicit_commit, false, false, copies_ended_});
  units.push_back(std::move(unit));
}

void PostgresConversation::from_server(std::string_view bytes, Units& units) {
  if (!unframed().empty())
    return void(units.push_back({.bytes = server_.take_rest() + std::string(bytes)}));
  if (asked_encryption_ && !bytes.empty()) {
    // The answer to a request for encryption is one byte, outside of the framing of messages: 'N' is no, anything else
    // begins what can no longer be read.
    asked_encryption_ = false;
    if (server_.waiting() > 0) { // a part of a message came before the answer: the bytes cannot be told apart
      give_up("the server spoke before it was asked");
      return void(units.push_back({.bytes = server_.take_rest() + std::string(bytes)}));
    }
    if (bytes[0] != 'N')
      give_up("the connection is encrypted");
    units.push_back({.bytes = std::string(bytes.substr(0, 1))});
    bytes.remove_prefix(1);
    if (!unframed().empty())
      return void(units.push_back({.bytes = std::string(bytes)}));
  }
  server_.append(bytes);
  while (unframed().empty()) {
    const auto message = server_.next(false);
    if (!server_.error().empty())
      give_up(server_.error());
    if (!message)
      break;
    server_message(*message, units);
  }
  if (!unframed().empty())
    units.push_back({.bytes = server_.take_rest()});
}

PostgresConversation::Exchange* PostgresConversation::answered_next() {
  return pending_.empty() ? nullptr : std::get_if<Exchange>(&pending_.front());
}

/// The server has asked for COPY data. Until the client has ended the data, the server ignores every Sync: those that
/// come, and those that the client has already sent behind the statement (as libpq does), which leave the queue here.
/// If the COPY fails amid the data, the server may have heeded one of these after all. Only with a client that sends a
/// Sync among its data does that make a difference.
void PostgresConversation::begin_copy() {
  const auto* exchange = answered_next();
  if (exchange == nullptr)
    return;
  copying_since_ = exchange->copies_ended;
  while (pending_.size() > 1) {
    const auto* sync = std::get_if<Sync>(&pending_[1]);
    if (sync == nullptr || sync->copies_ended != exchange->copies_ended)
      return;
    pending_.erase(pending_.begin() + 1);
    exchange = answered_next();
  }
}

// The next exchange is answered by `bytes`, or by the error that was injected for it. Called only while `answered_next`
// is not null.
void PostgresConversation::finish(Units& units, std::string_view bytes, bool answered) {
  const auto exchange = *answered_next();
  pending_.pop_front();
  simple_done_ = simple_done_ || exchange.simple;
  auto injected = injected_.extract(exchange.id);
  if (!injected.empty())
    answered = false;
  units.push_back({.kind = Unit::Kind::reply,
                   .bytes = injected.empty() ? std::string(bytes) : std::move(injected.mapped()),
                   .exchange = exchange.id,
                   .answered = answered});
}

void PostgresConversation::server_message(const PostgresScanner::Message& message, Units& units) {
  const auto pass = [&] { units.push_back({.bytes = std::string(message.bytes)}); };
  auto* next = answered_next();
  switch (message.type) {
  case 'C':   // CommandComplete
  case 'I':   // EmptyQueryResponse
  case 's':   // PortalSuspended
  case 'V': { // FunctionCallResponse
    copying_since_.reset();
    if (next == nullptr)
      return pass();
    // The answer to a ROLLBACK that `inject` put before this exchange. The client has not sent that, and gets neither
    // this nor its ReadyForQuery.
    if (next->rolled_back_first) {
      next->rolled_back_first = false;
      swallow_ready_ = true;
      return;
    }
    if (next->ends_at_ready) {
      // The server commits at the Sync, so the reply to this exchange is ReadyForQuery; until then an error further on
      // in the batch still undoes it. It leaves the queue now: the server's next answer is for what follows it.
      waiting_for_ready_.push_back(*next);
      pending_.pop_front();
      return pass();
    }
    if (next->simple && !next->last) { // an earlier statement of a simple query
      pending_.pop_front();
      return pass();
    }
    // In a transaction that has failed before, the server answers COMMIT with ROLLBACK: nothing was committed.
    const bool rolled_back = next->commit && message.body.starts_with("ROLLBACK");
    return finish(units, message.bytes, !rolled_back);
  }
  case 'E': { // ErrorResponse
    copying_since_.reset();
    // Everything up to the next Sync, or the rest of a simple query, is skipped by the server; what went before in the
    // same batch is rolled back with it.
    for (const auto& exchange : std::exchange(waiting_for_ready_, {}))
      units.push_back({.kind = Unit::Kind::reply, .bytes = {}, .exchange = exchange.id, .answered = false});
    while (next != nullptr && next->simple && !next->last) {
      pending_.pop_front();
      next = answered_next();
    }
    if (next == nullptr)
      return pass();
    const bool simple = next->simple;
    finish(units, message.bytes, false);
    while (!simple && answered_next() != nullptr) {
      injected_.erase(answered_next()->id); // skipped like the others
      finish(units, {}, false);
    }
    // No Sync is here yet: until it comes, the server skips what the client still sends for this batch.
    skipping_ = !simple && pending_.empty();
    return;
  }
  case 'Z': { // ReadyForQuery
    if (std::exchange(swallow_ready_, false))
      return;
    // The server is through with everything up to the Sync or simple query that this answers; exchanges that still wait
    // before that are answered by it too, so that a message which was misunderstood costs one batch and not the rest of
    // the connection. The implicit commits of an extended batch are done now, not before; the last of them carries the
    // message.
    std::vector<std::uint64_t> done;
    const bool skipped = std::exchange(skipping_, false), answered_simple = std::exchange(simple_done_, false);
    for (const auto& exchange : std::exchange(waiting_for_ready_, {}))
      done.push_back(exchange.id);
    while (!answered_simple && answered_next() != nullptr) {
      const auto exchange = *answered_next();
      pending_.pop_front();
      injected_.erase(exchange.id);
      if (exchange.id != (done.empty() ? 0 : done.back()))
        done.push_back(exchange.id);
      if (exchange.simple && exchange.last)
        break;
    }
    if (!answered_simple && !pending_.empty() && answered_next() == nullptr)
      pending_.pop_front();                        // its Sync
    if (pending_.empty() && !message.body.empty()) // nothing sent since can have changed it
      in_block_ = message.body[0] != 'I';
    for (std::size_t i = 0; i < done.size(); ++i)
      units.push_back({.kind = Unit::Kind::reply,
                       .bytes = i + 1 == done.size() ? std::string(message.bytes) : std::string{},
                       .exchange = done[i],
                       .answered = !skipped});
    if (done.empty())
      pass();
    return;
  }
  case 'G': // CopyInResponse
    begin_copy();
    return pass();
  default:
    return pass(); // rows, descriptions, notices, parameters, COPY data, notifications
  }
}

} // namespace holdfast::protocol
