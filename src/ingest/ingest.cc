// The pipeline: files that are new or changed, a few hundred at a time, each batch in three durable steps:
//
//   files.db     these files are begun
//   tables       their rows, table by table
//   files.db     these files are done
//
// A run that is killed between them leaves files that are begun: the next one reads them again, and their rows take the place of
// those that are there.
#include "imreg/ingest.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "base/text.h"
#include "headers/header_table.h"
#include "imreg/date.h"
#include "ingest/file_table.h"
#include "ingest/table_name.h"
#include "ingest/tables.h"
#include "os/file.h"
#include "os/walk.h"

namespace imreg {

using namespace ingest;
using headers::HeaderRow;

namespace {

constexpr std::size_t kBatch = 512;  // files
constexpr auto kLongestName = static_cast<std::size_t>(files::kFilename.count);
constexpr auto kLongestFolder = static_cast<std::size_t>(files::kPathname.count);
constexpr auto kLongestReason = static_cast<std::size_t>(files::kReason.count);

// A file as it was found, and what reading it gave.
struct Item {
  std::string path;
  FileTimes times{};
  bool is_known = false;
  FileClass what = FileClass::none;
  std::string reason;
  FileNames names;
  std::int64_t fingerprint = 0;
  struct Row {
    std::string table;
    int hdu;
    std::string cards;
  };
  std::vector<Row> rows;
};

FileClass class_of(const Status& trouble) {
  switch (trouble.code()) {
    case Code::invalid: return FileClass::foreign;
    case Code::corrupt: return FileClass::damaged;
    default: return FileClass::unreadable;
  }
}

// Everything that can be said of one file; called by several threads.
void read_item(Item& item, const Cameras& cameras) {
  const auto failed = [&](FileClass what, std::string reason) {
    item.what = what;
    item.reason = std::move(reason);
    item.rows.clear();
  };
  if (item.times.size == 0) return failed(FileClass::empty, "the file is empty");
  const auto found = read_fits_headers(item.path);
  if (!found) return failed(class_of(found.status()), found.status().message());
  const auto now = file_times(item.path);
  if (!now || now->size != item.times.size || now->mtime != item.times.mtime)
    return failed(FileClass::changing, "it changed while it was read; the next run reads it again");
  const auto facts = cameras.translate(item.path, *found, {});
  item.names = names_of(item.path, *found, facts ? facts->camera : "");
  item.fingerprint = header_fingerprint(*found);
  for (const auto& hdu : found->hdus) {
    std::string cards(hdu.header.text());
    cards.append(static_cast<std::size_t>(hdu.reserve) * kCardSize, ' ');
    item.rows.push_back({table_of(item.names, hdu), hdu.number, std::move(cards)});
  }
  if (!found->damage.empty()) {
    item.what = found->damage.find("cut") != std::string::npos ? FileClass::cut : FileClass::damaged;
    item.reason = found->damage;
  }
}

// What would end the whole run when it left a thread ends one file.
void read_safely(Item& item, const Cameras& cameras) {
  try {
    read_item(item, cameras);
  } catch (const std::exception& error) {
    item.what = FileClass::unreadable;
    item.reason = std::string("cannot be read: ") + error.what();
    item.rows.clear();
  }
}

bool is_passed(FileClass what) { return what == FileClass::foreign; }
bool is_failure(const Item& item) { return item.rows.empty() && !is_passed(item.what); }

class Ingest {
 public:
  Ingest(const IngestOptions& options, const std::function<void(const IngestedFile&)>& on_file)
      : options_(options), on_file_(on_file), tables_(options.folder, writer_options()) {}

  Result<IngestReport> run() {
    IMREG_ASSIGN(cameras_, Cameras::load(options_.cameras));
    IMREG_TRY(find_files());
    IMREG_TRY(open_table());
    sort_out();
    if (options_.rehearse) return std::move(report_);
    for (std::size_t from = 0; from < work_.size(); from += kBatch) {
      const std::size_t end = std::min(work_.size(), from + kBatch);
      IMREG_TRY(batch(from, end));
    }
    IMREG_TRY(take_out(gone_));
    return std::move(report_);
  }

 private:
  RecordWriter::Options writer_options() const {
    RecordWriter::Options out;
    out.program = options_.program;
    out.wait_seconds = options_.wait_seconds;
    out.on_network = options_.on_network;
    out.observer = options_.observer;
    return out;
  }

