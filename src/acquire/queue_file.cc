// Names, folder, records to lines and back.
#include "acquire/queue_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "emit/trigger.h"
#include "formats/queue.v1.h"
#include "imreg/date.h"
#include "os/file.h"
#include "os/walk.h"

namespace imreg::acquire {

namespace {

constexpr std::string_view kEnding = ".queue";
constexpr std::size_t kLongestName = 32;

const Schema& schema() { return *builtin_format(queue::kFormat, queue::kVersion); }

bool is_newer(const RecordFile& file) {
  return file.schema().format == queue::kFormat && file.schema().version > queue::kVersion;
}

bool is_queue_name(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= kLongestName && std::all_of(name.begin(), name.end(), good);
}

}  // namespace

std::string file_of_queue(const std::string& database, const std::string& name) {
  return queue_folder(database) + "/" + name + std::string(kEnding);
}

std::string workers_file(const std::string& database) { return queue_folder(database) + "/workers"; }

Status make_queue_folder(const std::string& database) {
  const std::string folder = queue_folder(database);
  if (is_folder(folder)) return {};
  if (::mkdir(folder.c_str(), 0777) != 0) {
    if (errno == EEXIST && is_folder(folder)) return {};
    return os_error(folder, "cannot make the folder", errno);
  }
  // Who may write the database may use its queues; where there is none yet, who may make it, but not all the world (/tmp).
  const std::string path = resolved_path(database);
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 && ::stat(folder_of(path).c_str(), &info) == 0) info.st_mode &= ~mode_t{S_IWOTH};
  // Others than root may give only their own groups; another group gets what others may.
  mode_t mode = info.st_mode & 0777;
  if (::chown(folder.c_str(), info.st_uid, info.st_gid) != 0 &&
      ::chown(folder.c_str(), static_cast<uid_t>(-1), info.st_gid) != 0)
    mode &= ~mode_t{070} | (mode << 3 & 070);
  (void)::chmod(folder.c_str(), mode | (mode & 0444) >> 2);
  return sync_folder_of(folder);
}

Status check_queue_name(const std::string& name) {
  if (is_queue_name(name)) return {};
  return {Code::invalid, "\"" + name + "\" is no name of a queue: letters, digits, - and _, at most 32 of them"};
}

bool is_damage_of(const std::string& file, const Status& trouble) {
  const Code code = trouble.code();
  return (code == Code::corrupt || code == Code::mismatch || code == Code::invalid) &&
         (trouble.file() == file || trouble.file() == file + ".journal");
}

std::string remedy_of_queue(const std::string& database, const std::string& name, bool saved) {
  const std::string file = file_of_queue(database, name), fresh = file + ".saved";
  if (const auto found = RecordFile::open(file); found && is_newer(*found))
    return "behind that imqueue -db " + database + " fill " + name + " brings the lines that are missing";
  return "mend it: " +
         (saved ? "imcheck -db " + file + " -repair " + fresh + "; mv " + fresh + " " + file + " && rm -f " + file +
                      ".journal"
                : "rm -f " + file + " " + file + ".*") +
         "; imqueue -db " + database + " fill " + name + " (imreg-queue(5))";
}

bool has_unsettled(const RecordFile& file) { return file.schema().version > queue_v1::kVersion; }

Status check_queue_file(const RecordFile& file) {
  static_assert(queue::kRecordSize == queue_v1::kRecordSize && queue::kPath.offset == queue_v1::kPath.offset &&
                queue::kResult.offset == queue_v1::kResult.offset &&
                queue::kUnsettled.offset == queue_v1::kResult.offset + queue::kResult.count);
  for (const int version : {queue::kVersion, queue_v1::kVersion}) {
    if (file.schema().layout_hash() == builtin_format(queue::kFormat, version)->layout_hash()) return {};
  }
  return Status(Code::mismatch, is_newer(file) ? "is a queue of version " + std::to_string(file.schema().version) +
                                                     ", as a newer imreg makes it; install that one"
                                               : "is no queue that this release knows")
      .in_file(file.path());
}

std::int64_t first_unsettled_row(const RecordFile& file) {
  if (!has_unsettled(file)) return 0;
  Record record = file.make_record();
  std::int64_t high = file.count() - 1;
  while (high >= 0 && !file.read(high, record).ok()) --high;
  const std::int64_t line = record[queue::kUnsettled];
  std::int64_t low = 0;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (!file.read(middle, record).ok()) return 0;  // a damaged number would mislead the search
    (record[queue::kLine] < line ? low : high) = record[queue::kLine] < line ? middle + 1 : middle;
  }
  return low;
}

