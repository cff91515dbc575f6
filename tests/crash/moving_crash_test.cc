// immv and imrm cut anywhere: files and rows are as before or as they shall be, or X.db.moving says what is to be done, and that
// is done by whoever comes next, who may be cut as well.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bulk_story.h"
#include "imreg/move_files.h"
#include "replay.h"

namespace imreg::crash {
namespace {

constexpr int kFiles = 6;
const std::string kMoving = "x.db.moving";

// What a file has: a sector and a bit, and says whose it is.
std::string content_of(int number) {
  return std::string(600 + static_cast<std::size_t>(number), static_cast<char>('a' + number));
}

void set_time(const std::string& path) {
  const timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  if (::utimensat(AT_FDCWD, path.c_str(), times, 0) != 0) std::abort();
}

// An archive: x.db and its files, some of them on another file system. Rows and X.db.moving name files by their whole paths, so
// what is recorded in a folder is replayed in it.
class Archive {
 public:
  Archive() {
    far_ = std::filesystem::temp_directory_path().string() + "/imreg-test-XXXXXX";
    if (!::mkdtemp(far_.data())) std::abort();
    for (const auto& folder : {near_ / "old", near_ / "new", far_ + "/files", far_ + "/kept"})
      std::filesystem::create_directory(folder);
    std::filesystem::create_directory_symlink(far_ + "/files", near_ / "far");
    std::string rows;
    for (int i = 0; i < kFiles; ++i) {
      const std::string place = place_of(name(i)), path = near_ / name(i);
      testing::spill(path, content_of(i));
      set_time(path);
      Record row(image_row(i, i, "r"));
      EXPECT_TRUE(row.set(regimage::kPathname, near_ / place));
      EXPECT_TRUE(row.set(regimage::kFilename, std::to_string(i) + ".fits"));
      rows += row.bytes();
    }
    EXPECT_OK(RecordWriter::create(near_ / kDatabase, image_schema(), {}));
    EXPECT_OK(testing::must(RecordWriter::open(near_ / kDatabase, {})).append(rows));
    std::filesystem::remove(near_ / (kDatabase + ".lock"));
    // Other names of the same files, where no test looks.
    const auto numbers = names_in(image_of(near_.path()));
    for (int i = 0; i < kFiles; ++i) {
      const std::string keep = (place_of(name(i)) == "far" ? far_ + "/kept/" : beside_ / "") + std::to_string(i);
      if (::link((near_ / name(i)).c_str(), keep.c_str()) != 0) std::abort();
      kept_[numbers.at(name(i))] = keep;
    }
  }
  ~Archive() {
    std::error_code ignored;
    std::filesystem::remove_all(far_, ignored);
  }

  static std::string name(int i) { return (i < 3 ? "old/" : "far/") + std::to_string(i) + ".fits"; }
  const std::string& path() const { return near_.path(); }
  const Kept& kept() const { return kept_; }
  bool has_two_file_systems() const {
    struct stat one {
    }, other{};
    return ::stat(path().c_str(), &one) == 0 && ::stat(far_.c_str(), &other) == 0 && one.st_dev != other.st_dev;
  }