  Status find_files() {
    for (const auto& tree : options_.trees) {
      const std::string path = absolute_path(tree);
      trees_.push_back(path);
      if (file_times(path)) {
        paths_.insert(path);
        continue;
      }
      if (!is_folder(path)) return Status(Code::not_found, visible(tree) + ": there is no such file or folder");
      Walk walk = walk_folder(path);
      paths_.insert(walk.files.begin(), walk.files.end());
      report_.faults.insert(report_.faults.end(), walk.faults.begin(), walk.faults.end());
    }
    leave_out_own();
    report_.found = static_cast<std::int64_t>(paths_.size());
    return {};
  }

  // The tables themselves, by whatever way they are reached.
  void leave_out_own() {
    const Inode own[] = {inode_of(options_.folder), inode_of(below(options_.folder, "headers"))};
    if (own[0] == Inode()) return;
    std::map<std::string, bool, std::less<>> is_own;  // folders
    std::erase_if(paths_, [&](const std::string& path) {
      const std::string folder = folder_of(path);
      const auto [at, is_new] = is_own.try_emplace(folder, false);
      if (is_new) at->second = std::find(std::begin(own), std::end(own), inode_of(folder)) != std::end(own);
      return at->second;
    });
  }

  Status open_table() {
    if (options_.rehearse) {
      IMREG_ASSIGN(table_, FileTable::look(options_.folder));
    } else {
      IMREG_TRY(make_ingest_folder(options_.folder));
      IMREG_ASSIGN(table_, FileTable::open(options_.folder, writer_options()));
    }
    next_ = table_->next_number();
    return {};
  }

  // What is new or changed, and what is gone.
  void sort_out() {
    for (const auto& path : paths_) {
      const auto times = file_times(path);
      if (!times) continue;  // it went meanwhile
      if (!has_room(path)) continue;
      const auto known = table_->known().find(path);
      const bool is_known = known != table_->known().end() && known->second.state != FileState::gone;
      if (is_known) {
        const auto& was = known->second;
        const bool ended = was.state != FileState::begun && !(options_.again && was.state == FileState::failed);
        if (ended && was.size == times->size && was.mtime == times->mtime) {
          ++report_.unchanged;
          continue;
        }
      }
      Item item;
      item.path = path;
      item.times = *times;
      item.is_known = is_known;
      work_.push_back(std::move(item));
    }
    if (options_.rehearse) {
      for (const auto& item : work_) ++(item.is_known ? report_.changed : report_.fresh);
    }
    if (!report_.faults.empty()) return;  // what cannot be looked at is not gone
    for (const auto& [path, known] : table_->known()) {
      const bool below_them = std::any_of(trees_.begin(), trees_.end(), [&path = path](const std::string& tree) {
        return path == tree || path.starts_with(tree == "/" ? tree : tree + "/");
      });
      if (below_them && known.state != FileState::gone && !paths_.contains(path) && is_missing(path))
        gone_.push_back(path);
    }
    std::sort(gone_.begin(), gone_.end());
    if (options_.rehearse) report_.gone = static_cast<std::int64_t>(gone_.size());
  }

  // A path that files.db cannot hold: without its row the next run would not know the file.
  bool has_room(const std::string& path) {
    const std::string name = name_of(path);
    if (name.size() <= kLongestName && path.size() - name.size() <= kLongestFolder) return true;
    ++report_.failed;
    const std::string reason = "its path is too long: at most " + std::to_string(kLongestFolder) +
                               " bytes of the folder and " + std::to_string(kLongestName) + " of the name";
    if (on_file_) on_file_({path, IngestedFile::Fate::failed, 0, reason});
    return false;
  }

  Status batch(std::size_t from, std::size_t end) {
    read(from, end);
    const double now = current_time();
    std::vector<Record> rows;
    for (std::size_t i = from; i < end; ++i) rows.push_back(row_of(work_[i], now));
    auto begun = rows;
    for (auto& row : begun) row.set(files::kState, static_cast<int>(FileState::begun));
    IMREG_TRY(table_->write(begun));

    std::map<std::string, std::vector<HeaderRow>> by_table;
    std::vector<std::int64_t> again;  // files of which there may be rows
    for (std::size_t i = from; i < end; ++i) {
      Item& item = work_[i];
      const auto& row = rows[i - from];
      if (item.is_known) again.push_back(row[files::kNumber]);
      for (auto& one : item.rows) {
        by_table[one.table].push_back(
            {row[files::kNumber], one.hdu, item.names.rootname, name_of(item.path), std::move(one.cards), now});
      }
    }
    if (!again.empty()) {
      IMREG_ASSIGN(const auto names, header_tables(options_.folder));
      for (const auto& name : names) by_table.try_emplace(name);
    }
    for (const auto& [name, list] : by_table) {
      IMREG_ASSIGN(auto* table, tables_.open(name));
      IMREG_TRY(table->write(list, again).status());
      report_.rows += static_cast<std::int64_t>(list.size());
    }
    IMREG_TRY(table_->write(rows));
    for (std::size_t i = from; i < end; ++i) tell(work_[i]);
    return {};
  }

