// Expressions by precedence, from OR down to casts: each rule reads the next stronger one and then its own operators,
// and writes SQL in parentheses, because SQLite's precedence is not PostgreSQL's.
// https://www.postgresql.org/docs/15/sql-syntax-lexical.html#SQL-PRECEDENCE
#include "fakes/postgres/analyzer.hpp"

#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

Expression make(std::string sql, Type type, std::string name = "?column?") {
  return {std::move(sql), {type, -1}, std::move(name)};
}

} // namespace

/// Of WHERE, HAVING, ON and CHECK. SQLite would take any number for a truth value; PostgreSQL refuses all but booleans.
Expression Analyzer::condition(std::string_view clause) {
  auto value = expression();
  const auto type = type_of(value);
  if (!is_unknown(type) && type != Type::boolean)
    fail("42804", fmt::format("argument of {} must be type boolean, not type {}", clause, info(type).title));
  return coerce(std::move(value), {Type::boolean});
}

Expression Analyzer::expression() {
  const Deeper deeper(depth_);
  auto left = conjunction();
  while (is_word("or")) {
    left = coerce(std::move(left), {Type::boolean});
    accept("or");
    left = make("(" + left.sql + " OR " + coerce(conjunction(), {Type::boolean}).sql + ")", Type::boolean);
  }
  return left;
}

Expression Analyzer::conjunction() {
  auto left = negation();
  while (accept("and")) {
    left = coerce(std::move(left), {Type::boolean});
    left = make("(" + left.sql + " AND " + coerce(negation(), {Type::boolean}).sql + ")", Type::boolean);
  }
  return left;
}

Expression Analyzer::negation() {
  const Deeper deeper(depth_);
  if (accept("not"))
    return make("(NOT " + coerce(negation(), {Type::boolean}).sql + ")", Type::boolean);
  return test();
}

/// IS NULL, IS TRUE, IS DISTINCT FROM … SQLite's IS compares two values so that nulls are equal: IS NOT DISTINCT FROM.
Expression Analyzer::test() {
  auto left = comparison();
  for (;;) {
    if (accept("isnull")) {
      left = make("(" + left.sql + " IS NULL)", Type::boolean);
    } else if (accept("notnull")) {
      left = make("(" + left.sql + " IS NOT NULL)", Type::boolean);
    } else if (accept("is")) {
      const std::string is = accept("not") ? " IS NOT " : " IS ";
      if (accept("null")) {
        const auto type = type_of(left);
        left = make("(" + coerce(std::move(left), {type == Type::none ? Type::text : type}).sql + is + "NULL)",
                    Type::boolean);
      } else if (accept("true")) {
        left = make("(" + coerce(std::move(left), {Type::boolean}).sql + is + "1)", Type::boolean);
      } else if (accept("false")) {
        left = make("(" + coerce(std::move(left), {Type::boolean}).sql + is + "0)", Type::boolean);
      } else if (accept("unknown")) {
        left = make("(" + coerce(std::move(left), {Type::boolean}).sql + is + "NULL)", Type::boolean);
      } else if (accept_all({"distinct", "from"})) {
        auto right = comparison();
        unify({&left, &right}, "IS DISTINCT FROM");
        left = make("(" + ordering(left) + (is == " IS " ? " IS NOT " : " IS ") + ordering(right) + ")", Type::boolean);
      } else {
        syntax_error();
      }
    } else {
      return left;
    }
  }
}

Expression Analyzer::comparison() {
  auto left = membership();
  for (;;) {
    const auto& op = peek();
    const bool compares =
        op.kind == Token::Kind::symbol && (op.text == "=" || op.text == "<" || op.text == ">" || op.text == "<=" ||
                                           op.text == ">=" || op.text == "<>" || op.text == "!=");
    if (!compares)
      return left;
    const auto text = op.text == "!=" ? std::string("<>") : op.text;
    ++at_;
    if (is_word("any") || is_word("some") || is_word("all"))
      left = quantified(text, left);
    else
      left = compared(text, std::move(left), membership());
  }
}

/// BETWEEN, IN, LIKE.
Expression Analyzer::membership() {
  auto left = other_operator();
  for (;;) {
    // Two words ahead: a NOT that is not followed by one of these does not belong here.
    const bool negated = is_word("not") && (is_word("between", 1) || is_word("in", 1) || is_word("like", 1) ||
                                            is_word("ilike", 1) || is_word("similar", 1));
    if (negated)
      ++at_;
    if (accept("between")) {
      accept("symmetric");
      auto low = other_operator();
      expect("and");
      auto high = other_operator();
      const auto above = compared(">=", left, std::move(low)), below = compared("<=", left, std::move(high));
      left = make(fmt::format("({}({} AND {}))", negated ? "NOT " : "", above.sql, below.sql), Type::boolean);
    } else if (accept("in")) {
      left = one_of(std::move(left), negated);
    } else if (is_word("like") || is_word("ilike")) {
      const bool any_case = tokens_[at_++].text == "ilike";
      left = like(std::move(left), negated, any_case);
    } else if (is_word("similar")) {
      unsupported("SIMILAR TO");
    } else {
      return left;
    }
  }
}