 private:
  Folder near_, beside_;
  std::string far_;
  Kept kept_;
};

MoveOptions moving(const std::string& folder, IoObserver* observer) {
  MoveOptions out;
  out.database = folder + "/" + kDatabase;
  out.command = "a test";
  out.wait_seconds = 0;
  out.observer = observer;
  return out;
}
Status outcome(const MoveReport& report) { return !report.refused.empty() ? report.refused.front() : report.failure; }

Step move_step(const char* name, std::vector<std::string> files, std::string to) {
  return {name, Promise::whole, [=](Live& live) {
            live.close();
            const std::string folder = folder_of(live.path);
            std::vector<std::string> paths;
            for (const auto& file : files) paths.push_back(folder + "/" + file);
            const auto report = to.empty() ? remove_files(moving(folder, live.observer), paths)
                                           : move_files(moving(folder, live.observer), paths, folder + "/" + to);
            EXPECT_EQ(report.bytes_copied > 0, std::string_view(name) == "copy");
            return outcome(report);
          }};
}
// Files 0 and 1, and then some. The second time X.db.history and the journal are there already.
History moves_history() {
  return {"moves",
          &image_schema(),
          false,
          {},
          {move_step("move", {"old/0.fits", "old/1.fits"}, "new"), move_step("move", {"new/1.fits"}, "old/7.fits"),
           move_step("remove", {"new/0.fits", "old/2.fits"}, "")}};
}
History copies_history() {
  return {"copies", &image_schema(), false, {}, {move_step("copy", {"far/3.fits", "far/4.fits"}, "new")}};
}

// --- what must hold

std::string path_of(const std::string& row) {
  const RecordView view(row.data());
  return std::string(view[regimage::kPathname]) + "/" + std::string(view[regimage::kFilename]);
}
bool is_deleted(const std::string& row) { return RecordView(row.data())[regimage::kDeleted]; }

// Files that are no row's, rows that have no file, or not theirs. `anywhere`: under whatever name.
std::string wrong_files(const Rows& rows, const std::string& folder, bool anywhere) {
  std::map<std::string, std::string> files;
  for (const auto& [name, number] : names_in(image_of(folder))) {
    if (!place_of(name).empty()) files[folder + "/" + name] = testing::slurp(folder + "/" + name);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string wanted = content_of(static_cast<int>(i)), path = path_of(rows[i]);
    if (is_deleted(rows[i])) continue;
    const bool there =
        anywhere ? std::any_of(files.begin(), files.end(), [&](const auto& file) { return file.second == wanted; })
                 : files.contains(path) && files[path] == wanted;
    if (!there) return "row " + std::to_string(i) + " has no file at " + path;
    files.erase(path);
  }
  return anywhere || files.empty() ? "" : "nobody's file is " + files.begin()->first;
}

class Promises {
 public:
  /// What is known of a history that was recorded in this archive.
  Promises(const Recorded& run, const Archive& archive) : run_(run), archive_(archive) {
    for (std::size_t step = 0; step <= run.acknowledged.size(); ++step) {
      Disk disk(512, run.start);
      for (std::size_t i = 0; step > 0 && i < run.acknowledged[step - 1]; ++i) disk.apply(run.log[i]);
      Dice dice;
      put(disk.image({.of = {}, .torn = false, .killed = true}, dice), archive.path(), archive.kept());
      stories_.push_back(testing::must(story_of(archive.path() + "/" + kDatabase)));
    }
  }

  /// What is wrong behind a cut in step `at`, before and behind what the next program does; `end`: of the step.
  std::string check(std::size_t at, bool end, const Image& image) const {
    set_times(image);
    const std::size_t next = std::min(at + 1, run_.states.size() - 1);
    const Rows &before = *run_.states[at], &after = *run_.states[next];
    const std::string folder = archive_.path(), path = folder + "/" + kDatabase;
    std::string trouble;
    const State rows = state_of(path, trouble);
    if (!trouble.empty() || !rows) return "reader: " + trouble;
    if (*rows != before && *rows != after) return "rows are neither before nor behind the step";
    const bool named = std::filesystem::exists(folder + "/" + kMoving);
    if (named && end) return "it was acknowledged, and X.db.moving is still there";
    // A kill leaves changes that only recovery finds.
    if (!named && !image.killed) {
      if (const auto wrong = wrong_files(*rows, folder, false); !wrong.empty()) return "nothing is named, and " + wrong;
    }
    if (const auto wrong = wrong_files(*rows, folder, true); !wrong.empty()) return wrong;

    // The next one is asked to finish it, or has files of its own.
    const bool asked = image.hash % 2 == 0;
    const auto report = asked ? finish_moving(moving(folder, nullptr))
                              : move_files(moving(folder, nullptr), {folder + "/far/5.fits"}, folder + "/far/6.fits");
    if (const Status status = outcome(report); !status.ok()) return "the next one: " + status.text();
    return wrong_in_the_end(at, !asked, *rows == before ? nullptr : &after);
  }

