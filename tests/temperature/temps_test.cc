// Temperatures: X.db.temps against a map, each file operation failing once; tonight's log while somebody writes and replaces it.
#include "imreg/temps.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "../faults.h"
#include "../folder.h"
#include "imreg/date.h"
#include "temperature/temperature_file.h"
#include "temperature/temperature_log.h"

namespace imreg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
const double kNight = *parse_date("2001-01-27", {});

void write(const std::string& path, const std::string& text, bool more = false) {
  std::ofstream(path, more ? std::ios::app : std::ios::trunc) << text;
}

std::vector<std::string> said(const std::string& text) {
  std::vector<std::string> out;
  for (const auto& entry : read_temperatures(text, "t.log").entries)
    out.push_back(format_iso(entry.time) + " " + entry.probe + " " + std::to_string(entry.value).substr(0, 5));
  return out;
}

TEST(TemperatureLog, EveryWayToWriteALine) {
  const std::string same = "2001-01-27T10:00:30Z 2 3.500";
  for (const char* line :
       {"2001-01-27T10:00:30Z 2 3.5", "2001/01/27,10:00:30 02 +3.5\r\n", "  2001/01/27 10:00:30\t2   3.50  ",
        "980589630 2 3.5", "980589630.0 2 3.5", "mjd51936.417013889 2 3.5", "2001-01-27T12:00:30+02:00 2 3.5",
        "01/01/27,10:00:30 2 3.5", "time probe value\n980589630 2 3.5", "time 2 36\n980589630 3.5 nan",
        "# time 2 36\n980589630 3.5 200.0", "980589630 2 3.5 36 200", "#time mirrors 02\n980589630 nan 3.5",
        "# Time is UTC\n980589630 2 3.5", "# date 2001-01-27\n980589630 2 3.5", "# TIME PROBE VALUE\n980589630 2 3.5",
        "time 2 36\n# Time is UTC\n980589630 3.5 nan"})
    EXPECT_THAT(said(line), ElementsAre(same)) << line;
  EXPECT_THAT(said("980589630 Mirror 3.5 36 -1"),
              ElementsAre("2001-01-27T10:00:30Z mirror 3.500", "2001-01-27T10:00:30Z 36 -1.00"));
}

TEST(TemperatureLog, LinesThatMeanNothingAreNamedAndTheOthersTaken) {
  const std::string nul("980589630 2 \0 3", 15);
  const char* bad[] = {"garbage",           "1 2 3",
                       "2001 2 3",          "NOW 2 3",
                       "980589630",         "980589630 2",
                       "980589630 2 3 4",   "980589630 2 x",
                       "980589630 2 1e9",   "980589630 2 100.1",
                       "980589630 2 -273",  "980589630 2/3 4",
                       "2001/13/01 2 3",    "980589630 a_name_of_more_than_24_chars 3",
                       "1e300 2 3",         "999999999999999 2 3",
                       "980589630 2 inf",   "time",
                       "980589630 2 4 3 x", "-980589630 2 3",
                       "200101271030 2 3",  "980589630 2.5 3",
                       "980589630 -1 3",    "980589630 nan 3"};
  std::string text;
  for (const char* line : bad) text += std::string(line) + "\n980589630 2 3.5\n";
  const auto read = read_temperatures(text + nul, "t.log");
  EXPECT_EQ(read.bad_lines, std::ssize(bad) + 1);
  EXPECT_EQ(read.lines, 2 * std::ssize(bad) + 1);
  EXPECT_EQ(std::ssize(read.entries), std::ssize(bad));
  ASSERT_EQ(read.faults.size(), TemperatureText::kMostNamed);
  for (std::size_t i = 0; i < read.faults.size(); ++i)
    EXPECT_THAT(read.faults[i].text(), HasSubstr("t.log: line " + std::to_string(2 * i + 1) + ": ")) << bad[i];
}

// The straightforward way: everything is looked at.
float naive(const std::map<double, float>& series, double time, double limit) {
  double before = -HUGE_VAL, after = HUGE_VAL;
  for (const auto& [at, value] : series) {
    if (at <= time) before = std::max(before, at);
    if (at >= time) after = std::min(after, at);
  }
  if (before == after) return series.at(before);
  if (after - before <= limit)
    return static_cast<float>(series.at(before) + (time - before) / (after - before) *
                                                      (static_cast<double>(series.at(after)) - series.at(before)));
  const bool first = time - before <= after - time;
  if (std::min(time - before, after - time) > limit) return kNone;
  return series.at(first ? before : after);
}

