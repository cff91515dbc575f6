// Header tables beside a model in memory: random headers whose keywords come and go and change their types.
#include "headers/header_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <random>

#include "os/file.h"

namespace imreg::headers {
namespace {

struct Card {
  std::string keyword, text;  // as written: quotes for texts
};

std::string cards_of(const std::vector<Card>& cards) {
  std::string out;
  for (const auto& card : cards) {
    std::string line = card.keyword;
    line.resize(8, ' ');
    line += "= " + card.text;
    EXPECT_LE(line.size(), 80U);
    line.resize(80, ' ');
    out += line;
  }
  return out;
}

class HeaderTableTest : public testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() / ("imreg-headers-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
    path = folder / "t.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  Result<HeaderTable> open(IoObserver* observer = nullptr) {
    RecordWriter::Options options;
    options.observer = observer;
    return HeaderTable::open(path, empty_schema("t"), options);
  }
  static HeaderRow row(std::int64_t file, int hdu, const std::vector<Card>& cards) {
    return {file, hdu, "root" + std::to_string(file), "file" + std::to_string(file) + ".fits", cards_of(cards), 1e9};
  }
  /// The value of a keyword in the row of a file, as text for a person; "-": absent.
  std::string value(std::int64_t number, const char* column, int hdu = 0) {
    const auto file = RecordFile::open(path);
    EXPECT_TRUE(file.ok()) << file.status().text();
    const OwnFields own(file->schema());
    Record record = file->make_record();
    for (std::int64_t i = 0; i < file->count(); ++i) {
      EXPECT_TRUE(file->read(i, record).ok());
      if (record[own.file] != number || record[own.hdu] != hdu || record[own.deleted]) continue;
      const FieldInfo* field = file->schema().find(column);
      return field ? shown(value_of(record.view(), *field)) : "-";
    }
    return "no row";
  }
  static std::string shown(const Value& value) {
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "T" : "F";
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
    if (const auto* real = std::get_if<double>(&value)) {
      char text[40];
      std::snprintf(text, sizeof text, "%.17g", *real);
      return std::string(text) + "r";
    }
    const auto* text = std::get_if<std::string_view>(&value);
    return text ? "'" + std::string(*text) + "'" : "-";
  }