  /// When nothing is left to be done. `must`: rows that have been there do not go back.
  std::string wrong_in_the_end(std::size_t at, bool moved_another, const Rows* must) const {
    const std::size_t next = std::min(at + 1, run_.states.size() - 1);
    const std::string folder = archive_.path(), path = folder + "/" + kDatabase;
    std::string trouble;
    State rows = state_of(path, trouble);
    if (!trouble.empty() || !rows) return "in the end: " + trouble;
    for (const auto& name : {kMoving, kMoving + ".unfinished"}) {
      if (std::filesystem::exists(folder + "/" + name)) return name + " is still there";
    }
    if (const auto wrong = wrong_files(*rows, folder, false); !wrong.empty()) return "in the end " + wrong;
    auto story = story_of(path);
    if (!story) return "history: " + story.status().text();
    if (moved_another) {
      rows->at(5) = run_.states[0]->at(5);
      if (story->empty()) return "the history does not know of the other move";
      story->pop_back();
    }
    const bool is_before = *rows == *run_.states[at], is_after = *rows == *run_.states[next];
    if (must ? *rows != *must : !is_before && !is_after) return "in the end rows are neither before nor behind";
    if (*story != stories_[is_after ? next : at]) return "the history tells of" + words(*story);
    return "";
  }

  // A copy has its time when all of it was synced; else that of its writing.
  void set_times(const Image& image) const {
    for (const auto& [name, found] : image.files) {
      if (!place_of(name).empty() && found.settled && !archive_.kept().contains(found.file))
        set_time(archive_.path() + "/" + name);
    }
  }

  std::string check_cut(std::size_t done, const Image& image) const {
    const std::size_t at = acknowledged_at(run_, done);
    return check(at, at > 0 && run_.acknowledged[at - 1] == done, image);
  }