bool same(float a, float b) { return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 1e-5F * (1 + std::abs(a)); }

using Model = std::map<std::pair<double, std::string>, float>;

std::vector<Temperature> random_entries(std::mt19937_64& random, int probes) {
  std::vector<Temperature> entries(1 + random() % 60);
  const double from = kNight + static_cast<double>(random() % 40) * 1000;
  for (auto& entry : entries) {
    entry.time = from + static_cast<double>(random() % (probes == 5 ? 3000 : 20));
    entry.probe = std::to_string(random() % static_cast<unsigned>(probes));
    entry.value = static_cast<float>(random() % 1000) / 10 - 50;
  }
  return entries;
}

Model all_of(const std::string& database) {
  Model out;
  std::string text;
  EXPECT_TRUE(extract_temperatures(database, -1e18, 1e18, [&](std::string_view line) {
                text += line;
                return true;
              }).ok());
  const auto read = read_temperatures(text, "extract");
  EXPECT_EQ(read.bad_lines, 0);
  double last = -HUGE_VAL;
  for (const auto& entry : read.entries) {
    EXPECT_GE(entry.time, last);
    last = entry.time;
    EXPECT_TRUE(out.emplace(std::pair(entry.time, entry.probe), entry.value).second) << "twice";
  }
  return out;
}

TEST(TemperatureFile, AnyOrderOfImportsIsAMap) {
  std::mt19937_64 random(7);
  for (int story = 0; story < 15; ++story) {
    const Folder folder;
    const std::string database = folder / "n.db";
    Model model;
    for (int step = 0; step < 25; ++step) {
      const auto entries = random_entries(random, 4 + story % 2);
      Model added;
      for (const auto& entry : entries) added[{entry.time, entry.probe}] = entry.value;
      std::int64_t fresh = 0, changed = 0, known = 0;
      for (const auto& [key, value] : added) {
        const auto at = model.find(key);
        (at == model.end() ? fresh : at->second == value ? known : changed) += 1;
        model[key] = value;
      }
      const auto report = import_temperatures({database}, entries);
      ASSERT_TRUE(report.ok()) << report.status().text();
      EXPECT_EQ(report->added, fresh);
      EXPECT_EQ(report->changed, changed);
      EXPECT_EQ(report->known, known);
    }
    EXPECT_EQ(all_of(database), model);
    const auto file = open_temperatures(database);
    ASSERT_TRUE(file.ok() && *file);
    TemperatureRecords records(**file);
    EXPECT_LE(runs_of(records, **file).size(), 12U);
    std::map<std::string, std::map<double, float>> series;
    for (const auto& [key, value] : model) series[key.second][key.first] = value;
    TemperatureOptions options{database};
    options.probes = {{"0", "0"}, {"x", "1"}, {"nobody", "99"}, {"3", "3"}};
    options.limit = static_cast<double>(random() % 200);
    Temperatures temperatures(options);
    temperatures.refresh();
    for (int i = 0; i < 400; ++i) {
      const double time = kNight - 2000 + static_cast<double>(random() % 90000) / 2;
      const auto values = temperatures.at(time);
      for (std::size_t p = 0; p < 4; ++p)
        EXPECT_TRUE(same(values[p], naive(series[options.probes[p].number], time, options.limit)))
            << time - kNight << " probe " << p << ": " << values[p];
    }
  }
}

// Values at even seconds that are there, and somebody who merges those at odd ones, twenty at a time in no order.
class Merging {
 public:
  static constexpr int kValues = 4000;
  explicit Merging(const std::string& database) {
    for (int i = 0; i < kValues; ++i) even.push_back({kNight + 2 * i, "2", static_cast<float>(i % 61)});
    EXPECT_TRUE(import_temperatures({database}, even).ok());
    writer_ = std::jthread([this, database] {
      std::vector<Temperature> odd;
      for (int i = 0; i < kValues; ++i) odd.push_back({kNight + 2 * i + 1, "2", 90});
      std::shuffle(odd.begin(), odd.end(), std::mt19937_64(5));
      for (int i = 0; i < kValues; i += 20)
        EXPECT_TRUE(import_temperatures({database}, {odd.begin() + i, odd.begin() + i + 20}).ok());
      done_ = true;
    });
  }
  bool is_done() const { return done_; }
  std::vector<Temperature> even;

 private:
  std::atomic<bool> done_ = false;
  std::jthread writer_;  // joined first
};

