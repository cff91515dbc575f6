// Looks at all files of a database: one after the other, each by who knows it.
#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "base/text.h"
#include "imreg/upkeep.h"
#include "os/lock.h"
#include "os/processors.h"
#include "upkeep/check_files.h"
#include "upkeep/check_rows.h"
#include "upkeep/cut_file.h"
#include "upkeep/salvage.h"

namespace imreg {

using namespace upkeep;

namespace {

constexpr int kLooks = 50;
constexpr std::int64_t kWorthAnIndex = 4096;  // rows

void wait_a_little() { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

Result<RecordFile> open_patiently(const std::string& path) {
  for (int look = 0;; ++look) {
    auto file = RecordFile::open(path);
    if (file || file.status().code() != Code::busy || look >= kLooks) return file;
    wait_a_little();
  }
}

// A file that cannot be opened, of which rows may be left.
Result<CheckReport> check_wreck(const std::string& path, const Status& why, const CheckOptions& options,
                                CheckReport report) {
  const auto wreck = Salvage::open(path);
  const auto cut = wreck ? Result<CutFile>(why) : CutFile::open(path);
  if (!wreck && !cut) return why;
  std::int64_t whole = cut ? cut->container.count : 0, lost = cut ? cut->said - whole : 0;
  if (wreck) {
    IMREG_TRY(wreck->each([&](std::int64_t row, std::int64_t rows, Salvage::Fate fate, const char*) {
      if (options.progress && row % 4096 == 0) options.progress(wreck->place_of(row), wreck->size);
      (fate == Salvage::Fate::lost ? lost : whole) += rows;
      return true;
    }));
  }
  Findings findings;
  findings.damage(why.file().empty() ? path : why.file(), why.message() + "; " + counted(whole, "row") + " of " +
                                                              std::to_string(whole + lost) +
                                                              " whole: imcheck -repair saves them");
  if (wreck)
    for (const auto& note : wreck->notes) findings.note(path, note);
  report.rows = whole + lost;
  report.bytes = wreck ? wreck->size : cut->file.size().value_or(0);
  report.damages = findings.damages();
  report.findings = std::move(findings).sorted();
  return report;
}

struct Indexed {
  RecordFile file;
  std::optional<index::IndexCheck> check;
  Status status;
};

// File and index as they belong together: a writer moves both on between our looks at them.
Indexed open_index(RecordFile file) {
  const std::string lock = resolved_path(file.path()) + ".lock";
  for (int look = 0;; ++look) {
    const bool quiet = !WriterLock::is_held(lock);
    auto check = index::IndexCheck::open(file);
    if (check) return {std::move(file), *std::move(check), {}};
    const bool sure = check.status().code() == Code::not_found || look >= kLooks || (quiet && look > 0);
    if (sure && !WriterLock::is_held(lock)) return {std::move(file), std::nullopt, check.status()};
    if (look >= kLooks) return {std::move(file), std::nullopt, check.status()};
    if (!quiet) wait_a_little();
    if (auto now = RecordFile::open(file.path())) file = *std::move(now);
  }
}

// One of another release is whole in its own way.
bool is_whole_head(const std::string& path) {
  std::string page(static_cast<std::size_t>(index::kPage), '\0');
  const auto file = File::open(path, File::Mode::read);
  if (!file || !file->read_exactly(0, page.data(), page.size()).ok()) return false;
  std::uint64_t nonce = 0, check = 0;
  std::memcpy(&nonce, page.data() + 8, sizeof nonce);
  std::memcpy(&check, page.data() + index::kPayload, sizeof check);
  return check == index::page_check(nonce, 0, page.data());
}

// A writer changes rows and index one after the other: they certainly do not fit only if nobody wrote while we looked.
bool certainly_unfit(const RecordFile& file) {
  const std::string lock = resolved_path(file.path()) + ".lock";
  for (int look = 0; look < kLooks; ++look, wait_a_little()) {
    if (WriterLock::is_held(lock)) continue;
    const auto before = RecordFile::open(file.path());
    std::string why;
    if (!before) continue;
    if (index::Index::open(*before, why)) return false;
    const auto after = RecordFile::open(file.path());
    const bool nobody_wrote = after && after->uuid() == before->uuid() && after->count() == before->count() &&
                              after->change_number() == before->change_number() && !WriterLock::is_held(lock);
    if (nobody_wrote) return true;
  }
  return false;
}

// Whole pages behind the last one are what a writer left that was killed; the next one writes over them.
void judge_end(const Indexed& indexed, Findings& findings) {
  const std::string path = index::index_path(indexed.file.path());
  const auto file = File::open(path, File::Mode::read);
  const auto size = file ? file->size() : Result<std::int64_t>(file.status());
  const auto head = file ? index::read_head(*file) : Result<index::Head>(file.status());
  if (!size || !head || WriterLock::is_held(resolved_path(indexed.file.path()) + ".lock")) return;
  const std::int64_t end = head->pages * index::kPage, more = *size - end;
  if (more > 0 && more % index::kPage == 0)
    findings.note(path, counted(more, "byte") + " behind its last page, which nobody reads");
  else if (more > 0)
    findings.warning(path,
                     counted(more, "byte") +
                         " behind its last page, which no writer ends so, and nobody reads; make it anew (imcheck "
                         "-rebuild-index)",
                     -1, end);
}

void judge_index(const Indexed& indexed, Findings& findings) {
  const std::string path = index::index_path(indexed.file.path());
  const Status& status = indexed.status;
  const std::string anew = "; searches do without it: make it anew (imcheck -rebuild-index)";
  switch (status.code()) {
    case Code::ok: return judge_end(indexed, findings);
    case Code::not_found:
      if (indexed.file.count() >= kWorthAnIndex)
        findings.note(path, "there is none: searches read every row (imcheck -rebuild-index makes it)");
      return;
    case Code::mismatch:
      if (!is_whole_head(path)) return findings.damage(path, "the head of the index is damaged" + anew);
      if (!certainly_unfit(indexed.file))
        return findings.note(path, "a program writes now: it was not compared with the rows");
      return findings.warning(path, "is not used: " + status.message() + anew);
    case Code::corrupt: return findings.damage(path, status.message() + anew);
    default: return findings.damage(path, "cannot be read: " + status.message());
  }
}

Result<CheckReport> check_one(const std::string& path, const CheckOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  CheckReport report;
  report.path = path;
  auto opened = open_patiently(path);
  if (!opened) {
    const Code code = opened.status().code();
    const bool perhaps = code == Code::corrupt || code == Code::mismatch || code == Code::invalid;
    return perhaps ? check_wreck(path, opened.status(), options, std::move(report))
                   : Result<CheckReport>(explained(opened.status(), path));
  }
  if (!opened->is_native() && Salvage::open(path).ok()) {
    return check_wreck(path, Status(Code::corrupt, "the header is damaged: it does not say that it is one of imreg's"),
                       options, std::move(report));
  }
  Findings findings;
  const Indexed indexed = open_index(*std::move(opened));
  const RecordFile& file = indexed.file;
  std::int64_t data_offset = 0;
  {
    IMREG_ASSIGN(const File raw, File::open(path, File::Mode::read));
    IMREG_ASSIGN(const auto container, read_container(raw));
    data_offset = container.data_offset;
  }
  const std::int64_t all =
      data_offset + file.count() * file.schema().record_size + (indexed.check ? indexed.check->bytes() : 0);
  const int jobs = threads_of(options.jobs);
  const auto done = [&](std::int64_t bytes) {
    report.bytes += bytes;
    if (options.progress) options.progress(report.bytes, all);
  };
  done(data_offset);
  const auto rows =
      check_rows(file, indexed.check ? &*indexed.check : nullptr, data_offset, options, jobs, done, findings);
  report.rows = file.count();
  report.deleted = rows.deleted;
  report.indexed = indexed.check ? indexed.check->covered() : 0;
  judge_index(indexed, findings);
  if (file.is_native())
    check_surroundings(path, rows.newest_change, findings);
  else
    check_foreign(path, findings);
  check_companions(path, findings);
  report.damages = findings.damages();
  report.warnings = findings.warnings();
  report.findings = std::move(findings).sorted();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace

Result<CheckReport> check_database(const std::string& path, const CheckOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const auto beside = record_files_beside(path);
  std::int64_t more = 0, before = 0;  // bytes
  for (const auto& one : beside) more += one.bytes;
  CheckOptions own = options;
  if (options.progress)
    own.progress = [&](std::int64_t done, std::int64_t all) { options.progress(done, before = all + more); };
  IMREG_ASSIGN(auto report, check_one(path, own));
  const std::int64_t total = std::max(before, report.bytes + more);
  before = total - more;
  Findings findings;
  findings.add(std::as_const(report));
  for (const auto& one : beside) {
    CheckOptions theirs;
    theirs.jobs = options.jobs;
    if (options.progress)
      theirs.progress = [&](std::int64_t done, std::int64_t) {
        options.progress(before + std::min(done, one.bytes), total);
      };
    const auto found = check_one(one.path, theirs);
    const Status status = found ? check_beside(one, findings) : found.status();
    if (found) findings.add(*found);
    if (found) report.bytes += found->bytes;
    const bool gone = status.code() == Code::not_found, wreck = found && found->damages > 0;
    if (!status.ok() && !gone && !wreck) findings.damage(one.path, status.message());
    before += one.bytes;
  }
  if (options.progress) options.progress(total, total);
  report.damages = findings.damages();
  report.warnings = findings.warnings();
  std::erase_if(report.findings, [](const Finding& one) { return one.kind != Finding::Kind::note; });
  for (auto& note : report.findings) findings.note(std::move(note.file), std::move(note.what));
  report.findings = std::move(findings).sorted();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace imreg