QueueLine line_of(RecordView record) {
  QueueLine line;
  line.id = record[queue::kLine];
  line.state = state_of(record);
  line.path = record[queue::kPath];
  line.ccd = record[queue::kCcd];
  line.extension = record[queue::kExtension];
  line.slice = record[queue::kSlice];
  line.mode = record[queue::kMode];
  line.filesize = record[queue::kFilesize];
  line.fingerprint = record[queue::kFingerprint];
  line.mtime = record[queue::kMtime];
  line.queued = record[queue::kQueued];
  line.started = record[queue::kStarted];
  line.finished = record[queue::kFinished];
  line.after = record[queue::kAfter];
  line.taken = record[queue::kTaken];
  line.tries = record[queue::kTries];
  line.worker = record[queue::kWorker];
  line.result = record[queue::kResult];
  return line;
}

Result<Record> record_of(const QueueLine& line) {
  Record record(static_cast<std::size_t>(queue::kRecordSize));
  record.set(queue::kDeleted, false);
  if (line.path.empty() || !record.set(queue::kPath, line.path)) {
    return Status(Code::invalid, "a line of a queue has room for a path of 1 to " + std::to_string(queue::kPath.count) +
                                     " bytes, this one has " + std::to_string(line.path.size()))
        .in_file(line.path);
  }
  record.set(queue::kLine, line.id);
  record.set(queue::kState, static_cast<std::uint8_t>(line.state));
  record.set(queue::kCcd, line.ccd);
  record.set(queue::kExtension, line.extension);
  record.set(queue::kSlice, line.slice);
  record.set(queue::kMode, line.mode);
  record.set(queue::kFilesize, line.filesize);
  record.set(queue::kFingerprint, line.fingerprint);
  record.set(queue::kMtime, line.mtime);
  record.set(queue::kQueued, line.queued);
  record.set(queue::kStarted, line.started);
  record.set(queue::kFinished, line.finished);
  record.set(queue::kAfter, line.after);
  record.set(queue::kTaken, line.taken);
  record.set(queue::kTries, line.tries);
  set_text(record, queue::kWorker, line.worker);
  set_text(record, queue::kResult, line.result);
  return record;
}

void set_unsettled(Record& record, std::int64_t line, const RecordFile& file) {
  record.set(queue::kUnsettled, has_unsettled(file) ? line : 0);
  record.set(queue::kSpare, 0);  // of version 1 the end of `result`, too
}

Result<Record> waiting_record(QueueLine line, std::int64_t id, std::int64_t unsettled, const RecordFile& file) {
  line.id = id;
  line.state = LineState::waiting;
  line.queued = current_time();
  line.started = line.finished = line.after = 0;
  line.taken = line.tries = 0;
  IMREG_ASSIGN(Record record, record_of(line));
  set_unsettled(record, unsettled > 0 ? unsettled : id, file);
  return record;
}

void set_state(Record& record, LineState state) { record.set(queue::kState, static_cast<std::uint8_t>(state)); }
void end_with(Record& record, LineState state) {
  set_state(record, state);
  record.set(queue::kFinished, current_time());
}

void set_text(Record& record, Field<Text> field, std::string_view text) {
  std::string plain(text.substr(0, static_cast<std::size_t>(field.count)));
  for (char& c : plain) {
    if (c == '\n' || c == '\t') c = ' ';
    if (c < ' ' || c > '~') c = '?';
  }
  (void)record.set(field, plain);
}

std::string_view word_of_mode(int mode) {
  const auto& words = schema().find("mode")->words;
  const auto at = static_cast<std::size_t>(mode);
  return at < words.size() ? std::string_view(words[at]) : std::string_view();
}

bool Holders::alive(std::int64_t slot) {
  const auto [at, is_new] = known_.try_emplace(slot, false);
  if (is_new) at->second = slots_.is_held(slot);
  return at->second;
}

}  // namespace imreg::acquire

namespace imreg {

namespace {

struct PathParts {
  std::string_view folder, file;
};
PathParts parts_of(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == path.npos) return {"", path};
  return {slash == 0 ? path.substr(0, 1) : path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

std::string_view word_of(QueueLine::State state) {
  const auto& words = acquire::schema().find("state")->words;
  const auto at = static_cast<std::size_t>(state);
  return at < words.size() ? std::string_view(words[at]) : "unknown";
}

std::string outroot_of(const QueueLine& line) {
  const auto [folder, file] = parts_of(line.path);
  return emit::outroot(folder, file, line.ccd, acquire::word_of_mode(line.mode));
}

std::string trigger_line(const QueueLine& line) {
  const auto [folder, file] = parts_of(line.path);
  return emit::trigger_line(folder, file, line.ccd, acquire::word_of_mode(line.mode));
}

std::string queue_folder(const std::string& database) { return resolved_path(database) + ".queue"; }

Result<std::vector<std::string>> queue_names(const std::string& database) {
  std::vector<std::string> out;
  const std::string folder = queue_folder(database);
  if (is_missing(folder)) return out;
  IMREG_ASSIGN(const auto names, names_in(folder));
  for (const auto& name : names) {
    if (!name.ends_with(acquire::kEnding)) continue;
    std::string stem = name.substr(0, name.size() - acquire::kEnding.size());
    if (acquire::is_queue_name(stem)) out.push_back(std::move(stem));
  }
  return out;
}

}  // namespace imreg
