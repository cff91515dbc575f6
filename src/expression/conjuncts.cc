// Cuts a condition at its top-level ANDs and turns the parts that an index can serve into data.
//
// NOT is pushed down to the comparisons first (De Morgan's rules hold for three values). What is left is monotone: a part is
// yes exactly where its comparisons say so, and so the records of one field for which a part is yes are a plain set:
// intervals of numbers, or texts. AND and OR are intersection and union of such sets.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "expression/functions.h"
#include "expression/program.h"

namespace imreg {

namespace {

using expression::Node;
using expression::Op;
using Range = Conjunct::Range;
using Ranges = std::vector<Range>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kDay = 86400;

double below(double x) { return std::nextafter(x, -kInfinity); }
double above(double x) { return std::nextafter(x, kInfinity); }

// Ascending, none empty, none touching the next.
Ranges tidy(Ranges ranges) {
  std::erase_if(ranges, [](const Range& r) { return !(r.low <= r.high); });
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.low < b.low; });
  Ranges out;
  for (const auto& range : ranges) {
    if (!out.empty() && range.low <= above(out.back().high))
      out.back().high = std::max(out.back().high, range.high);
    else
      out.push_back(range);
  }
  return out;
}

Ranges complement(const Ranges& ranges) {
  Ranges out;
  double low = -kInfinity;
  bool open = true;
  for (const auto& range : ranges) {
    if (range.low > -kInfinity) out.push_back({low, below(range.low)});
    open = range.high < kInfinity;
    low = above(range.high);
  }
  if (open) out.push_back({low, kInfinity});
  return tidy(std::move(out));
}

Ranges intersection(const Ranges& a, const Ranges& b) {
  Ranges out;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const Range both{std::max(a[i].low, b[j].low), std::min(a[i].high, b[j].high)};
    if (both.low <= both.high) out.push_back(both);
    if (a[i].high < b[j].high)
      ++i;
    else
      ++j;
  }
  return out;
}

// The values of one field for which something is yes. Texts: those listed, or (negate) all others; "" is the unknown one.
struct Values {
  const FieldInfo* field = nullptr;
  bool is_text = false;
  Ranges ranges;
  bool negate = false;
  std::set<std::string> texts;
};

Values flipped(Values values) {
  values.negate = !values.negate;
  return values;
}

// Intersection; `a` is changed in place, so that long lists stay cheap.
Values both(Values a, const Values& b) {
  if (!a.is_text) {
    a.ranges = intersection(a.ranges, b.ranges);
  } else if (a.negate && b.negate) {
    a.texts.insert(b.texts.begin(), b.texts.end());
  } else if (a.negate) {
    return both(b, a);
  } else {
    std::erase_if(a.texts, [&](const auto& text) { return b.texts.contains(text) == b.negate; });
  }
  return a;
}
// Union; of texts by De Morgan. Ranges are left untidy.
Values either(Values a, const Values& b) {
  if (a.is_text) return flipped(both(flipped(std::move(a)), flipped(b)));
  a.ranges.insert(a.ranges.end(), b.ranges.begin(), b.ranges.end());
  return a;
}

class Cutter {
 public:
  /// `branches`: how many more branches of ORs may be cut.
  Cutter(std::shared_ptr<const Expression::Program> program, int& branches)
      : program_(std::move(program)), branches_(branches) {}

  std::vector<Conjunct> run(int node, bool negate) {
    cut(node, negate);
    std::vector<Conjunct> out;
    for (auto& [values, source] : values_) emit(values, std::move(source), out);
    std::move(patterns_.begin(), patterns_.end(), std::back_inserter(out));
    std::move(ors_.begin(), ors_.end(), std::back_inserter(out));
    if (!rest_.empty()) out.push_back(rest());
    return out;
  }

 private:
  const Node& at(int node) const { return program_->nodes[static_cast<std::size_t>(node)]; }
  const std::vector<int>& arguments(const Node& n) const { return program_->many[static_cast<std::size_t>(n.extra)]; }
  std::string source_of(int node, bool negate) const {
    const auto [begin, end] = program_->places[static_cast<std::size_t>(node)];
    const std::string text = program_->source.substr(begin, end - begin);
    return negate ? "not (" + text + ")" : text;
  }

  // The field of a node that is nothing but that, as index conditions can name it.
  const FieldInfo* field_at(int node) const {
    const Node& n = at(node);
    const bool is_field = n.op == Op::field || n.op == Op::field_f32 || n.op == Op::field_f64 ||
                          n.op == Op::text_field || n.op == Op::truth_field;
    if (!is_field) return nullptr;
    const FieldInfo& field = program_->fields[static_cast<std::size_t>(n.extra)];
    const bool scaled = field.scale != 1 || field.zero != 0;
    if (!program_->by_name[static_cast<std::size_t>(n.extra)]) return nullptr;
    if ((field.type != Type::text && field.count > 1) || (field.missing && (scaled || field.type == Type::boolean)))
      return nullptr;
    return &field;
  }

