// A database without its deleted rows. Whenever the machine stops there is the old file or the new one, each whole:
//
//   checkpoint               the old file holds all changes, its journal none
//   X.db.unfinished, sync    the new file, another UUID, no changes in a journal
//   X.db.history             if there is one: which rows go, so that older changes find theirs
//   X.db.journal goes, sync of the folder: the old file without a journal is the same; beside the new one the old journal,
//                            which a power cut may show as it was, would be refused
//   rename, sync of the folder
//
// The text of the lock says how the last writer left the old file, and says so of that one: the next writer finds another one
// and brings it in order, which finds nothing to do. The index, of the old UUID, fits no more and is made anew.
#include "imreg/backup.h"
#include "imreg/history.h"
#include "imreg/index.h"
#include "record/new_file.h"
#include "upkeep/journal_scan.h"
#include "upkeep/steps.h"

namespace imreg {

namespace {

RecordWriter::Options writer_options(const CompactOptions& options, RowFollower* follower) {
  return {options.program, options.wait_seconds, options.on_network, options.observer, follower};
}

struct Copied {
  std::int64_t from, to, count;
};

constexpr std::int64_t kTold = 4096;  // rows, between two calls of the progress

Status copy_kept(const RecordFile& old, Field<bool> deleted, const CompactOptions& options, Steps& steps,
                 NewRecordFile& out, Succession& succession) {
  Record row = old.make_record();
  Copied run{0, 0, 0};
  const auto tell = [&] {
    if (run.count > 0 && options.moved) options.moved(run.from, run.to, run.count);
  };
  for (std::int64_t number = 0; number < old.count(); ++number) {
    if (number % kTold == 0) steps.at(number * old.schema().record_size);
    if (Status whole = old.read(number, row); !whole.ok()) {
      if (whole.code() != Code::corrupt) return whole;
      return Status(Code::corrupt, "nothing is compacted, a damaged record would be lost for good; repair it first")
          .in_file(old.path())
          .at_record(number);
    }
    if (row[deleted]) {
      auto& went = succession.went;
      if (went.empty() || went.back().first + went.back().second != number) went.emplace_back(number, 0);
      ++went.back().second;
      continue;
    }
    if (number != run.from + run.count) {
      tell();
      run = {number, out.rows_added(), 0};
    }
    ++run.count;
    IMREG_TRY(out.add(row.bytes()));
  }
  tell();
  return {};
}

std::int64_t deleted_rows(const RecordFile& file, Field<bool> deleted, Steps& steps) {
  Record scratch = file.make_record();
  std::int64_t rows = 0;
  for (std::int64_t row = 0; row < file.count(); ++row) {
    if (row % kTold == 0) steps.at(row * file.schema().record_size);
    rows += file.peek(row, scratch)[deleted] ? 1 : 0;
  }
  return rows;
}

Status compact(const std::string& path, const CompactOptions& options, Steps& steps, CompactReport& report) {
  IMREG_TRY(upkeep::refuse_to_clear_changes(path));
  IMREG_ASSIGN(auto writer, RecordWriter::open(path, writer_options(options, nullptr)));
  report.notes = writer.notes();
  const RecordFile& old = writer.file();
  report.old_uuid = report.new_uuid = old.uuid();
  report.rows = old.count();
  IMREG_ASSIGN(const File file, File::open(path, File::Mode::read));
  IMREG_ASSIGN(report.bytes_before, file.size());
  report.bytes_after = report.bytes_before;
  const auto deleted = find_field<bool>(old.schema(), "deleted");
  if (!deleted) return {};  // of a format that knows no such rows
  // Rows are looked at, copied, and indexed.
  const std::int64_t size = old.count() * old.schema().record_size;
  for (int part = 0; part < 3; ++part) steps.expect(size);
  const std::int64_t removed = deleted_rows(old, *deleted, steps);
  if (removed == 0) return {};
  steps.end(size);

  IMREG_TRY(writer.checkpoint());
  IMREG_ASSIGN(Container container, read_container(file));
  container.uuid = new_uuid();
  IMREG_ASSIGN(auto out, NewRecordFile::create(path, file, container, options.observer));
  IMREG_TRY(out.reserve(old.count() - removed));
  Succession succession{old.uuid(), uuid_text(container.uuid), old.change_number(), {}};
  IMREG_TRY(copy_kept(old, *deleted, options, steps, out, succession));
  IMREG_TRY(out.finish(out.rows_added(), old.change_number()));
  IMREG_TRY(
      note_succession(old, succession, options.program, {options.wait_seconds, options.on_network, options.observer}));
  IMREG_TRY(remove_journal(path, options.observer));
  IMREG_TRY(out.take_name());
  steps.end(size);
  report.removed = old.count() - out.rows_added();
  report.rows = out.rows_added();
  report.new_uuid = uuid_text(container.uuid);
  return {};
}

// What a keeper would do, telling how far it is. Trouble is the keeper's, who then tries it again.
void index_told(const RecordFile& file, const CompactOptions& options, Steps& steps) {
  const auto size = static_cast<double>(file.count() * file.schema().record_size);
  try {
    (void)rebuild_index(file, options.observer, [&](std::int64_t done, std::int64_t all) {
      steps.at(static_cast<std::int64_t>(size * static_cast<double>(done) / static_cast<double>(all)));
    });
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace

Result<CompactReport> compact_database(const std::string& path, const CompactOptions& options) {
  CompactReport report;
  Steps steps(options.progress);
  IMREG_TRY(compact(path, options, steps, report));
  if (report.removed == 0) return steps.finish(), report;
  // Done. What follows makes searches fast, and can be done by the next writer.
  IndexKeeper::Limits limits;
  limits.observer = options.observer;
  IndexKeeper keeper(IndexKeeper::Patience::full, limits);
  if (auto writer = RecordWriter::open(path, writer_options(options, &keeper))) {
    if (writer->file().count() >= limits.tail) index_told(writer->file(), options, steps);
    keeper.finish(writer->file());
    if (!keeper.note().empty()) report.notes.push_back(keeper.note());
  } else {
    report.notes.push_back("the index is not made yet: " + writer.status().text());
  }
  steps.finish();
  if (const auto file = File::open(path, File::Mode::read)) report.bytes_after = file->size().value_or(0);
  return report;
}

}  // namespace imreg
