// The rows that are collected, beside those that the database has.
#include "registry/registrar.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "imreg/date.h"
#include "os/file.h"
#include "os/walk.h"
#include "registry/image_row.h"
#include "registry/new_database.h"
#include "registry/temperature_fill.h"

namespace imreg {

namespace {

// A step that renews more rows is a bulk change, which can be undone; an exposure at the telescope has no time for it.
constexpr std::size_t kMostUnlogged = 100;
constexpr std::size_t kLongCommand = 1024;

}  // namespace

IndexKeeper::Limits register_index_limits() {
  IndexKeeper::Limits limits;
  limits.piece = 8 * static_cast<std::int64_t>(kGroupRows);
  return limits;
}

RecordWriter::Options register_writer_options(const RegisterOptions& options) {
  RecordWriter::Options out;
  out.program = options.program;
  out.wait_seconds = options.wait_seconds;
  out.on_network = options.on_network;
  return out;
}

void Registrar::take(FileRows file) {
  for (auto& row : file.rows) {
    if (options_.temperatures) fill(row);
    rows_.push_back({std::move(row), waiting_.size()});
  }
  waiting_.push_back(std::move(file.report));
}

void Registrar::take_moved(FileRows file, const std::string& from) {
  moved_[waiting_.size()] = from;
  take(std::move(file));
}

void Registrar::take_out(const std::string& path) { gone_.push_back(path); }

void Registrar::take_without_image(const std::string& path) {
  gone_.push_back(path);
  without_image_.insert(path);
}

Status Registrar::write(bool trim) {
  if (!options_.dry_run && (!rows_.empty() || !gone_.empty() || trim)) IMREG_TRY(write_rows(trim));
  rows_.clear();
  gone_.clear();
  without_image_.clear();
  moved_.clear();
  return {};
}

std::string Registrar::temperature_note() const {
  if (without_temperatures_ == 0 || !options_.temperatures->is_news()) return {};
  const std::string why = options_.temperatures->trouble();
  return counted(without_temperatures_, "row") + " without temperatures: no probe has a value for " +
         format_iso(first_without_) + (why.empty() ? "" : "; " + why);
}

// Not under the lock: it may read a log.
void Registrar::fill(Record& row) {
  auto& temperatures = *options_.temperatures;
  if (!std::exchange(temperatures_are_new_, true)) temperatures.refresh();
  if (!temperatures.any_source() || fill_row(row, temperatures) != Filled::none) return;
  if (without_temperatures_++ == 0) first_without_ = row[regimage::kObstime];
}

Status Registrar::write_rows(bool trim) {
  IndexKeeper keeper(options_.batch ? IndexKeeper::Patience::full : IndexKeeper::Patience::none,
                     register_index_limits());
  auto writer_options = register_writer_options(options_);
  writer_options.follower = &keeper;
  // A link that leads nowhere leads perhaps to a disk that is not mounted: it must not become a file here.
  const bool may_make = !rows_.empty() && !is_link(options_.database);
  auto writer = may_make
                    ? RecordWriter::open_or_create(
                          options_.database, *builtin_format(regimage::kFormat, regimage::kVersion), writer_options)
                    : RecordWriter::open(options_.database, writer_options);
  if (writer.status().code() == Code::not_found) {
    if (rows_.empty()) return {};  // nothing to trim
    if (may_make) return no_folder(options_.database);
    return Status(Code::not_found, "is a link to a file that does not exist").in_file(options_.database);
  }
  if (!writer) return writer.status();
  IMREG_TRY(check_format(writer->file()));
  report_.notes.insert(report_.notes.end(), writer->notes().begin(), writer->notes().end());
  drop_what_is_gone();
  if (!rows_.empty() || !gone_.empty()) {
    // Another imregister may have defined a root since this batch began, and keys are full paths.
    IMREG_ASSIGN(roots_, PathRoots::load(options_.database));
    if (options_.batch) keeper.begin(writer->file());
    IMREG_TRY(keys_.take(writer->file(), roots_, names()));
    IMREG_TRY(merge_rows(*writer));
  }
  if (trim) keeper.finish(writer->file());
  if (!keeper.note().empty()) report_.notes.push_back(keeper.note());
  report_.index_wants_merge |= keeper.wants_merge();
  return trim ? writer->trim() : Status();
}

// While headers were read a file may have gone, by immv too, and a row for where it was would never be right. Whoever keeps
// files and rows together holds the lock that is held here.
void Registrar::drop_what_is_gone() {
  bool gone = false;
  for (auto& file : waiting_) {
    if (file.rows == 0 || !is_missing(file.path)) continue;
    file.fate = RegisteredFile::Fate::failed;
    file.reason = "was moved or removed while it was read; not registered here, register it where it is now";
    file.rows = 0;
    gone = true;
  }
  if (gone) std::erase_if(rows_, [this](const TakenRow& row) { return waiting_[row.reading].rows == 0; });
  std::erase_if(gone_, [this](const std::string& path) { return !is_missing(path) && !without_image_.contains(path); });
  std::erase_if(moved_, [](const auto& from) { return !is_missing(from.second); });
}

// The different file names; rows of one file stand together.
std::vector<std::string> Registrar::names() const {
  std::vector<std::string> out;
  for (const auto& row : rows_) {
    const auto name = row.record[regimage::kFilename];
    if (out.empty() || out.back() != name) out.emplace_back(name);
  }
  for (const auto& path : gone_) out.push_back(name_of(path));
  for (const auto& [reading, path] : moved_) out.push_back(name_of(path));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// New rows are added, known ones renewed where their content changed, and those that a file gave once and gives no more
// are marked deleted. Of a file that is read twice the last reading counts.
Status Registrar::merge_rows(RecordWriter& writer) {
  std::unordered_map<std::string, std::size_t> last_reading;
  for (const auto& row : rows_) last_reading[file_key_of(row.record.view(), roots_)] = row.reading;
  Step step;
  // Statistics are worth less than the rows of a night.
  if (const Status waiting = pending_.load(options_.database, roots_, names()); !waiting.ok())
    step.notes.push_back(waiting.text() + "; the statistics that wait in it are not used");
  for (std::size_t from = 0, to = 0; from < rows_.size(); from = to) {
    while (to < rows_.size() && rows_[to].reading == rows_[from].reading) ++to;
    const std::string file_key = file_key_of(rows_[from].record.view(), roots_);
    if (last_reading[file_key] == rows_[from].reading)
      IMREG_TRY(merge_file(writer.file(), file_key, std::span(rows_).subspan(from, to - from), step));
  }
  for (const auto& path : gone_) {
    if (!last_reading.contains(file_key_of(path))) IMREG_TRY(merge_file(writer.file(), file_key_of(path), {}, step));
  }
  if (!step.announced.empty()) IMREG_TRY(options_.announce(step.announced));
  if (step.changes.empty())
    IMREG_TRY(writer.append(std::move(step.added)));
  else
    IMREG_TRY(commit(writer, step));
  if (!step.announced.empty() && options_.announced) {
    if (const Status told = options_.announced(); !told.ok()) step.notes.push_back(told.text());
  }
  if (const Status forgot = pending_.done(statistics_options(), step.notes); !forgot.ok())
    step.notes.push_back("statistics that waited are in their rows, and still wait: " + forgot.text());
  report_.added += step.added_rows;
  report_.updated += static_cast<std::int64_t>(step.changes.size()) - step.gone;
  report_.unchanged += step.unchanged;
  report_.gone += step.gone;
  report_.notes.insert(report_.notes.end(), step.notes.begin(), step.notes.end());
  return {};
}

Status Registrar::commit(RecordWriter& writer, Step& step) const {
  if (step.changes.size() <= kMostUnlogged) return writer.commit(step.changes, std::move(step.added));
  BulkChange about;
  about.kind = BulkChange::Kind::register_;
  about.program = options_.program;
  for (const auto& path : options_.paths) {
    if (about.command.size() > kLongCommand) {
      about.command += " ...";
      break;
    }
    about.command += (about.command.empty() ? "" : " ") + path;
  }
  IMREG_ASSIGN(auto history,
               HistoryWriter::begin(writer.file(), about, {options_.wait_seconds, options_.on_network, nullptr}));
  std::map<std::int64_t, const RowChange*> in_order;
  for (const auto& change : step.changes) in_order[change.row] = &change;
  Record old = writer.file().make_record();
  for (const auto& [row, change] : in_order) {
    // What was damaged shall not come back.
    if (writer.file().read(row, old).ok()) history.row(row, old.view(), RecordView(change->bytes.data()));
  }
  CommitSteps steps;
  steps.ready = [&](std::int64_t number) { return history.ready(number); };
  return writer.commit(step.changes, std::move(step.added), steps);
}

// Which of the images a row of Elixir is: the only one of its CCD, or of the file. -1: that cannot be told.
int Registrar::image_with_ccd(RecordView stored, std::span<const TakenRow> given) {
  int found = given.size() == 1 ? 0 : -1;
  for (std::size_t i = 0; i < given.size() && given.size() > 1; ++i) {
    const RecordView image = given[i].record.view();
    if (image[regimage::kCcd] != stored[regimage::kCcd] || image[regimage::kSlice] != 0) continue;
    if (found >= 0) return -1;
    found = static_cast<int>(i);
  }
  return found;
}

// The rows that one file gives now, beside those that the database has of it.
Status Registrar::merge_file(const RecordFile& file, const std::string& file_key, std::span<TakenRow> given,
                             Step& step) {
  using Place = std::pair<int, int>;  // what tells the rows of a file apart
  const auto place_of = [](RecordView row) { return Place(row[regimage::kExtension], row[regimage::kSlice]); };
  struct Known {
    std::size_t last;       // of those given with this place, the one that counts
    std::int64_t row = -1;  // in the database
    bool deleted = false;
  };
  std::map<Place, Known> known;
  for (std::size_t i = 0; i < given.size(); ++i) known[place_of(given[i].record.view())].last = i;
  Record old = file.make_record();
  auto rows = keys_.rows_of(file_key, file, roots_);
  const std::size_t of_this_place = rows.size();
  // Rows of the place where the file was until now are rows of it, which keep what was measured.
  if (const auto from = given.empty() ? moved_.end() : moved_.find(given[0].reading); from != moved_.end()) {
    const auto earlier = keys_.rows_of(file_key_of(from->second), file, roots_);
    rows.insert(rows.end(), earlier.begin(), earlier.end());
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t row = rows[i];
    const RecordView stored = file.peek(row, old);
    const int same_ccd = is_unplaced(stored) ? image_with_ccd(stored, given) : -1;
    const auto at =
        known.find(same_ccd < 0 ? place_of(stored) : place_of(given[static_cast<std::size_t>(same_ccd)].record.view()));
    if (at != known.end()) {
      // A file may have gone, and another one been moved to its place: the row that is not deleted counts.
      const bool deleted = stored[regimage::kDeleted];
      if (at->second.row < 0 || (at->second.deleted && !deleted)) {
        at->second.row = row;
        at->second.deleted = deleted;
        continue;
      }
      if (i < of_this_place) continue;
    }
    if (!file.read(row, old).ok() || old[regimage::kDeleted]) continue;  // what is damaged stays for a repair
    old.set(regimage::kDeleted, true);
    step.changes.push_back({row, old.bytes()});
    ++step.gone;
  }
  std::vector<RecordView> images;
  for (std::size_t i = 0; i < given.size() && !pending_.empty(); ++i) images.push_back(given[i].record.view());
  const auto waiting = pending_.of_file(images, roots_, step.notes);
  const auto put_what_waited = [&](Record& row, std::size_t i) {
    for (const auto& [image, entry] : waiting) {
      if (image == i) put_statistics(row, *entry);
    }
  };
  for (std::size_t i = 0; i < given.size(); ++i) {
    Record& fresh = given[i].record;
    const auto [last, row, deleted] = known.at(place_of(fresh.view()));
    if (last != i) continue;
    if (row < 0) {
      put_what_waited(fresh, i);
      if (options_.announce) step.announced.push_back(fresh);
      step.added += fresh.bytes();
      ++step.added_rows;
      continue;
    }
    if (const Status whole = file.read(row, old); !whole.ok()) {
      if (whole.code() != Code::corrupt) return whole;
      step.notes.push_back("row " + std::to_string(row + 1) +
                           " was damaged and is written anew from its file; statistics and judgements in it are lost");
      put_what_waited(fresh, i);
      if (options_.announce) step.announced.push_back(fresh);
      step.changes.push_back({row, fresh.bytes()});
      continue;
    }
    Record renewed = renewed_row(old.view(), std::move(fresh));
    put_what_waited(renewed, i);
    if (options_.announce && (deleted || !is_same_file(old.view(), renewed.view()))) step.announced.push_back(renewed);
    if (renewed.bytes() == old.bytes())
      ++step.unchanged;
    else
      step.changes.push_back({row, renewed.bytes()});
  }
  return {};
}

}  // namespace imreg