// Somebody merges runs while others look for times: what was there is found, with its own value.
TEST(TemperatureFile, IsReadWhileItIsMerged) {
  const Folder folder;
  const std::string database = folder / "n.db";
  const Merging merging(database);
  TemperatureOptions options{database};
  options.limit = 5;
  Temperatures temperatures(options);
  temperatures.refresh();
  std::mt19937_64 random(6);
  std::int64_t wrong = 0, looks = 0;
  while (!merging.is_done()) {
    if (++looks % 1000 == 0) temperatures.refresh();
    const int i = static_cast<int>(random() % Merging::kValues);
    wrong += temperatures.at(kNight + 2 * i)[0] != static_cast<float>(i % 61);
  }
  EXPECT_EQ(wrong, 0) << "of " << looks;
  EXPECT_GT(looks, 100);
}

// Somebody merges runs while everything is written out: what was there stands in it, once and in order.
TEST(TemperatureFile, IsWrittenOutWhileItIsMerged) {
  const Folder folder;
  const std::string database = folder / "n.db";
  const Merging merging(database);
  int extracts = 0;
  for (; !merging.is_done(); ++extracts) {
    const auto before = list_temperatures(database);
    const Model all = all_of(database);
    const auto after = list_temperatures(database);
    ASSERT_TRUE(before.ok() && after.ok()) << before.status().text() << after.status().text();
    const auto size = static_cast<std::int64_t>(all.size());
    EXPECT_LE(before->at(0).count, size);
    EXPECT_GE(after->at(0).count, size);
    EXPECT_LE(after->at(0).count, 2 * Merging::kValues);
    std::int64_t wrong = 0;
    for (const auto& entry : merging.even) {
      const auto at = all.find({entry.time, "2"});
      wrong += at == all.end() || at->second != entry.value;
    }
    EXPECT_EQ(wrong, 0) << "extract " << extracts;
    if (HasFailure()) break;
  }
  EXPECT_GT(extracts, 3);
}

TEST(TemperatureFile, EachOperationFailsOnceAndTheNextImportHasAll) {
  std::mt19937_64 random(3);
  std::vector<std::vector<Temperature>> logs;
  for (int i = 0; i < 6; ++i) logs.push_back(random_entries(random, 3));
  Model model;
  for (const auto& entries : logs) {
    for (const auto& entry : entries) model[{entry.time, entry.probe}] = entry.value;
  }
  for (const Fault& fault : kFaultsOnce) {
    int failures = 0;
    for (int at = 0;; ++at) {
      SCOPED_TRACE("call " + std::to_string(at) + ": " + fault.name);
      const Folder folder;
      FaultAt observer(at, fault);
      for (const auto& entries : logs) {
        TemperatureStore store{folder / "n.db", 1, false, &observer};
        const auto report = import_temperatures(store, entries);
        if (report.ok()) continue;
        ++failures;
        EXPECT_FALSE(observer.harmless()) << report.status().text();
        EXPECT_THAT(report.status().text(), HasSubstr(folder.path()));
        ASSERT_TRUE(import_temperatures(store, entries).ok());
      }
      EXPECT_EQ(all_of(folder / "n.db"), model);
      if (HasFailure()) return;
      if (!observer.reached()) break;
    }
    EXPECT_TRUE(failures > 10 || fault.error == 0 || fault.error == EINTR) << fault.name << ": " << failures;
  }
}

TEST(TemperatureFile, DamagedRecordsSayNothing) {
  const Folder folder;
  const std::string database = folder / "n.db";
  std::vector<Temperature> entries;
  for (int i = 0; i < 100; ++i) entries.push_back({kNight + i * 60, "2", static_cast<float>(i) / 10});
  ASSERT_TRUE(import_temperatures({database}, entries).ok());
  const std::string path = temperature_path(database);
  std::string bytes = *read_file(path);
  const auto table = bytes.find("IMREG_TEMPS");
  ASSERT_NE(table, bytes.npos);
  std::string probe(24, '\0');
  probe[0] = '2';
  const auto first = bytes.find(probe, table);
  ASSERT_NE(first, bytes.npos);
  for (const int row : {50, 99})
    bytes[first - 2 + static_cast<std::size_t>(row) * temps::kRecordSize] ^= 0x20;  // values
  write(path, bytes);
  TemperatureOptions options{database};
  options.limit = 100;
  Temperatures temperatures(options);
  temperatures.refresh();
  EXPECT_FLOAT_EQ(temperatures.at(kNight + 40 * 60 + 30)[0], 4.05F);
  EXPECT_FLOAT_EQ(temperatures.at(kNight + 49 * 60 + 50)[0], 4.9F);  // its neighbours are farther apart than the limit
  EXPECT_FLOAT_EQ(temperatures.at(kNight + 98 * 60 + 10)[0], 9.8F);
  EXPECT_TRUE(std::isnan(temperatures.at(kNight + 102 * 60)[0]));
}

