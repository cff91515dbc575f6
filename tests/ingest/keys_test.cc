// What imsearch -with and imkeys are made of, against naive ones: the index of keys, the summary of a keyword's values.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "../folder.h"
#include "headers/table_schema.h"
#include "imreg/record_file.h"
#include "ingest/key_index.h"
#include "ingest/key_summary.h"
#include "query/joined_rows.h"

namespace imreg::ingest {
namespace {

using headers::OwnFields;

// A header table with these file numbers; a negative one is a row that is deleted.
RecordFile table_of(const std::string& path, const std::vector<std::int64_t>& numbers) {
  const Schema schema = headers::empty_schema("test_sci");
  const OwnFields own(schema);
  EXPECT_TRUE(RecordWriter::create(path, schema, {}).ok());
  auto writer = RecordWriter::open(path, {});
  std::string bytes;
  for (const auto number : numbers) {
    Record row(static_cast<std::size_t>(schema.record_size));
    row.set(own.file, std::abs(number));
    row.set(own.deleted, number < 0);
    bytes += row.bytes();
  }
  EXPECT_TRUE(writer->append(std::move(bytes)).ok());
  writer->close();
  return *RecordFile::open(path);
}

TEST(KeyIndex, FindsWhatALoopFinds) {
  const Folder folder;
  std::mt19937 random(1);
  for (const int rows : {0, 1, 7, 5000, 40000}) {
    std::vector<std::int64_t> numbers;
    std::map<std::int64_t, std::vector<std::int64_t>> wanted;
    for (int i = 0; i < rows; ++i) {
      numbers.push_back(static_cast<std::int64_t>(random() % (static_cast<unsigned>(rows) / 2 + 1) + 1) *
                        (random() % 10 == 0 ? -1 : 1));
      if (numbers.back() > 0) wanted[numbers.back()].push_back(i);
    }
    const RecordFile file = table_of(folder / ("t" + std::to_string(rows) + ".db"), numbers);
    const OwnFields own(file.schema());
    for (const int jobs : {1, 3}) {
      const auto index = KeyIndex::make(
          file, jobs, [&](RecordView row) { return hash_of(static_cast<std::uint64_t>(row[own.file])); });
      ASSERT_TRUE(index.ok());
      for (std::int64_t number = 0; number <= rows; ++number) {
        std::vector<std::int64_t> found;
        index->each(hash_of(static_cast<std::uint64_t>(number)), [&](std::int64_t row) {
          if (std::abs(numbers[static_cast<std::size_t>(row)]) == number) found.push_back(row);
        });
        ASSERT_EQ(found, wanted[number]) << rows << " rows, file " << number;
      }
    }
  }
}

TEST(KeyIndex, HashesOfTexts) {
  std::set<std::uint64_t> seen;
  for (const char* text : {"", "a", "b", "aa", "12345678", "123456789", "12345678\0x"})
    seen.insert(hash_of(std::string_view(text)));
  EXPECT_EQ(seen.size(), 6U);  // the last two are the same text
  EXPECT_NE(hash_of("name", hash_of("folder")), hash_of("name", hash_of("other")));
}

// One column of texts or reals, in pieces to several summaries.
class Column {
 public:
  explicit Column(Type type) {
    field_.type = type;
    field_.count = type == Type::text ? 8 : 1;
  }
  void add(const std::string& text) { store(add_record(), Field<Text>{0, 8}, text.empty() ? std::string(" ") : text); }
  void add(double value) { store_big(add_record(), value); }

  KeySummary summary(std::size_t most, std::size_t parts) const {
    std::vector<KeySummary> each(parts, KeySummary(field_, most));
    for (std::size_t i = 0; i < records_.size(); ++i) {
      const char* const at = records_[i].data();
      each[i % parts].add(std::span(&at, 1));
    }
    for (std::size_t i = 1; i < parts; ++i) each[0].merge(each[i]);
    return each[0];
  }