  void cut(int node, bool negate) {
    const Node& n = at(node);
    if (n.op == Op::negation) return cut(n.a, !negate);
    if (n.op == (negate ? Op::any : Op::all)) {
      for (const int argument : arguments(n)) cut(argument, negate);
      return;
    }
    if (n.op == Op::truth_constant && n.x == (negate ? 0 : 2)) return;
    if (auto values = values_of(node, negate)) return add(*std::move(values), source_of(node, negate));
    if (auto values = wider(node, negate)) add(*std::move(values), source_of(node, negate));
    if (alternatives(node, negate)) return;
    if (!negate) near(n);
    if (!pattern(node, negate)) rest_.emplace_back(node, negate);
  }

  // An OR of different fields, when every branch has something that an index can serve.
  bool alternatives(int node, bool negate) {
    const Node& n = at(node);
    if (n.op != (negate ? Op::all : Op::any)) return false;
    branches_ -= static_cast<int>(arguments(n).size());
    Conjunct out;
    for (const int argument : arguments(n)) {
      if (branches_ < 0) return false;
      out.branches.push_back(Cutter(program_, branches_).run(argument, negate));
      const auto& parts = out.branches.back();
      if (parts.empty() || (parts[0].kind == Conjunct::Kind::test && !parts[0].region)) return false;
    }
    out.kind = Conjunct::Kind::any;
    out.source = source_of(node, negate);
    ors_.push_back(std::move(out));
    return true;
  }

  // distance(ra, dec, x, y) < r is a circle.
  void near(const Node& n) {
    if (n.op != Op::within || at(n.a).op != Op::distance) return;
    const auto& angles = arguments(at(n.a));
    const auto is = [&](int node, const char* name) {
      const FieldInfo* field = field_at(node);
      return field && field->name == name;
    };
    for (const std::size_t first : {0U, 2U}) {
      const Node &x = at(angles[2 - first]), &y = at(angles[3 - first]);
      if (!is(angles[first], "ra") || !is(angles[first + 1], "dec")) continue;
      if (x.op != Op::constant || y.op != Op::constant || !(n.y >= 0 && n.y < 179)) continue;
      constexpr double kMargin = 1e-6;  // degrees: more than both computations are off
      auto circle = SkyRegion::cone(x.x, y.x, n.y + kMargin);
      if (circle && (!region_ || n.y < radius_)) {
        region_ = *std::move(circle);
        radius_ = n.y;
      }
    }
  }

  void add(Values values, std::string source) {
    for (auto& [known, known_source] : values_) {
      if (known.field->name != values.field->name || known.is_text != values.is_text) continue;
      known = both(std::move(known), values);
      if (known_source.find(source) == std::string::npos) known_source += " and " + source;
      return;
    }
    values_.emplace_back(std::move(values), std::move(source));
  }

  static std::optional<Values> numbers(const FieldInfo* field, const Node& n, Ranges ranges, bool negate) {
    if (!field) return std::nullopt;
    Values out;
    out.field = field;
    out.ranges = tidy(std::move(ranges));
    if (negate) out.ranges = complement(out.ranges);
    if (n.missing) {
      const auto missing = static_cast<double>(*n.missing);
      out.ranges = intersection(out.ranges, complement({{missing, missing}}));
    }
    if (n.failed_is_minus_one) out.ranges = intersection(out.ranges, complement({{-1, -1}}));
    return out;
  }
  static std::optional<Values> texts(const FieldInfo* field, std::set<std::string> texts, bool negate) {
    if (!field) return std::nullopt;
    Values out;
    out.field = field;
    out.is_text = true;
    out.negate = negate;
    out.texts = std::move(texts);
    return out;
  }

