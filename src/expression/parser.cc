// Recursive descent for what begins with a word, precedence climbing for what stands between two operands. Precedences are
// SQLite's: || is "or", as in C and TOPCAT.
#include "expression/parser.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace imreg::expression {

namespace {

// Levels of precedence, from loose to tight.
enum Level { kOr = 1, kAnd, kNot, kEquality, kRelation, kBits, kSum, kProduct, kPower };

struct Infix {
  std::string_view text;
  Level level;
  Sign sign;
};
constexpr Infix kInfixes[] = {{"or", kOr, Sign::logical_or},
                              {"||", kOr, Sign::logical_or},
                              {"and", kAnd, Sign::logical_and},
                              {"&&", kAnd, Sign::logical_and},
                              {"=", kEquality, Sign::equal},
                              {"==", kEquality, Sign::identical},
                              {"<>", kEquality, Sign::not_equal},
                              {"!=", kEquality, Sign::not_equal},
                              {"<", kRelation, Sign::less},
                              {"<=", kRelation, Sign::less_equal},
                              {">", kRelation, Sign::greater},
                              {">=", kRelation, Sign::greater_equal},
                              {"&", kBits, Sign::bit_and},
                              {"|", kBits, Sign::bit_or},
                              {"<<", kBits, Sign::shift_left},
                              {">>", kBits, Sign::shift_right},
                              {"+", kSum, Sign::add},
                              {"-", kSum, Sign::subtract},
                              {"*", kProduct, Sign::multiply},
                              {"/", kProduct, Sign::divide},
                              {"%", kProduct, Sign::modulo},
                              {"^", kPower, Sign::power},
                              {"**", kPower, Sign::power}};

// Words that are never a field unless they are quoted.
constexpr std::string_view kReserved[] = {"and",  "or",     "not",   "between", "in",      "like",   "ilike",
                                          "glob", "regexp", "rlike", "is",      "escape",  "case",   "when",
                                          "then", "else",   "end",   "isnull",  "notnull", "collate"};

// The words that match a text against a pattern.
std::string_view pattern_of(std::string_view word) {
  if (equal_nocase(word, "like") || equal_nocase(word, "ilike")) return "like";
  if (equal_nocase(word, "glob")) return "glob";
  if (equal_nocase(word, "regexp") || equal_nocase(word, "rlike") || word == "~" || word == "~*") return "regexp";
  return "";
}

using Node = Result<Tree*>;

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens) : text_(text), tokens_(std::move(tokens)) {}

  Result<Parsed> run() {
    if (at_end()) return fault(text_, 0, "the expression is empty");
    IMREG_ASSIGN(Tree* const root, expression(kOr));
    if (!at_end()) return unexpected("an operator such as and, =, + or the end");
    out_.root = root;
    return std::move(out_);
  }

 private:
  const Token& token() const { return tokens_[at_]; }
  const Token& ahead(std::size_t n) const { return tokens_[std::min(at_ + n, tokens_.size() - 1)]; }
  bool at_end() const { return token().kind == Token::Kind::end; }
  static bool is(const Token& t, std::string_view what) {
    if (t.kind == Token::Kind::sign) return t.text == what;
    return t.kind == Token::Kind::name && equal_nocase(t.text, what);
  }
  bool is(std::string_view what) const { return is(token(), what); }
  bool take(std::string_view what) {
    if (!is(what)) return false;
    ++at_;
    return true;
  }
  Status unexpected(const std::string& wanted) const {
    const Token& t = token();
    const std::string found =
        at_end() ? "the end" : "\"" + visible(text_.substr(t.begin, std::min<std::size_t>(t.end - t.begin, 40))) + "\"";
    return fault(text_, t.begin, "expected " + wanted + ", not " + found);
  }
  Status need(std::string_view what) {
    return take(what) ? Status()
                      : unexpected(what == "(" || what == ")" || what == "]" ? std::string(what) : to_upper(what));
  }

  Tree* make(Tree::Kind kind, std::size_t begin) {
    Tree& tree = out_.trees.emplace_back();
    tree.kind = kind;
    tree.begin = begin;
    return &tree;
  }
  // Gives a tree its arguments; the end is that of the last token taken.
  Node finish(Tree* tree, std::vector<const Tree*> arguments) {
    tree->arguments = std::move(arguments);
    tree->end = at_ > 0 ? tokens_[at_ - 1].end : 0;
    for (const Tree* argument : tree->arguments) tree->depth = std::max(tree->depth, argument->depth + 1);
    if (tree->depth > kMostDepth) return too_deep(tree->begin);
    return tree;
  }
  Status too_deep(std::size_t at) const {
    return fault(text_, at, "the expression is nested more than " + std::to_string(kMostDepth) + " levels deep");
  }

  // Counts the levels of the descent itself, which come before there is a tree.
  struct Nest {
    explicit Nest(int& depth) : depth_(++depth) {}
    ~Nest() { --depth_; }
    int& depth_;
  };

  const Infix* infix() const {
    for (const auto& entry : kInfixes) {
      if (is(entry.text)) return &entry;
    }
    return nullptr;
  }

  Node expression(int level) {
    const Nest nest(nested_);
    if (nested_ > 2 * kMostDepth) return too_deep(token().begin);
    IMREG_ASSIGN(Tree * left, level <= kNot && is("not") ? negation() : prefix());
    for (;;) {
      const std::size_t before = at_;
      if (level <= kEquality) {
        IMREG_ASSIGN(Tree* const more, predicate(left));
        if (at_ != before) {
          left = more;
          continue;
        }
      }
      const Infix* const sign = infix();
      if (!sign || sign->level < level) return left;
      ++at_;
      IMREG_ASSIGN(left, join(left, *sign));
    }
  }

  Node negation() {
    Tree* const tree = make(Tree::Kind::sign, token().begin);
    tree->sign = Sign::logical_not;
    ++at_;
    IMREG_ASSIGN(Tree* const value, expression(kNot));
    return finish(tree, {value});
  }

  // The sign has been taken. Chains of AND and of OR become one level.
  Node join(Tree* left, const Infix& sign) {
    IMREG_ASSIGN(Tree* const right, expression(sign.level + 1));
    const bool chain = sign.level == kOr || sign.level == kAnd;
    if (chain && left->kind == Tree::Kind::sign && left->sign == sign.sign) {
      left->arguments.push_back(right);
      left->end = right->end;
      left->depth = std::max(left->depth, right->depth + 1);
      return left->depth > kMostDepth ? Node(too_deep(left->begin)) : Node(left);
    }
    Tree* const tree = make(Tree::Kind::sign, left->begin);
    tree->sign = sign.sign;
    tree->date = month(left, right);
    return finish(tree, {left, right});
  }

  // "2003-01" and "2003/01", where they stand without blanks, can be meant as a month.
  std::string month(const Tree* left, const Tree* right) const {
    const bool numbers = left->kind == Tree::Kind::number && right->kind == Tree::Kind::number;
    if (!numbers || left->text.size() != 4 || right->text.size() != 2 || right->begin != left->end + 1) return "";
    const char sign = text_[left->end];
    const auto whole = text_.substr(left->begin, right->end - left->begin);
    return sign == '-' || sign == '/' ? std::string(whole) : "";
  }

  // BETWEEN, IN, LIKE, IS and their like behind a value; `left` itself when there is none.
  Node predicate(Tree* left) {
    const bool negated = is("not") && ahead(1).kind == Token::Kind::name;
    const Token& word = negated ? ahead(1) : token();
    const auto start = [&](Tree::Kind kind) {
      at_ += negated ? 2 : 1;
      Tree* const tree = make(kind, left->begin);
      tree->negated = negated;
      return tree;
    };
    if (is(word, "between")) {
      Tree* const tree = start(Tree::Kind::between);
      IMREG_ASSIGN(Tree* const low, expression(kRelation));
      IMREG_TRY(need("and"));
      IMREG_ASSIGN(Tree* const high, expression(kRelation));
      return finish(tree, {left, low, high});
    }
    if (is(word, "in")) {
      Tree* const tree = start(Tree::Kind::in);
      IMREG_TRY(need("("));
      IMREG_ASSIGN(auto items, list(left));
      return finish(tree, std::move(items));
    }
    if (!negated && (is("!~") || is("!~*"))) {
      IMREG_ASSIGN(Tree* const tree, pattern(start(Tree::Kind::like), left, "regexp"));
      tree->negated = true;
      return tree;
    }
    const auto kind = word.kind == Token::Kind::name || word.kind == Token::Kind::sign ? pattern_of(word.text) : "";
    if (!kind.empty()) return pattern(start(Tree::Kind::like), left, kind);
    if (negated) return left;
    if (is("isnull") || is("notnull")) {
      Tree* const tree = make(Tree::Kind::is, left->begin);
      tree->text = "null";
      tree->negated = is("notnull");
      ++at_;
      return finish(tree, {left});
    }
    return is("is") ? identity(left) : Node(left);
  }

  Node pattern(Tree* tree, Tree* left, std::string_view kind) {
    tree->text = kind;
    IMREG_ASSIGN(Tree* const what, expression(kRelation));
    if (kind != "like" || !take("escape")) return finish(tree, {left, what});
    IMREG_ASSIGN(Tree* const escape, expression(kRelation));
    return finish(tree, {left, what, escape});
  }

  Node collation(Tree* left) {
    if (!take("collate") || take("nocase")) return left;
    IMREG_TRY(take("binary") ? Status() : unexpected("NOCASE or BINARY"));
    return finish(make(Tree::Kind::exact, left->begin), {left});
  }

  Node identity(Tree* left) {
    Tree* const tree = make(Tree::Kind::is, left->begin);
    ++at_;
    tree->negated = take("not");
    for (const std::string_view word : {"null", "true", "false", "unknown"}) {
      if (!take(word)) continue;
      tree->text = word;
      return finish(tree, {left});
    }
    tree->text = "same";
    if (take("distinct")) {
      IMREG_TRY(need("from"));
      tree->negated = !tree->negated;
    }
    IMREG_ASSIGN(Tree* const right, expression(kRelation));
    return finish(tree, {left, right});
  }

  // The arguments behind "(", up to and with ")".
  Result<std::vector<const Tree*>> list(const Tree* first) {
    std::vector<const Tree*> items;
    if (first) items.push_back(first);
    if (!first && take(")")) return items;
    do {
      IMREG_ASSIGN(Tree* const item, expression(kOr));
      items.push_back(item);
    } while (take(","));
    if (!is(")")) return unexpected("a comma or )");
    ++at_;
    return items;
  }

  // Signs and words before a value.
  Node prefix() {
    const Nest nest(nested_);
    if (nested_ > 2 * kMostDepth) return too_deep(token().begin);
    const std::size_t begin = token().begin;
    if (is("+") || is("-") || is("!")) {
      const Sign sign = is("-") ? Sign::negate : is("!") ? Sign::logical_not : Sign::none;
      ++at_;
      if (sign != Sign::logical_not && token().kind == Token::Kind::sexagesimal) {  // -00:30:00 is not +00:30:00
        IMREG_ASSIGN(Tree* const angle, leaf(Tree::Kind::angle));
        if (sign == Sign::negate) angle->text.insert(0, "-");
        return angle;
      }
      IMREG_ASSIGN(Tree* const value, sign == Sign::logical_not ? prefix() : expression(kPower));
      Tree* const tree = make(Tree::Kind::sign, begin);
      tree->sign = sign;
      return finish(tree, {value});
    }
    const bool operand = ahead(1).kind == Token::Kind::name || ahead(1).kind == Token::Kind::text ||
                         ahead(1).kind == Token::Kind::loose || ahead(1).kind == Token::Kind::quoted;
    if (is("binary") && operand && !is_infix_word(ahead(1))) {
      ++at_;
      IMREG_ASSIGN(Tree* const value, prefix());
      return finish(make(Tree::Kind::exact, begin), {value});
    }
    IMREG_ASSIGN(Tree* const tree, primary());
    return collation(tree);
  }

  static bool is_infix_word(const Token& t) {
    return t.kind == Token::Kind::name && std::any_of(std::begin(kReserved), std::end(kReserved),
                                                      [&](auto word) { return equal_nocase(t.text, word); });
  }

  Node leaf(Tree::Kind kind) {
    const Token& t = token();
    Tree* const tree = make(kind, t.begin);
    tree->text = t.text;
    tree->suffix = t.suffix;
    tree->loose = t.kind == Token::Kind::loose || t.kind == Token::Kind::quoted;
    ++at_;
    return finish(tree, {});
  }

  Node primary() {
    if (is("(")) {
      const std::size_t begin = token().begin;
      ++at_;
      IMREG_ASSIGN(Tree* const tree, expression(kOr));
      if (!is(")")) return unexpected("an operator or )");
      tree->begin = begin;
      tree->end = token().end;
      ++at_;
      return tree;
    }
    switch (token().kind) {
      case Token::Kind::number: return leaf(Tree::Kind::number);
      case Token::Kind::text: return leaf(Tree::Kind::text);
      case Token::Kind::loose: {
        const bool indexed = is(ahead(1), "[");
        IMREG_ASSIGN(Tree* const tree, leaf(indexed ? Tree::Kind::name : Tree::Kind::text));
        return indexed ? element(tree) : Node(tree);
      }
      case Token::Kind::date: return leaf(Tree::Kind::date);
      case Token::Kind::sexagesimal: return leaf(Tree::Kind::angle);
      case Token::Kind::quoted: {
        IMREG_ASSIGN(Tree* const tree, leaf(Tree::Kind::name));
        return element(tree);
      }
      case Token::Kind::name: return word();
      default: return unexpected("a field, a number, a text or (");
    }
  }

  Node word() {
    if (is("null")) return leaf(Tree::Kind::null);
    if (is("case")) return choice();
    if (is("true") || is("false") || is("unknown")) {
      IMREG_ASSIGN(Tree* const tree, leaf(Tree::Kind::truth));
      tree->text = to_lower(tree->text);
      return tree;
    }
    if (is_infix_word(token())) return unexpected("a field, a number, a text or (");
    if (is(ahead(1), "(")) return call();
    const bool typed = ahead(1).kind == Token::Kind::text;
    if (typed && (is("date") || is("timestamp") || is("timestamptz"))) {
      ++at_;
      return leaf(Tree::Kind::date);
    }
    if (is("interval") && (typed || ahead(1).kind == Token::Kind::number)) return interval();
    IMREG_ASSIGN(Tree* const tree, leaf(Tree::Kind::name));
    return element(tree);
  }

  // INTERVAL '3 days', INTERVAL 3 DAY, INTERVAL '3' DAY.
  Node interval() {
    const std::size_t begin = token().begin;
    ++at_;
    IMREG_ASSIGN(Tree* const tree, leaf(Tree::Kind::interval));
    tree->begin = begin;
    tree->text += tree->suffix;
    const bool whole = tree->text.find_first_not_of("+-0123456789. ") != std::string::npos;
    if (!whole && token().kind == Token::Kind::name && !is_infix_word(token())) {
      tree->text += " " + token().text;
      ++at_;
    }
    return finish(tree, {});
  }

  Node call() {
    Tree* const tree = make(Tree::Kind::call, token().begin);
    tree->text = to_lower(token().text);
    at_ += 2;
    IMREG_ASSIGN(auto arguments, list(nullptr));
    return finish(tree, std::move(arguments));
  }

  Node element(Tree* name) {
    if (!take("[")) return name;
    if (token().kind != Token::Kind::number) return unexpected("the number of the element, from 0");
    IMREG_ASSIGN(Tree* const number, leaf(Tree::Kind::number));
    IMREG_TRY(need("]"));
    return finish(make(Tree::Kind::element, name->begin), {name, number});
  }

  Node choice() {
    Tree* const tree = make(Tree::Kind::choice, token().begin);
    ++at_;
    std::vector<const Tree*> parts;
    tree->loose = !is("when");
    if (tree->loose) {
      IMREG_ASSIGN(Tree* const value, expression(kOr));
      parts.push_back(value);
    }
    if (!is("when")) return unexpected("WHEN");
    while (take("when")) {
      IMREG_ASSIGN(Tree* const condition, expression(kOr));
      parts.push_back(condition);
      IMREG_TRY(need("then"));
      IMREG_ASSIGN(Tree* const result, expression(kOr));
      parts.push_back(result);
    }
    if (take("else")) {
      tree->text = "else";
      IMREG_ASSIGN(Tree* const otherwise, expression(kOr));
      parts.push_back(otherwise);
    }
    IMREG_TRY(need("end"));
    return finish(tree, std::move(parts));
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  Parsed out_;
  std::size_t at_ = 0;
  int nested_ = 0;
};

}  // namespace

Result<Parsed> parse_tree(std::string_view text, const Schema& schema) {
  IMREG_ASSIGN(auto tokens, tokens_of(text, schema));
  return Parser(text, std::move(tokens)).run();
}

}  // namespace imreg::expression
