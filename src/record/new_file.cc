// Writes a record file beside the name that it shall have, and gives it that name.
#include "record/new_file.h"

#include <utility>

#include "base/text.h"
#include "record/journal.h"
#include "record/record_state.h"

namespace imreg {

namespace {

constexpr std::int64_t kCardSize = 80;

// The header of the other file with another identity. Cards that people have added stay.
Result<std::string> header_like(const File& like, const Container& of) {
  std::string header(static_cast<std::size_t>(of.data_offset), '\0');
  IMREG_TRY(like.read_exactly(0, header.data(), header.size()));
  std::string card = "FILEUUID= '" + uuid_text(of.uuid) + "' / identity of this file, part of each CRC";
  card.resize(kCardSize, ' ');
  for (std::size_t at = 0; at + kCardSize <= header.size(); at += kCardSize) {
    if (!equal_nocase(std::string_view(header).substr(at, 8), "FILEUUID"))
      continue;  // as readers find it, however it is written
    header.replace(at, kCardSize, card);
    return header;
  }
  return Status(Code::corrupt, "its header has no card FILEUUID").in_file(like.path());
}

}  // namespace

NewRecordFile::NewRecordFile(NewRecordFile&& other) noexcept
    : file_(std::move(other.file_)),
      rows_out_(std::move(other.rows_out_)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, "")),
      of_(std::move(other.of_)),
      crc_offset_(other.crc_offset_),
      rows_(other.rows_),
      observer_(other.observer_) {}

NewRecordFile::~NewRecordFile() {
  if (!temporary_.empty()) (void)remove_file(temporary_, observer_);
}

Result<NewRecordFile> NewRecordFile::create(const std::string& path, const File& like, const Container& of,
                                            IoObserver* observer) {
  IMREG_ASSIGN(const std::string header, header_like(like, of));
  return create(path, header, &like, of, observer);
}

Result<NewRecordFile> NewRecordFile::create(const std::string& path, const std::string& header, const File* like,
                                            const Container& of, IoObserver* observer) {
  NewRecordFile out;
  out.path_ = resolved_path(path);
  out.of_ = of;
  out.crc_offset_ = of.schema->find("crc")->offset;
  out.observer_ = observer;
  const std::string temporary = out.path_ + ".unfinished";
  if (const Status old = remove_file(temporary, observer); !old.ok() && old.code() != Code::not_found) return old;
  IMREG_ASSIGN(File file, File::open(temporary, File::Mode::create_new, observer));
  out.file_ = std::make_unique<File>(std::move(file));
  out.rows_out_ = std::make_unique<WriteBehind>(*out.file_);
  out.temporary_ = temporary;
  if (like) out.file_->take_owner_and_mode(*like);  // before it holds anything that is not everybody's
  IMREG_TRY(out.file_->write(0, header));
  return out;
}

Status NewRecordFile::reserve(std::int64_t rows) { return file_->allocate(round_up(place_of(rows), kFitsBlock)); }

Status NewRecordFile::add(std::string_view row) {
  std::string bytes(row);
  const std::uint32_t crc = record_crc(of_.uuid, rows_, bytes.data(), of_.schema->record_size, crc_offset_);
  store(bytes.data(), Field<std::uint32_t>{crc_offset_}, crc);
  return put(rows_++, bytes);
}

Status NewRecordFile::put(std::int64_t row, std::string_view bytes) { return rows_out_->write(place_of(row), bytes); }

Status NewRecordFile::finish(std::int64_t rows, std::int64_t change_number) {
  IMREG_TRY(rows_out_->flush());
  const std::int64_t end = place_of(rows), size = round_up(end, kFitsBlock);
  IMREG_TRY(file_->write_zeros(end, size - end));
  IMREG_TRY(file_->truncate(size));
  IMREG_TRY(file_->write(of_.count_cards, make_card_pair(of_.uuid, PairKind::count, rows, 0)));
  IMREG_TRY(file_->write(of_.state_cards, make_card_pair(of_.uuid, PairKind::state, 1, change_number)));
  return file_->sync();
}

Status NewRecordFile::take_name() {
  IMREG_TRY(rename_file(temporary_, path_, observer_));
  temporary_.clear();
  return sync_folder_of(path_, observer_);
}

void NewRecordFile::give_up() {
  if (temporary_.empty()) (void)remove_file(path_, observer_);
}

Status remove_journal(const std::string& path, IoObserver* observer) {
  const std::string journal = resolved_path(path) + ".journal";
  const Status removed = remove_file(journal, observer);
  if (!removed.ok() && removed.code() != Code::not_found) return removed;
  return sync_folder_of(journal, observer);  // also of one that a program removed that was killed then
}

}  // namespace imreg