  std::optional<Values> values_of(int node, bool negate) const {
    const Node& n = at(node);
    switch (n.op) {
      case Op::negation: return values_of(n.a, !negate);
      case Op::all:
      case Op::any: return combined(n, negate);
      case Op::within:
      case Op::one_of: {
        const Node& value = at(n.a);
        const FieldInfo* const field = field_at(value.op == Op::from_truth ? value.a : n.a);
        Ranges ranges;
        if (n.op == Op::within) {
          ranges.push_back({n.x, n.y});
        } else {
          for (const double x : program_->numbers[static_cast<std::size_t>(n.extra)]) ranges.push_back({x, x});
        }
        return numbers(field, value, std::move(ranges), negate);
      }
      case Op::unknown_number:
        return negate ? numbers(field_at(n.a), at(n.a), {{-kInfinity, kInfinity}}, false) : std::nullopt;
      case Op::truth_field: return numbers(field_at(node), n, {{negate ? 0.0 : 1.0, negate ? 0.0 : 1.0}}, false);
      case Op::is_truth: {  // of a boolean field, which is always known
        if (at(n.a).op != Op::truth_field || n.x == 1) return std::nullopt;
        return values_of(n.a, negate == (n.x == 2));
      }
      case Op::equal_truth: {
        if (at(n.a).op != Op::truth_field || at(n.b).op != Op::truth_constant || at(n.b).x == 1) return std::nullopt;
        return values_of(n.a, negate == (at(n.b).x == 2));
      }
      case Op::text_one_of: {
        if (n.exact) return std::nullopt;
        const auto& words = program_->words[static_cast<std::size_t>(n.extra)];
        std::set<std::string> list(words.begin(), words.end());
        if (negate) list.insert("");
        return texts(field_at(n.a), std::move(list), negate);
      }
      case Op::unknown_text: return texts(field_at(n.a), {""}, negate);
      default: return std::nullopt;
    }
  }

  // The parts of an AND or OR that all ask for one field.
  std::optional<Values> combined(const Node& n, bool negate) const {
    std::optional<Values> out;
    for (const int argument : arguments(n)) {
      auto values = values_of(argument, negate);
      if (!values) return std::nullopt;
      if (!out) {
        out = std::move(values);
        continue;
      }
      if (out->field->name != values->field->name || out->is_text != values->is_text) return std::nullopt;
      out = (n.op == Op::all) != negate ? both(*std::move(out), *values) : either(*std::move(out), *values);
    }
    if (out) out->ranges = tidy(std::move(out->ranges));
    return out;
  }

  // A set that holds all values of a time for which year(), date(), night(), mjd() or jd() of it can be within limits, and
  // the texts of an exact comparison in any case. The condition itself stays in the test.
  std::optional<Values> wider(int node, bool negate) const {
    const Node& n = at(node);
    if (negate) return std::nullopt;
    if (n.op == Op::text_one_of) {
      std::set<std::string> list;
      for (const auto& word : program_->words[static_cast<std::size_t>(n.extra)]) list.insert(to_lower(word));
      return texts(field_at(n.a), std::move(list), false);
    }
    if (n.op != Op::within) return std::nullopt;
    const Node& of = at(n.a);
    const bool julian = of.op == Op::function1 && (of.function1 == expression::mjd || of.function1 == expression::jd);
    if (!julian && of.op != Op::civil) return std::nullopt;
    const FieldInfo* const field = field_at(of.a);
    if (!field || field->display != Display::time) return std::nullopt;
    const double zone = program_->settings.dates.tz_hours * 3600;
    const auto part = static_cast<int>(of.x);
    constexpr double kYears = 100000;
    Range range{n.x - 1, n.y + 1.5 * kDay + 1};
    if (julian) {
      const double start = of.function1 == expression::mjd ? 40587 : 2440587.5;
      range = {(n.x - start) * kDay - 1, (n.y - start) * kDay + 1};
    } else if (part == expression::kYear) {
      const auto first_day = [zone](double year) {
        return static_cast<double>(days_from_civil(static_cast<long long>(year), 1, 1)) * kDay - zone;
      };
      range = {n.x > -kYears && n.x < kYears ? first_day(std::ceil(n.x)) - 1 : n.x,
               n.y > -kYears && n.y < kYears ? first_day(std::floor(n.y) + 1) + 1 : n.y};
      if (n.x >= kYears || n.y <= -kYears) return std::nullopt;
    } else if (part != expression::kDate && part != expression::kNight) {
      return std::nullopt;
    }
    return numbers(field, at(of.a), {range}, false);
  }