  std::filesystem::path folder;
  std::string path;
};

TEST_F(HeaderTableTest, AKeywordThatComesLater) {
  auto table = open();
  ASSERT_TRUE(table.ok()) << table.status().text();
  ASSERT_TRUE(table->write({row(1, 0, {{"EXPTIME", "60"}})}, {1}).ok());
  const auto report = table->write({row(2, 0, {{"EXPTIME", "61"}, {"FILTER", "'r'"}})}, {2});
  ASSERT_TRUE(report.ok()) << report.status().text();
  EXPECT_EQ(report->added, 1);
  EXPECT_EQ(value(1, "EXPTIME"), "60");
  EXPECT_EQ(value(1, "FILTER"), "-");
  EXPECT_EQ(value(2, "FILTER"), "'r'");
  EXPECT_EQ(value(2, "rootname"), "'root2'");
}

TEST_F(HeaderTableTest, UnitsOfComments) {
  auto table = open();
  ASSERT_TRUE(table.ok()) << table.status().text();
  ASSERT_TRUE(table
                  ->write({row(1, 0,
                               {{"A", "60 / [s] exposure"},
                                {"B", "1 / [see above] what"},
                                {"C", "2 / []"},
                                {"D", "3 / [erg/s/cm**2] flux"},
                                {"E", "4 / s [s]"},
                                {"F", "5 / [a;b]"}})},
                          {1})
                  .ok());
  const auto file = RecordFile::open(path);
  ASSERT_TRUE(file.ok());
  const std::pair<const char*, const char*> units[] = {{"A", "s"},           {"B", ""}, {"C", ""},
                                                       {"D", "erg/s/cm**2"}, {"E", ""}, {"F", ""}};
  for (const auto& [column, unit] : units) EXPECT_EQ(file->schema().find(column)->unit, unit) << column;
}

TEST_F(HeaderTableTest, TypesBecomeWhatHoldsAll) {
  auto table = open();
  ASSERT_TRUE(table.ok());
  ASSERT_TRUE(
      table->write({row(1, 0, {{"A", "5"}, {"B", "T"}, {"C", "+007"}, {"D", "1.50"}, {"E", "12345678901234567"}})}, {1})
          .ok());
  EXPECT_EQ(value(1, "C"), "7");
  ASSERT_TRUE(table->write({row(2, 0, {{"A", "2.5"}, {"B", "3"}, {"C", "'x'"}, {"D", "7"}, {"E", "1.5"}})}, {2}).ok());
  EXPECT_EQ(value(1, "A"), "5r");
  EXPECT_EQ(value(2, "A"), "2.5r");
  EXPECT_EQ(value(1, "B"), "'T'");
  EXPECT_EQ(value(2, "B"), "'3'");
  EXPECT_EQ(value(1, "C"), "'+007'") << "as it was written";
  EXPECT_EQ(value(2, "D"), "7r");
  EXPECT_EQ(value(1, "E"), "'12345678901234567'") << "is no real";
  EXPECT_EQ(value(2, "E"), "'1.5'");
  ASSERT_TRUE(
      table->write({row(3, 0, {{"F", "99999999999999999999"}, {"G", "1e999"}, {"H", "''"}, {"I", ""}})}, {3}).ok());
  const std::string zeros = std::string(40, '0') + "5";
  ASSERT_TRUE(table->write({row(8, 0, {{"Z", zeros}})}, {8}).ok());
  EXPECT_EQ(value(8, "Z"), "5");
  ASSERT_TRUE(table->write({row(9, 0, {{"Z", "'x'"}})}, {9}).ok());
  EXPECT_EQ(value(8, "Z"), "'" + zeros + "'") << "longer than any number that we write";
  EXPECT_EQ(value(3, "F"), "'99999999999999999999'");
  EXPECT_EQ(value(3, "G"), "'1e999'");
  EXPECT_EQ(value(3, "H"), "-") << "an empty text is nothing known";
  EXPECT_EQ(value(3, "I"), "-");
}

// A column becomes a text because of one header; another one in the same batch, like a header that is in the table, has a number that
// needs more room as a text than columns of numbers get.
TEST_F(HeaderTableTest, ANumberBesideANewText) {
  const std::string number = "0.12345678901234567890123456789012";
  const auto header = [](const std::string& value, int n) {
    std::vector<Card> out;
    for (int i = 0; i < 9; ++i) out.push_back({"SAME" + std::to_string(i), "'always'"});
    out.push_back({"K", value});
    out.push_back({"N", std::to_string(n)});
    return out;
  };
  auto table = open();
  ASSERT_TRUE(table.ok()) << table.status().text();
  ASSERT_TRUE(table->write({row(1, 0, header("1.5", 1)), row(2, 0, header("2.5", 2))}, {1, 2}).ok());
  const auto report = table->write({row(3, 0, header(number, 3)), row(4, 0, header("'N/A'", 4))}, {3, 4});
  ASSERT_TRUE(report.ok()) << report.status().text();
  ASSERT_EQ(report->texts.size(), 1U);
  EXPECT_EQ(value(1, "K"), "'1.5'");
  EXPECT_EQ(value(3, "K"), "'" + number + "'");
  EXPECT_EQ(value(4, "K"), "'N/A'");
  EXPECT_EQ(value(3, "others"), "0");
}

TEST_F(HeaderTableTest, NamesOfKeywords) {
  auto table = open();
  ASSERT_TRUE(table.ok());
  std::string cards = cards_of({{"DATE-OBS", "'2001'"},
                                {"FILE", "'mine'"},
                                {"CRC", "5"},
                                {"2MASS", "1"},
                                {"DP1", "'AXIS.1: 2.5'"},
                                {"DP1", "'NAXES: 2'"},
                                {"X", "1"},
                                {"X", "2"}});
  std::string hierarch = "HIERARCH ESO DET WIN1 NX = 7";
  hierarch.resize(80, ' ');
  std::string comment = "COMMENT = 'not a value'";
  comment.resize(80, ' ');
  HeaderRow one = row(1, 0, {});
  one.cards = cards + hierarch + comment;
  ASSERT_TRUE(table->write({one}, {1}).ok());
  EXPECT_EQ(value(1, "DATE_OBS"), "'2001'");
  EXPECT_EQ(value(1, "KEY_FILE"), "'mine'");
  EXPECT_EQ(value(1, "KEY_CRC"), "5");
  EXPECT_EQ(value(1, "KEY_2MASS"), "1");
  EXPECT_EQ(value(1, "DP1_AXIS_1"), "2.5r");
  EXPECT_EQ(value(1, "DP1_NAXES"), "2r");
  EXPECT_EQ(value(1, "ESO_DET_WIN1_NX"), "7");
  EXPECT_EQ(value(1, "X"), "1");
  EXPECT_EQ(value(1, "others"), "1") << "the second X";
  EXPECT_EQ(value(1, "file"), "1");
}

TEST_F(HeaderTableTest, MoreKeywordsThanColumns) {
  auto table = open();
  ASSERT_TRUE(table.ok());
  std::vector<Card> cards;
  for (int i = 0; i < 2000; ++i) cards.push_back({"K" + std::to_string(i), std::to_string(i)});
  const HeaderRow one = row(1, 0, cards);
  ASSERT_TRUE(table->write({one}, {1}).ok());
  const auto file = RecordFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().text();
  EXPECT_EQ(file->schema().fields.size(), 999U);
  const int columns = 999 - static_cast<int>(empty_schema("t").fields.size());
  EXPECT_EQ(value(1, "K0"), "0");
  EXPECT_EQ(value(1, "others"), std::to_string(2000 - columns));
  Record record = file->make_record();
  ASSERT_TRUE(file->read(0, record).ok());
  const OwnFields own(file->schema());
  const auto heap = Heap::open(heap_of(path));
  ASSERT_TRUE(heap.ok());
  EXPECT_EQ(*heap->read({record[own.heap], record[own.heapcrc]}), one.cards);
  ASSERT_TRUE(table->write({row(2, 0, {{"NEW", "1"}})}, {2}).ok()) << "no room is no error";
}

TEST_F(HeaderTableTest, HdusAndFilesThatGo) {
  auto table = open();
  ASSERT_TRUE(table.ok());
  ASSERT_TRUE(table->write({row(1, 0, {{"A", "1"}}), row(1, 1, {{"A", "2"}}), row(2, 0, {{"A", "3"}})}, {1, 2}).ok());
  auto report = table->write({row(1, 0, {{"A", "9"}})}, {1});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(std::tuple(report->added, report->changed, report->deleted), std::tuple(0, 1, 1));
  EXPECT_EQ(value(1, "A", 0), "9");
  EXPECT_EQ(value(1, "A", 1), "no row");
  report = table->write({}, {2});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->deleted, 1);
  EXPECT_EQ(value(2, "A"), "no row");
  report = table->write({row(2, 0, {{"A", "4"}})}, {2});
  EXPECT_EQ(report->added, 1) << "it came back";
  EXPECT_EQ(value(2, "A"), "4");
}