// Whatever record is damaged, wherever: those around it are found, and importing again brings back no other.
TEST(TemperatureFile, ADamagedTimeHidesNoOther) {
  constexpr int kValues = 24;
  for (const int bit : {0x40, 0x01}) {  // far away in one direction, in the other
    for (int damaged = 0; damaged < kValues; ++damaged) {
      const Folder folder;
      const std::string database = folder / "n.db";
      std::vector<Temperature> entries;
      for (int i = 0; i < kValues; ++i) entries.push_back({kNight + i * 60, "2", static_cast<float>(i)});
      ASSERT_TRUE(import_temperatures({database}, entries).ok());
      const std::string path = temperature_path(database);
      std::string bytes = *read_file(path), probe(24, '\0');
      probe[0] = '2';
      const auto first = bytes.find(probe, bytes.find("IMREG_TEMPS")) + 24 - temps::kRecordSize;
      bytes[first + static_cast<std::size_t>(damaged) * temps::kRecordSize] ^= static_cast<char>(bit);
      write(path, bytes);
      TemperatureOptions options{database};
      options.limit = 50;
      Temperatures temperatures(options);
      temperatures.refresh();
      for (int i = 0; i < kValues; ++i) {
        const float value = temperatures.at(kNight + i * 60)[0];
        EXPECT_TRUE(i == damaged ? std::isnan(value) : value == static_cast<float>(i))
            << "record " << damaged << " damaged, value " << i << ": " << value;
      }
      EXPECT_EQ(all_of(database).size(), kValues - 1U) << "record " << damaged;
      const auto again = import_temperatures({database}, entries);
      ASSERT_TRUE(again.ok()) << again.status().text();
      EXPECT_EQ(again->known, kValues - 1) << "record " << damaged;
      EXPECT_EQ(again->added, 1) << "record " << damaged;
      EXPECT_EQ(all_of(database).size(), static_cast<std::size_t>(kValues)) << "record " << damaged;
    }
  }
}

TEST(TemperatureFile, RunsThatAreNotInOrderAreTold) {
  const Folder folder;
  const std::string database = folder / "n.db";
  EXPECT_TRUE(check_temperatures(database).ok()) << "there are none";
  std::vector<Temperature> entries;
  for (int i = 0; i < 100; ++i) entries.push_back({kNight + i, i % 2 == 0 ? "2" : "36", 1});
  ASSERT_TRUE(import_temperatures({database}, entries).ok());
  for (auto& entry : entries) entry.time -= 50.5;
  entries.resize(30);
  ASSERT_TRUE(import_temperatures({database}, entries).ok());
  EXPECT_TRUE(check_temperatures(database).ok());
  const std::string path = temperature_path(database);
  for (const std::int64_t row : {1, 60, 99, 101, 129}) {
    auto writer = RecordWriter::open(path, {});
    ASSERT_TRUE(writer.ok());
    Record record = writer->file().make_record();
    ASSERT_TRUE(writer->file().read(row, record).ok());
    const std::string good(record.bytes());
    record.set(temps::kTime, record[temps::kTime] - 7);
    ASSERT_TRUE(writer->commit({{row, record.bytes()}}).ok());
    const Status told = check_temperatures(database);
    EXPECT_THAT(told.text(), HasSubstr(path)) << row;
    EXPECT_THAT(told.text(), HasSubstr("record " + std::to_string(row + 1))) << row;
    ASSERT_TRUE(writer->commit({{row, good}}).ok());
    EXPECT_TRUE(check_temperatures(database).ok()) << row;
  }
}

class Tonight : public testing::Test {
 protected:
  std::string line(double time, float value) const {
    return format_iso(kNight + time) + " 2 " + std::to_string(value) + "\n";
  }
  Temperatures::Values at(double time) {
    temperatures_.refresh();
    return temperatures_.at(kNight + time);
  }
  Folder folder_;
  std::string path_ = folder_ / "tonight.log";
  Temperatures temperatures_{[this] {
    TemperatureOptions options{folder_ / "n.db"};
    options.log = path_;
    return options;
  }()};
};