  // LIKE, GLOB and starts_with() of a field as prefix or glob. True when nothing is left to be tested.
  bool pattern(int node, bool negate) {
    const Node& n = at(node);
    if ((n.op != Op::like && n.op != Op::glob && n.op != Op::starts) || at(n.b).op != Op::text_constant) return false;
    const FieldInfo* const field = field_at(n.a);
    const std::string& text = program_->texts[static_cast<std::size_t>(at(n.b).extra)];
    if (!field || text.empty() || (n.exact && negate)) return false;
    bool complete = !n.exact;
    std::string glob = n.op == Op::glob ? text : "";
    if (n.op == Op::starts) {
      glob = escaped(text) + "*";
    } else if (n.op == Op::like) {
      const std::string escape = n.c < 0 ? "" : program_->texts[static_cast<std::size_t>(at(n.c).extra)];
      if (!glob_of_like(text, escape, glob)) complete = false;
    }
    if (!complete && (negate || glob == "*")) return false;
    Conjunct out;
    out.field = field->name;
    out.negate = negate;
    out.source = source_of(node, negate);
    out.kind = Conjunct::Kind::glob;
    out.texts = {glob};
    if (const auto head = std::string_view(glob).substr(0, glob.size() - 1); glob.back() == '*' && !is_glob(head)) {
      out.kind = Conjunct::Kind::prefix;
      out.texts = {std::string(head)};
    }
    // An empty field is unknown: it matches no pattern, and no negated one.
    if (negate || (out.kind == Conjunct::Kind::prefix ? out.texts[0].empty() : glob_match(glob, "")))
      add(*texts(field, {""}, true), out.source);
    if (out.kind == Conjunct::Kind::glob && !is_glob(glob)) {
      add(*texts(field, negate ? std::set<std::string>{to_lower(glob), ""} : std::set<std::string>{to_lower(glob)},
                 negate),
          out.source);
    } else {
      patterns_.push_back(std::move(out));
    }
    return complete;
  }

  static std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) out += c == '*' || c == '?' || c == '[' ? std::string{'[', c, ']'} : std::string(1, c);
    return out;
  }
  // False when the glob matches more: from the first _ on, which is a character, not a byte.
  static bool glob_of_like(std::string_view like, std::string_view escape, std::string& glob) {
    for (std::size_t i = 0; i < like.size(); ++i) {
      const bool is_escape =
          !escape.empty() && like.substr(i, escape.size()) == escape && i + escape.size() < like.size();
      if (is_escape) {
        i += escape.size();
      } else if (like[i] == '%') {
        if (glob.empty() || glob.back() != '*' || glob.ends_with("[*")) glob += '*';
        continue;
      } else if (like[i] == '_') {
        glob += '*';
        return false;
      }
      glob += escaped(like.substr(i, 1));
    }
    return true;
  }

  static void emit(const Values& values, std::string source, std::vector<Conjunct>& out) {
    Conjunct made;
    made.field = values.field->name;
    made.source = std::move(source);
    if (values.is_text) {
      made.kind = Conjunct::Kind::texts;
      made.negate = values.negate;
      made.texts.assign(values.texts.begin(), values.texts.end());
    } else {
      made.kind = Conjunct::Kind::numbers;
      made.ranges = values.ranges;
      if (is_integer(*values.field)) {
        for (auto& range : made.ranges) range = {std::ceil(range.low), std::floor(range.high)};
        std::erase_if(made.ranges, [](const Range& r) { return !(r.low <= r.high); });
      }
      if (!values.field->words.empty() && codes_of(values, made.codes)) {
        made.kind = Conjunct::Kind::codes;
        made.ranges.clear();
      }
    }
    out.push_back(std::move(made));
  }

  static bool is_integer(const FieldInfo& field) {
    return field.type != Type::f32 && field.type != Type::f64 && field.scale == 1 && field.zero == 0;
  }

  // The codes that lie in the ranges; false when they are no list of codes 0..255.
  static bool codes_of(const Values& values, std::vector<int>& codes) {
    const bool bytes = values.field->type == Type::u8;
    if (!bytes && values.field->type != Type::i32) return false;
    for (const auto& range : values.ranges) {
      if (!bytes && (range.low != range.high || range.low < 0 || range.high > 255)) return false;
    }
    for (int code = 0; code < 256; ++code) {
      const bool in = std::any_of(values.ranges.begin(), values.ranges.end(),
                                  [code](const Range& r) { return r.low <= code && code <= r.high; });
      if (in) codes.push_back(code);
    }
    return true;
  }

  Conjunct rest() {
    Conjunct out;
    for (const auto& [node, negate] : rest_)
      out.source += (out.source.empty() ? "" : " and ") + source_of(node, negate);
    out.region = region_;
    out.test = [program = program_, parts = rest_](RecordView record) {
      return std::all_of(parts.begin(), parts.end(), [&](const auto& part) {
        return expression::truth_of(*program, part.first, record.bytes()) == (part.second ? Truth::no : Truth::yes);
      });
    };
    return out;
  }

  std::shared_ptr<const Expression::Program> program_;
  std::vector<std::pair<Values, std::string>> values_;
  std::vector<Conjunct> patterns_, ors_;
  std::optional<SkyRegion> region_;  ///< of the smallest circle
  double radius_ = 0;
  int& branches_;
  std::vector<std::pair<int, bool>> rest_;
};

}  // namespace

std::vector<Conjunct> Expression::conjuncts() const {
  int branches = 32;
  return Cutter(program_, branches).run(program_->root, false);
}

}  // namespace imreg