 private:
  const Recorded& run_;
  const Archive& archive_;
  std::vector<Story> stories_;
};

void replay_all(const History& history) {
  in_parallel(2, [&](std::size_t at, const std::string&) {
    const Archive archive;
    const auto run = record(history, archive.path());
    const Promises promises(run, archive);
    Looked looked;
    const Round round = [&](std::size_t number, const LongForm* limit) {
      Replay part{
          .log = run.log, .start = run.start, .from = 0, .to = run.log.size(), .samples = 1, .few = 1, .check = {}};
      set_round(part, number, limit);
      part.sector = at == 0 ? 512 : 4096;
      part.kept = archive.kept();
      part.looked = &looked;
      part.check = [&](std::size_t done, const std::string&, const Image& image) {
        return promises.check_cut(done, image);
      };
      return part.run(archive.path());
    };
    const auto result = round(0, nullptr);
    std::printf("%s: %zu operations, %zu states, %zu different\n", history.name.c_str(), run.log.size(), result.states,
                result.different);
    EXPECT_EQ(result.trouble, "");
    EXPECT_GT(result.different, 100u);
    go_on(history.name, round);
  });
}

// The one that ends it is cut, too, behind a kill or a power cut of the first: by default behind each 31st cut.
void replay_ends(const History& history) {
  in_parallel(2, [&](std::size_t at, const std::string&) {
    const bool kill = at == 0;
    const Archive archive;
    const auto run = record(history, archive.path());
    const Promises promises(run, archive);
    const auto end_and_cut = [&](std::size_t cut, std::size_t round, const LongForm* limit) -> Replay::Result {
      Disk disk(512, run.start);
      for (std::size_t i = 0; i < cut; ++i) disk.apply(run.log[i]);
      Dice dice(cut + (round == 0 ? 0 : (long_seed() + round) * 1000003));
      Choice choice{.of = {}, .torn = false, .killed = kill};
      for (const std::size_t n : disk.dials()) choice.of.push_back(dice() % n);
      Image image = disk.image(choice, dice);
      put(image, archive.path(), archive.kept());
      promises.set_times(image);
      if (!kill) take_hints(image, archive.path());
      if (!std::filesystem::exists(archive.path() + "/" + kMoving)) return {};
      Recorder recorder(archive.path(), names_in(image), image.next_file);
      const Status done = outcome(finish_moving(moving(archive.path(), &recorder)));
      EXPECT_TRUE(done.ok()) << done.text();
      // What was killed has left everything unsynced.
      Log log = kill ? Log(run.log.begin(), run.log.begin() + std::ptrdiff_t(cut)) : Log();
      const std::size_t from = log.size();
      log.insert(log.end(), recorder.log.begin(), recorder.log.end());
      Replay part{.log = log, .start = kill ? run.start : image, .from = from, .to = log.size(), .check = {}};
      set_round(part, round, limit);
      part.samples = round == 0 ? 0 : 1;
      part.few = 0;
      part.every = round == 0 ? 1 : (part.to - part.from) / 6 + 1;
      part.kept = archive.kept();
      part.check = [&](std::size_t, const std::string&, const Image& found) {
        return promises.check(acknowledged_at(run, cut), false, found);
      };
      auto result = part.run(archive.path());
      if (!result.trouble.empty())
        result.trouble = "ended behind operation " + std::to_string(cut) + ": " + result.trouble;
      return result;
    };
    Replay::Result result;
    for (std::size_t cut = 0; cut <= run.log.size() && result.trouble.empty(); cut += 31)
      result.add(end_and_cut(cut, 0, nullptr));
    const std::string name = history.name + ": ended behind a " + (kill ? "kill" : "power cut");
    std::printf("%s, %zu states\n", name.c_str(), result.different);
    EXPECT_EQ(result.trouble, "");
    EXPECT_GT(result.different, 50u);
    go_on(name, [&](std::size_t number, const LongForm* limit) {
      Replay::Result all;
      for (std::size_t cut = 0; cut <= run.log.size() && !(limit && limit->over()); ++cut)
        all.add(end_and_cut(cut, number, limit));
      return all;
    });
  });
}

void prove_all(const History& history, const std::string& word, const std::set<std::string>& harmless) {
  std::size_t count = 0;
  {
    const Archive archive;
    count = mutants(record(history, archive.path()), word).size();
  }
  std::vector<Proof> proofs(count);
  in_parallel(count, [&](std::size_t at, const std::string&) {
    const Archive archive;
    const auto run = record(history, archive.path());
    const Promises promises(run, archive);
    const auto all = mutants(run, word);
    ASSERT_EQ(all.size(), count);
    Replay part{.log = all[at].log, .start = run.start, .from = all[at].from, .to = all[at].to, .check = {}};
    part.samples = 16;
    part.few = 4;
    part.kept = archive.kept();
    part.check = [&](std::size_t done, const std::string&, const Image& image) {
      return promises.check_cut(done, image);
    };
    const auto result = part.run(archive.path());
    proofs[at] = {all[at].name, result.trouble, result.different};
  });
  judge(history.name, proofs, harmless);
}

TEST(MovingCrash, OldNewOrNamed) { replay_all(moves_history()); }
TEST(MovingCrash, WhoEndsItIsCutToo) { replay_ends(moves_history()); }
TEST(MovingCrash, EverySyncIsNeeded) {
  if (!is_long()) return prove_all(moves_history(), ".moving", {});
  prove_all(
      moves_history(), "|moving",
      {
          // Recovery of a file that nobody has written to since it was made.
          "moves: move 0, sync 1, of the folder: left out",
          "moves: move 0, sync 1, of the folder: too late",
          // Behind them X.db.history is made, or grows by parts without a head; only the rows need the names.
          "moves: move 0, sync 4, of the folder new: too late",
          "moves: move 0, sync 5, of the folder old: too late",
          "moves: move 1, sync 3, of the folder new: too late",
          "moves: move 1, sync 4, of the folder old: too late",
          "moves: remove 2, sync 3, of the folder new: too late",
          "moves: remove 2, sync 4, of the folder old: too late",
          // The new X.db.history, and its first commit: as in bulk_crash_test.cc.
          "moves: move 0, sync 6, of the folder: left out",
          "moves: move 0, sync 6, of the folder: too early",
          "moves: move 0, sync 6, of the folder: too late",
          "moves: move 0, sync 7, of the folder: left out",
          "moves: move 0, sync 7, of the folder: too early",
          "moves: move 0, sync 7, of the folder: too late",
          "moves: move 0, sync 8, of the folder: left out",
          "moves: move 0, sync 8, of the folder: too late",
          // Behind the removal of X.db.moving nothing happens but the lock, or the recovery of the next.
          "moves: move 0, sync 9, of the folder: too late",
          "moves: move 1, sync 5, of the folder: too late",
          // That names are emptied: whoever renames them once more finds nothing to do, nor in the rows, and then empties them.
          "moves: remove 2, sync 6, of the folder: left out",
          "moves: remove 2, sync 6, of the folder: too early",
          "moves: remove 2, sync 6, of the folder: too late",
      });
}

TEST(MovingCrash, ToAnotherFileSystem) {
  if (!Archive().has_two_file_systems()) GTEST_SKIP() << "there is one file system";
  replay_all(copies_history());
}
TEST(MovingCrash, WhoEndsACopyIsCutToo) {
  if (!is_long()) GTEST_SKIP() << "it takes minutes: IMREG_LONG=1";
  if (!Archive().has_two_file_systems()) GTEST_SKIP() << "there is one file system";
  replay_ends(copies_history());
}
TEST(MovingCrash, EverySyncOfACopyIsNeeded) {
  if (!is_long()) GTEST_SKIP() << "it takes minutes: IMREG_LONG=1";
  if (!Archive().has_two_file_systems()) GTEST_SKIP() << "there is one file system";
  prove_all(
      copies_history(), "|moving",
      {
          // Recovery of a file that nobody has written to since it was made.
          "copies: copy 0, sync 1, of the folder: left out",
          "copies: copy 0, sync 1, of the folder: too late",
          // A copy needs to be whole when the next phase begins, not before the next copy.
          "copies: copy 0, sync 4, of new/.imreg-moving-: too late",
          "copies: copy 0, sync 5, of new/.imreg-moving-: too late",
          // No name has changed in this folder: it is synced with the other one.
          "copies: copy 0, sync 6, of the folder far: left out",
          "copies: copy 0, sync 6, of the folder far: too late",
          "copies: copy 0, sync 10, of the folder far: left out",
          "copies: copy 0, sync 10, of the folder far: too late",
          "copies: copy 0, sync 18, of the folder new: left out",
          "copies: copy 0, sync 18, of the folder new: too late",
          // Behind them comes X.db.moving under its other name; X.db.history is made: both need no names.
          "copies: copy 0, sync 7, of the folder new: too late",
          "copies: copy 0, sync 11, of the folder new: too late",
          // The new X.db.history, and its first commit: as in bulk_crash_test.cc.
          "copies: copy 0, sync 12, of the folder: left out",
          "copies: copy 0, sync 12, of the folder: too early",
          "copies: copy 0, sync 12, of the folder: too late",
          "copies: copy 0, sync 13, of the folder: left out",
          "copies: copy 0, sync 13, of the folder: too early",
          "copies: copy 0, sync 13, of the folder: too late",
          "copies: copy 0, sync 14, of the folder: left out",
          "copies: copy 0, sync 14, of the folder: too late",
          // That names are emptied: whoever renames them once more finds nothing to do, nor in the rows, and then empties them.
          "copies: copy 0, sync 16, of the folder: left out",
          "copies: copy 0, sync 16, of the folder: too early",
          "copies: copy 0, sync 16, of the folder: too late",
      });
}

}  // namespace
}  // namespace imreg::crash
