// Header, sizes, journal and lock of a file.
#include "upkeep/check_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "base/text.h"
#include "imreg/header.h"
#include "imreg/history.h"
#include "imreg/record_file.h"
#include "os/lock.h"
#include "os/map.h"
#include "record/container.h"
#include "record/record_state.h"
#include "upkeep/journal_scan.h"
#include "upkeep/salvage.h"

namespace imreg::upkeep {

namespace {

constexpr int kLooks = 20;

struct Surroundings {
  const std::string& path;
  std::string base;
  std::int64_t newest_change;
  Findings& findings;
  File file;
  Container container;
  std::int64_t size = 0;
  CardPair counts{}, state{};
  std::int64_t last_sequence = 0;  ///< of the journal

  void header();
  void cards();
  void behind(std::int64_t rows);
  void journal();
  void numbers();
  void known(std::int64_t rows, std::int64_t change);
  void lock();
};

// Byte for byte what imreg writes for this format, but for what differs from file to file.
void Surroundings::header() {
  std::string found(static_cast<std::size_t>(container.data_offset), '\0');
  if (!file.read_exactly(0, found.data(), found.size()).ok()) return;
  const auto odd = std::find_if(found.begin(), found.end(), [](char c) { return c < 0x20 || c > 0x7e; });
  if (odd != found.end()) {
    return findings.damage(path,
                           "the header is damaged: it has a byte that is no text; imcheck -repair makes a new file", -1,
                           odd - found.begin());
  }
  const Header cards(found);
  for (const KnownHeader& as_written : known_headers()) {
    const bool known = cards.find("DATE") && cards.find("CREATOR") && as_written.size == container.data_offset &&
                       std::ranges::count(as_written.checks, header_check(as_written, found)) > 0;
    if (known) return;
  }
  const Schema* known = builtin_format(container.schema->format, container.schema->version);
  if (!known) return;
  std::string wanted = make_native_header(*known, container.uuid, cards.text_of("DATE").value_or(""));
  const auto creator = cards.find("CREATOR");
  if (const auto at = Header(wanted).find("CREATOR"); at && creator)
    wanted.replace(*at * kCardSize, kCardSize, cards.card(*creator));
  const bool ours = !creator || cards.text_of("CREATOR") == "imreg " IMREG_VERSION;
  for (const std::int64_t place : {container.count_cards, container.state_cards}) {
    const auto at = static_cast<std::size_t>(place);
    if (wanted.size() >= at + 2 * kCardSize) wanted.replace(at, 2 * kCardSize, found, at, 2 * kCardSize);
  }
  if (wanted == found) return;
  std::size_t at = 0;
  while (at < std::min(found.size(), wanted.size()) && found[at] == wanted[at]) ++at;
  const std::string what = "the header is not as imreg wrote it: \"" +
                           std::string(trim(std::string_view(found).substr(at / kCardSize * kCardSize, kCardSize))) +
                           "\"; the rows are read in spite of it";
  if (ours)
    findings.warning(path, what, -1, static_cast<std::int64_t>(at));
  else
    findings.note(path, what + " (another release, or another program)");
}

void Surroundings::cards() {
  if (const Status moved = check_card_places(file, container); !moved.ok())
    return findings.damage(path, moved.message());
  const auto read = [&](PairKind kind, const char* names, std::int64_t place) {
    const auto pair = read_card_pair(file, container, kind);
    if (pair && pair->valid) return *pair;
    if (!pair) return findings.damage(path, pair.status().message(), -1, place), CardPair{};
    findings.damage(path,
                    std::string("the check of ") + names +
                        " does not hold (a power cut, or damage): the rows are counted by their own checks; the "
                        "next writer, or imcheck -trim, writes it anew",
                    -1, place);
    return CardPair{};
  };
  counts = read(PairKind::count, "NAXIS2 and PCOUNT", container.count_cards);
  state = read(PairKind::state, "JRNLGEN and CHANGENO", container.state_cards);
}

void Surroundings::behind(std::int64_t rows) {
  const std::int64_t record = container.schema->record_size;
  const auto* crc = container.schema->find("crc");
  std::string row(static_cast<std::size_t>(record), '\0');
  const auto is_whole = [&](std::int64_t number) {
    return file.read_exactly(container.data_offset + number * record, row.data(), row.size()).ok() &&
           load(row.data(), Field<std::uint32_t>{crc->offset}) ==
               record_crc(container.uuid, number, row.data(), record, crc->offset);
  };
  // Written, and its writer was killed before it counted them: nobody was told that they are there, and the next writer counts them.
  if (counts.valid && rows == counts.first && WriterLock::is_at_work(base + ".lock")) {
    while (container.data_offset + (rows + 1) * record <= size && is_whole(rows)) ++rows;
  }
  const std::int64_t end = container.data_offset + rows * record;
  if (counts.valid && rows > counts.first) {
    findings.warning(
        path,
        counted(rows - counts.first, "row") +
            " behind the count, as a power cut leaves them, or a writer that was killed: the next writer, or imcheck "
            "-trim, counts them");
  } else if (const std::int64_t more = size - round_up(end + counts.second, kFitsBlock); counts.valid && more != 0) {
    findings.warning(path, (more > 0 ? counted(more, "byte") + " more than" : counted(-more, "byte") + " less than") +
                               " PCOUNT says (" + std::to_string(counts.second) +
                               ", and zeros up to a whole block) follow the rows; the next writer, or imcheck -trim, "
                               "corrects it");
  }
  std::string piece(static_cast<std::size_t>(std::clamp<std::int64_t>(size - end, 1, 1 << 20)), '\0');
  for (std::int64_t at = end; at < size;) {
    at = file.next_data(at);  // a hole reads as zeros
    const auto got = file.read(at, piece.data(), piece.size());
    if (!got || *got == 0) return;
    const auto stray = std::string_view(piece).substr(0, *got).find_first_not_of('\0');
    if (stray == piece.npos || stray >= *got) {
      at += static_cast<std::int64_t>(*got);
      continue;
    }
    at += static_cast<std::int64_t>(stray);
    std::int64_t whole = 0;
    for (std::int64_t number = rows; container.data_offset + (number + 1) * record <= size; ++number) {
      const std::int64_t at_row = container.data_offset + number * record;
      if (const std::int64_t data = file.next_data(at_row); data >= at_row + record) {  // no row in a hole is whole
        number = (data - container.data_offset) / record - 1;
        continue;
      }
      whole += is_whole(number) ? 1 : 0;
    }
    const std::string what = "what stands behind the last row is not empty";
    return findings.damage(path,
                           whole == 0
                               ? what + "; the next writer, or imcheck -trim, clears it"
                               : what + ": " + counted(whole, "whole row") +
                                     " behind a damaged one; save them with imcheck -repair before anybody writes "
                                     "(the next writer sets them aside in X.db.lost)",
                           -1, at);
  }
}

void Surroundings::journal() {
  const std::string name = base + ".journal";
  const auto opened = File::open(name, File::Mode::read);
  if (opened.status().code() == Code::not_found) return;
  const auto bytes = opened ? opened->size() : Result<std::int64_t>(opened.status());
  const auto map = bytes ? Map::of(*opened, *bytes) : Result<Map>(bytes.status());
  if (!map) {
    last_sequence = newest_change;  // for all that is known
    return findings.damage(name, map.status().message());
  }
  const auto scan = scan_journal({map->data(), static_cast<std::size_t>(map->size())}, container.uuid,
                                 state.valid ? state.first : -1, container.schema->record_size);
  const char* const anew = scan.holds_behind_damage() ? "; imcheck -repair saves what is whole, before anybody writes"
                                                      : "; imcheck -trim makes it begin anew";
  switch (scan.head) {
    case JournalScan::Head::none:
    case JournalScan::Head::newer: return;  // the file cannot be opened then
    case JournalScan::Head::of_another:
      return findings.note(name, "is the journal of another database, without changes; the next writer takes it over");
    case JournalScan::Head::damaged:
      findings.damage(name, std::string("its head is damaged; the changes in it are read in spite of that") + anew);
      break;
    case JournalScan::Head::good: break;
  }
  const bool current = scan.head == JournalScan::Head::damaged || !state.valid || scan.generation == state.first;
  if (scan.stray_byte >= 0)
    findings.damage(name, std::string("bytes that must be zero are not") + anew, -1, scan.stray_byte);
  if (current && !scan.hint_good && !scan.hint_empty)
    findings.warning(name, std::string("the note of what is done already does not hold: all is done once more") + anew,
                     -1, 512);
  const std::size_t behind = scan.transactions.size() - scan.chained;
  if (behind > 0 || (scan.hint_good && scan.hint_end > scan.end)) {
    findings.damage(
        name,
        "a change in it is damaged" +
            (behind > 0 ? ", " + counted(static_cast<long long>(behind), "change") + " behind it not read" : "") +
            ": what was only here is lost, rows that are damaged too are named" + anew,
        -1, scan.end);
  } else if (scan.begun_behind_end) {
    findings.warning(name, std::string("a change was begun and not finished, or its end is damaged") + anew, -1,
                     scan.end);
  }
  std::uint64_t last = 0, pending = 0;
  const auto* changeno = container.schema->find("changeno");
  const auto* crc = container.schema->find("crc");
  std::string row(static_cast<std::size_t>(container.schema->record_size), '\0');
  for (std::size_t i = 0; i < scan.chained; ++i) {
    const Transaction& transaction = scan.transactions[i];
    if (transaction.sequence <= last && i > 0)
      findings.damage(name, "its changes are not numbered upwards" + std::string(anew));
    last = std::max(last, transaction.sequence);
    const auto waits = [&](const Change& change) {
      const std::int64_t place = container.data_offset + change.row * container.schema->record_size;
      if (!file.read_exactly(place, row.data(), row.size()).ok()) return true;
      const bool whole = load(row.data(), Field<std::uint32_t>{crc->offset}) ==
                         record_crc(container.uuid, change.row, row.data(), std::ssize(row), crc->offset);
      return !whole || (changeno && load_big<std::int64_t>(row.data() + changeno->offset) < change.sequence);
    };
    bool some = std::any_of(transaction.changes.begin(), transaction.changes.end(), waits);
    if (transaction.many) {
      (void)transaction.many->each([&](const RowEdit& edit) -> Status {
        some = some || waits({edit.row, 0, {}, edit.number});
        return some ? Status(Code::invalid, "") : Status();  // one is enough
      });
    }
    pending += some;
  }
  if (pending > 0) {
    findings.note(name, counted(static_cast<long long>(pending), "change") +
                            " only in the journal: they are read from it; the next writer takes them over");
  }
  last_sequence = static_cast<std::int64_t>(last);
}

// A row never holds a change that neither header nor journal know.
void Surroundings::numbers() {
  const std::int64_t known = std::max(state.second, last_sequence);
  if (state.valid && newest_change > known) {
    findings.warning(path, "a row holds change " + std::to_string(newest_change) + ", header and journal know " +
                               std::to_string(known) + ": a journal was moved away, or is damaged");
  }
}

// The files beside it knew a newer life of it.
void Surroundings::known(std::int64_t rows, std::int64_t change) {
  const std::string lost = ": an older copy was put in its place, or something is lost; go back to the newer one, or ";
  const std::string lock = read_file(base + ".lock", 4096).value_or("");
  // Of the file that a compaction has replaced it says nothing that matters here.
  const auto now = File::open(base, File::Mode::read);
  const std::string stamp = now ? now->stamp() : "";
  const bool of_this_file = lock.find(" file=" + stamp.substr(0, stamp.find('/') + 1)) != std::string::npos;
  const Known left = of_this_file ? lock_knows(lock, container) : Known();
  for (const auto& what : less_than_known(left, "the last writer left", rows, change))
    findings.warning(path, what + lost + "let the next writer go on from here");
  for (const auto& what : less_than_known(index_knows(base, container.uuid), "the index knows", rows, change))
    findings.warning(path, what + lost + "make the index anew (imcheck -rebuild-index)");
}

void Surroundings::lock() {
  const std::string name = base + ".lock";
  auto text = read_file(name, 4096);
  if (!text) {
    if (text.status().code() == Code::invalid) findings.warning(name, "is not the lock of a database; remove it");
    return;
  }
  if (trim(*text).empty()) return;  // of one that failed: the next writer checks everything
  const bool readable =
      std::all_of(text->begin(), text->end(), [](char c) { return c == '\n' || (c >= 0x20 && c <= 0x7e); });
  if (!readable || !(text->starts_with("held by ") || text->starts_with("free "))) {
    return findings.warning(name,
                            "does not say what a lock says; the next writer checks everything and writes it anew");
  }
  if (text->starts_with("held by ")) {
    findings.note(name, "the last writer did not end cleanly (" + std::string(text->substr(0, text->find('\n'))) +
                            "); the next one looks through everything");
  }
}

// When the files were last written, and by whom.
std::string stamp_of(const std::string& base) {
  std::string out = read_file(base + ".lock", 4096).value_or("");
  for (const char* end : {"", ".journal"}) {
    struct stat info {};
    if (::stat((base + end).c_str(), &info) != 0) info = {};
    for (const auto number :
         {static_cast<long long>(info.st_ino), static_cast<long long>(info.st_size),
          static_cast<long long>(info.st_mtim.tv_sec), static_cast<long long>(info.st_mtim.tv_nsec)})
      out += ' ' + std::to_string(number);
  }
  return out;
}

Status look(const std::string& path, std::int64_t newest_change, bool quiet, Findings& findings) {
  IMREG_ASSIGN(const RecordFile rows, RecordFile::open(path));
  Surroundings s{path, resolved_path(path), newest_change, findings, {}, {}};
  IMREG_ASSIGN(s.file, File::open(path, File::Mode::read));
  IMREG_ASSIGN(s.container, read_container(s.file));
  IMREG_ASSIGN(s.size, s.file.size());
  s.header();
  if (!quiet) return {};
  s.cards();
  s.behind(rows.count());
  s.journal();
  s.numbers();
  s.known(rows.count(), std::max(rows.change_number(), newest_change));
  s.lock();
  return {};
}

}  // namespace

void check_surroundings(const std::string& path, std::int64_t newest_change, Findings& findings) {
  const std::string base = resolved_path(path), lock = base + ".lock";
  Status trouble;
  for (int i = 0; i < kLooks; ++i) {
    if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(3));
    const bool held = WriterLock::is_held(lock);
    const std::string before = stamp_of(base);
    Findings found;
    trouble = look(path, newest_change, !held, found);
    if (held || WriterLock::is_held(lock) || stamp_of(base) != before) continue;
    if (!trouble.ok()) break;
    return findings.add(std::move(found));
  }
  if (!trouble.ok()) return findings.damage(path, trouble.message());
  (void)look(path, newest_change, false, findings);
  findings.note(
      path,
      "a program writes now: what changes all the time (counts, journal, room behind the rows) was not looked at");
}

