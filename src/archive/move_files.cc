// The steps of a move or a removal, and the same steps after somebody stopped in the middle of them.
#include "imreg/move_files.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <thread>

#include "archive/file_tree.h"
#include "archive/move_plan.h"
#include "archive/move_rows.h"
#include "archive/moving_file.h"
#include "base/text.h"
#include "formats/regimage.h"
#include "imreg/index.h"
#include "os/walk.h"

namespace imreg {

namespace {

using namespace archive;

constexpr double kPatience = 60;  // seconds for the lock, when much work has been done already
using Action = Moving::Action;
using Phase = Moving::Phase;

Status check_format(const RecordFile& file) {
  if (file.schema().format != regimage::kFormat)
    return Status(Code::invalid, "is not a registration database").in_file(file.path());
  return file.is_native() ? Status()
                          : Status(Code::invalid, "is Elixir's: convert it first (convertimreg)").in_file(file.path());
}

Status with(const Status& status, const std::string& more) {
  return Status(status.code(), status.message() + more).in_file(status.file());
}

class Mover {
 public:
  Mover(const MoveOptions& options, MoveReport& report) : options_(options), report_(report) {}

  /// The lock, and nothing of an earlier program.
  Status begin() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(options_.wait_seconds);
    for (;;) {
      IMREG_TRY(open(options_.wait_seconds));
      auto found = MovingFile::find(options_.database, options_.observer);
      if (found && !*found) return {};
      if (found) {
        IMREG_TRY(finish(**found));
        continue;
      }
      if (found.status().code() != Code::busy || std::chrono::steady_clock::now() > deadline) return found.status();
      close();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  Status move(MovePlan plan) {
    IMREG_TRY(begin());
    IMREG_TRY(plan_rows(options_, writer_->file(), roots_, plan));
    take(plan);
    if (!report_.refused.empty()) return {};
    IMREG_ASSIGN(MovingFile file, MovingFile::create(options_.database, std::move(plan.moving), options_.observer));
    if (file.content().phase == Phase::copying) {
      if (const Status copied = copy_all(file, plan.bytes); !copied.ok()) return take_back(file, copied);
    }
    fresh_ = true;
    IMREG_TRY(carry_out(file));
    report_.rows = changed_;
    return {};
  }

  /// What would be done.
  Status rehearse(MovePlan plan) {
    auto opened = RecordFile::open(options_.database);
    if (!opened && opened.status().code() == Code::not_found) return no_database();
    IMREG_ASSIGN(const auto file, std::move(opened));
    IMREG_TRY(check_format(file));
    IMREG_ASSIGN(const auto roots, PathRoots::load(options_.database));
    IMREG_TRY(plan_rows(options_, file, roots, plan));
    take(plan);
    for (const auto& name : report_.names) report_.rows += name.rows;
    return {};
  }

  void take(MovePlan& plan) {
    report_.refused = std::move(plan.refused);
    report_.names = std::move(plan.names);
    report_.notes.insert(report_.notes.end(), plan.notes.begin(), plan.notes.end());
  }

  void close() {
    if (keeper_) {
      if (!keeper_->note().empty()) report_.notes.push_back(keeper_->note());
      report_.index_wants_merge |= keeper_->wants_merge();
    }
    writer_.reset();
    keeper_.reset();
  }

  std::int64_t changed() const { return changed_; }

 private:
  Status open(double wait_seconds) {
    close();
    keeper_.emplace(IndexKeeper::Patience::none);
    RecordWriter::Options options;
    options.program = options_.program;
    options.wait_seconds = wait_seconds;
    options.on_network = options_.on_network;
    options.observer = options_.observer;
    options.follower = &*keeper_;
    auto opened = RecordWriter::open(options_.database, options);
    if (!opened && opened.status().code() == Code::not_found) return no_database();
    IMREG_ASSIGN(auto writer, std::move(opened));
    report_.notes.insert(report_.notes.end(), writer.notes().begin(), writer.notes().end());
    writer_.emplace(std::move(writer));
    IMREG_TRY(check_format(writer_->file()));
    IMREG_ASSIGN(roots_, PathRoots::load(options_.database));
    return {};
  }

  Status no_database() const {
    return Status(Code::not_found, "there is no such database; name another one with -db").in_file(options_.database);
  }

  /// Ends what an earlier program began, or takes it back. Error: neither could be done.
  Status finish(MovingFile& file) {
    const std::string what = "what " + file.content().program + " had begun (" + file.content().command + ") ";
    fresh_ = false;
    const Phase phase = file.content().phase;
    const Status done = phase == Phase::copying    ? take_back(file, Status(Code::io, "it had only copied"))
                        : phase == Phase::renaming ? carry_out(file)
                                                   : empty(file);
    if (done.ok())
      report_.notes.push_back(what + "is finished now");
    else if (!exists(file.path()))
      report_.notes.push_back(what + "is taken back: " + done.text());
    else
      return done;
    return {};
  }

  /// Beside the lock: it may take hours.
  Status copy_all(MovingFile& file, std::int64_t all) {
    close();
    const auto copied = [&](std::int64_t bytes) {
      report_.bytes_copied += bytes;
      if (options_.progress) options_.progress(report_.bytes_copied, all);
    };
    const auto each = [&](const auto& work) -> Status {
      for (const auto& item : file.content().items) {
        if (!item.temporary.empty()) IMREG_TRY(work(item));
      }
      return {};
    };
    IMREG_TRY(
        each([&](const MovingItem& item) { return copy_tree(item.from, item.temporary, options_.observer, copied); }));
    IMREG_TRY(sync_folders(file.content()));
    IMREG_TRY(open(std::max(options_.wait_seconds, kPatience)));
    IMREG_TRY(each([&](const MovingItem& item) { return compare_trees(item.from, item.temporary); }));
    return file.enter(Phase::renaming);
  }

  Status carry_out(MovingFile& file) {
    std::vector<MovingItem> moved;
    if (const Status renamed = rename_all(file.content(), moved); !renamed.ok()) return take_back(file, renamed);
    const MoveStep step{file.content(), moved, options_.wait_seconds, options_.on_network, options_.observer};
    const auto changed = commit_move(*writer_, roots_, step);
    if (!changed) {
      if (changed.status().code() != Code::io) return take_back(file, changed.status());
      // Whether the step is durable after all is for the next writer to say.
      if (!open(options_.wait_seconds).ok()) return stays(file, changed.status());
      const auto rest = rows_to_change(writer_->file(), roots_, step);
      if (!rest) return stays(file, changed.status());
      if (*rest > 0) return take_back(file, changed.status());
    }
    changed_ += changed ? *changed : 0;
    return empty(file);
  }

  Status rename_one(const MovingItem& item, bool& moved) {
    const auto from = look_at(item.from), to = look_at(item.to);
    for (const Status& looked : {from.status(), to.status()}) IMREG_TRY(unless_missing(looked));
    const bool copied = !item.temporary.empty(), from_is = from && from->st_ino == item.inode;
    moved = true;
    if (copied ? exists(item.temporary) : from_is && (!to || to->st_ino != item.inode))
      return rename_to_free(copied ? item.temporary : item.from, item.to, options_.observer);
    if (to && (copied || !from || to->st_ino == item.inode)) return {};
    moved = false;
    const std::string why = "was replaced or removed by another program meanwhile";
    if (fresh_) return Status(Code::io, why).in_file(item.from);
    report_.notes.push_back(item.from + ": " + why + "; its rows stay as they are");
    return {};
  }

  Status rename_all(const Moving& moving, std::vector<MovingItem>& out) {
    for (const auto& item : moving.items) {
      bool moved = false;
      IMREG_TRY(rename_one(item, moved));
      if (moved) out.push_back(item);
    }
    return sync_folders(moving);
  }

  Status sync_folders(const Moving& moving) {
    std::set<std::string> folders;
    for (const auto& item : moving.items) {
      folders.insert(folder_of(item.from));
      folders.insert(folder_of(item.to));
    }
    for (const auto& folder : folders) {
      Status synced = sync_folder_of(below(folder, "x"), options_.observer);
      if (!synced.ok() && synced.code() != Code::not_found) return synced;  // gone since somebody stopped
    }
    return {};
  }

  /// Rows and names are as they shall be; what nobody needs any more goes.
  Status empty(MovingFile& file) {
    const Moving& moving = file.content();
    const bool removes = moving.action == Action::remove;
    const auto work = [&]() -> Status {
      const auto& items = moving.items;
      if (removes ||
          std::any_of(items.begin(), items.end(), [](const auto& item) { return !item.temporary.empty(); })) {
        if (moving.phase != Phase::emptying) IMREG_TRY(file.enter(Phase::emptying));
        close();
        std::vector<std::string> left;
        for (const auto& item : items) {
          if (removes)
            IMREG_TRY(remove_tree(item.to, options_.observer));
          else if (!item.temporary.empty())
            IMREG_TRY(remove_copied(item.from, item.to, options_.observer, left));
        }
        IMREG_TRY(sync_folders(moving));
        IMREG_TRY(take_rows_along(moving));
        for (const auto& path : left)
          report_.notes.push_back(path + ": was changed or added while its folder was copied: it stays where it is");
      }
      return file.remove();
    };
    const Status done = work();
    return done.ok() ? done
                     : with(done, std::string("; the rows are changed, and the rest is named in ") + file.path() +
                                      ": imcheck -finish does it");
  }

  /// What a copy was made of could be registered again until it was removed.
  Status take_rows_along(const Moving& moving) {
    std::vector<MovingItem> copied;
    for (const auto& item : moving.items) {
      if (!item.temporary.empty() && exists(item.to)) copied.push_back(item);
    }
    if (copied.empty()) return {};
    IMREG_TRY(open(std::max(options_.wait_seconds, kPatience)));
    return commit_move(*writer_, roots_,
                       {moving, copied, options_.wait_seconds, options_.on_network, options_.observer})
        .status();
  }

  Status take_back(MovingFile& file, const Status& why) {
    const Moving& moving = file.content();
    const Status done = [&]() -> Status {
      for (auto item = moving.items.rbegin(); item != moving.items.rend(); ++item)
        IMREG_TRY(take_back(*item, moving.phase));
      IMREG_TRY(sync_folders(moving));
      return file.remove();
    }();
    if (!done.ok()) return stays(file, with(why, "; it could not be taken back (" + done.text() + ")"));
    return with(why, moving.action == Action::remove ? "; nothing is removed" : "; nothing is moved");
  }

  Status take_back(const MovingItem& item, Phase phase) {
    const auto to = look_at(item.to), from = look_at(item.from);
    for (const Status& looked : {to.status(), from.status()}) IMREG_TRY(unless_missing(looked));
    if (item.temporary.empty()) {
      const bool moved = phase != Phase::copying && to && to->st_ino == item.inode && !from;
      return moved ? rename_to_free(item.to, item.from, options_.observer) : Status();
    }
    if (phase != Phase::copying && to && !exists(item.temporary)) {
      IMREG_TRY(compare_trees(item.from, item.to));
      IMREG_TRY(rename_to_free(item.to, item.temporary, options_.observer));
    }
    return remove_tree(item.temporary, options_.observer);
  }

  static Status stays(const MovingFile& file, const Status& why) {
    return with(why, "; " + file.path() + " names what was begun: imcheck -finish ends it");
  }

  const MoveOptions& options_;
  MoveReport& report_;
  PathRoots roots_;
  std::optional<IndexKeeper> keeper_;
  std::optional<RecordWriter> writer_;
  bool fresh_ = false;  // the plan was made by this program, a moment ago
  std::int64_t changed_ = 0;
};

bool anything_begun(const std::string& database) {
  const std::string path = moving_path(database);
  return exists(path) || exists(path + kUnfinished);
}

template <class Plan>
MoveReport run(const MoveOptions& options, bool removal, const Plan& plan_names) {
  MoveReport report;
  report.database = options.database;
  report.removal = removal;
  report.dry_run = options.dry_run;
  Mover mover(options, report);
  const std::string begun = moving_path(options.database);
  if (anything_begun(options.database)) {  // before the names are looked at: perhaps they are what it was about
    if (options.dry_run)
      report.notes.push_back(begun + ": a program moves files, or stopped while it did; imcheck -finish ends it");
    else
      report.failure = mover.begin();
    mover.close();
  }
  if (!report.failure.ok()) return report;
  MovePlan plan = plan_names();
  if (!plan.refused.empty() || plan.names.empty())
    mover.take(plan);
  else
    report.failure = options.dry_run ? mover.rehearse(std::move(plan)) : mover.move(std::move(plan));
  mover.close();
  return report;
}

}  // namespace

MoveReport move_files(const MoveOptions& options, const std::vector<std::string>& sources, const std::string& target) {
  return run(options, false, [&] { return plan_move(options, sources, target); });
}

MoveReport remove_files(const MoveOptions& options, const std::vector<std::string>& files) {
  return run(options, true, [&] { return plan_removal(options, files); });
}

MoveReport finish_moving(const MoveOptions& options) {
  MoveReport report;
  report.database = options.database;
  if (!anything_begun(options.database)) return report;
  Mover mover(options, report);
  report.failure = mover.begin();
  report.rows = mover.changed();
  mover.close();
  return report;
}

}  // namespace imreg