// Random headers, in batches, in several openings: every keyword of every row is what its card says.
class Random : public HeaderTableTest {
 protected:
  using Known = std::map<std::pair<std::int64_t, int>, std::vector<Card>>;

  std::vector<Card> draw() {
    std::vector<Card> out;
    for (int k = 0; k < 12; ++k) {
      if (random() % 3 == 0) continue;
      out.push_back({"KEY" + std::to_string(k), text()});
    }
    return out;
  }
  std::string text() {
    switch (random() % (kinds < 8 ? 3 : 9)) {
      case 0: return "T";
      case 1: return std::to_string(random() % 100);
      case 2: return "F";
      case 3: return std::to_string(static_cast<std::int64_t>(random()));
      case 4: return std::to_string(static_cast<double>(random() % 1000) / 8) + "E-3";
      case 5: return "1.5D+2";
      case 6: return "'it''s'";
      case 7: return "'" + std::string(random() % 60, 'w') + "'";
      default: return "-00" + std::to_string(random() % 10);
    }
  }
  static std::string meaning(const std::string& text) {  // of a card
    if (text[0] != '\'') return text;
    std::string out = text.substr(1, text.size() - 2);
    if (const auto at = out.find("''"); at != out.npos) out.erase(at, 1);
    return out;
  }
  void compare(const Known& known) {
    const auto file = RecordFile::open(path);
    ASSERT_TRUE(file.ok()) << file.status().text();
    const auto heap = Heap::open(heap_of(path));
    ASSERT_TRUE(heap.ok());
    const OwnFields own(file->schema());
    Record record = file->make_record();
    std::size_t rows = 0;
    for (std::int64_t i = 0; i < file->count(); ++i) {
      ASSERT_TRUE(file->read(i, record).ok());
      if (record[own.deleted]) continue;
      ++rows;
      const auto wanted = known.find({record[own.file], record[own.hdu]});
      ASSERT_NE(wanted, known.end()) << record[own.file] << " " << record[own.hdu];
      const auto cards = heap->read({record[own.heap], record[own.heapcrc]});
      ASSERT_TRUE(cards.ok()) << cards.status().text();
      ASSERT_EQ(*cards, cards_of(wanted->second));
      ASSERT_EQ(record[own.others], 0);
      std::map<std::string, std::string> values;
      for (const auto& card : wanted->second) values[card.keyword] = card.text;
      for (const auto& field : file->schema().fields) {
        if (is_own_field(field.name)) continue;
        const Value value = value_of(record.view(), field);
        const auto card = values.find(field.column);
        if (card == values.end()) {
          ASSERT_TRUE(std::holds_alternative<std::monostate>(value)) << field.column;
        } else if (const auto* flag = std::get_if<bool>(&value)) {
          ASSERT_EQ(*flag ? "T" : "F", card->second) << field.column;
        } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
          ASSERT_EQ(*integer, std::strtoll(card->second.c_str(), nullptr, 10)) << field.column;
          ASSERT_TRUE(card->second.find_first_not_of("-0123456789") == std::string::npos);
        } else if (const auto* real = std::get_if<double>(&value)) {
          std::string number = card->second;
          std::replace(number.begin(), number.end(), 'D', 'E');
          ASSERT_EQ(*real, std::strtod(number.c_str(), nullptr)) << field.column;
        } else {
          const auto* words = std::get_if<std::string_view>(&value);
          ASSERT_EQ(words ? std::string(*words) : "", meaning(card->second)) << field.column;
        }
      }
    }
    ASSERT_EQ(rows, known.size());
  }

  std::mt19937_64 random{11};
  int kinds = 0;  // of values: more later
};

