// Path roots, -make-root and undo while the disk fails, one operation after the other: old or new, one line, nothing left over.
#include <filesystem>
#include <set>

#include "../faults.h"
#include "../record/record_fixture.h"
#include "archive/roots.h"
#include "formats/regimage.h"
#include "imreg/history.h"
#include "imreg/relocate.h"

namespace imreg::testing {
namespace {

using Paths = std::vector<std::string>;

BulkEditOptions editing(const std::string& path, IoObserver* observer) {
  BulkEditOptions out;
  out.database = path;
  out.go = true;
  out.wait_seconds = 0;
  out.observer = observer;
  return out;
}
Status set_root(const std::string& path, const std::string& name, const std::string& prefix, IoObserver* observer) {
  return change_roots(path, {{name, prefix}}, {"imrelocate", "-root", false, 0, false, observer}).status();
}

std::string roots_of(const std::string& path) { return read_file(path + ".roots").value_or("none"); }
Paths paths_of(const std::string& path) {
  const RecordFile file = must(RecordFile::open(path));
  Paths out;
  Record row = file.make_record();
  for (std::int64_t i = 0; i < file.count(); ++i) {
    EXPECT_OK(file.read(i, row));
    out.emplace_back(row[regimage::kPathname]);
  }
  return out;
}
std::int64_t newest_of(const std::string& path) {
  const RecordFile file = must(RecordFile::open(path));
  const auto newest = must(History::load(file)).newest(1);
  return newest ? newest->id : 0;
}
// Everything there is, as people see it.
struct Seen {
  Paths paths;
  std::string roots;
  bool operator==(const Seen&) const = default;
};
Seen seen(const std::string& path) { return {paths_of(path), roots_of(path)}; }

void make(const std::string& path) {
  EXPECT_OK(RecordWriter::create(path, *builtin_format(regimage::kFormat, regimage::kVersion), {}));
  auto writer = must(RecordWriter::open(path, {}));
  std::string rows;
  for (const char* folder : {"/data/a", "/data", "/other", "$OLD/b"}) {
    Record row(regimage::kRecordSize);
    EXPECT_TRUE(row.set(regimage::kPathname, folder));
    EXPECT_TRUE(row.set(regimage::kFilename, std::to_string(rows.size()) + ".fits"));
    rows += row.bytes();
  }
  PathRoots roots;
  EXPECT_OK(roots.define("OLD", "/old"));
  EXPECT_OK(roots.save(path));
  EXPECT_OK(writer.append(rows));
}

struct Act {
  const char* name;
  std::function<Status(const std::string& path, IoObserver*)> before, act;
  bool two_steps = false;  // the root first: between the two the database is right
  bool undo = false;
};

std::vector<Act> acts() {
  const auto nothing = [](const std::string&, IoObserver*) { return Status(); };
  const auto define = [](const std::string& path, IoObserver* observer) {
    return set_root(path, "NEW", "/new", observer);
  };
  const auto move = [](const std::string& path, IoObserver* observer) {
    return set_root(path, "OLD", "/elsewhere", observer);
  };
  const auto remove = [](const std::string& path, IoObserver* observer) { return set_root(path, "NEW", "", observer); };
  const auto make_one = [](const std::string& path, IoObserver* observer) {
    return make_root("DATA", "/data", "-make-root", editing(path, observer)).status();
  };
  const auto undo = [](const std::string& path, IoObserver* observer) {
    return undo_change(editing(path, observer), 1).status();
  };
  return {{"define", nothing, define},
          {"move", define, move},
          {"remove", define, remove},
          {"make", nothing, make_one, true},
          {"undo define", define, undo, false, true},
          {"undo move", move, undo, false, true},
          {"undo make", make_one, undo, false, true}};
}

TEST(RootsFault, OldOrNewAndOneLine) {
  int failed = 0;
  for (const Act& act : acts()) {
    Seen old, fresh;
    {
      Folder folder;
      make(folder / "x.db");
      EXPECT_OK(act.before(folder / "x.db", nullptr));
      old = seen(folder / "x.db");
      EXPECT_OK(act.act(folder / "x.db", nullptr));
      fresh = seen(folder / "x.db");
      ASSERT_NE(old, fresh) << act.name;
    }
    for (const Fault& fault : all_faults()) {
      for (int at = 0, calls = 1; at < calls; ++at) {
        Folder folder;
        const std::string path = folder / "x.db";
        const std::string what = std::string(act.name) + ", call " + std::to_string(at) + ", " + fault.name;
        make(path);
        EXPECT_OK(act.before(path, nullptr));
        const auto newest = newest_of(path);
        FaultAt disk(at, fault);
        const Status status = act.act(path, &disk);
        calls = std::max(calls, disk.count() + 1);  // the last time none fails
        failed += !status.ok();
        const Seen now = seen(path);
        const bool half = act.two_steps && now.paths == old.paths && now.roots == fresh.roots;
        EXPECT_TRUE(now == old || now == fresh || half) << what;
        if (status.ok()) {
          EXPECT_EQ(now, fresh) << what;
        } else {
          EXPECT_FALSE(disk.harmless()) << what << ": " << status.text();
          EXPECT_EQ(status.code(), Code::io) << what << ": " << status.text();
          EXPECT_TRUE(status.file().starts_with(folder.path())) << what << ": " << status.text();
          EXPECT_EQ(status.text().find('\n'), std::string::npos) << what;
          EXPECT_EQ(status.text().find(".new"), std::string::npos) << what << ": " << status.text();
        }
        for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
          static const std::set<std::string> known{
              "x.db",         "x.db.journal",         "x.db.roots",       "x.db.lock",
              "x.db.history", "x.db.history.journal", "x.db.history.lock"};
          EXPECT_TRUE(known.contains(entry.path().filename())) << what << " leaves " << entry.path();
        }
        // Again, without a fault; an undo that the history knows of would take back the change before it.
        if (act.undo ? newest_of(path) == newest : now != fresh) {
          EXPECT_OK(act.act(path, nullptr));
        }
        EXPECT_EQ(seen(path), fresh) << what << ", again";
        for (int n = 0; newest_of(path) != 0 && n < 9; ++n) EXPECT_OK(undo_change(editing(path, nullptr), 1).status());
        Folder first;
        make(first / "x.db");
        EXPECT_EQ(seen(path), seen(first / "x.db")) << what << ", all undone";
      }
    }
  }
  EXPECT_GT(failed, 100);
}

}  // namespace
}  // namespace imreg::testing
