// Order, amount and choice of rows, against a naive loop.
#include "imreg/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <set>

#include "imreg/index.h"
#include "imreg/registry.h"
#include "query_fixture.h"

namespace imreg {
namespace {

using namespace imreg::testing;
using ::testing::HasSubstr;

std::vector<std::int64_t> numbers_of(const Query& query) {
  std::vector<std::int64_t> out;
  auto rows = query.rows();
  if (!rows) {
    ADD_FAILURE() << rows.status().text();
    return out;
  }
  while (rows->next()) out.push_back(rows->number());
  EXPECT_TRUE(rows->status().ok()) << rows->status().text();
  EXPECT_EQ(rows->report().rows, static_cast<std::int64_t>(out.size()));
  return out;
}

struct Asked {
  std::vector<std::pair<std::string, bool>> keys;  // field, descending
  std::vector<std::string> unique;
  bool unique_rule = false;
  std::int64_t limit = -1, offset = 0, last = -1;
  std::optional<double> exptime_above;
  bool with_deleted = false;

  std::string sort_text() const {
    std::string out;
    for (const auto& [name, descending] : keys)
      out += (out.empty() ? "" : ",") + std::string(descending ? "-" : "") + name;
    return out;
  }
  void put(Query& query, const Schema& schema = native()) const {
    Selection selection;
    if (!with_deleted) selection.without_deleted(schema);
    if (exptime_above) {
      EXPECT_TRUE(selection.number(schema, "exptime", {{*exptime_above, 1e30}}).ok());
    }
    query.select(selection);
    if (!keys.empty()) query.sort(sort_text());
    if (limit >= 0) query.limit(limit);
    if (offset > 0) query.offset(offset);
    if (last >= 0) query.last(last);
    if (unique_rule) query.unique();
    if (!unique.empty()) {
      std::string names;
      for (const auto& name : unique) names += (names.empty() ? "" : ",") + name;
      query.unique(names);
    }
  }
};

std::vector<std::int64_t> naive(const std::vector<Record>& table, const Asked& asked, const Schema& schema = native()) {
  const auto at = [&](std::int64_t row, const std::string& name) {
    return see(table[static_cast<std::size_t>(row)].view(), schema, name);
  };
  std::vector<std::int64_t> rows;
  for (std::int64_t row = 0; row < static_cast<std::int64_t>(table.size()); ++row) {
    if (!asked.with_deleted && at(row, "deleted").number == 1) continue;
    const Seen exptime = at(row, "exptime");
    if (asked.exptime_above && !(exptime.known && exptime.number >= static_cast<long double>(*asked.exptime_above)))
      continue;
    rows.push_back(row);
  }
  const auto identity = asked.unique_rule ? std::vector<std::string>{"filename", "ccd"} : asked.unique;
  if (!identity.empty()) {
    std::map<std::string, std::int64_t> kept;
    for (const auto row : rows) {
      std::string key;
      for (const auto& name : identity) {
        const Seen seen = at(row, name);
        key += seen.known ? std::to_string(seen.number + 0) + "/" + seen.word + "\n" : "?\n";
      }
      const auto [place, is_new] = kept.try_emplace(key, row);
      const auto measured = [&](std::int64_t number) {
        const Seen bias = at(number, "bias");
        if (!schema.find("procstate")) return bias.known && bias.number != -1;  // Elixir's
        return static_cast<int>(at(number, "procstate").number) % 4 == 1;
      };
      if (!is_new && asked.unique_rule && !measured(place->second) && measured(row)) place->second = row;
    }
    rows.clear();
    for (const auto& [key, row] : kept) rows.push_back(row);
    std::sort(rows.begin(), rows.end());
  }
  auto keys = asked.keys;
  if (asked.last >= 0) {
    std::erase_if(rows, [&](auto row) { return !at(row, "obstime").known; });
    std::stable_sort(rows.begin(), rows.end(),
                     [&](auto a, auto b) { return at(a, "obstime").compare(at(b, "obstime"), false) < 0; });
    const auto many = static_cast<std::int64_t>(rows.size());
    if (many > asked.last) rows.erase(rows.begin(), rows.begin() + (many - asked.last));
    if (!keys.empty()) std::sort(rows.begin(), rows.end());
  }
  std::stable_sort(rows.begin(), rows.end(), [&](auto a, auto b) {
    for (const auto& [name, descending] : keys) {
      if (const int order = at(a, name).compare(at(b, name), descending)) return order < 0;
    }
    return false;
  });
  rows.erase(rows.begin(), rows.begin() + std::min<std::ptrdiff_t>(asked.offset, std::ssize(rows)));
  if (asked.limit >= 0 && std::ssize(rows) > asked.limit) rows.resize(static_cast<std::size_t>(asked.limit));
  return rows;
}

Asked random_question(Random& random, std::int64_t rows) {
  static const char* const kFields[] = {"obstime", "exptime",     "bias",     "teltemp[0]", "teltemp[2]",
                                        "ccd",     "type",        "mode",     "deleted",    "seq",
                                        "fwhm",    "fingerprint", "filename", "filter"};
  Asked asked;
  const auto field = [&] { return std::string(kFields[random.below(14)]); };
  for (auto n = random.below(4); n > 0; --n) asked.keys.emplace_back(field(), random.below(2) == 1);
  const auto amount = [&] {
    return static_cast<std::int64_t>(random.below(static_cast<std::uint32_t>(rows + rows / 3 + 3)));
  };
  if (random.below(2)) asked.limit = random.below(2) ? amount() : random.below(4);
  if (random.below(3) == 0) asked.offset = random.below(2) ? amount() : random.below(4);
  if (random.below(4) == 0) asked.last = random.below(2) ? amount() : random.below(4);
  if (random.below(4) == 0) {
    for (auto n = random.below(3) + 1; n > 0; --n) asked.unique.push_back(field());
  } else {
    asked.unique_rule = random.below(4) == 0;
  }
  if (random.below(3) == 0) asked.exptime_above = random.below(8) == 0 ? 1e20 : random.uniform(-1, 1);
  asked.with_deleted = random.below(2);
  return asked;
}

TEST(Query, AgreesWithANaiveLoop) {
  const Folder folder;
  Random random(20031);
  for (int table = 0; table < 25; ++table) {
    const std::int64_t count = table == 0 ? 0 : table == 1 ? 1 : random.below(table % 5 == 0 ? 3000 : 200);
    std::vector<Record> rows;
    for (std::int64_t i = 0; i < count; ++i) rows.push_back(random_row(random, 1 + count / (1 + random.below(20))));
    const RecordFile file = make_table(folder / (std::to_string(table) + ".db"), rows);
    if (table % 2 == 1) {
      ASSERT_TRUE(rebuild_index(file).ok());
    }
    for (int i = 0; i < 120; ++i) {
      Asked asked = random_question(random, count);
      if (random.below(8) == 0) {  // what an index can tell alone
        asked.unique.clear();
        asked.unique_rule = false;
        if (asked.last < 0) asked.keys = {{"obstime", random.below(2) == 1}};
      }
      Query query(file);
      asked.put(query);
      static constexpr std::size_t kMemory[] = {1, 300, 3000, 30000, std::size_t{32} << 20};
      query.memory(kMemory[random.below(5)]).jobs(1 + static_cast<int>(random.below(3)));
      const auto expected = naive(rows, asked);
      ASSERT_EQ(numbers_of(query), expected)
          << "table " << table << " question " << i << " sort " << asked.sort_text() << " limit " << asked.limit
          << " offset " << asked.offset << " last " << asked.last;
      const auto counted = query.count();
      ASSERT_TRUE(counted.ok()) << counted.status().text();
      ASSERT_EQ(*counted, static_cast<std::int64_t>(expected.size()));
    }
  }
}

// Elixir's files: 0 is not known, times are unsigned integers, -1 is a statistic that failed.
TEST(Query, ElixirsFilesAgreeWithANaiveLoop) {
  const Folder folder;
  Random random(360);
  std::vector<Record> rows;
  for (int i = 0; i < 400; ++i) {
    rows.push_back(random_row(random, 60));
    put(native(), rows.back(), "obstime", static_cast<std::int64_t>(random.below(50) * 60000001));
    put(native(), rows.back(), "ccd", static_cast<std::int64_t>(random.below(4)));
    put(native(), rows.back(), "seq", std::int64_t{0});
    put(native(), rows.back(), "deleted", false);
  }
  make_table(folder / "native.db", rows);
  const auto converted = convert_database(folder / "native.db", folder / "elixir.db", "v3");
  ASSERT_TRUE(converted.ok()) << converted.status().text();
  const RecordFile file = *RecordFile::open(folder / "elixir.db");
  ASSERT_EQ(file.count(), 400);
  rows = rows_of(file);
  static const char* const kFields[] = {"obstime", "exptime", "teltemp[1]", "TELTEMP3",
                                        "ccd",     "type",    "filename",   "filter"};
  for (int i = 0; i < 300; ++i) {
    Asked asked;
    asked.with_deleted = true;
    for (auto n = random.below(3) + 1; n > 0; --n)
      asked.keys.emplace_back(kFields[random.below(8)], random.below(2) == 1);
    asked.unique_rule = random.below(4) == 0;
    if (random.below(3) == 0) asked.last = random.below(300);
    Query query(file);
    asked.put(query, file.schema());
    auto read = asked;
    for (auto& [name, descending] : read.keys) name = name == "TELTEMP3" ? "teltemp[3]" : name;
    ASSERT_EQ(numbers_of(query), naive(rows, read, file.schema())) << asked.sort_text() << " last " << asked.last;
  }
}

TEST(Query, AStatisticThatFailedIsNotKnown) {
  const Folder folder;
  std::vector<Record> rows(4, Record(static_cast<std::size_t>(native().record_size)));
  for (std::int64_t i = 0; i < 4; ++i) {
    put(native(), rows[static_cast<std::size_t>(i)], "obstime", 1e9 + static_cast<double>(i));
    put(native(), rows[static_cast<std::size_t>(i)], "procstate", i == 1 ? std::int64_t{2} : std::int64_t{1});
    put(native(), rows[static_cast<std::size_t>(i)], "bias", i == 1 ? Value() : Value(static_cast<double>(10 - i)));
  }
  make_table(folder / "native.db", rows);
  ASSERT_TRUE(convert_database(folder / "native.db", folder / "elixir.db", "v3").ok());
  const RecordFile file = *RecordFile::open(folder / "elixir.db");
  Record failed = file.make_record();
  ASSERT_TRUE(file.read(1, failed).ok());
  ASSERT_EQ(std::get<double>(value_of(failed.view(), *file.schema().find("bias"))), -1.0);
  EXPECT_EQ(numbers_of(Query(file).sort("bias")), (std::vector<std::int64_t>{3, 2, 0, 1}));
  EXPECT_EQ(numbers_of(Query(file).unique()), (std::vector<std::int64_t>{0}));
  auto groups = Query(file).group("", "min(bias)").rows();
  ASSERT_TRUE(groups.ok() && groups->next());
  EXPECT_EQ(see(groups->record(), groups->schema(), "min_bias").number, 7);
}

// More rows than one block, so that several threads take part, and so little memory that runs are merged more than
// once.
TEST(Query, LargeTablesAndManyRuns) {
  const Folder folder;
  Random random(7);
  std::vector<Record> rows;
  for (int i = 0; i < 70000; ++i) rows.push_back(random_row(random, 5000));
  const RecordFile file = make_table(folder / "large.db", rows);
  std::vector<Asked> questions(4);
  questions[0].keys = {{"obstime", true}, {"filename", false}};
  questions[1].unique_rule = true;
  questions[2].keys = {{"filter", false}};
  questions[2].limit = 40000;
  questions[2].offset = 10;
  questions[3].last = 1000;
  for (const auto& asked : questions) {
    const auto expected = naive(rows, asked);
    for (const auto& [memory, jobs] :
         {std::pair{std::size_t{40000}, 1}, {std::size_t{400000}, 4}, {std::size_t{32} << 20, 3}}) {
      Query query(file);
      asked.put(query);
      query.memory(memory).jobs(jobs).temporary_folder(folder.path());
      ASSERT_EQ(numbers_of(query), expected) << memory << " bytes, " << jobs << " jobs";
    }
  }
  std::set<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) left.insert(entry.path().filename());
  EXPECT_EQ(left, (std::set<std::string>{"large.db", "large.db.lock"}));
}

TEST(Query, AnIndexSavesTheSort) {
  const Folder folder;
  Random random(2);
  std::vector<Record> rows;
  for (int i = 0; i < 20000; ++i) rows.push_back(random_row(random, 20000));
  const RecordFile file = make_table(folder / "i.db", rows);
  ASSERT_TRUE(rebuild_index(file).ok());
  std::int64_t looked_at = 0;
  const auto sorts = [&](Query query) {
    const auto report = query.each([&](std::int64_t, RecordView) { return ++looked_at, true; });
    EXPECT_TRUE(report.ok());
    std::string plan;
    for (const auto& line : report->plan) plan += line + "\n";
    return plan;
  };
  EXPECT_THAT(sorts(Query(file).last(3).use_index(false)), HasSubstr("by sorting"));
  EXPECT_THAT(sorts(Query(file).last(3)), ::testing::Not(HasSubstr("by sorting")));
  EXPECT_EQ(looked_at, 6);
  EXPECT_THAT(sorts(Query(file).sort("-obstime").limit(3).use_index(false)), "every row is looked at: 20000\n");
  EXPECT_THAT(sorts(Query(file).sort("-obstime").limit(3)), HasSubstr("index"));
  EXPECT_THAT(sorts(Query(file).group("type").use_index(false)), "every row is looked at: 20000\n");
  EXPECT_THAT(sorts(Query(file).group("type")), HasSubstr("index"));
}

TEST(Query, EachStopsWhenToldTo) {
  const Folder folder;
  Random random(3);
  std::vector<Record> rows;
  for (int i = 0; i < 50; ++i) rows.push_back(random_row(random, 50));
  const RecordFile file = make_table(folder / "each.db", rows);
  std::vector<std::int64_t> seen;
  const auto report = Query(file).select({}).sort("exptime").each([&](std::int64_t index, RecordView) {
    seen.push_back(index);
    return index < 4;
  });
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(seen, ::testing::ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(report->rows, 4);
}

TEST(Query, ConditionsInWordsAndInSelectionsHoldTogether) {
  const Folder folder;
  Random random(11);
  std::vector<Record> rows;
  for (int i = 0; i < 3000; ++i) {
    rows.push_back(random_row(random, 100));
    put(native(), rows.back(), "filesize", std::int64_t{i + 1});
  }
  const RecordFile file = make_table(folder / "w.db", rows);
  Selection chips;
  ASSERT_TRUE(chips.number(native(), "ccd", {{0, 1}}).ok());
  std::vector<std::int64_t> expected;
  for (std::int64_t row = 0; row < 3000; ++row) {
    const auto at = [&](const char* name) { return see(rows[static_cast<std::size_t>(row)].view(), native(), name); };
    const Seen exptime = at("exptime");
    if (at("ccd").number != 0 && at("ccd").number != 1) continue;
    if (!equal_nocase(at("filter").word, "ab") || at("type").word != "flat") continue;
    if (exptime.known && exptime.number > 0) expected.push_back(row);
  }
  ASSERT_GT(expected.size(), 5U);
  Query query(file);
  query.select(chips).where("exptime > 0 and filter = 'AB'").where("type = flat").jobs(2);
  EXPECT_EQ(numbers_of(query), expected);
  EXPECT_EQ(*query.count(), std::ssize(expected));
  std::reverse(expected.begin(), expected.end());
  expected.resize(5);
  EXPECT_EQ(numbers_of(query.sort("-(bias is not null or true), -(filesize + 1)").limit(5)), expected);
}

// Answers must not depend on what is damaged beyond the damaged rows themselves.
TEST(Query, DamagedRowsAreReportedAndTakeNoPlace) {
  const Folder folder;
  Random random(12);
  std::vector<Record> rows;
  for (int i = 0; i < 100; ++i) {
    rows.push_back(random_row(random, 100));
    put(native(), rows.back(), "exptime", 100.0 - i);
    put(native(), rows.back(), "deleted", false);
  }
  const std::string path = folder / "d.db";
  make_table(path, rows);
  {  // two bytes of the filenames rot
    std::FILE* file = std::fopen(path.c_str(), "r+b");
    ASSERT_NE(file, nullptr);
    for (const long row : {98L, 95L}) {
      std::fseek(file, 23040 + row * 512 + native().find("filename")->offset, SEEK_SET);
      std::fputc('#', file);
    }
    std::fclose(file);
  }
  const auto file = RecordFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().text();
  EXPECT_EQ(numbers_of(Query(*file).sort("exptime").limit(4)), (std::vector<std::int64_t>{99, 97, 96, 94}));
  EXPECT_EQ(numbers_of(Query(*file).sort("exptime").limit(2).offset(2)), (std::vector<std::int64_t>{96, 94}));
  EXPECT_EQ(numbers_of(Query(*file).limit(3).offset(94)), (std::vector<std::int64_t>{94, 96, 97}));
  auto sorted = Query(*file).sort("exptime").rows();
  while (sorted->next()) {
  }
  ASSERT_EQ(sorted->report().damaged.count, 2);
  EXPECT_THAT(sorted->report().damaged.first[0].text(), HasSubstr("(record 99)"));
  std::int64_t given = 0;
  const auto plain = Query(*file).offset(90).limit(7).each([&](std::int64_t, RecordView) { return ++given, true; });
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(given, 7);
  EXPECT_EQ(plain->damaged.count, 1);  // the other one is behind the end
}

// All are counted; so many that nobody reads them are not kept.
TEST(Query, OnlyTheFirstThousandDamagedRowsAreNamed) {
  const Folder folder;
  Random random(14);
  std::vector<Record> rows;
  for (int i = 0; i < 1503; ++i) rows.push_back(random_row(random, 100));
  for (auto& row : rows) put(native(), row, "deleted", false);
  const std::string path = folder / "d.db";
  make_table(path, rows);
  std::FILE* disk = std::fopen(path.c_str(), "r+b");
  ASSERT_NE(disk, nullptr);
  for (long row = 3; row < 1503; ++row) {
    std::fseek(disk, 23040 + row * 512 + native().find("filename")->offset, SEEK_SET);
    std::fputc('#', disk);
  }
  std::fclose(disk);
  const auto file = RecordFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().text();
  std::int64_t given = 0;
  const auto report = Query(*file).each([&](std::int64_t, RecordView) { return ++given, true; });
  ASSERT_TRUE(report.ok()) << report.status().text();
  EXPECT_EQ(given, 3);
  EXPECT_EQ(report->damaged.count, 1500);
  ASSERT_EQ(report->damaged.first.size(), 1000U);
  EXPECT_THAT(report->damaged.first.front().text(), HasSubstr("(record 4)"));
  EXPECT_THAT(report->damaged.first.back().text(), HasSubstr("(record 1003)"));
}

TEST(Query, ADiskWithoutRoomIsAClearError) {
  const Folder folder;
  Random random(13);
  std::vector<Record> rows;
  for (int i = 0; i < 3000; ++i) rows.push_back(random_row(random, 100));
  const RecordFile file = make_table(folder / "f.db", rows);
  const auto text_of = [](const Query& query) {
    auto answer = query.rows();
    if (!answer) return answer.status().text();
    while (answer->next()) {
    }
    return answer->status().text();
  };
  EXPECT_THAT(text_of(Query(file).sort("filename").memory(4000).temporary_folder(folder / "none")),
              ::testing::AllOf(HasSubstr("none: "), HasSubstr("No such file"), HasSubstr("TMPDIR")));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit little{20000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  const auto sort = text_of(Query(file).sort("filename").memory(4000).temporary_folder(folder.path()));
  const auto unique = text_of(Query(file).unique().memory(4000).temporary_folder(folder.path()));
  const auto groups =
      text_of(Query(file).group("filename", "count,median(exptime)").memory(4000).temporary_folder(folder.path()));
  ::setrlimit(RLIMIT_FSIZE, &before);
  for (const auto& text : {sort, unique, groups}) {
    EXPECT_THAT(text, ::testing::AllOf(HasSubstr(folder.path()), HasSubstr("File too large"), HasSubstr("TMPDIR")));
  }
}

// max() and min() of several values are no aggregates.
TEST(Query, SortsByFunctionsThatAreCalledAsAggregates) {
  const Folder folder;
  std::vector<Record> rows(3, Record(static_cast<std::size_t>(native().record_size)));
  const double exptimes[] = {5, 100, 20};
  for (std::size_t i = 0; i < 3; ++i) put(native(), rows[i], "exptime", exptimes[i]);
  const RecordFile file = make_table(folder / "f.db", rows);
  EXPECT_EQ(numbers_of(Query(file).sort("-max(exptime, 60)")), (std::vector<std::int64_t>{1, 0, 2}));
  EXPECT_EQ(numbers_of(Query(file).sort("min(exptime, 10) + max(exptime, 60)")), (std::vector<std::int64_t>{0, 2, 1}));
}

// Memory that ends in one of the threads ends the question, not the program.
TEST(Query, AThreadWithoutMemoryIsAnError) {
  const Folder folder;
  const std::vector<Record> rows(70000, Record(static_cast<std::size_t>(native().record_size)));
  const RecordFile file = make_table(folder / "t.db", rows);
  Selection selection;
  selection.test([](RecordView) -> bool { throw std::bad_alloc(); }, "no memory");
  for (const auto& query : {Query(file).select(selection).jobs(3), Query(file).select(selection).jobs(3).sort("ccd")}) {
    EXPECT_EQ(query.rows().status().code(), Code::io);
  }
}

TEST(Query, MistakesAreNamed) {
  const Folder folder;
  const RecordFile file = make_table(folder / "m.db", {});
  const auto message = [&](const Query& query, Code code) {
    const auto rows = query.rows();
    EXPECT_EQ(rows.status().code(), code) << rows.status().text();
    return rows.status().message();
  };
  EXPECT_THAT(message(Query(file).sort("exptim"), Code::not_found), HasSubstr("near: exptime"));
  EXPECT_THAT(message(Query(file).sort("ccd,,type"), Code::invalid), HasSubstr("a field is missing"));
  EXPECT_THAT(message(Query(file).sort("teltemp"), Code::invalid), HasSubstr("teltemp[0] to teltemp[3]"));
  EXPECT_THAT(message(Query(file).sort("teltemp[4]"), Code::not_found), HasSubstr("teltemp[4]"));
  EXPECT_THAT(message(Query(file).unique("ccd,nothing"), Code::not_found), HasSubstr("unique: there is no field"));
  EXPECT_THAT(message(Query(file).where("exptime > 60 and filtr = 'r'"), Code::invalid), HasSubstr("column 18"));
  EXPECT_THAT(message(Query(file).where("exptime + 1"), Code::invalid), HasSubstr("column"));
  EXPECT_THAT(message(Query(file).sort("exptime +"), Code::invalid), HasSubstr("column"));
  EXPECT_THAT(message(Query(file).limit(-1), Code::invalid), HasSubstr("0 or more"));
}

}  // namespace
}  // namespace imreg
