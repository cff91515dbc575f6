// What a database is; and the two small cures.
#include <sys/stat.h>

#include <algorithm>

#include "base/text.h"
#include "imreg/header.h"
#include "imreg/index.h"
#include "imreg/record_file.h"
#include "imreg/scan.h"
#include "imreg/upkeep.h"
#include "os/lock.h"
#include "os/map.h"
#include "record/container.h"
#include "scan/index_file.h"
#include "upkeep/findings.h"
#include "upkeep/journal_scan.h"

namespace imreg {

using namespace upkeep;

namespace {

RecordWriter::Options writer_options(const UpkeepOptions& options, RowFollower* follower) {
  RecordWriter::Options out;
  out.program = options.program;
  out.wait_seconds = options.wait_seconds;
  out.on_network = options.on_network;
  out.follower = follower;
  return out;
}

// The cards of the table, for what only people read.
Result<Header> table_header(const File& file, std::int64_t data_offset) {
  std::string text(static_cast<std::size_t>(std::min<std::int64_t>(data_offset, 1 << 20)), '\0');
  IMREG_ASSIGN(const std::size_t read, file.read(0, text.data(), text.size()));
  text.resize(read / kCardSize * kCardSize);
  return Header(std::move(text));
}

Status describe_journal(const std::string& base, const File& file, const Container& container, Description& out) {
  IMREG_ASSIGN(const auto state, read_card_pair(file, container, PairKind::state));
  if (state.valid) out.journal_generation = state.first;
  const auto journal = File::open(base + ".journal", File::Mode::read);
  if (journal.status().code() == Code::not_found) return {};
  IMREG_TRY(journal.status());
  IMREG_ASSIGN(out.journal_bytes, journal->size());
  IMREG_ASSIGN(const auto map, Map::of(*journal, out.journal_bytes));
  const auto scan = scan_journal({map.data(), static_cast<std::size_t>(map.size())}, container.uuid,
                                 state.valid ? state.first : -1, container.schema->record_size);
  out.journal_transactions = static_cast<std::int64_t>(scan.chained);
  // Those of which the file may not have all: by the note of what is done, else all.
  for (std::size_t i = 0; i < scan.chained; ++i)
    out.journal_pending += !scan.hint_good || scan.transactions[i].end > scan.hint_end;
  return {};
}

void describe_index(const RecordFile& file, Description& out) {
  const auto opened = File::open(index::index_path(file.path()), File::Mode::read);
  if (!opened) {
    out.index = opened.status().code() == Code::not_found ? "none" : opened.status().message();
    return;
  }
  out.index_bytes = opened->size().value_or(0);
  const auto head = index::read_head(*opened);
  if (!head) {
    out.index = head.status().message();
    return;
  }
  const std::string why = index::why_unfit(*head, file, index::Fields(file.schema()));
  out.index = why.empty() ? "good" : why;
  out.index_rows = head->covered;
  out.index_segments = head->segment_count;
}

// Nothing is lost by a cure, and somebody should know.
Result<CureReport> cured(const RecordFile& file, std::int64_t bytes) {
  CureReport out{bytes, 0};
  Record row = file.make_record();
  for (std::int64_t number = 0; number < file.count(); ++number) {
    const Status whole = file.read(number, row);
    if (!whole.ok() && whole.code() != Code::corrupt) return whole;
    out.damaged_rows += whole.ok() ? 0 : 1;
  }
  return out;
}

}  // namespace

Result<Description> describe_database(const std::string& path) {
  auto opened = RecordFile::open(path);
  if (!opened) return explained(opened.status(), path);
  const RecordFile rows = *std::move(opened);
  IMREG_ASSIGN(const File file, File::open(path, File::Mode::read));
  IMREG_ASSIGN(const Container container, read_container(file));
  const std::string base = resolved_path(path);
  Description out;
  out.path = path;
  out.native = rows.is_native();
  out.format = rows.schema().format.empty() ? "a FITS table" : rows.schema().format;
  out.version = rows.schema().version;
  out.rows = rows.count();
  IMREG_ASSIGN(out.bytes, file.size());
  IMREG_ASSIGN(const Header header, table_header(file, container.data_offset));
  out.creator = header.text_of("CREATOR").value_or("");
  out.date = header.text_of("DATE").value_or("");
  out.index = "none";
  out.lock = "free";
  const auto* deleted = rows.schema().find("deleted");
  if (deleted && deleted->type == Type::boolean) {
    Selection marked;
    IMREG_TRY(marked.number(rows.schema(), "deleted", {{1, 1}}));
    out.deleted = count_matches(rows, marked);
  }
  if (!out.native) return out;
  out.uuid = rows.uuid();
  out.change_number = rows.change_number();
  out.spare_bytes = out.bytes - (container.data_offset + rows.count() * rows.schema().record_size);
  out.locked = WriterLock::is_held(base + ".lock");
  if (out.locked) {
    const std::string text = read_file(base + ".lock", 4096).value_or("");
    out.lock =
        text.starts_with("held by ") ? std::string(trim(text.substr(0, text.find('\n')))) : "held by another program";
  }
  IMREG_TRY(describe_journal(base, file, container, out));
  describe_index(rows, out);
  const auto lost = RecordFile::open(base + ".lost");
  if (lost) out.lost_rows = lost->count();
  if (lost.status().code() == Code::io) return lost.status();
  return out;
}

Result<CureReport> rebuild_index_of(const std::string& path, const UpkeepOptions& options) {
  IMREG_TRY(refuse_to_clear_changes(path));
  IMREG_ASSIGN(const auto writer, RecordWriter::open(path, writer_options(options, nullptr)));
  IMREG_TRY(rebuild_index(writer.file(), nullptr, options.progress));
  IMREG_ASSIGN(const File index, File::open(index::index_path(path), File::Mode::read));
  IMREG_ASSIGN(const std::int64_t bytes, index.size());
  return cured(writer.file(), bytes);
}

Result<CureReport> trim_database(const std::string& path, const UpkeepOptions& options) {
  IMREG_TRY(refuse_to_clear_changes(path));
  IndexKeeper keeper(IndexKeeper::Patience::none);
  IMREG_ASSIGN(auto writer, RecordWriter::open(path, writer_options(options, &keeper)));
  const auto size = [&]() -> std::int64_t {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_size : 0;
  };
  const std::int64_t before = size();
  IMREG_TRY(writer.trim());
  return cured(writer.file(), before - size());
}

}  // namespace imreg
