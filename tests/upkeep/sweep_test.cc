// Every byte of a small database, of its journal and of its index, wrong: all its bits, and one of them. Each is found by
// the check, or it is shown that it does no harm: the same rows, the same answers by the index, and a writer who goes on
// with it loses nothing.
#include <fcntl.h>

#include <array>
#include <cstdio>
#include <random>
#include <thread>

#include "../long_form.h"
#include "check_fixture.h"
#include "imreg/history.h"

namespace imreg {
namespace {

// What the index answers, by each of its ways.
std::vector<std::vector<std::int64_t>> answers(const std::string& path) {
  const auto file = RecordFile::open(path);
  if (!file) return {};
  std::vector<std::vector<std::int64_t>> out;
  const auto ask = [&](const Selection& selection) {
    auto& rows = out.emplace_back();
    (void)scan(*file, selection, {}, [&](std::int64_t row, RecordView) { return rows.push_back(row), true; });
    rows.push_back(count_matches(*file, selection));
  };
  const auto& f = schema();
  Selection time, name, place, code, live;
  EXPECT_TRUE(time.number(f, "obstime", {{1e9 + 200, 1e9 + 430}}).ok());
  EXPECT_TRUE(name.name(f, "filename", "600002").ok());
  EXPECT_TRUE(place.region(f, "ra", "dec", *SkyRegion::box(10, 100, -85, 20)).ok());
  EXPECT_TRUE(code.patterns(f, "filter", {{"r", TextPattern::How::exact}}).ok());
  live.without_deleted(f);
  for (const Selection* selection : {&time, &name, &place, &code, &live}) ask(*selection);
  ScanReport report;
  auto& ordered = out.emplace_back();
  (void)scan_by_time(*file, live, true, report,
                     [&](std::int64_t row, RecordView) { return ordered.push_back(row), true; });
  return out;
}

// What the history tells, and what waits.
std::vector<std::string> told_beside(const std::string& path) {
  std::vector<std::string> out;
  if (std::filesystem::exists(path + ".pending")) out = contents(path + ".pending");
  const auto file = RecordFile::open(path);
  const auto history = file ? History::load(*file) : Result<History>(file.status());
  if (!history) return {history.status().text()};
  out.push_back(std::to_string(history->damaged()) + " damaged");
  for (const auto& change : history->changes()) {
    out.push_back(std::to_string(change.id) + ' ' + std::string(word_of(change.kind)) + ' ' +
                  std::to_string(change.time) + ' ' + change.user + ' ' + change.program + ' ' +
                  history->command_of(change).value_or("?") + (change.in_force() ? "" : " not in force"));
    std::int64_t gone = 0;
    const Status told = history->each(change, gone, [&](std::int64_t row, const Difference& difference) {
      std::string line = std::to_string(row);
      for (const auto& one : difference) line += ' ' + one.field + ' ' + one.before + ' ' + one.after;
      return out.push_back(line), Status();
    });
    if (!told.ok()) out.push_back(told.text());
  }
  return out;
}

class Sweep : public CheckedTest {
 protected:
  static constexpr int kRows = 12;

  void SetUp() override {
    make(path, kRows, 5);
    // The room of a megabyte that a journal takes ahead is nothing but zeros: all of it would be the same flip.
    const std::string journal = slurp(path + ".journal");
    spill(path + ".journal", journal.substr(0, journal.find_last_not_of('\0') + 65));
    const auto report = checked(path);
    ASSERT_EQ(report.damages + report.warnings, 0) << all_of(report.findings);
    ASSERT_EQ(report.indexed, kRows);
    rows_ = contents(path);
    answers_ = answers(path);
    beside_ = told_beside(path);
    ASSERT_EQ(rows_.size(), kRows);
  }

  struct Count {
    std::int64_t damage = 0, warning = 0, harmless = 0;
  };

