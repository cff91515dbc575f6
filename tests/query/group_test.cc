// Groups and aggregates, against a naive loop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "imreg/index.h"
#include "imreg/query.h"
#include "query_fixture.h"

namespace imreg {
namespace {

using namespace imreg::testing;
using ::testing::HasSubstr;

struct Answer {
  Schema schema;
  std::vector<Record> rows;
};

Answer answer_of(const Query& query) {
  auto rows = query.rows();
  if (!rows) {
    ADD_FAILURE() << rows.status().text();
    return {};
  }
  Answer out{rows->schema(), {}};
  EXPECT_TRUE(out.schema.check().ok()) << out.schema.check().text();
  while (rows->next()) {
    EXPECT_EQ(rows->number(), std::ssize(out.rows));
    out.rows.emplace_back(std::string_view(rows->record().bytes(), static_cast<std::size_t>(out.schema.record_size)));
  }
  EXPECT_TRUE(rows->status().ok()) << rows->status().text();
  return out;
}

std::string bytes_of(const Answer& answer) {
  std::string out;
  for (const auto& row : answer.rows) out += row.bytes();
  return out;
}

struct Asked {
  std::vector<std::string> keys;
  std::vector<std::pair<std::string, std::string>> aggregates;  // function, field
};

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

std::string aggregates_of(const Asked& asked) {
  std::vector<std::string> parts = {"count"};
  for (const auto& [function, field] : asked.aggregates) parts.push_back(function + "(" + field + ")");
  return joined(parts);
}

// The groups of a table, with the rows of each, in the order of their keys.
std::vector<std::vector<std::int64_t>> naive_groups(const std::vector<Record>& table, const Schema& schema,
                                                    const std::vector<std::string>& keys) {
  const auto before = [&](std::int64_t a, std::int64_t b) {
    for (const auto& key : keys) {
      const auto at = [&](std::int64_t row) { return see(table[static_cast<std::size_t>(row)].view(), schema, key); };
      if (const int order = at(a).compare(at(b), false)) return order < 0;
    }
    return false;
  };
  std::vector<std::int64_t> rows(table.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int64_t>(i);
  std::stable_sort(rows.begin(), rows.end(), before);
  std::vector<std::vector<std::int64_t>> out;
  for (const auto row : rows) {
    if (out.empty() || before(out.back().front(), row)) out.emplace_back();
    out.back().push_back(row);
  }
  return out;
}

void expect_aggregate(const std::string& function, const std::string& field, const std::vector<Record>& table,
                      const std::vector<std::int64_t>& group, const Record& result, const Schema& schema,
                      const Schema& of_table) {
  std::vector<Seen> values;
  for (const auto row : group) {
    Seen value = see(table[static_cast<std::size_t>(row)].view(), of_table, field);
    if (value.known) values.push_back(value);
  }
  const Seen got = see(result.view(), schema, function + "_" + field);
  const std::string what = function + "(" + field + ")";
  if (function == "count") {
    ASSERT_EQ(got.number, static_cast<long double>(values.size())) << what;
    return;
  }
  if (values.size() < (function == "stddev" ? 2 : 1)) {
    ASSERT_TRUE(!got.known || (function == "sum" && got.number == 0)) << what;
    return;
  }
  ASSERT_TRUE(got.known) << what;
  std::vector<Seen> sorted = values;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Seen& a, const Seen& b) { return a.compare(b, false) < 0; });
  long double sum = 0, squares = 0;
  for (const auto& value : values) sum += value.number;
  const long double mean = sum / static_cast<long double>(values.size());
  for (const auto& value : values) squares += (value.number - mean) * (value.number - mean);
  if (function == "min") {
    ASSERT_EQ(got, sorted.front()) << what;
  } else if (function == "max") {
    ASSERT_EQ(got, sorted.back()) << what;
  } else if (function == "first") {
    ASSERT_EQ(got, values.front()) << what;
  } else if (function == "last") {
    ASSERT_EQ(got, values.back()) << what;
  } else if (function == "median") {
    const auto a = static_cast<double>(sorted[(sorted.size() - 1) / 2].number),
               b = static_cast<double>(sorted[sorted.size() / 2].number);
    double median = a / 2 + b / 2;
    if (schema.find("median_" + field)->type == Type::f32) median = static_cast<double>(static_cast<float>(median));
    ASSERT_EQ(static_cast<double>(got.number), median) << what;
  } else {
    const long double expected = function == "sum" ? sum
                                 : function == "mean"
                                     ? mean
                                     : std::sqrt(squares / static_cast<long double>(values.size() - 1));
    long double size = 1e-300L;
    for (const auto& value : values) size = std::max(size, std::abs(value.number));
    if (function == "sum") size *= static_cast<long double>(values.size());
    ASSERT_LE(std::abs(got.number - expected), 1e-13L * size) << what;
  }
}

void expect_groups(const std::vector<Record>& table, const Schema& of_table, const Asked& asked, const Answer& answer) {
  const auto groups = naive_groups(table, of_table, asked.keys);
  ASSERT_EQ(answer.rows.size(), groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const Record& result = answer.rows[i];
    for (const auto& key : asked.keys) {
      ASSERT_EQ(see(result.view(), answer.schema, key),
                see(table[static_cast<std::size_t>(groups[i].front())].view(), of_table, key))
          << key << " of group " << i;
    }
    ASSERT_EQ(see(result.view(), answer.schema, "count").number, static_cast<long double>(groups[i].size()));
    for (const auto& [function, field] : asked.aggregates)
      expect_aggregate(function, field, table, groups[i], result, answer.schema, of_table);
  }
}

TEST(Groups, AgreeWithANaiveLoop) {
  const Folder folder;
  Random random(424242);
  static const char* const kFields[] = {"obstime", "exptime",     "bias",     "teltemp[0]", "teltemp[2]",
                                        "ccd",     "type",        "mode",     "deleted",    "seq",
                                        "fwhm",    "fingerprint", "filename", "filter"};
  static const char* const kAny[] = {"count", "min", "max", "first", "last"};
  static const char* const kNumbers[] = {"sum", "mean", "median", "stddev"};
  for (int table = 0; table < 30; ++table) {
    const std::int64_t count = table == 0 ? 0 : table == 1 ? 1 : random.below(table % 6 == 0 ? 3000 : 300);
    std::vector<Record> rows;
    for (std::int64_t i = 0; i < count; ++i) rows.push_back(random_row(random, 1 + count / (1 + random.below(20))));
    const RecordFile file = make_table(folder / (std::to_string(table) + ".db"), rows);
    if (table % 2 == 1) {
      ASSERT_TRUE(rebuild_index(file).ok());
    }
    rows = rows_of(file);
    for (int i = 0; i < 60; ++i) {
      Asked asked;
      for (auto n = random.below(4); n > 0; --n) {
        const std::string key = kFields[random.below(14)];
        if (std::find(asked.keys.begin(), asked.keys.end(), key) == asked.keys.end()) asked.keys.push_back(key);
      }
      for (auto n = random.below(5); n > 0; --n) {
        const std::string field = kFields[random.below(14)];
        const FieldInfo* info = native().find(field.substr(0, field.find('[')));
        const bool number = info->type != Type::text && info->display != Display::words;
        std::string function = number && random.below(2) ? kNumbers[random.below(4)] : kAny[random.below(5)];
        if (function == "sum" && (info->display == Display::time || info->type == Type::i64)) function = "median";
        if (std::find(asked.aggregates.begin(), asked.aggregates.end(), std::pair{function, field}) ==
            asked.aggregates.end())
          asked.aggregates.emplace_back(function, field);
      }
      static constexpr std::size_t kMemory[] = {1, 3000, 100000, std::size_t{32} << 20};
      Query query(file);
      query.select({}).group(joined(asked.keys), aggregates_of(asked)).memory(kMemory[random.below(4)]).jobs(2);
      expect_groups(rows, native(), asked, answer_of(query));
      if (HasFatalFailure())
        FAIL() << "table " << table << " question " << i << ": " << joined(asked.keys) << " " << aggregates_of(asked);
    }
  }
}

// Several blocks of rows, so that several threads take part: the answer must not depend on them, to the last bit.
TEST(Groups, TheSameForAnyNumberOfThreads) {
  const Folder folder;
  Random random(99);
  std::vector<Record> rows;
  for (int i = 0; i < 70000; ++i) rows.push_back(random_row(random, 3000));
  const RecordFile file = make_table(folder / "large.db", rows);
  Asked few{{"filter", "type"},
            {{"sum", "exptime"}, {"mean", "obstime"}, {"median", "fwhm"}, {"stddev", "exptime"}, {"max", "filename"}}};
  Asked many{{"filename"}, {{"mean", "exptime"}, {"first", "filter"}, {"median", "obstime"}}};
  for (const auto& asked : {few, many}) {
    std::string first;
    for (const auto& [memory, jobs] :
         {std::pair{std::size_t{32} << 20, 1}, {std::size_t{32} << 20, 4}, {std::size_t{600000}, 3}}) {
      Query query(file);
      query.select({})
          .group(joined(asked.keys), aggregates_of(asked))
          .memory(memory)
          .jobs(jobs)
          .temporary_folder(folder.path());
      const Answer answer = answer_of(query);
      if (first.empty()) {
        expect_groups(rows, native(), asked, answer);
        first = bytes_of(answer);
      } else if (memory == std::size_t{32} << 20) {
        EXPECT_EQ(bytes_of(answer), first) << jobs << " jobs";
      } else {
        expect_groups(rows, native(), asked, answer);
      }
    }
  }
}

// Blocks of many groups and blocks of few in one file, groups that are in both: first and last are those of the file's
// order, medians take the values of all, wherever these stood meanwhile.
TEST(Groups, OfManyGroupsAndOfFewInTurn) {
  const Folder folder;
  Random random(7);
  std::vector<Record> rows;
  for (int i = 0; i < 30000; ++i) {
    rows.push_back(random_row(random, 5000));
    const int block = i / 8192;
    // 0 and 3: a few groups; 1: most rows are one by themselves; 2: 500, of which one has most rows.
    const auto some = [&](std::uint32_t n) { return std::to_string(random.below(n)); };
    std::string name = "common" + some(20);
    if (block == 1) name = random.below(3) ? "row" + std::to_string(i) : name;
    if (block == 2) name = random.below(4) ? "common7" : "middle" + some(500);
    put(native(), rows.back(), "filename", std::string_view(name));
  }
  const RecordFile file = make_table(folder / "turns.db", rows);
  const Asked asked{{"filename"},
                    {{"median", "exptime"},
                     {"median", "obstime"},
                     {"first", "seq"},
                     {"last", "obstime"},
                     {"first", "filter"},
                     {"last", "filter"},
                     {"min", "filter"},
                     {"stddev", "exptime"},
                     {"sum", "exptime"}}};
  std::string first;
  for (const auto& [memory, jobs] :
       {std::pair{std::size_t{32} << 20, 1}, {std::size_t{32} << 20, 5}, {std::size_t{200000}, 64}}) {
    Query query(file);
    query.select({}).group(joined(asked.keys), aggregates_of(asked)).memory(memory).jobs(jobs);
    query.temporary_folder(folder.path());
    const Answer answer = answer_of(query);
    if (jobs == 5) {
      EXPECT_EQ(bytes_of(answer), first);
      continue;
    }
    first = bytes_of(answer);
    expect_groups(rows, native(), asked, answer);
    ASSERT_FALSE(::testing::Test::HasFatalFailure()) << memory << " bytes, " << jobs << " jobs";
  }
}

TEST(Groups, SortedByAColumnOfTheResultWithLimitAndOffset) {
  const Folder folder;
  Random random(5);
  std::vector<Record> rows;
  for (int i = 0; i < 2000; ++i) rows.push_back(random_row(random, 40));
  const RecordFile file = make_table(folder / "s.db", rows);
  Query query(file);
  query.select({}).group("filename", "count,max(exptime)");
  const Answer all = answer_of(query);
  EXPECT_EQ(*query.count(), std::ssize(all.rows));
  for (const char* order : {"-max_exptime,filename", "-max(exptime), filename"}) {
    for (const std::size_t memory : {std::size_t{100}, std::size_t{32} << 20}) {
      std::vector<Record> expected = all.rows;
      std::stable_sort(expected.begin(), expected.end(), [&](const Record& a, const Record& b) {
        return see(a.view(), all.schema, "max_exptime").compare(see(b.view(), all.schema, "max_exptime"), true) < 0;
      });
      expected.erase(expected.begin(), expected.begin() + 3);
      expected.erase(expected.begin() + 50, expected.end());
      query.sort(order).limit(50).offset(3).memory(memory);
      EXPECT_EQ(bytes_of(answer_of(query)), bytes_of({all.schema, expected})) << order;
    }
  }
  EXPECT_EQ(*query.count(), 50);
}

TEST(Groups, UnitsMeaningsAndTypesOfTheResult) {
  const Folder folder;
  const RecordFile file = make_table(folder / "t.db", {});
  const Answer answer = answer_of(Query(file).group(
      "type,teltemp[1]",
      "count,count(fwhm),median(fwhm),mean(ccd),max(obstime),mean(obstime),min(type),sum(ccd),stddev(obstime)"));
  EXPECT_TRUE(answer.rows.empty());
  const auto field = [&](const char* name) {
    const FieldInfo* found = answer.schema.find(name);
    EXPECT_NE(found, nullptr) << name;
    return found ? *found : FieldInfo();
  };
  EXPECT_EQ(field("type").words.size(), 11U);
  EXPECT_EQ(field("teltemp[1]").type, Type::f32);
  EXPECT_EQ(field("count").type, Type::i64);
  EXPECT_EQ(field("count_fwhm").unit, "");
  EXPECT_EQ(field("median_fwhm").type, Type::f32);
  EXPECT_EQ(field("median_fwhm").unit, "pixel");
  EXPECT_EQ(field("median_fwhm").meaning, "median of fwhm");
  EXPECT_EQ(field("mean_ccd").type, Type::f64);
  EXPECT_EQ(field("sum_ccd").type, Type::i64);
  EXPECT_EQ(field("max_obstime").display, Display::time);
  EXPECT_EQ(field("mean_obstime").display, Display::time);
  EXPECT_EQ(field("stddev_obstime").display, Display::plain);
  EXPECT_EQ(field("stddev_obstime").unit, "s");
  EXPECT_EQ(field("min_type").display, Display::words);
  EXPECT_EQ(field("min_type").column, "MIN_TYPE");
}

TEST(Groups, ExpressionsAsKeysAndInAggregates) {
  const Folder folder;
  Random random(8);
  std::vector<Record> rows;
  for (int i = 0; i < 500; ++i) rows.push_back(random_row(random, 20));
  const RecordFile file = make_table(folder / "e.db", rows);
  const Answer answer =
      answer_of(Query(file).select({}).group("lower(filter)", "count,max(ccd * 2 + 1),max(upper(filename))"));
  std::map<std::string, std::array<std::int64_t, 2>> expected;
  std::map<std::string, std::string> longest;
  for (const auto& row : rows) {
    const std::string filter = to_lower(see(row.view(), native(), "filter").word);
    auto& group = expected.try_emplace(filter, std::array<std::int64_t, 2>{0, -100}).first->second;
    ++group[0];
    group[1] = std::max(group[1], static_cast<std::int64_t>(see(row.view(), native(), "ccd").number) * 2 + 1);
    longest[filter] = std::max(longest[filter], to_upper(see(row.view(), native(), "filename").word),
                               [](const auto& a, const auto& b) { return to_lower(a) < to_lower(b); });
  }
  ASSERT_EQ(answer.rows.size(), expected.size());
  for (const auto& row : answer.rows) {
    const std::string filter = see(row.view(), answer.schema, answer.schema.fields[0].name).word;
    EXPECT_EQ(see(row.view(), answer.schema, "count").number, expected.at(filter)[0]) << filter;
    EXPECT_EQ(see(row.view(), answer.schema, answer.schema.fields[2].name).number, expected.at(filter)[1]) << filter;
    EXPECT_EQ(see(row.view(), answer.schema, answer.schema.fields[3].name).word, longest.at(filter)) << filter;
  }
}

TEST(Groups, MistakesAreNamed) {
  const Folder folder;
  const RecordFile file = make_table(folder / "m.db", {});
  const auto message = [&](std::string_view fields, std::string_view aggregates) {
    const auto rows = Query(file).group(fields, aggregates).rows();
    EXPECT_FALSE(rows.ok());
    return rows.status().message();
  };
  EXPECT_THAT(message("filtr", "count"), HasSubstr("near: filter"));
  EXPECT_THAT(message("filter", "average(fwhm)"), HasSubstr("is no aggregate; there are count"));
  EXPECT_THAT(message("filter", "mean(filename)"), HasSubstr("mean(filename): the field holds text"));
  EXPECT_THAT(message("filter", "median(type)"), HasSubstr("the field holds words"));
  EXPECT_THAT(message("filter", "sum(obstime)"), HasSubstr("the field holds times"));
  EXPECT_THAT(message("filter", "mean(fwhmm)"), HasSubstr("near: fwhm"));
  EXPECT_THAT(message("filter,FILTER", "count"), HasSubstr("filter would be there twice"));
}

}  // namespace
}  // namespace imreg