TEST_F(Tonight, GrowsIsReplacedCutMissingAndWrittenAnew) {
  EXPECT_TRUE(std::isnan(at(0)[0]));
  EXPECT_THAT(temperatures_.trouble(), HasSubstr(path_));
  write(path_, line(0, 1) + line(60, 2));
  EXPECT_FLOAT_EQ(at(30)[0], 1.5F);
  EXPECT_EQ(temperatures_.trouble(), "");
  write(path_, line(120, 4), true);
  EXPECT_FLOAT_EQ(at(90)[0], 3);
  const std::string next = line(180, 8);  // a line that is being written
  write(path_, next.substr(0, next.size() - 4), true);
  EXPECT_FLOAT_EQ(at(150)[0], 4);
  write(path_, next.substr(next.size() - 4), true);
  EXPECT_FLOAT_EQ(at(150)[0], 6);
  std::filesystem::remove(path_);
  EXPECT_FLOAT_EQ(at(150)[0], 6);
  write(path_ + ".new", line(140, 10) + line(160, 20));
  std::filesystem::rename(path_ + ".new", path_);
  EXPECT_FLOAT_EQ(at(150)[0], 15);
  EXPECT_FLOAT_EQ(at(0)[0], 10);
  write(path_, line(150, 7));  // shorter than it was
  EXPECT_FLOAT_EQ(at(150)[0], 7);
  std::string anew;
  for (int i = 0; i < 100; ++i) anew += line(i, 3);
  write(path_, anew);  // longer, and another
  EXPECT_FLOAT_EQ(at(150)[0], 3);
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_FLOAT_EQ(at(150)[0], 3);
  std::filesystem::remove(path_);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FLOAT_EQ(at(150)[0], 3);
  EXPECT_THAT(temperatures_.trouble(), HasSubstr("no file"));
}

TEST_F(Tonight, OnlyItsEndIsReadAndGarbageIsPassedOver) {
  std::string text = "time mirror dome\n";
  for (int i = 0; i < 100000; ++i) text += format_iso(kNight + i) + " " + std::to_string(i % 100) + " -\n";
  write(path_, text);
  EXPECT_FLOAT_EQ(at(99999)[0], 99);
  EXPECT_EQ(temperatures_.trouble(), "");  // the line in which its end begins is no bad one
  EXPECT_FLOAT_EQ(at(80000)[0], 0);        // before the first 16 KiB of its end
  EXPECT_TRUE(std::isnan(at(1000)[0]));
  EXPECT_TRUE(std::isnan(at(99999)[1]));
  write(path_, std::string(300000, 'x'), true);
  EXPECT_FLOAT_EQ(at(99999)[0], 99);
  write(path_, std::string(300000, 'x') + "\n" + format_iso(kNight + 100001) + " 1.25 2.5\n", true);
  EXPECT_FLOAT_EQ(at(100001)[0], 1.25F);
  EXPECT_FLOAT_EQ(at(100001)[1], 2.5F);
  std::string garbage;
  std::mt19937_64 random(1);
  for (int i = 0; i < 3000000; ++i) garbage += static_cast<char>(random());
  write(path_, garbage, true);
  EXPECT_FLOAT_EQ(at(100001)[0], 1.25F);
  write(path_, "\n" + format_iso(kNight + 100003) + " 3.25 -\n", true);
  EXPECT_FLOAT_EQ(at(100002)[0], 2.25F);
}

TEST_F(Tonight, ItsHeaderNeedNotBeTheFirstLine) {
  for (const bool whole : {true, false}) {  // rows that might be probes and values, too
    for (const std::size_t behind : {0U, 3000U}) {
      std::string text = "# the telescope\n" + std::string(behind, '#') + "\ntime mirror dome air1 air2\n";
      for (int i = 0; i < 1000; ++i) text += format_iso(kNight + i) + (whole ? " 2 5 3 4\n" : " 2.5 5.5 3.5 4.5\n");
      write(path_ + ".new", text);
      std::filesystem::rename(path_ + ".new", path_);
      const float more = whole ? 0 : 0.5F;
      EXPECT_THAT(at(999), ElementsAre(2 + more, 5 + more, 3 + more, 4 + more));
      EXPECT_EQ(temperatures_.trouble(), "");
    }
  }
}