std::vector<RecordFileBeside> record_files_beside(const std::string& path) {
  constexpr std::pair<const char*, const char*> kKinds[] = {
      {".history", "history"}, {".pending", "pending"}, {".temps", "temps"}, {".lost", ""}};
  std::vector<RecordFileBeside> out;
  for (const auto& [ending, format] : kKinds) {
    struct stat info {};
    const std::string name = resolved_path(path) + ending;
    if (::stat(name.c_str(), &info) == 0 || (errno != ENOENT && errno != ENOTDIR))
      out.push_back({name, format, info.st_size});
  }
  return out;
}

Status check_beside(const RecordFileBeside& which, Findings& findings) {
  IMREG_ASSIGN(const auto file, RecordFile::open(which.path));
  const Schema& schema = file.schema();
  if (!which.format.empty() && schema.format != which.format) {
    findings.damage(which.path, "holds records of format \"" + schema.format + "\", by its name it is " + which.format);
    return {};
  }
  const Schema* const known = builtin_format(schema.format, schema.version);
  if (!known || known->layout_hash() != schema.layout_hash()) {
    findings.warning(which.path, "is of " + schema.format + " version " + std::to_string(schema.version) +
                                     ", which this release does not know: only a newer imreg can use it");
    return {};
  }
  if (schema.format != "history") return {};
  return check_history(file,
                       [&](std::int64_t row, const std::string& what) { findings.damage(which.path, what, row); });
}

