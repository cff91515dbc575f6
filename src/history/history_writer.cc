// Writes the history of one bulk change: details as they come, in pieces of some MiB, then the head.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "history/details.h"
#include "history/history_file.h"
#include "imreg/date.h"
#include "os/file.h"
#include "os/slot.h"

namespace imreg {

namespace {

constexpr std::size_t kPiece = 4 << 20;  // of details, each a durable append

// The system's list of users is not asked: a program that is linked statically cannot, and a name from the environment is
// what people call themselves. The number is certain.
std::string this_user() {
  const auto number = std::to_string(::geteuid());
  for (const char* const name : {"LOGNAME", "USER"}) {
    if (const char* const value = std::getenv(name); value && *value)
      return std::string(value).substr(0, 23 - std::min<std::size_t>(number.size() + 2, 12)) + "(" + number + ")";
  }
  return number;
}

}  // namespace

struct HistoryWriter::State {
  State(const RecordFile& database, BulkChange what, RecordWriter open_writer)
      : details(what.command), about(std::move(what)), writer(std::move(open_writer)) {
    const Schema& schema = database.schema();
    owner.assign(static_cast<std::size_t>(schema.record_size), nullptr);
    for (const auto& field : schema.fields) {
      if (field.name == "crc" || field.name == "changeno") continue;
      std::fill_n(owner.begin() + field.offset, field.size(), &field);
    }
  }

  // The fields that differ, into `changed`.
  void compare(const char* old, const char* fresh) {
    changed.clear();
    for (std::size_t at = 0; at < owner.size();) {
      if (at + 64 <= owner.size() && std::memcmp(old + at, fresh + at, 64) == 0) {
        at += 64;
      } else if (old[at] == fresh[at] || !owner[at]) {
        ++at;
      } else {
        changed.push_back(owner[at]);
        at = static_cast<std::size_t>(owner[at]->offset) + static_cast<std::size_t>(owner[at]->size());
      }
    }
  }

  bool like_the_last(const char* old, const char* fresh) const {
    if (last_old.empty() || changed != last_changed) return false;
    return std::all_of(changed.begin(), changed.end(), [&](const FieldInfo* field) {
      const auto size = static_cast<std::size_t>(field->size());
      return std::memcmp(old + field->offset, last_old.data() + field->offset, size) == 0 &&
             std::memcmp(fresh + field->offset, last_fresh.data() + field->offset, size) == 0;
    });
  }

  Status write_out(bool all) {
    std::string& bytes = details.bytes();
    if (bytes.empty() || (!all && bytes.size() < kPiece)) return {};
    const auto& f = history::fields();
    const auto room = static_cast<std::size_t>(f.data.count);
    std::string rows;
    std::size_t at = 0;
    for (; at < bytes.size() && (all || bytes.size() - at >= room); at += room) {
      const auto piece = std::string_view(bytes).substr(at, room);
      BulkChange part;
      part.id = about.id;
      part.kind = BulkChange::Kind::part;
      part.uuid = about.uuid;
      Record record = history::record_of(part);
      record.set(f.bytes, static_cast<std::int16_t>(piece.size()));
      piece.copy(record.data() + f.data.offset, piece.size());
      rows += record.bytes();
      ++about.parts;
    }
    bytes.erase(0, std::min(at, bytes.size()));
    return writer.append(std::move(rows));
  }

  void go_on() {
    if (trouble.ok()) trouble = write_out(false);
  }

