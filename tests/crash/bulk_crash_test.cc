// Bulk changes with their history, and path roots: after any cut rows and history tell the same, and all can be undone.
#include "archive/roots.h"
#include "bulk_story.h"
#include "imreg/bulk_edit.h"
#include "imreg/relocate.h"
#include "os/file.h"
#include "registry/path_roots.h"
#include "registry/root_changes.h"
#include "replay.h"

namespace imreg::crash {
namespace {

using testing::must;

std::string roots_text(const std::string& path) {
  return read_file(path + ".roots").value_or("none");  // none and empty are different files
}

// What is known when all operations up to the end of a step have happened.
struct Known {
  Rows rows;
  Story story;
  std::string roots;
};

BulkEditOptions editing(const std::string& path, IoObserver* observer) {
  BulkEditOptions out;
  out.database = path;
  out.go = true;
  out.wait_seconds = 0;
  out.observer = observer;
  return out;
}

Status relocated(const std::string& path, const std::vector<std::string>& rule, IoObserver* observer) {
  RelocateOptions options;
  options.edit = editing(path, observer);
  options.search.database = path;
  options.words = rule;
  options.command = rule[0];
  IMREG_ASSIGN(const auto report, relocate_paths(options));
  return report.edit.done ? Status() : Status(Code::invalid, "nothing was relocated");
}

// Takes back all that can be, the newest first.
Status undo_all(const std::string& path) {
  for (int n = 0; n < 20; ++n) {
    const auto undone = undo_change(editing(path, nullptr), 1);
    if (!undone && undone.status().code() == Code::not_found) return {};
    IMREG_TRY(undone.status());
    if (undone->edit.kept != 0) return {Code::mismatch, "an undo says that rows were changed since"};
  }
  return {Code::mismatch, "there is always something to undo"};
}

// --- steps

Step relocate_step(std::vector<std::string> rule) {
  return {"relocate", Promise::whole, [rule](Live& live) {
            live.close();
            return relocated(live.path, rule, live.observer);
          }};
}
Step undo_step(std::int64_t n) {
  return {"undo", Promise::whole, [n](Live& live) -> Status {
            live.close();
            return undo_change(editing(live.path, live.observer), n).status();
          }};
}
Step append_step(std::string rows) {
  return {"append", Promise::whole, [rows = std::move(rows)](Live& live) -> Status {
            IMREG_ASSIGN(auto* writer, live.writing());
            IMREG_TRY(writer->append(rows));
            live.close();
            return {};
          }};
}
Step root_step(std::string name, std::string prefix) {
  return {"root", Promise::whole, [=](Live& live) -> Status {
            live.close();
            RootChangeOptions options{"imrelocate", "-root", false, 0, false, live.observer};
            return change_roots(live.path, {{name, prefix}}, options).status();
          }};
}
Step make_root_step(std::string name, std::string prefix) {
  return {"make_root", Promise::whole, [=](Live& live) -> Status {
            live.close();
            return make_root(name, prefix, "-make-root", editing(live.path, live.observer)).status();
          }};
}

// Rows of some folders, so that the history of a change needs more than one part.
std::string placed_row(int number, const std::string& folder) {
  Record row(image_row(number, number, "r"));
  EXPECT_TRUE(row.set(regimage::kPathname, folder));
  return row.bytes();
}
void make_rows(const std::string& folder) {
  const std::string path = folder + "/" + kDatabase;
  EXPECT_OK(RecordWriter::create(path, image_schema(), {}));
  std::string rows;
  for (const char* place : {"/data/one", "/data", "$OLD/two", "/data/one", "/other"})
    rows += placed_row(static_cast<int>(std::ssize(rows) / regimage::kRecordSize), place);
  EXPECT_OK(testing::must(RecordWriter::open(path, {})).append(rows));
  PathRoots roots;
  EXPECT_OK(roots.define("OLD", "/old"));
  EXPECT_OK(roots.save(path));
}

History bulk_history() {
  return {"history",
          &image_schema(),
          false,
          make_rows,
          {relocate_step({"/data", "/archive/a"}),             // one field, in its place
           relocate_step({"s|/(1[0-9]*)o.fits|/x\\1.fits|"}),  // names, too: rows that are read whole
           append_step(placed_row(7, "/data")), undo_step(1), undo_step(1), relocate_step({"/data/one", "/b"})}};
}
History roots_history() {
  return {"roots",
          &image_schema(),
          false,
          make_rows,
          {root_step("NEW", "/new"), relocate_step({"/other", "/o"}), make_root_step("DATA", "/data"), undo_step(1),
           undo_step(1), root_step("NEW", ""), root_step("OLD", "/elsewhere")}};
}

// --- what must hold

std::string pathname_of(const std::string& row) { return std::string(RecordView(row.data())[regimage::kPathname]); }

class Promises {
 public:
  explicit Promises(const Recorded& run) : run_(run) {
    Folder folder;
    for (std::size_t step = 0; step <= run.acknowledged.size(); ++step) {
      Disk disk(512, run.start);
      for (std::size_t i = 0; step > 0 && i < run.acknowledged[step - 1]; ++i) disk.apply(run.log[i]);
      Dice dice;
      put(disk.image({.of = {}, .torn = false, .killed = true}, dice), folder.path());
      const std::string path = folder / kDatabase;
      known_.push_back({*run.states[step], must(story_of(path)), roots_text(path)});
    }
    first_ = known_.front().rows;
  }

