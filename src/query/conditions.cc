// The conditions of a query: each goes to the selection in the form that an index can serve best.
#include "query/conditions.h"

#include "query/work.h"

namespace imreg {

Status add_conjunct(const Conjunct& part, const Schema& schema, Selection& to) {
  using Kind = Conjunct::Kind;
  switch (part.kind) {
    case Kind::numbers: {
      std::vector<Interval> intervals;
      for (const auto& range : part.ranges) intervals.push_back({range.low, range.high});
      return to.number(schema, part.field, std::move(intervals));
    }
    case Kind::codes: return to.codes(schema, part.field, part.codes);
    case Kind::texts:
    case Kind::prefix:
    case Kind::glob: {
      const auto how = part.kind == Kind::texts    ? TextPattern::How::exact
                       : part.kind == Kind::prefix ? TextPattern::How::prefix
                                                   : TextPattern::How::glob;
      std::vector<TextPattern> patterns;
      for (const auto& text : part.texts) patterns.push_back({text, how});
      return to.patterns(schema, part.field, std::move(patterns), part.negate);
    }
    case Kind::any: {
      std::vector<Selection> branches(part.branches.size());
      for (std::size_t i = 0; i < branches.size(); ++i) {
        for (const auto& each : part.branches[i]) IMREG_TRY(add_conjunct(each, schema, branches[i]));
      }
      to.any(std::move(branches));
      return {};
    }
    case Kind::test:
      if (part.region) return to.test_within(schema, *part.region, part.test, part.source);
      to.test(part.test, part.source);
      return {};
  }
  return {};
}

Status Query::Work::prepare() {
  if (query.limit_ < 0 || query.offset_ < 0 || query.last_.value_or(0) < 0)
    return {Code::invalid, "limit, offset and last are numbers of rows: 0 or more"};
  for (const auto& text : query.where_) {
    IMREG_ASSIGN(const auto condition, Expression::parse_condition(text, schema, query.settings_));
    for (const auto& part : condition.conjuncts()) IMREG_TRY(add_conjunct(part, schema, selection));
  }
  return {};
}

}  // namespace imreg
