// Questions in the language of -where and -group to a file with an index, against a loop over truth() and against the same
// question without the index.
#include "../scan/index_fixture.h"
#include "imreg/expression.h"
#include "imreg/query.h"

namespace imreg {
namespace {

std::string number(double value) { return std::to_string(value); }

// Conditions that an index serves, and some that it does not.
std::string random_condition(Dice& dice, int depth) {
  const std::string compare = dice.of<std::string>({"<", "<=", ">", ">=", "="});
  const std::string date = number(random_times(dice).low);
  switch (dice.below(depth > 0 ? 14 : 11)) {
    case 0: return "ra " + compare + " " + dice.of<std::string>({"0", "360", "359.9", number(dice.uniform(-10, 400))});
    case 1: return "dec " + compare + " " + dice.of<std::string>({"90", "-90", number(dice.uniform(-95, 95))});
    case 2: {
      const double ra = dice.uniform(-20, 370), dec = dice.uniform(-95, 90);
      return "ra between " + number(ra) + " and " + number(ra + dice.uniform(0, 40)) + " and dec between " +
             number(dec) + " and " + number(dec + dice.uniform(0, 20));
    }
    case 3: return "(ra > " + number(dice.uniform(300, 360)) + " or ra < " + number(dice.uniform(0, 60)) + ")";
    case 4: {
      const std::string place = number(dice.uniform(0, 360)) + ", " + number(dice.uniform(-90, 90));
      const bool first = dice.below(2) != 0;
      return "distance(" + (first ? "ra, dec, " + place : place + ", ra, dec") + ") " + compare + " " +
             number(dice.of<double>({0.5, 10, 60, 100, 178.5, 181}));
    }
    case 5: return "filter " + dice.of<std::string>({"=", "<>"}) + " '" + dice.of(kFilters) + "'";
    case 6: return dice.of<std::string>({"type = object", "type in (dark, bias)", "ccd = 3", "ccd > 4", "deleted"});
    case 7: return "obstime " + compare + " " + date;
    case 8: return "filename like '" + std::to_string(500 + dice.below(300)) + "%'";
    case 9: return "object = '" + dice.of(kObjects) + "'";
    case 10: return dice.of<std::string>({"fwhm < 3", "fwhm * 2 > exptime / 100", "object is null"});
    case 11: return "not (" + random_condition(dice, depth - 1) + ")";
    case 12: return "(" + random_condition(dice, depth - 1) + " and " + random_condition(dice, depth - 1) + ")";
    default: return "(" + random_condition(dice, depth - 1) + " or " + random_condition(dice, depth - 1) + ")";
  }
}

class IndexedQuery : public IndexTest {
 protected:
  // A file of at least `rows` rows, changed by several writers.
  RecordFile grown(Dice& dice, std::int64_t rows) {
    for (;;) {
      change(dice, 3000);
      auto file = RecordFile::open(path_);
      std::string why;
      if (file->count() >= rows && index::Index::open(*file, why)) return *std::move(file);
    }
  }
  static std::vector<std::string> answer(const Query& query, std::vector<std::string>* plan = nullptr) {
    auto rows = query.rows();
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    std::vector<std::string> out;
    while (rows->next()) out.emplace_back(rows->record().bytes(), static_cast<std::size_t>(rows->schema().record_size));
    if (plan) *plan = rows->report().plan;
    return out;
  }
};

TEST_F(IndexedQuery, ConditionsSelectWhatTruthSays) {
  Dice dice(31);
  int served = 0, asked = 0;
  for (int round = 0; round < 4; ++round) {
    const RecordFile file = grown(dice, 2500 + 700 * round);
    for (int i = 0; i < 400; ++i, ++asked) {
      const std::string text = random_condition(dice, 3);
      const auto condition = Expression::parse_condition(text, schema(), {});
      ASSERT_TRUE(condition.ok()) << condition.status().message();
      std::vector<std::int64_t> wanted, got;
      Record scratch = file.make_record();
      for (std::int64_t row = 0; row < file.count(); ++row) {
        const RecordView record = file.peek(row, scratch);
        if (!record[regimage::kDeleted] && condition->truth(record) == Truth::yes) wanted.push_back(row);
      }
      Query query(file);
      query.where(text);
      auto rows = query.rows();
      ASSERT_TRUE(rows.ok());
      while (rows->next()) got.push_back(rows->number());
      ASSERT_EQ(got, wanted) << text << ::testing::PrintToString(rows->report().plan);
      ASSERT_EQ(*query.count(), std::ssize(wanted)) << text;
      served += rows->report().plan[0].starts_with("index by") ? 1 : 0;
    }
  }
  EXPECT_GT(served, asked / 4);
}

TEST_F(IndexedQuery, GroupsAreThoseOfTheRows) {
  Dice dice(32);
  const std::vector<std::string> groups{"object",
                                        "pathname",
                                        "filter",
                                        "year(obstime)",
                                        "night(obstime)",
                                        "hour(obstime),type",
                                        "filter,date(obstime),month(obstime)",
                                        "lower(filter)",
                                        "ccd % 2, year(obstime)",
                                        "object,type",
                                        "obstime is null"};
  int counted = 0;
  for (int round = 0; round < 6; ++round) {
    const RecordFile file = grown(dice, 2500 + 500 * round);
    for (int i = 0; i < 60; ++i) {
      const std::string group = dice.of(groups);
      Query with(file), without(file);
      without.use_index(false);
      for (Query* query : {&with, &without}) query->group(group);
      if (dice.below(3) != 0) {
        const std::string condition = random_condition(dice, dice.below(3));
        for (Query* query : {&with, &without}) query->where(condition);
      }
      std::vector<std::string> plan;
      ASSERT_EQ(answer(with, &plan), answer(without)) << group << ::testing::PrintToString(plan);
      counted += !plan.empty() && plan[0].starts_with("counted by the index") ? 1 : 0;
    }
  }
  EXPECT_GT(counted, 100);
}

TEST_F(IndexedQuery, OffsetsBeginWhereTheyShould) {
  Dice dice(33);
  const RecordFile file = grown(dice, 26000);
  int skipped = 0;
  for (int i = 0; i < 60; ++i) {
    const std::int64_t offset = 9990 + dice.below(20) * dice.below(1000), limit = dice.below(2) ? 3 : 200000;
    Query query(file), all(file);
    const std::string condition =
        dice.of<std::string>({"ccd >= 0", "type <> dark", "obstime > 1000000000", "fwhm > 0"});
    for (Query* each : {&query, &all}) each->where(condition);
    std::vector<std::string> plan, wanted = answer(all);
    query.offset(offset).limit(limit).jobs(1 + dice.below(3));
    wanted.erase(wanted.begin(), wanted.begin() + std::min(offset, std::ssize(wanted)));
    wanted.resize(std::min(wanted.size(), static_cast<std::size_t>(limit)));
    ASSERT_EQ(answer(query, &plan), wanted) << condition << " " << offset;
    std::vector<std::string> given;
    ASSERT_TRUE(query
                    .each([&](std::int64_t, RecordView record) {
                      given.emplace_back(record.bytes(), static_cast<std::size_t>(file.schema().record_size));
                      return true;
                    })
                    .ok());
    ASSERT_EQ(given, wanted) << condition << " " << offset;
    skipped += plan[0].starts_with("rows before") ? 1 : 0;
  }
  EXPECT_GT(skipped, 20);
}

}  // namespace
}  // namespace imreg