  history::DetailsBuilder details;
  BulkChange about;
  RecordWriter writer;
  std::vector<const FieldInfo*> owner;  // of each byte of a record
  std::vector<const FieldInfo*> changed, last_changed;
  std::string last_old, last_fresh;
  Status trouble;
};

Result<HistoryWriter> HistoryWriter::begin(const RecordFile& file, BulkChange about, const Options& options) {
  const std::string path = history::path_of(file);
  RecordWriter::Options writing;
  writing.program = about.program;
  writing.wait_seconds = options.wait_seconds;
  writing.on_network = options.on_network;
  writing.observer = options.observer;
  writing.like = resolved_path(file.path());
  if (const auto there = history::open(path); !there && there.status().code() != Code::not_found) return there.status();
  IMREG_ASSIGN(auto writer, RecordWriter::open_or_create(path, history::schema(), writing));
  const auto complete = [&](BulkChange& change) -> Status {
    if (change.uuid.empty()) change.uuid = file.uuid();
    change.time = current_time();
    change.user = this_user();
    change.host = host_name();
    IMREG_ASSIGN(change.id, history::next_id(writer.file()));
    return {};
  };
  // While the rows tell that the last change was not made: they will change again.
  if (const auto before = History::load(file); before && !before->changes().empty() && !before->changes().back().done) {
    BulkChange told;
    told.kind = BulkChange::Kind::undo;
    told.program = about.program;
    told.command = "was not made: the machine stopped before it";
    told.undoes = before->changes().back().id;
    IMREG_TRY(complete(told));
    IMREG_TRY(writer.append(history::record_of(told).bytes()));
  }
  IMREG_TRY(complete(about));
  return HistoryWriter(std::make_unique<State>(file, std::move(about), std::move(writer)));
}

void HistoryWriter::row(std::int64_t row, RecordView old, RecordView fresh) {
  State& s = *state_;
  s.compare(old.bytes(), fresh.bytes());
  if (s.changed.empty()) return;
  if (s.like_the_last(old.bytes(), fresh.bytes())) return s.details.add_alike(row, 1);
  Difference difference;
  for (const FieldInfo* field : s.changed) {
    difference.push_back({field->name, std::string(history::without_nuls(old.bytes() + field->offset, field->size())),
                          std::string(history::without_nuls(fresh.bytes() + field->offset, field->size()))});
  }
  s.details.add(row, 1, difference);
  s.last_changed = s.changed;
  s.last_old.assign(old.bytes(), s.owner.size());
  s.last_fresh.assign(fresh.bytes(), s.owner.size());
  s.go_on();
}

void HistoryWriter::rows(std::int64_t row, std::int64_t count, const Difference& difference) {
  state_->last_old.clear();
  state_->details.add(row, count, difference);
  state_->go_on();
}

void HistoryWriter::other(const Difference& difference) {
  state_->last_old.clear();
  state_->details.add_other(difference);
  state_->go_on();
}

Status HistoryWriter::ready(std::int64_t change_number) {
  State& s = *state_;
  s.details.finish();
  IMREG_TRY(s.trouble);
  IMREG_TRY(s.write_out(true));
  s.about.number = change_number;
  s.about.rows = s.details.rows();
  return s.writer.append(history::record_of(s.about).bytes());
}

const BulkChange& HistoryWriter::about() const { return state_->about; }

HistoryWriter::HistoryWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
HistoryWriter::HistoryWriter(HistoryWriter&&) noexcept = default;
HistoryWriter& HistoryWriter::operator=(HistoryWriter&&) noexcept = default;
HistoryWriter::~HistoryWriter() = default;

Status note_succession(const RecordFile& file, const Succession& succession, const std::string& program,
                       const HistoryWriter::Options& options) {
  if (const auto there = history::open(history::path_of(file)); !there)
    return there.status().code() == Code::not_found ? Status() : there.status();
  BulkChange about;
  about.kind = BulkChange::Kind::compact;
  about.uuid = succession.old_uuid;
  about.program = program;
  about.command = succession.went.empty() ? "a new file with the same rows" : "rows taken out";
  IMREG_ASSIGN(auto writer, HistoryWriter::begin(file, about, options));
  writer.other({{"uuid", succession.old_uuid, succession.new_uuid}});
  for (const auto& [from, count] : succession.went) writer.rows(from, count, {});
  return writer.ready(succession.change_number);
}

}  // namespace imreg