  // A writer goes on with what is there: its changes, and nothing else, are seen.
  void writer_goes_on(const std::string& from, const std::string& what) {
    const std::string other = from + "-other.db";
    for (const std::string& end : family_)
      std::filesystem::copy_file(from + end, other + end, std::filesystem::copy_options::overwrite_existing);
    auto wanted = rows_;
    {
      IndexKeeper keeper(IndexKeeper::Patience::full, index_at_once());
      RecordWriter::Options options;
      options.follower = &keeper;
      auto writer = RecordWriter::open(other, options);
      ASSERT_TRUE(writer.ok()) << what << writer.status().text();
      Record changed = row_number(1);
      changed.set(regimage::kQuality, 99);
      EXPECT_TRUE(writer->commit({{1, changed.bytes()}}).ok()) << what;
      EXPECT_TRUE(writer->append(rows_from(kRows, kRows + 1)).ok()) << what;
      keeper.finish(writer->file());
      wanted[1] = plain(changed);
      wanted.push_back(plain(row_number(kRows)));
    }
    const auto report = checked(other);
    EXPECT_EQ(contents(other), wanted) << what;
    EXPECT_EQ(report.damages, 0) << what << all_of(report.findings);
    EXPECT_EQ(report.indexed, kRows + 1) << what;
  }

  // One byte of a copy of the family, wrong.
  void spoil(const std::string& copy, const char* end, int fd, std::size_t at, char sound, unsigned char mask,
             Count& count) {
    const char wrong = static_cast<char>(sound ^ mask);
    ASSERT_EQ(::pwrite(fd, &wrong, 1, static_cast<off_t>(at)), 1);
    const auto report = checked(copy);
    const std::string what =
        "x.db" + std::string(end) + " byte " + std::to_string(at) + " ^ " + std::to_string(mask) + ": ";
    if (report.damages > 0 || report.warnings > 0) {
      ++(report.damages > 0 ? count.damage : count.warning);
      const bool named = std::any_of(report.findings.begin(), report.findings.end(), [&](const Finding& finding) {
        return finding.kind != Finding::Kind::note && finding.file.starts_with(copy);
      });
      EXPECT_TRUE(named) << what << all_of(report.findings);
    } else {
      ++count.harmless;
      EXPECT_EQ(contents(copy), rows_) << what;
      EXPECT_EQ(answers(copy), answers_) << what;
      EXPECT_EQ(told_beside(copy), beside_) << what;
      writer_goes_on(copy, what);
    }
    ASSERT_EQ(::pwrite(fd, &sound, 1, static_cast<off_t>(at)), 1);
  }

  // Every `step`th byte, all its bits; and one of them, in every `bit_step`th. Two threads, each with a copy. In the long form
  // the others, too.
  Count sweep(const char* end, std::size_t step, std::size_t bit_step) {
    const std::string sound = slurp(path + end);
    std::array<Count, 2> counts;
    std::vector<std::thread> threads;
    for (std::size_t mine = 0; mine < counts.size(); ++mine) {
      threads.emplace_back([&, mine] {
        const std::string copy = folder / ("copy" + std::to_string(mine) + ".db");
        for (const std::string& other : family_)
          std::filesystem::copy_file(path + other, copy + other, std::filesystem::copy_options::overwrite_existing);
        const int fd = ::open((copy + end).c_str(), O_RDWR);
        std::mt19937 dice(static_cast<unsigned>(7 + mine));
        const auto flip = [&](std::size_t at, bool all) {
          spoil(copy, end, fd, at, sound[at], static_cast<unsigned char>(all ? 0xff : 1U << dice() % 8), counts[mine]);
          return !HasFailure();
        };
        std::vector<std::pair<std::size_t, bool>> others;
        for (std::size_t at = mine; at < sound.size() && !HasFailure(); at += counts.size()) {
          for (const bool all : {true, false}) {
            if (at / counts.size() % (all ? step : bit_step) == 0)
              flip(at, all);
            else
              others.emplace_back(at, all);
          }
        }
        further(others, 30, [&](const auto& one) { return flip(one.first, one.second); });
        ::close(fd);
        const auto report = checked(copy);
        EXPECT_EQ(report.damages + report.warnings, 0) << all_of(report.findings);
      });
    }
    for (auto& thread : threads) thread.join();
    Count all = counts[0];
    all.damage += counts[1].damage, all.warning += counts[1].warning, all.harmless += counts[1].harmless;
    std::printf("x.db%s: %zu bytes; %lld flips are damage, %lld a warning, %lld do no harm\n", end, sound.size(),
                static_cast<long long>(all.damage), static_cast<long long>(all.warning),
                static_cast<long long>(all.harmless));
    return all;
  }

