// What the tests of the index share: random rows and selections, a naive loop, a file that random writers change, and the
// comparison of every answer with the naive one.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>

#include "../faults.h"
#include "formats/regimage.h"
#include "imreg/index.h"
#include "imreg/record_file.h"
#include "imreg/scan.h"
#include "scan/index_file.h"

namespace imreg {
inline namespace index_testing {

inline const Schema& schema() { return *builtin_format(regimage::kFormat, regimage::kVersion); }

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  int below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
  double uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(engine_); }
  template <class T>
  const T& of(const std::vector<T>& values) {
    return values[static_cast<std::size_t>(below(static_cast<int>(values.size())))];
  }

 private:
  std::mt19937 engine_;
};

inline const std::vector<std::string> kFilters{"r", "i", "g", "R", "", "Halpha", "rr"};
inline const std::vector<std::string> kObjects{"M67", "m67", "M 31", "", "NGC 6791", "M6"};
inline const double kNan = std::nan("");

inline double random_time(Dice& dice) {
  const int kind = dice.below(20);
  if (kind == 0) return kNan;
  if (kind == 1) return dice.uniform(-1e9, 3e9);
  return 1e9 + std::floor(dice.uniform(0, 1e6) / 50) * 50;  // many at the same moment
}

inline std::string random_row(Dice& dice, int number) {
  Record row(regimage::kRecordSize);
  row.set(regimage::kObstime, random_time(dice));
  row.set(regimage::kExptime, dice.below(30) == 0 ? (dice.below(2) ? 1e7 : kNan) : dice.uniform(0, 600));
  const bool placed = dice.below(5) != 0;
  double ra = dice.uniform(0, 360), dec = dice.uniform(-90, 90);
  if (dice.below(10) == 0) ra = dice.below(2) ? 0.0 : 359.9999999999;
  if (dice.below(20) == 0) dec = dice.below(2) ? 90.0 : -90.0;
  if (dice.below(40) == 0) ra = dice.of<double>({360.0, -0.3, 360.4, -5.0});  // a chip beside the pointing
  const int odd = dice.below(300);  // what has no place, or that of another number
  if (odd == 0) ra = dice.of<double>({800.0, -1e6, 1e300, std::numeric_limits<double>::infinity()});
  if (odd == 1) dec = dice.of<double>({91.0, -200.0, 1e9});
  row.set(regimage::kRa, placed && odd != 2 ? ra : kNan);
  row.set(regimage::kDec, placed && odd != 3 ? dec : kNan);
  row.set(regimage::kCcd, dice.below(50) == 0 ? -1 : dice.below(6));
  row.set(regimage::kType, dice.below(30) == 0 ? 77 : dice.below(6));
  row.set(regimage::kMode, dice.below(4));
  row.set(regimage::kDeleted, dice.below(10) == 0);
  row.set(regimage::kFwhm, dice.below(4) == 0 ? kNan : dice.uniform(1, 5));
  EXPECT_TRUE(row.set(regimage::kFilename, std::to_string(5000 + number / 3) + (dice.below(2) ? "o.fits" : "O.FITS")));
  EXPECT_TRUE(row.set(regimage::kPathname, "/data/run" + std::to_string(dice.below(40))));
  EXPECT_TRUE(row.set(regimage::kFilter, dice.of(kFilters)));
  EXPECT_TRUE(row.set(regimage::kInstrument, dice.below(2) ? "MegaPrime" : "CFH12K"));
  EXPECT_TRUE(row.set(regimage::kObject, dice.of(kObjects)));
  return row.bytes();
}

inline Interval random_times(Dice& dice) {
  const double low = dice.below(10) == 0 ? -1e12 : random_time(dice);
  const double width = dice.below(4) == 0 ? 1e9 : dice.uniform(0, 30000);
  return {std::isnan(low) ? 1e9 : low, (std::isnan(low) ? 1e9 : low) + width};
}