/// All operators that PostgreSQL puts between comparisons and sums, at one precedence.
Expression Analyzer::other_operator() {
  auto left = sum();
  for (;;) {
    const auto& op = peek();
    if (op.kind != Token::Kind::symbol)
      return left;
    const auto text = op.text;
    if (text == "~" || text == "~*" || text == "!~" || text == "!~*")
      unsupported("regular expressions");
    if (text == "<@" || text == "&&" || text == "?|" || text == "?&" || text == "&" || text == "|" || text == "#")
      unsupported("the operator " + text);
    if (text == "~~" || text == "~~*" || text == "!~~" || text == "!~~*") {
      ++at_;
      left = like(std::move(left), text[0] == '!', text.back() == '*');
    } else if (text == "||" || text == "->" || text == "->>" || text == "#>" || text == "#>>" || text == "@>" ||
               text == "?") {
      ++at_;
      left = of_documents(text, std::move(left), sum());
    } else {
      return left;
    }
  }
}

Expression Analyzer::sum() {
  auto left = product();
  while (is_symbol("+") || is_symbol("-")) {
    const auto op = tokens_[at_++].text;
    left = arithmetic(op, std::move(left), product());
  }
  return left;
}

Expression Analyzer::product() {
  auto left = unary();
  while (is_symbol("*") || is_symbol("/") || is_symbol("%") || is_symbol("^")) {
    const auto op = tokens_[at_++].text;
    left = arithmetic(op, std::move(left), unary());
  }
  return left;
}

Expression Analyzer::unary() {
  const Deeper deeper(depth_);
  if (accept_symbol("+"))
    return unary();
  if (accept_symbol("-")) {
    if (peek().kind == Token::Kind::number && !is_symbol("::", 1)) { // so that the least integer can be written
      auto value = postfix();
      if (value.type.type == Type::numeric && value.sql.starts_with('\'')) {
        if (value.sql == "'9223372036854775808'")
          return make("(-9223372036854775807-1)", Type::int8);
        value.sql.insert(1, "-");
        return value;
      }
      value.sql = "(-" + value.sql + ")";
      if (value.sql == "(-2147483648)")
        value.type.type = Type::int4;
      return value;
    }
    auto value = unary();
    const auto type = type_of(value);
    if (type == Type::interval)
      return make("pg_interval_times(" + value.sql + ", -1.0)", Type::interval);
    Expression zero = make(type == Type::numeric ? "'0'" : "0", is_number(type) ? type : Type::int4);
    if (is_real(type))
      return make("(-" + value.sql + ")", type);
    return arithmetic("-", std::move(zero), std::move(value));
  }
  return postfix();
}

Expression Analyzer::postfix() {
  auto value = primary();
  for (;;) {
    if (accept_symbol("::")) {
      const auto type = expect_type();
      value = cast(std::move(value), type);
    } else if (accept_symbol("[")) {
      auto index = coerce(expression(), {Type::int4});
      expect_symbol("]");
      const auto array = type_of(value);
      if (!is_array(array))
        fail("42804",
             fmt::format("cannot subscript type {} because it does not support subscripting", info(array).title));
      value = make(fmt::format("json_extract({}, '$[' || ({} - 1) || ']')", value.sql, index.sql), element_of(array),
                   value.name);
    } else if (accept_all({"at", "time", "zone"})) {
      const auto zone = postfix();
      const auto low = zone.literal.value_or("");
      if (low != "UTC" && low != "utc" && low != "GMT" && low != "Etc/UTC")
        unsupported("time zones other than UTC");
      const auto type = type_of(value);
      // The only zone is UTC, so both directions change the type and not the number.
      value = type == Type::timestamptz
                  ? make(value.sql, Type::timestamp, "timezone")
                  : make(coerce(std::move(value), {Type::timestamp}).sql, Type::timestamptz, "timezone");
    } else if (accept("collate")) {
      const auto name = expect_name();
      if (name != "C" && name != "POSIX" && name != "default")
        unsupported("the collation " + name);
    } else {
      return value;
    }
  }
}

} // namespace holdfast::fakes::pg