  std::vector<std::string> family_ = {"", ".journal", ".idx", ".lock"};
  std::vector<std::string> rows_;
  std::vector<std::vector<std::int64_t>> answers_;
  std::vector<std::string> beside_;
};

TEST_F(Sweep, RecordFile) {
  const Count count = sweep("", 1, 8);
  EXPECT_LT(count.harmless, 200);  // of CREATOR and DATE, that nobody reads
}

TEST_F(Sweep, Journal) {
  const Count count = sweep(".journal", 1, 1);
  EXPECT_LE(count.harmless, 2 * 65);  // of the room behind the last change
}

// 37 pages, each with a check over all of it: some bytes of each tell as much as all.
TEST_F(Sweep, Index) {
  const Count count = sweep(".idx", 9, 19);
  EXPECT_EQ(count.harmless, 0);
}

// With two bulk changes in its history, and statistics that wait.
class SweepBeside : public Sweep {
 protected:
  void SetUp() override {
    make(path, kRows, 5);
    {
      IndexKeeper keeper(IndexKeeper::Patience::full, index_at_once());
      RecordWriter::Options options;
      options.follower = &keeper;
      auto writer = RecordWriter::open(path, options);
      ASSERT_TRUE(writer.ok());
      for (int quality = 7; quality < 9; ++quality) {
        BulkChange about;
        about.kind = BulkChange::Kind::modify;
        about.program = "imsearch";
        about.command = "-modify quality " + std::to_string(quality);
        auto history = HistoryWriter::begin(writer->file(), about, {});
        ASSERT_TRUE(history.ok()) << history.status().text();
        std::vector<RowChange> changes;
        for (const std::int64_t row : {2, 3, 7}) {
          Record old = writer->file().make_record();
          ASSERT_TRUE(writer->file().read(row, old).ok());
          Record fresh = old;
          fresh.set(regimage::kQuality, quality);
          history->row(row, old.view(), fresh.view());
          changes.push_back({row, fresh.bytes()});
        }
        ASSERT_TRUE(history->ready(writer->file().change_number() + 1).ok());
        ASSERT_TRUE(writer->commit(changes).ok());
      }
      keeper.finish(writer->file());
      ASSERT_TRUE(writer->trim().ok());
    }
    const Schema& pending = *builtin_format("pending", 1);
    ASSERT_TRUE(RecordWriter::create(path + ".pending", pending, {}).ok());
    {
      auto waiting = RecordWriter::open(path + ".pending", {});
      Record entry(static_cast<std::size_t>(pending.record_size));
      ASSERT_TRUE(entry.set(*find_field<Text>(pending, "path"), "/data/night/1.fits"));
      ASSERT_TRUE(waiting->append(entry.bytes() + entry.bytes()).ok());
      ASSERT_TRUE(waiting->trim().ok());
      auto history = RecordWriter::open(path + ".history", {});
      ASSERT_TRUE(history.ok() && history->trim().ok());
    }
    family_ = {"", ".journal", ".idx", ".lock", ".history", ".history.lock", ".pending", ".pending.lock"};
    const auto report = checked(path);
    ASSERT_EQ(report.damages + report.warnings, 0) << all_of(report.findings);
    rows_ = contents(path);
    answers_ = answers(path);
    beside_ = told_beside(path);
    ASSERT_EQ(beside_.size(), 2U + 1 + 2 * (1 + 3)) << ::testing::PrintToString(beside_);
  }
};

TEST_F(SweepBeside, History) {
  const Count count = sweep(".history", 15, 51);
  EXPECT_LT(count.harmless, 200);  // of CREATOR and DATE, that nobody reads
}

TEST_F(SweepBeside, Pending) {
  const Count count = sweep(".pending", 15, 51);
  EXPECT_LT(count.harmless, 200);
}

// Its text saves work and decides nothing: what the check does not see does no harm.
TEST_F(SweepBeside, Lock) {
  const Count count = sweep(".lock", 1, 1);
  EXPECT_GT(count.warning, 0);
}

}  // namespace
}  // namespace imreg