// The part of the log that is read begins in the middle of the lines that tell its columns.
TEST_F(Tonight, HeadersAroundTheBeginOfWhatIsRead) {
  TonightsLog log(path_, {{"mirror", "2"}, {"dome", "36"}});
  for (int extra = 0; extra < 120; ++extra) {
    std::string text = "time dome mirror\n" + format_iso(kNight) + " 9 9\ntime mirror dome\n";
    while (text.size() < (16U << 10U) - 30U + static_cast<std::size_t>(extra)) text += "\n";
    text += format_iso(kNight + 60) + " 1 2\n";
    write(path_ + ".new", text);
    std::filesystem::rename(path_ + ".new", path_);
    log.refresh();
    std::vector<TemperatureNeighbours> around(2);
    log.neighbours(kNight + 60, around);
    EXPECT_FLOAT_EQ(around[0].at(kNight + 60, 0), 1) << extra;
    EXPECT_FLOAT_EQ(around[1].at(kNight + 60, 0), 2) << extra;
  }
}

TEST_F(Tonight, OtherProbesFillItsEnd) {
  std::string text = line(0, 3);
  for (int i = 0; i < 1200; ++i) text += format_iso(kNight + i) + " 77 1.5\n";
  write(path_, text);
  EXPECT_FLOAT_EQ(at(1200)[0], 3);
  temperatures_.refresh(true);
  EXPECT_FLOAT_EQ(temperatures_.at(kNight + 1000)[0], 3);
}

TEST_F(Tonight, WhatCannotBeReadIsTold) {
  const std::string unreadable = "/sys/class/net/lo/speed";  // a plain file that opens, and fails to be read
  const auto file = File::open(unreadable, File::Mode::read);
  char byte = 0;
  if (!file || file->read(0, &byte, 1).ok()) GTEST_SKIP() << unreadable << " is no such file here";
  write(path_, line(0, 3));
  EXPECT_FLOAT_EQ(at(0)[0], 3);
  std::filesystem::remove(path_);
  std::filesystem::create_symlink(unreadable, path_);
  (void)at(0);
  EXPECT_THAT(temperatures_.trouble(), HasSubstr(path_));
}

// A log that somebody writes, cuts and replaces at random is at any time what a whole reading of it says.
TEST_F(Tonight, AnyHistoryOfWritingIsAWholeReading) {
  std::mt19937_64 random(11);
  std::string text;
  double time = 0;
  for (int step = 0; step < 400; ++step) {
    switch (random() % 12) {
      case 0: text = ""; break;
      case 1: text = line(time, 5); break;
      case 2: text.resize(text.size() * (random() % 3) / 2); break;
      case 3: text += "garbage\n"; break;
      case 4: text += line(time - 50, -3); break;  // out of order
      case 5: text += std::string(random() % 90, 'x'); break;
      default: text += line(time += static_cast<double>(random() % 900), static_cast<float>(random() % 40));
    }
    const bool replace = random() % 4 == 0;
    write(replace ? path_ + ".new" : path_, text);
    if (replace) std::filesystem::rename(path_ + ".new", path_);
    std::map<double, float> series;
    for (const auto& entry : read_temperatures(std::string_view(text).substr(0, text.rfind('\n') + 1), "t").entries)
      series[entry.time - kNight] = entry.value;
    const double wanted = time - static_cast<double>(random() % 1000);
    const float value = at(wanted)[0];
    ASSERT_TRUE(same(value, naive(series, wanted, 1800))) << "step " << step << ": " << value;
  }
}

TEST_F(Tonight, BothSourcesTogether) {
  ASSERT_TRUE(import_temperatures({folder_ / "n.db"}, {{kNight, "mirror", 1}, {kNight, "36", 7}}).ok());
  write(path_, line(100, 3));
  EXPECT_FLOAT_EQ(at(50)[0], 2);
  EXPECT_FLOAT_EQ(at(50)[1], 7);
  EXPECT_TRUE(std::isnan(at(50)[2]));
}

TEST(Probes, Words) {
  const auto probes = parse_probes("Mirror=02 dome=36\tair=air");
  ASSERT_TRUE(probes.ok());
  ASSERT_EQ(probes->size(), 3U);
  EXPECT_EQ((*probes)[0].name, "mirror");
  EXPECT_EQ((*probes)[0].number, "2");
  EXPECT_EQ((*probes)[2].number, "air");
  for (const char* bad : {"", "a=1 b=2 c=3 d=4 e=5", "=2", "a=", "a/b=3", "mirror", "mirror 2 dome 36", "a=1 b",
                          "a=1 a=2", "a=1 b=1", "a=b b=c", "mirror = 2"})
    EXPECT_FALSE(parse_probes(bad).ok()) << bad;
}

}  // namespace
}  // namespace imreg