  void read(std::size_t from, std::size_t end) {
    std::atomic<std::size_t> next{from};
    const auto work = [&] {
      for (std::size_t i = next++; i < end; i = next++) {
        read_safely(work_[i], *cameras_);
        if (options_.progress) options_.progress(static_cast<std::int64_t>(++done_), std::ssize(work_));
      }
    };
    std::vector<std::thread> threads;
    try {
      for (int i = 1; i < options_.jobs; ++i) threads.emplace_back(work);
    } catch (const std::exception&) {  // fewer than wished do the work too
    }
    work();
    for (auto& thread : threads) thread.join();
  }

  Record row_of(const Item& item, double now) {
    const auto known = table_->known().find(item.path);
    Record row(static_cast<std::size_t>(files::kRecordSize));
    row.set(files::kNumber, next_++);
    row.set(files::kFirst, now);
    if (known != table_->known().end()) {
      const Record old = table_->row(known->second.row);
      row.set(files::kNumber, known->second.number);
      if (old[files::kFirst] > 0) row.set(files::kFirst, old[files::kFirst]);
    }
    row.set(files::kLast, now);
    row.set(files::kFilesize, item.times.size);
    row.set(files::kMtime, item.times.mtime);
    row.set(files::kFingerprint, item.fingerprint);
    row.set(files::kHdus, static_cast<int>(item.rows.size()));
    const FileState state = is_passed(item.what) ? FileState::passed
                            : is_failure(item)   ? FileState::failed
                                                 : FileState::done;
    row.set(files::kState, static_cast<int>(state));
    row.set(files::kClass, static_cast<int>(item.what));
    row.set(files::kDeleted, false);
    (void)row.set(files::kRootname, item.names.rootname);
    (void)row.set(files::kFiletype, item.names.filetype);
    (void)row.set(files::kCamera, item.names.camera.substr(0, 32));
    (void)row.set(files::kFilename, name_of(item.path));
    (void)row.set(files::kPathname, item.path.substr(0, item.path.rfind('/')));
    (void)row.set(files::kReason, visible(item.reason).substr(0, kLongestReason));
    return row;
  }

  Status take_out(const std::vector<std::string>& paths) {
    if (paths.empty()) return {};
    std::vector<std::int64_t> numbers;
    std::vector<Record> rows;
    for (const auto& path : paths) {
      const auto& known = table_->known().at(path);
      numbers.push_back(known.number);
      Record row = table_->row(known.row);
      row.set(files::kState, static_cast<int>(FileState::gone));
      row.set(files::kLast, current_time());
      rows.push_back(std::move(row));
    }
    IMREG_ASSIGN(const auto names, header_tables(options_.folder));
    for (const auto& name : names) {
      IMREG_ASSIGN(auto* table, tables_.open(name));
      IMREG_TRY(table->write({}, numbers).status());
    }
    IMREG_TRY(table_->write(rows));
    report_.gone = std::ssize(paths);
    for (const auto& path : paths) {
      if (on_file_) on_file_({path, IngestedFile::Fate::gone, 0, "it is no longer there"});
    }
    return {};
  }

  void tell(const Item& item) {
    IngestedFile file{item.path, IngestedFile::Fate::fresh, static_cast<int>(item.rows.size()), item.reason};
    if (is_passed(item.what)) {
      file.fate = IngestedFile::Fate::passed;
      ++report_.passed;
    } else if (is_failure(item)) {
      file.fate = IngestedFile::Fate::failed;
      ++report_.failed;
    } else if (item.is_known) {
      file.fate = IngestedFile::Fate::changed;
      ++report_.changed;
    } else {
      ++report_.fresh;
    }
    if (on_file_) on_file_(file);
  }

  const IngestOptions& options_;
  const std::function<void(const IngestedFile&)>& on_file_;
  IngestReport report_;
  std::optional<Cameras> cameras_;
  std::optional<FileTable> table_;
  Tables tables_;
  std::vector<std::string> trees_;
  std::set<std::string> paths_;
  std::vector<Item> work_;
  std::vector<std::string> gone_;
  std::atomic<std::size_t> done_{0};
  std::int64_t next_ = 1;
};

}  // namespace

Result<IngestReport> ingest_trees(const IngestOptions& options,
                                  const std::function<void(const IngestedFile&)>& on_file) {
  return Ingest(options, on_file).run();
}

}  // namespace imreg
