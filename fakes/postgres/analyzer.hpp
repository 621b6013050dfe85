// Reads a statement and writes it for SQLite, with a type for every expression. Used by `plan_of` only.
//
// One pass: each grammar rule returns the SQL that it stands for. A literal or parameter whose type its place decides
// stays open until `coerce` closes it. https://www.postgresql.org/docs/15/typeconv.html
#pragma once

#include "fakes/postgres/plan.hpp"

#include <initializer_list>
#include <set>

namespace holdfast::fakes::pg {

struct Expression {
  std::string sql;
  TypeName type;
  std::string name = "?column?";           ///< of a column that shows it
  std::optional<std::string> literal = {}; ///< of type unknown: its text
  int parameter = 0;                       ///< $n
  std::vector<Expression> values = {};     ///< of ARRAY[…]: its elements, until the type is settled
  bool weak_name = false;                  ///< a cast around it has a better one
};

struct ScopeColumn {
  std::string name;
  TypeName type;
  std::string sql;
  bool key = false; ///< a primary key by itself
};

struct Relation {
  std::string alias;
  std::vector<ScopeColumn> columns;
  bool hidden = false; ///< `*` leaves it out
};

struct Scope {
  std::vector<Relation> relations;
  std::vector<ScopeColumn> merged; ///< by USING
  const Scope* outer = nullptr;
};

/// A query whose columns can still be cast.
struct Query {
  std::string with;
  std::string head; ///< SELECT [DISTINCT]
  std::vector<Expression> items;
  std::vector<std::string> names; ///< for SQLite: every one differs
  std::string tail;               ///< from FROM on
  bool distinct = false;
  std::string compound = {}; ///< a UNION, its columns settled: stands for head, items and tail
  std::string order = {};    ///< ORDER BY, LIMIT
};

class Analyzer {
public:
  Analyzer(std::string_view sql, Catalog& catalog, SequenceIds& ids, const std::vector<Type>& declared);
  Plan statement();

private:
  // tokens.cpp's tokens, read from the front
  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
  [[nodiscard]] bool is_word(std::string_view word, std::size_t ahead = 0) const;
  [[nodiscard]] bool is_symbol(std::string_view symbol, std::size_t ahead = 0) const;
  bool accept(std::string_view word);
  bool accept_all(std::initializer_list<std::string_view> words);
  bool accept_symbol(std::string_view symbol);
  void expect(std::string_view word);
  void expect_symbol(std::string_view symbol);
  std::string expect_name();
  std::vector<std::string> expect_names();
  [[noreturn]] void syntax_error() const;
  [[nodiscard]] bool at_name(std::size_t ahead = 0) const;
  void skip_parentheses();

  // expression.cpp: by precedence, weakest first
  Expression expression();
  Expression conjunction();
  Expression negation();
  Expression test();
  Expression comparison();
  Expression membership();
  Expression other_operator();
  Expression sum();
  Expression product();
  Expression unary();
  Expression postfix();
  Expression primary();
  Expression case_expression();
  Expression column_reference();
  Expression array_constructor();
  Expression parenthesis();
  Expression condition(std::string_view clause);
  std::optional<TypeName> type_name();
  TypeName expect_type();

  // operators.cpp
  Expression compared(const std::string& op, Expression left, Expression right);
  Expression arithmetic(const std::string& op, Expression left, Expression right);
  Expression of_documents(const std::string& op, Expression left, Expression right);
  Expression quantified(const std::string& op, const Expression& left);
  Expression one_of(Expression left, bool negated);
  Expression like(Expression left, bool negated, bool any_case);
  std::string ordering(const Expression& value) const; ///< comparable by SQLite as PostgreSQL compares it

  // coercion.cpp
  enum class How { implicit, assignment, explicit_ };
  [[nodiscard]] bool can(Type from, Type to, How how) const;
  /// Throws 42846 when it cannot be; callers that have better words ask `can` first.
  Expression coerce(Expression value, TypeName to, How how = How::implicit);
  /// The explicit one, called after the type unless it has a name of its own.
  Expression cast(Expression value, TypeName to);
  Expression assigned(Expression value, const ColumnInfo& column);
  [[nodiscard]] TypeName common_type(const std::vector<Expression*>& values, std::string_view context) const;
  void unify(const std::vector<Expression*>& values, std::string_view context);
  Expression typed_literal(TypeName type, const std::string& text) const;
  [[nodiscard]] Type type_of(const Expression& value) const;