 private:
  char* add_record() { return records_.emplace_back(8, '\0').data(); }
  FieldInfo field_;
  std::vector<std::string> records_;
};

TEST(KeySummary, TextsInTheOrderOfImsearch) {
  Column column(Type::text);
  for (const char* text : {"b", "B", "a", "b", "A", "b", "aa", "c"}) column.add(std::string(text));
  for (const std::size_t parts : {1U, 2U, 5U, 9U}) {
    const KeySummary all = column.summary(100, parts);
    EXPECT_EQ(all.rows(), 8);
    EXPECT_EQ(all.values(), 6);
    EXPECT_EQ(all.least(), "A");
    EXPECT_EQ(all.most(), "c");
    EXPECT_EQ(all.common(2), "b (3), A (1)");
  }
}

TEST(KeySummary, TooManyValuesAreToldWhateverTheThreads) {
  for (const int values : {9, 10, 11, 50}) {
    Column column(Type::f64);
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < values; ++i) column.add(i - 4.5);
    }
    column.add(std::nan(""));
    for (const std::size_t parts : {1U, 2U, 3U, 7U}) {
      const KeySummary all = column.summary(10, parts);
      EXPECT_EQ(all.too_many(), values > 10) << values << " values, " << parts << " parts";
      EXPECT_EQ(all.rows(), 2 * values);
      EXPECT_EQ(all.least(), "-4.5");
      EXPECT_EQ(all.most(), std::to_string(values - 6) + ".5");
      EXPECT_EQ(all.common(3), values > 10 ? "" : "-4.5 (2), -3.5 (2), -2.5 (2)");
    }
  }
}

TEST(KeySummary, ZerosAreOneValueAndNothingIsNothing) {
  Column column(Type::f64);
  EXPECT_EQ(column.summary(10, 2).least(), "");
  column.add(0.0);
  column.add(-0.0);
  EXPECT_EQ(column.summary(10, 2).common(5), "0 (2)");
}

TEST(JoinedRows, FieldsOfTheFirstTableAndOfOthers) {
  const Schema first = headers::empty_schema("a"), second = headers::empty_schema("b");
  for (const bool whole : {true, false}) {
    const JoinedRows rows({{"a", &first}, {"b", &second}}, whole, [](const FieldInfo& field) {
      return field.name == "hdu" || field.name == "b.hdu" || field.name == "b.filename";
    });
    ASSERT_NE(rows.schema().find("hdu"), nullptr);
    EXPECT_EQ(rows.schema().find("a.hdu"), nullptr);
    ASSERT_NE(rows.names().find("A.HDU"), nullptr);
    EXPECT_EQ(rows.schema().find("b.rootname"), nullptr);
    Record row = rows.empty(), left(static_cast<std::size_t>(first.record_size)), right(left);
    left.set(OwnFields(first).hdu, 3);
    right.set(OwnFields(second).hdu, 5);
    ASSERT_TRUE(right.set(OwnFields(second).filename, "f.fits"));
    rows.put(0, left.view().bytes(), row);
    const auto value = [&](const char* name) { return value_of(row.view(), *rows.names().find(name)); };
    EXPECT_EQ(value("hdu"), Value(std::int64_t{3}));
    EXPECT_EQ(value("a.hdu"), Value(std::int64_t{3}));
    EXPECT_EQ(value("b.hdu"), Value());
    rows.put(1, right.view().bytes(), row);
    EXPECT_EQ(value("b.hdu"), Value(std::int64_t{5}));
    EXPECT_EQ(value("b.filename"), Value(std::string_view("f.fits")));
    rows.put(1, nullptr, row);
    EXPECT_EQ(value("b.hdu"), Value());
  }
}

TEST(JoinedRows, WhatATextMayName) {
  FieldInfo field;
  field.name = "teltemp";
  field.column = "TELTEMP0..3";
  EXPECT_TRUE(may_name({"x", "-TelTemp[2]"}, field));
  EXPECT_TRUE(may_name({"TELTEMP2 > 1"}, field));
  EXPECT_FALSE(may_name({"tel", "temp"}, field));
}

}  // namespace
}  // namespace imreg::ingest