void check_companions(const std::string& path, Findings& findings) {
  const std::string base = resolved_path(path);
  const std::string lost = base + ".lost";
  if (const auto rows = RecordFile::open(lost)) {
    findings.warning(lost, counted(rows->count(), "row") +
                               " that stood behind a damaged one when a writer brought the file in order; imsearch -db "
                               "shows them, imregtable merges them; remove it then");
  } else if (rows.status().code() != Code::not_found) {
    findings.damage(lost, "what a writer set aside cannot be read: " + rows.status().message());
  }
  struct stat info {};
  const std::string moving = base + ".moving";
  if (::stat(moving.c_str(), &info) == 0 && WriterLock::is_held(moving))
    findings.note(moving, "a program moves or removes files now");
  else if (::stat(moving.c_str(), &info) == 0)
    findings.warning(moving,
                     "a program was stopped while it moved or removed files: imcheck -finish, or the next immv "
                     "or imrm, ends what it had begun");
  for (const char* end : {".idx.new", ".idx.merge"}) {
    if (::stat((base + end).c_str(), &info) == 0)
      findings.note(base + end, "a program makes an index, or was killed while it did; it goes with the next one");
  }
}

void check_foreign(const std::string& path, Findings& findings) {
  findings.note(path, "is not in imreg's own format: its rows have no checks, damage in them is not found");
  const auto file = File::open(path, File::Mode::read);
  if (!file) return;
  const auto container = read_container(*file);
  const auto size = file->size();
  if (!container || !size) return;
  const std::int64_t end = container->data_offset + container->count * container->schema->record_size;
  if (*size % kFitsBlock != 0 && *size != end)
    findings.warning(path, "its size is no whole number of FITS blocks: its end may be missing");
}

}  // namespace imreg::upkeep
