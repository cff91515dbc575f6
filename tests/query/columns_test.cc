// Columns against a naive loop: by several threads, checked and as they stand, all rows and some, deleted ones among them.
#include <gtest/gtest.h>

#include <cmath>

#include "query_fixture.h"

namespace imreg {
namespace {

using namespace imreg::testing;

TEST(Columns, AreWhatALoopOverTheRowsFinds) {
  Folder folder;
  Random random(7);
  std::vector<Record> rows;
  for (int i = 0; i < 40000; ++i) rows.push_back(random_row(random, 500));
  const RecordFile file = make_table(folder / "c.db", rows);
  const Schema& schema = native();
  const auto number = [&](const Record& row, const std::string& name) {
    const Seen seen = see(row.view(), schema, name);
    return seen.known ? static_cast<double>(seen.number) : NAN;
  };
  for (const std::string condition : {"", "exptime > 3", "seq = 1 and exptime > 20"}) {
    std::vector<double> fwhm, product;
    std::vector<std::string> names;
    for (const auto& row : rows) {
      const double exptime = number(row, "exptime");
      const bool meant =
          condition.empty() || (condition == "exptime > 3" ? exptime > 3 : number(row, "seq") == 1 && exptime > 20);
      if (number(row, "deleted") == 1 || !meant) continue;
      fwhm.push_back(number(row, "fwhm"));
      product.push_back(fwhm.back() * 2 + 1);
      names.push_back(see(row.view(), schema, "filename").word);
    }
    ASSERT_GT(fwhm.size(), 100U) << condition;
    for (const int jobs : {1, 2, 5}) {
      for (const bool checked : {true, false}) {
        Query query(file);
        query.jobs(jobs);
        if (!condition.empty()) query.where(condition);
        const auto read = query.columns({"fwhm", "fwhm*2+1", "filename"}, checked);
        ASSERT_TRUE(read.ok()) << read.status().text();
        const auto what = condition + ", " + std::to_string(jobs) + " threads, checked " + std::to_string(checked);
        ASSERT_EQ(read->rows, std::ssize(fwhm)) << what;
        for (std::size_t i = 0; i < fwhm.size(); ++i) {
          const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
          ASSERT_TRUE(same(read->columns[0].numbers[i], fwhm[i])) << what << ", row " << i;
          ASSERT_TRUE(same(read->columns[1].numbers[i], product[i])) << what << ", row " << i;
          ASSERT_EQ(read->columns[2].texts[read->columns[2].codes[i]], names[i]) << what << ", row " << i;
        }
      }
    }
  }
}

// Conditions on texts remember answers: those of a thread are its own (TSan once found that they were not).
TEST(Columns, AndGroupsOfRowsThatATextChooses) {
  Folder folder;
  Random random(8);
  std::vector<Record> rows;
  for (int i = 0; i < 60000; ++i) rows.push_back(random_row(random, 5000));
  const RecordFile file = make_table(folder / "c.db", rows);
  const auto is_meant = [](std::string_view name) { return name.find('7') != name.npos; };
  std::int64_t meant = 0;
  for (const auto& row : rows)
    meant += see(row.view(), native(), "deleted").number == 0 && is_meant(see(row.view(), native(), "filename").word);
  ASSERT_GT(meant, 1000);
  for (const int jobs : {1, 4}) {
    Selection selection;
    selection.without_deleted(native());
    ASSERT_TRUE(selection.text(native(), "filename", is_meant).ok());
    Query query(file);
    query.select(selection).jobs(jobs);
    for (const bool checked : {true, false}) {
      const auto read = query.columns({"filename"}, checked);
      ASSERT_TRUE(read.ok()) << read.status().text();
      EXPECT_EQ(read->rows, meant) << jobs << " threads, checked " << checked;
    }
    query.group("type", "count");
    auto groups = query.rows();
    ASSERT_TRUE(groups.ok()) << groups.status().text();
    std::int64_t total = 0;
    while (groups->next()) total += std::get<std::int64_t>(value_of(groups->record(), *groups->schema().find("count")));
    EXPECT_EQ(total, meant) << jobs << " threads";
  }
}

}  // namespace
}  // namespace imreg