  std::string check(std::size_t done, const std::string& folder, const Image& image) const {
    const std::size_t at = acknowledged_at(run_, done);
    const Known& before = known_[at];
    const Known& after = known_[std::min(at + 1, known_.size() - 1)];
    const std::string path = folder + "/" + kDatabase;
    std::string trouble;
    const State rows = state_of(path, trouble);
    if (!trouble.empty() || !rows) return "reader: " + trouble;
    if (*rows != before.rows && *rows != after.rows) return "rows are neither before nor behind the step";
    if (const auto wrong = wrong_story(path, before, after, *rows); !wrong.empty()) return wrong;
    if (const auto wrong = wrong_roots(path, before, after, *rows); !wrong.empty()) return wrong;

    if (image.hash % 2 == 0) return "";
    // Life goes on, in one of three ways, and then all is taken back. Of a process that was killed more may be found then.
    EXPECT_OK(RecordWriter::open(path, {}).status());
    const State recovered = state_of(path, trouble);
    if (recovered != rows && (!image.killed || recovered != after.rows)) return "recovery changes the rows " + trouble;
    Rows now = *recovered;
    if (image.hash % 3 == 1) {
      if (const Status again = relocated(path, {"s|^/|/second/|"}, nullptr); !again.ok())
        return "another change: " + again.text();
    } else if (image.hash % 3 == 2) {
      // Registering takes the change number that the cut change had wanted, for a row of it.
      auto writer = RecordWriter::open(path, {});
      if (!writer) return "writer: " + writer.status().text();
      for (std::size_t i = 0; i < 2; ++i) {
        Record row(now[i]);
        row.set(regimage::kFwhm, 2.5F);
        now[i] = row.bytes();
        const auto at_row = static_cast<std::int64_t>(i);
        if (const Status status = writer->commit({{at_row, now[i]}}, {}); !status.ok())
          return "commit: " + status.text();
      }
      writer->close();
      if (const auto wrong = wrong_story(path, before, after, *recovered); !wrong.empty())
        return "behind another commit: " + wrong;
    }
    if (const Status undone = undo_all(path); !undone.ok()) return "undo: " + undone.text();
    for (std::size_t i = 0; i < first_.size(); ++i) {
      Record row(first_[i]);
      row.set(regimage::kFwhm, RecordView(now[i].data())[regimage::kFwhm]);
      now[i] = row.bytes();
    }
    const State last = state_of(path, trouble);
    if (!trouble.empty() || last != now) return "all was undone, and the rows are not as they were: " + trouble;
    if (roots_of(path) != known_.front().roots) return "all was undone, and the roots are not as they were";
    return "";
  }

  /// For `Replay`.
  Check checking() const {
    return [this](const Recorded&, std::size_t done, const std::string& folder, const Image& image) {
      return check(done, folder, image);
    };
  }

 private:
  static std::string roots_of(const std::string& path) { return roots_text(path); }