inline TextPattern random_pattern(Dice& dice, bool object) {
  using How = TextPattern::How;
  if (object) {
    const std::vector<TextPattern> all{{"m67", How::exact}, {"M", How::prefix},  {"*6*", How::glob},
                                       {"", How::exact},    {"ngc*", How::glob}, {"x", How::prefix}};
    return dice.of(all);
  }
  const std::string number = std::to_string(5000 + dice.below(3000));
  const std::vector<TextPattern> all{{number + "o.fits", How::exact},
                                     {number.substr(0, 3), How::prefix},
                                     {"*" + number.substr(2) + "*", How::glob},
                                     {"5?" + number.substr(2) + "*", How::glob},
                                     {number, How::prefix},
                                     {"", How::prefix}};
  return dice.of(all);
}

inline SkyRegion random_region(Dice& dice) {
  for (;;) {
    Result<SkyRegion> made = Status(Code::invalid, "");
    const double ra = dice.below(4) == 0 ? 0.0 : dice.uniform(0, 360);
    const double dec = dice.below(4) == 0 ? (dice.below(2) ? 90.0 : -90.0) : dice.uniform(-90, 90);
    switch (dice.below(3)) {
      case 0: made = SkyRegion::cone(ra, dec, dice.below(3) == 0 ? dice.uniform(0, 180) : dice.uniform(1e-6, 5)); break;
      case 1:
        made = SkyRegion::box(ra, ra + dice.uniform(0, 200) - 100, dec - 2, std::min(dec + dice.uniform(0, 30), 90.0));
        break;
      default:
        made = SkyRegion::polygon(
            {{ra, dec}, {ra + 10, std::clamp(dec + 3, -89.0, 89.0)}, {ra + 3, std::clamp(dec + 12, -90.0, 90.0)}});
    }
    if (made.ok()) return *made;
  }
}

// As -where makes them of < > = and BETWEEN, with and without bounds, over 0h too.
inline std::vector<Interval> random_angles(Dice& dice, double low, double high) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double a =
      dice.of<double>({dice.uniform(low, high), dice.uniform(low, high), low, high, 0.0, dice.uniform(-500, 800)});
  const double width = dice.below(3) == 0 ? dice.uniform(0, 200) : dice.uniform(0, 3);
  switch (dice.below(6)) {
    case 0: return {{-infinity, a}};
    case 1: return {{a, infinity}};
    case 2: return {{-infinity, low + width}, {high - width, infinity}};
    case 3: return {{a, a}, {a + 10, a + 10 + width}};
    default: return {{a, a + width}};
  }
}

inline double naive_distance(double ra1, double dec1, double ra2, double dec2) {
  const long double turn = 3.14159265358979323846264338327950288L / 180;
  const auto half = [turn](double x) { return std::sin(static_cast<long double>(x) / 2 * turn); };
  const long double h = half(dec2 - dec1) * half(dec2 - dec1) +
                        std::cos(dec1 * turn) * std::cos(dec2 * turn) * half(ra2 - ra1) * half(ra2 - ra1);
  return static_cast<double>(2 * std::asin(std::sqrt(std::min(h, 1.0L))) / turn);
}

// distance(ra, dec, x, y) < r: a test, and a circle that is a little larger.
inline bool add_distance(Selection& s, Dice& dice) {
  const double ra = dice.below(3) == 0 ? 0.0 : dice.uniform(0, 360), dec = dice.uniform(-90, 90);
  const double radius = dice.below(3) == 0 ? dice.uniform(0, 178) : dice.uniform(0.01, 5);
  const auto test = [=](RecordView r) {
    const double x = r[regimage::kRa], y = r[regimage::kDec];
    return std::isfinite(x) && std::isfinite(y) && naive_distance(x, y, ra, dec) < radius;
  };
  return s.test_within(schema(), *SkyRegion::cone(ra, dec, radius + 1e-6), test, "distance").ok();
}