TEST_F(Random, BesideAModel) {
  Known known;
  for (int opening = 0; opening < 12; ++opening) {
    auto table = open();
    ASSERT_TRUE(table.ok()) << table.status().text();
    for (int batch = 0; batch < 4; ++batch, ++kinds) {
      std::vector<HeaderRow> rows;
      std::vector<std::int64_t> files;
      for (int n = 0; n < 6; ++n) {
        const auto file = static_cast<std::int64_t>(random() % 40);
        if (std::find(files.begin(), files.end(), file) != files.end()) continue;
        files.push_back(file);
        known.erase(known.lower_bound({file, 0}), known.lower_bound({file + 1, 0}));
        const int hdus = static_cast<int>(random() % 4);  // none: the file is gone
        for (int hdu = 0; hdu < hdus; ++hdu) rows.push_back(row(file, hdu, known[{file, hdu}] = draw()));
      }
      const auto report = table->write(rows, files);
      ASSERT_TRUE(report.ok()) << report.status().text();
      ASSERT_NO_FATAL_FAILURE(compare(known)) << opening << " " << batch;
    }
  }
}

// Any operation fails, or is the last one: what was there before is there, or what came.
class FailAt : public IoObserver {
 public:
  explicit FailAt(int nth, bool for_ever) : nth_(nth), for_ever_(for_ever) {}
  int before(const IoOperation&) override {
    ++seen;
    return seen == nth_ || (for_ever_ && seen > nth_) ? ENOSPC : 0;
  }
  int seen = 0;

 private:
  int nth_;
  bool for_ever_;
};

TEST_F(Random, EveryOperationFails) {
  kinds = 20;
  Known first;
  {
    auto table = open();
    std::vector<HeaderRow> rows;
    for (int file = 1; file < 6; ++file) rows.push_back(row(file, 0, first[{file, 0}] = {{"A", "5"}, {"B", "'x'"}}));
    ASSERT_TRUE(table->write(rows, {1, 2, 3, 4, 5}).ok());
  }
  const auto kept = folder.string() + ".kept";
  std::filesystem::remove_all(kept);
  std::filesystem::copy(folder, kept, std::filesystem::copy_options::recursive);
  Known second = first;
  second[{2, 0}] = {{"A", "2.5"}, {"B", "'longer than eight'"}, {"C", "7"}};
  second[{9, 1}] = {{"A", "'word'"}};
  second.erase({4, 0});
  int failures = 0, done = 0;
  for (const bool for_ever : {false, true}) {
    for (int nth = 1;; ++nth) {
      std::filesystem::remove_all(folder);
      std::filesystem::copy(kept, folder, std::filesystem::copy_options::recursive);
      FailAt observer(nth, for_ever);
      bool ok = false;
      {
        auto table = open(&observer);
        if (table.ok()) ok = table->write({row(2, 0, second[{2, 0}]), row(9, 1, second[{9, 1}])}, {2, 9, 4}).ok();
      }
      {
        auto again = open();
        ASSERT_TRUE(again.ok()) << nth << ": " << again.status().text();
      }
      const auto file = RecordFile::open(path);
      ASSERT_TRUE(file.ok());
      const bool is_new = value(9, "A", 1) != "no row";
      ASSERT_TRUE(!ok || is_new) << nth << ": said to be done";
      ASSERT_NO_FATAL_FAILURE(compare(is_new ? second : first)) << nth;
      ++(ok ? done : failures);
      if (observer.seen < nth) break;
    }
  }
  std::printf("%d failures\n", failures);
  EXPECT_GT(failures, 40);
  EXPECT_GE(done, 2);
  std::filesystem::remove_all(kept);
}

TEST_F(HeaderTableTest, IsNoHeaderTable) {
  std::filesystem::copy_file(std::string(IMREG_SOURCE_DIR) + "/tests/golden/elixir-1.db", path);
  const auto table = open();
  ASSERT_FALSE(table.ok());
}

}  // namespace
}  // namespace imreg::headers
