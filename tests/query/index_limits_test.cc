// Where an index declines to answer: it knows too few of the rows, or the groups are too many.
#include "../scan/index_fixture.h"
#include "imreg/query.h"

namespace imreg {
namespace {

class IndexLimits : public IndexTest {
 protected:
  void append(int rows, const std::function<void(Record&, int)>& fill, RowFollower* follower = nullptr) {
    RecordWriter::Options options;
    options.follower = follower;
    auto writer = RecordWriter::open(path_, options);
    ASSERT_TRUE(writer.ok());
    std::string bytes;
    for (int i = 0; i < rows; ++i) {
      Record row(regimage::kRecordSize);
      row.set(regimage::kObstime, 1e9 + i);
      row.set(regimage::kExptime, 1.0F);
      fill(row, i);
      bytes += row.bytes();
    }
    ASSERT_TRUE(writer->append(bytes).ok());
  }
  static const FieldInfo* field(const char* name) { return schema().find(name); }
  // The groups with and without the index, which must agree; the plan of the first.
  std::string plan_of_groups(const std::string& fields, const std::string& condition) {
    const auto file = RecordFile::open(path_);
    std::vector<std::string> answers[2];
    std::string plan;
    for (const bool index : {false, true}) {
      Query query(*file);
      query.group(fields).use_index(index);
      if (!condition.empty()) query.where(condition);
      auto rows = query.rows();
      EXPECT_TRUE(rows.ok()) << rows.status().message();
      while (rows->next())
        answers[index].emplace_back(rows->record().bytes(), static_cast<std::size_t>(rows->schema().record_size));
      plan.clear();
      for (const auto& line : rows->report().plan) plan += line + "\n";
    }
    EXPECT_EQ(answers[1], answers[0]) << plan;
    return plan;
  }
};

TEST_F(IndexLimits, AnIndexThatHasJustBegunIsLeftAlone) {
  append(12000, [](Record& row, int i) {
    row.set(regimage::kType, i % 3);
    EXPECT_TRUE(row.set(regimage::kObject, "M" + std::to_string(i % 7)));
  });
  auto limits = low_limits();
  limits.step = 1000;
  {
    IndexKeeper keeper(IndexKeeper::Patience::none, limits);
    append(
        1, [](Record&, int) {}, &keeper);
  }
  const auto file = RecordFile::open(path_);
  std::string why;
  const auto index = index::Index::open(*file, why);
  ASSERT_TRUE(index) << why;
  ASSERT_LT(index->covered(), 2000);
  const std::string refusal =
      "the index is not used: " + std::to_string(12001 - index->covered()) + " rows are outside of it";

  Selection types;
  ASSERT_TRUE(types.codes(schema(), "type", {1}).ok());
  const auto hour = [](RecordView row) { return std::to_string(std::floor(row[regimage::kObstime] / 3600)); };
  ScanReport counted, by_type, by_object, by_hour, offset, by_time;
  EXPECT_EQ(count_matches(*file, types, {}, &counted), 4000);
  EXPECT_FALSE(count_values(*file, types, {field("type")}, by_type));
  EXPECT_FALSE(count_values(*file, types, {field("object")}, by_object));
  EXPECT_FALSE(count_values(*file, types, {field("ccd")}, by_hour, hour));
  EXPECT_FALSE(row_of_match(*file, types, 100, offset));
  EXPECT_FALSE(scan_by_time(*file, types, true, by_time, [](std::int64_t, RecordView) { return true; }));
  for (const auto* report : {&counted, &by_type, &by_object, &by_hour, &offset, &by_time}) {
    ASSERT_FALSE(report->plan.empty());
    EXPECT_EQ(report->plan[0], refusal);
  }

  IndexKeeper keeper(IndexKeeper::Patience::none, limits);  // half of them is enough
  for (int i = 0; i < 8; ++i)
    append(
        1, [](Record&, int) {}, &keeper);
  EXPECT_TRUE(count_values(*RecordFile::open(path_), types, {field("type")}, by_type));
}

TEST_F(IndexLimits, ManyGroupsAreLeftToTheSorter) {
  append(40000, [](Record& row, int i) {
    row.set(regimage::kCcd, i % 200);
    EXPECT_TRUE(row.set(regimage::kFilter, "f" + std::to_string(i / 200)));
    row.set(regimage::kType, i % 100 / 25);
  });
  ASSERT_TRUE(rebuild_index(*RecordFile::open(path_)).ok());
  EXPECT_EQ(plan_of_groups("ccd,filter", "").find("counted by the index"), std::string::npos);
  EXPECT_EQ(plan_of_groups("ccd,filter,type", "").find("counted by the index"), std::string::npos);
  EXPECT_EQ(plan_of_groups("filter", "").find("counted by the index"), 0U);
}

TEST_F(IndexLimits, CodesOfManyFieldsAreNotConfused) {
  append(65535, [](Record& row, int i) {
    row.set(regimage::kObstime, i < 8 ? 1e9 + i * 1e7 : 1e9);
    row.set(regimage::kCcd, i - 32768);
    EXPECT_TRUE(row.set(regimage::kFilter, "f" + std::to_string(i)));
    EXPECT_TRUE(row.set(regimage::kInstrument, "i" + std::to_string(i)));
    row.set(regimage::kType, i % 256);
    row.set(regimage::kMode, i / 256);
  });
  ASSERT_TRUE(rebuild_index(*RecordFile::open(path_)).ok());
  const auto file = RecordFile::open(path_);
  Selection few;
  ASSERT_TRUE(few.number(schema(), "ccd", {{-32768, -32761}}).ok());
  const auto group = [](RecordView row) { return std::to_string(row[regimage::kObstime]); };
  std::vector<const FieldInfo*> fields;
  for (const char* name : {"ccd", "filter", "instrument", "type", "mode"}) fields.push_back(field(name));
  ScanReport report;
  if (const auto counts = count_values(*file, few, fields, report, group)) {
    for (const auto& value : *counts) {
      const int ccd = load_big<std::int16_t>(value.values[0].data());
      EXPECT_EQ(value.values[1].c_str(), "f" + std::to_string(ccd + 32768));
      EXPECT_EQ(load_big<double>(value.values[5].data()), 1e9 + (ccd + 32768) * 1e7);
    }
  }
}

}  // namespace
}  // namespace imreg