inline Selection random_selection(Dice& dice, int depth = 0) {
  Selection s;
  const auto& f = schema();
  bool ok = true;
  if (dice.below(5) != 0 && depth == 0) s.without_deleted(f);
  const int conditions = dice.below(4) + (depth > 0 && dice.below(20) != 0 ? 1 : 0);
  for (int i = 0; i < conditions; ++i) {
    const bool negate = dice.below(4) == 0;
    switch (dice.below(depth < 2 ? 16 : 15)) {
      case 0:
      case 1: ok &= s.overlap(f, "obstime", "exptime", {random_times(dice)}, negate).ok(); break;
      case 2: ok &= s.overlap(f, "obstime", "exptime", {random_times(dice), random_times(dice)}, negate).ok(); break;
      case 3: ok &= s.number(f, "obstime", {random_times(dice)}, negate).ok(); break;
      case 4: ok &= s.number(f, "exptime", {{100, 300}}, negate).ok(); break;
      case 5: ok &= s.codes(f, "type", {dice.below(6), dice.below(6)}, negate).ok(); break;
      case 6: ok &= s.number(f, "ccd", {{static_cast<double>(dice.below(6)), 4}}, negate).ok(); break;
      case 7: ok &= s.patterns(f, "filter", {{dice.of(kFilters), TextPattern::How::exact}}, negate).ok(); break;
      case 8:
        ok &= s.patterns(f, "filename", {random_pattern(dice, false), random_pattern(dice, false)}, negate).ok();
        break;
      case 9: ok &= s.patterns(f, "object", {random_pattern(dice, true)}, negate).ok(); break;
      case 10: ok &= s.region(f, "ra", "dec", random_region(dice), negate).ok(); break;
      case 11: ok &= s.number(f, "ra", random_angles(dice, 0, 360), negate).ok(); break;
      case 12: ok &= s.number(f, "dec", random_angles(dice, -90, 90), negate).ok(); break;
      case 13: ok &= add_distance(s, dice); break;
      case 15: {
        std::vector<Selection> branches;
        for (int n = 1 + dice.below(3); n > 0; --n) branches.push_back(random_selection(dice, depth + 1));
        s.any(std::move(branches));
        break;
      }
      default: {
        const auto letter = static_cast<char>('0' + dice.below(10));
        if (dice.below(2))
          s.test([](RecordView r) { return r[regimage::kFwhm] < 3.0F; }, "fwhm < 3", negate);
        else
          ok &= s.text(
                     f, dice.below(2) ? "pathname" : "filename",
                     [letter](std::string_view t) { return t.find(letter) != t.npos; }, negate)
                    .ok();
      }
    }
  }
  EXPECT_TRUE(ok);
  return s;
}

inline std::vector<std::int64_t> naive(const RecordFile& file, const Selection& selection) {
  std::vector<std::int64_t> out;
  Record scratch = file.make_record();
  for (std::int64_t row = 0; row < file.count(); ++row) {
    if (selection.matches(file.peek(row, scratch))) out.push_back(row);
  }
  return out;
}

inline std::string folder() {
  const std::string name = std::filesystem::temp_directory_path() / ("imreg-index-" + std::to_string(::getpid()));
  std::filesystem::create_directories(name);
  return name;
}

// What a test does to the index, behind the back of everybody.
class Spoiler {
 public:
  explicit Spoiler(std::string path) : path_(std::move(path)) {}
  std::string read() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes; }

 private:
  std::string path_;
};

// So that a few hundred rows make many segments.
inline IndexKeeper::Limits low_limits() {
  IndexKeeper::Limits limits;
  limits.tail = 50;
  limits.step = 300;
  limits.small_merge = 700;
  limits.segments = 6;
  limits.piece = 400;
  return limits;
}

class IndexTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = folder() + "/x.db";
    for (const char* end : {"", ".idx", ".lock", ".journal"}) std::filesystem::remove(path_ + end);
    ASSERT_TRUE(RecordWriter::create(path_, schema(), {}).ok());
  }
  void TearDown() override { std::filesystem::remove_all(folder()); }

  // One random step of a writer that keeps the index (or, rarely, does not).
  void change(Dice& dice, std::int64_t most = 600) {
    IndexKeeper keeper(dice.below(2) ? IndexKeeper::Patience::none : IndexKeeper::Patience::full, low_limits());
    RecordWriter::Options options;
    const bool keeps = dice.below(20) != 0;
    options.follower = keeps ? &keeper : nullptr;
    auto writer = RecordWriter::open(path_, options);
    ASSERT_TRUE(writer.ok());
    const int steps = 1 + dice.below(3);
    for (int step = 0; step < steps; ++step) {
      const std::int64_t count = writer->file().count();
      std::string added;
      const int n = dice.below(3) == 0 ? dice.below(static_cast<int>(most)) : dice.below(10);
      for (int i = 0; i < n; ++i) added += random_row(dice, static_cast<int>(count) + i);
      std::vector<RowChange> changes;
      if (count > 0 && dice.below(2)) {
        const int m = dice.below(8) == 0 ? dice.below(300) : dice.below(5);
        for (int i = 0; i < m; ++i) {
          const auto row = static_cast<std::int64_t>(dice.below(static_cast<int>(count)));
          Record old = writer->file().make_record();
          ASSERT_TRUE(writer->file().read(row, old).ok());
          Record fresh(random_row(dice, static_cast<int>(row)));
          if (dice.below(3) == 0) {  // statistics only
            fresh = old;
            fresh.set(regimage::kFwhm, 2.5);
          }
          changes.push_back({row, fresh.bytes()});
        }
      }
      ASSERT_TRUE(changes.empty() ? writer->append(added).ok() : writer->commit(changes, added).ok());
    }
    if (keeps && dice.below(3) != 0) keeper.finish(writer->file());
    EXPECT_EQ(keeper.note(), "");
  }

  void check(const RecordFile& file, const Selection& selection, bool all, bool& used) const {
    const auto expected = naive(file, selection);
    ScanReport report;
    std::vector<std::int64_t> found;
    find_rows(file, selection, {}, &report).each(0, [&](std::int64_t row) { return found.push_back(row), true; });
    ASSERT_EQ(found, expected) << ::testing::PrintToString(report.plan);
    used = report.plan[0].find("index by") == 0;
    if (!all) return;
    found.clear();
    const auto scanned =
        scan(file, selection, {}, [&](std::int64_t row, RecordView) { return found.push_back(row), true; });
    ASSERT_EQ(found, expected);
    ASSERT_TRUE(scanned.damaged.empty());
    ASSERT_EQ(count_matches(file, selection), static_cast<std::int64_t>(expected.size()));

    for (const bool newest : {false, true}) {
      found.clear();
      ScanReport by_time;
      if (!scan_by_time(file, selection, newest, by_time,
                        [&](std::int64_t row, RecordView) { return found.push_back(row), true; }))
        continue;
      EXPECT_TRUE(by_time.damaged.empty());
      auto in_time = expected;
      Record scratch = file.make_record(), other = file.make_record();
      std::stable_sort(in_time.begin(), in_time.end(), [&](std::int64_t a, std::int64_t b) {
        const double x = file.peek(a, scratch)[regimage::kObstime], y = file.peek(b, other)[regimage::kObstime];
        if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
        return newest ? x > y : x < y;
      });
      ASSERT_EQ(found, in_time) << newest;
    }

    ASSERT_NO_FATAL_FAILURE(check_alone(file, selection, expected)) << ::testing::PrintToString(report.plan);
    const std::vector<const FieldInfo*> fields{schema().find("type"), schema().find("filter")};
    ScanReport counts;
    if (const auto values = count_values(file, selection, fields, counts)) {
      std::map<std::vector<std::string>, std::int64_t> wanted, got;
      Record scratch = file.make_record();
      for (const std::int64_t row : expected) {
        const char* bytes = file.peek(row, scratch).bytes();
        ++wanted[{std::string(bytes + fields[0]->offset, 1), std::string(bytes + fields[1]->offset, 32)}];
      }
      for (const auto& value : *values) got[value.values] += value.rows;
      ASSERT_EQ(got, wanted) << ::testing::PrintToString(counts.plan);
    }
  }
  // What the index tells of the rows alone.
  static void check_alone(const RecordFile& file, const Selection& selection,
                          const std::vector<std::int64_t>& expected) {
    ScanReport report;
    Record scratch = file.make_record();
    for (const std::int64_t n :
         {std::int64_t{0}, std::ssize(expected) / 2, std::ssize(expected) - 1, std::ssize(expected)}) {
      const auto row = n < 0 ? std::nullopt : row_of_match(file, selection, n, report);
      if (!row) continue;
      ASSERT_EQ(*row, n < std::ssize(expected) ? expected[static_cast<std::size_t>(n)] : file.count());
    }
    std::map<std::string, std::int64_t> objects;
    std::map<std::pair<int, long>, std::int64_t> hours;
    const auto hour_of = [](RecordView row) {
      const double time = row[regimage::kObstime];
      return !std::isfinite(time) ? -1 : static_cast<long>(std::fmod(std::floor(time / 3600), 24));
    };
    for (const std::int64_t row : expected) {
      const RecordView record = file.peek(row, scratch);
      ++objects[std::string(record[regimage::kObject])];
      ++hours[{record[regimage::kCcd], hour_of(record)}];
    }
    if (const auto values = count_values(file, selection, {schema().find("object")}, report)) {
      std::map<std::string, std::int64_t> got;
      for (const auto& value : *values) got[value.values[0].c_str()] += value.rows;
      ASSERT_EQ(got, objects);
    }
    const auto group = [&](RecordView row) { return std::to_string(hour_of(row)); };
    if (const auto values = count_values(file, selection, {schema().find("ccd")}, report, group)) {
      std::map<std::pair<int, long>, std::int64_t> got;
      Record sample = file.make_record();
      for (const auto& value : *values) {
        value.values[1].copy(sample.data() + schema().find("obstime")->offset, 8);
        got[{load_big<std::int16_t>(value.values[0].data()), hour_of(sample.view())}] += value.rows;
      }
      ASSERT_EQ(got, hours);
    }
  }
  std::string path_;
};