  // calls.cpp, aggregates.cpp
  Expression call(const std::string& name);
  std::optional<Expression> special_form(const std::string& name);
  std::optional<Expression> keyword_value(const std::string& word);
  std::optional<Expression> aggregate(const std::string& name);
  Expression resolved_call(const std::string& name, std::vector<Expression> arguments);
  std::vector<Expression> arguments();
  std::string over_clause();

  // query.cpp, relations.cpp
  Query query();
  /// Whether ORDER BY after a SELECT is its own, or that of the set operation that it ends.
  enum class Order { own, of_the_whole };
  Query query_term(Order order);
  Query select(Order order);
  Query values();
  void select_list(Query& query);
  void group_by(Query& query);
  void order_by(Query& query);
  std::string order_item(const Query* query);
  void limits(Query& query);
  void locking(Query& query);
  void with(Query& query);
  std::string sql_of(Query& query, bool settle);
  std::string subquery(std::vector<Column>* columns = nullptr);
  std::string from_clause();
  std::string from_item();
  std::string join_tail(std::size_t first);
  void add_relation(std::string alias, const std::vector<Column>& columns);
  std::string table_function(const std::string& name);
  std::pair<std::string, std::string> table_name(); ///< schema, table
  std::optional<std::string> alias();
  const TableInfo& expect_table(const std::string& schema, const std::string& name);

  // modify.cpp
  void insert();
  void update();
  void remove();
  std::string where();
  std::string conflict(const TableInfo& table, const std::string& alias);
  std::string assignments(const TableInfo& table);
  void returning();
  std::string default_of(const ColumnInfo& column) const;
  void target(const TableInfo& table, const std::string& alias);

  // define.cpp, define_table.cpp
  void create();
  void create_table();
  void create_index(bool unique);
  void create_sequence();
  void drop();
  void alter();
  void alter_one(const std::string& name, std::size_t& added);
  void add_column(const TableInfo& table, bool if_not_exists, std::size_t& added);
  void add_constraint(const TableInfo& table);
  void truncate();
  struct NewTable;
  void column_definition(NewTable& table);
  void table_constraint(NewTable& table);
  std::string reference(NewTable& table, const std::vector<std::string>& columns, const std::string& name);
  std::string check(NewTable& table, const std::string& name);
  std::string serial(const std::string& table, const std::string& column);
  void default_value(ColumnInfo& column);
  void describe(const std::string& table, const ColumnInfo& column, std::size_t ordinal);
  void describe(const std::string& table, const ConstraintInfo& constraint);
  void make_index(const std::string& table, const ConstraintInfo& index);
  bool skip_existing(bool if_not_exists, const std::string& name);

  /// One SELECT: what it groups by, and columns that stand outside of aggregates.
  struct Level {
    bool aggregates = false, grouped = false;
    int inside = 0;
    std::set<std::string> groups;
    std::vector<std::string> loose; ///< as SQL
  };

  /// Lives as long as a rule that nests: refuses what would overflow the stack.
  struct Deeper {
    explicit Deeper(int& depth);
    ~Deeper() { --depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    int& depth_;
  };

  int depth_ = 0;
  std::string_view sql_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  Catalog& catalog_;
  SequenceIds& ids_;
  Plan plan_;
  Scope* scope_ = nullptr;
  Level* level_ = nullptr;
  TypeName function_type_;       ///< of the rows of the last function in FROM
  std::string no_aggregates_in_; ///< WHERE, VALUES …: for the message
  std::vector<std::pair<std::string, std::vector<Column>>> ctes_;
  std::string recursive_;                    ///< the name of a WITH RECURSIVE that is being read
  std::vector<std::string> recursive_names_; ///< its columns, where they are named
};

[[nodiscard]] bool is_reserved(std::string_view word);

} // namespace holdfast::fakes::pg