  static std::string wrong_story(const std::string& path, const Known& before, const Known& after, const Rows& rows) {
    const auto story = story_of(path);
    if (!story) return "history: " + story.status().text();
    // A change of roots says nothing about rows, so it counts as made from the moment at which it stands there.
    const bool rows_differ = before.rows != after.rows;
    Story half = before.story;
    if (after.story.size() > half.size() && after.story[half.size()].kind == BulkChange::Kind::root)
      half.push_back(after.story[half.size()]);
    bool right = *story == (rows_differ && rows == after.rows ? after.story : before.story);
    if (!right && rows_differ && rows == before.rows) right = *story == half;
    if (!right && !rows_differ) right = *story == after.story;
    return right ? ""
                 : "the history tells of" + words(*story) + ", before the step of" + words(before.story) +
                       ", behind it of" + words(after.story) + "; the rows are those " +
                       (rows == before.rows ? "before it" : "behind it");
  }

  static std::string wrong_roots(const std::string& path, const Known& before, const Known& after, const Rows& rows) {
    const std::string text = roots_of(path);
    if (text != before.roots && text != after.roots) return "the roots are neither old nor new";
    const auto roots = PathRoots::load(path);
    if (!roots) return "roots: " + roots.status().text();
    for (const auto& row : rows) {
      const std::string pathname = pathname_of(row), name(root_of(pathname));
      if (!name.empty() && !roots->find(name)) return "a row has the unknown root $" + name;
    }
    // What an undo takes back stands in the history until the roots are as they were.
    if (text == before.roots || after.story.back().kind == BulkChange::Kind::undo) return "";
    const auto story = story_of(path);
    return story && *story != before.story ? "" : "the roots have changed, and the history does not know";
  }

  const Recorded& run_;
  std::vector<Known> known_;
  Rows first_;
};

// A mutant is noticed by few choices or by none; each state is looked at by some programs, which takes milliseconds.
constexpr Effort kFew{5, 24};

void replay_all(const History& history) {
  const auto run = record(history);
  const Promises promises(run);
  replay(run, {3, 4}, promises.checking());
}

TEST(BulkCrash, RowsAndHistory) { replay_all(bulk_history()); }
TEST(BulkCrash, Roots) { replay_all(roots_history()); }

TEST(BulkCrash, EverySyncOfTheHistoryIsNeeded) {
  const auto history = bulk_history();
  const auto run = record(history);
  const Promises promises(run);
  prove(run, "",
        {
            {Harmless::nothing_new,
             {"history: relocate 0, sync 3, of the folder: left out",
              "history: relocate 0, sync 3, of the folder: too late",
              "history: relocate 0, sync 4, of x.db.history: left out",
              "history: relocate 0, sync 4, of x.db.history: too late"}},
            {Harmless::again,
             {"history: relocate 0, sync 2, of the folder: left out",
              "history: relocate 0, sync 2, of the folder: too early",
              "history: relocate 0, sync 2, of the folder: too late",
              "history: relocate 0, sync 5, of x.db.history: left out",
              "history: relocate 0, sync 5, of x.db.history: too early",
              "history: relocate 0, sync 5, of x.db.history: too late"}},
            {Harmless::any_order, {"history: relocate 0, sync 6, of the folder: too late"}},
        },
        promises.checking(), kFew);
}
TEST(BulkCrash, EverySyncOfRootsIsNeeded) {
  const auto history = roots_history();
  const auto run = record(history);
  const Promises promises(run);
  prove(run, "|.roots",
        {
            {Harmless::nothing_new,
             {"roots: root 0, sync 2, of the folder: left out", "roots: root 0, sync 2, of the folder: too late"}},
            {Harmless::again,
             {"roots: root 0, sync 1, of the folder: left out", "roots: root 0, sync 1, of the folder: too early",
              "roots: root 0, sync 1, of the folder: too late"}},
            {Harmless::any_order,
             {"roots: relocate 1, sync 1, of the folder: too late",
              "roots: make_root 2, sync 2, of the folder: too late", "roots: undo 4, sync 2, of the folder: too late"}},
        },
        promises.checking(), kFew);
}

}  // namespace
}  // namespace imreg::crash