// Rows made to measure, changed one by one, and every way to ask for them.
class EdgesTest : public IndexTest {
 protected:
  using Make = std::function<void(Record& row, int number)>;
  void fill(int rows, const Make& make) {
    Dice dice(90);
    std::string bytes;
    for (int i = 0; i < rows; ++i) {
      Record row(random_row(dice, i));
      make(row, i);
      bytes += row.bytes();
    }
    auto writer = RecordWriter::open(path_, {});
    ASSERT_TRUE(writer->append(bytes).ok());
    ASSERT_TRUE(rebuild_index(writer->file()).ok());
  }
  void change(std::int64_t row, const std::function<void(Record&)>& work) {
    IndexKeeper keeper(IndexKeeper::Patience::none);
    RecordWriter::Options options;
    options.follower = &keeper;
    auto writer = RecordWriter::open(path_, options);
    Record fresh = writer->file().make_record();
    ASSERT_TRUE(writer->file().read(row, fresh).ok());
    work(fresh);
    ASSERT_TRUE(writer->commit({{row, fresh.bytes()}}).ok());
    ASSERT_EQ(keeper.note(), "");
  }
  // Every way to ask; the index must have answered.
  void right(const Selection& selection) {
    const auto file = RecordFile::open(path_);
    bool used = false;
    ASSERT_NO_FATAL_FAILURE(check(*file, selection, true, used));
    std::string why;
    ASSERT_TRUE(index::Index::open(*file, why)) << why;
  }
};

}  // namespace index_testing

// Only what is done to the index.
struct IndexFault : FaultAt {
  using FaultAt::FaultAt;
  int before(const IoOperation& o) override { return concerns(o.path) ? FaultAt::before(o) : 0; }
  int before_read(const std::string& path, std::size_t size) override {
    return concerns(path) ? FaultAt::before_read(path, size) : 0;
  }
  static bool concerns(const std::string& path) { return path.find(".idx") != path.npos; }
};

}  // namespace imreg
