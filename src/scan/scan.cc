// The scan: candidates in file order, by one thread or by several, each copied, checked and tested again before anybody
// sees it.
#include "imreg/scan.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "base/text.h"
#include "scan/index_search.h"
#include "scan/number_at.h"
#include "scan/row_reader.h"

namespace imreg {

namespace {

// Rows between the one that is tested and the one whose cache line is fetched.
constexpr std::size_t kAhead = 16;
// Rows that a thread takes at a time: a megabyte of the first cache lines.
constexpr std::int64_t kPiece = 16384;
constexpr std::int64_t kFewRows = 2000;

// Calls `visit(row)` for each row of from..end-1 that matches as it stands, until it returns false.
template <class Visit>
bool each_candidate(const RecordFile& file, const Selection& selection, std::int64_t from, std::int64_t end,
                    const Visit& visit) {
  const auto size = static_cast<std::size_t>(file.schema().record_size);
  Record scratch = file.make_record();
  for (std::int64_t row = from; row < end; ++row) {
    const RecordFile::Run run = file.run_in_place(row);
    const std::int64_t run_end = std::min(run.end, end);
    for (const char* bytes = run.bytes; row < run_end; ++row, bytes += size) {
      __builtin_prefetch(bytes + kAhead * size);  // never faults, so it may point behind the end
      if (selection.matches(RecordView(bytes)) && !visit(row)) return false;
    }
    if (row < end && selection.matches(file.peek(row, scratch)) && !visit(row)) return false;
  }
  return true;
}

// Several threads find the matching rows of one piece after the other; the caller gets the pieces in order.
class PieceFinder {
 public:
  PieceFinder(const RecordFile& file, const Selection& selection, int jobs, std::int64_t from)
      : file_(file),
        pieces_((file.count() + kPiece - 1) / kPiece),
        slots_(static_cast<std::size_t>(jobs) * 4),
        started_(std::min(from / kPiece, pieces_)),
        taken_(started_) {
    try {
      for (int i = 0; i < jobs; ++i) threads_.emplace_back([this, copy = selection] { try_work(copy); });
    } catch (const std::exception&) {
      if (threads_.empty()) throw;  // fewer than wished do the work too
    }
  }
  ~PieceFinder() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
  }
  /// False behind the last piece. Throws what a thread threw: no memory.
  bool next(std::vector<std::int64_t>& rows) {
    if (taken_ == pieces_) return false;
    std::unique_lock lock(mutex_);
    auto& slot = slots_[static_cast<std::size_t>(taken_) % slots_.size()];
    changed_.wait(lock, [&] { return slot.ready || failure_; });
    if (failure_) std::rethrow_exception(failure_);
    rows.swap(slot.rows);
    slot.ready = false;
    ++taken_;
    lock.unlock();
    changed_.notify_all();
    return true;
  }

 private:
  struct Slot {
    std::vector<std::int64_t> rows;
    bool ready = false;
  };

  void try_work(const Selection& selection) {
    try {
      work(selection);
    } catch (...) {
      {
        const std::lock_guard lock(mutex_);
        failure_ = std::current_exception();
      }
      changed_.notify_all();
    }
  }

  void work(const Selection& selection) {
    std::vector<std::int64_t> rows;
    for (;;) {
      std::int64_t piece = 0;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] {
          return stop_ || started_ == pieces_ || started_ < taken_ + static_cast<std::int64_t>(slots_.size());
        });
        if (stop_ || started_ == pieces_) return;
        piece = started_++;
      }
      rows.clear();
      each_candidate(file_, selection, piece * kPiece, std::min((piece + 1) * kPiece, file_.count()),
                     [&](std::int64_t row) { return rows.push_back(row), true; });
      {
        const std::lock_guard lock(mutex_);
        auto& slot = slots_[static_cast<std::size_t>(piece) % slots_.size()];
        slot.rows.swap(rows);
        slot.ready = true;
      }
      changed_.notify_all();
    }
  }

  const RecordFile& file_;
  const std::int64_t pieces_;
  std::vector<Slot> slots_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t started_;
  std::int64_t taken_;
  bool stop_ = false;
  std::exception_ptr failure_;
};

// Every row of the file that matches as it stands, in order, goes to `visit`; or, when an index gives candidates, each of
// these to `test`. `in_place`: see IndexSearch::find().
template <class Visit, class Test>
void look(const RecordFile& file, const Selection& selection, const ScanOptions& options, ScanReport& report,
          const Visit& visit, const Test& test, bool in_place = false) {
  // A handful of rows is looked at faster than an index is opened.
  if (options.use_index && !selection.conditions().empty() && file.count() > kFewRows) {
    if (auto index = index::IndexSearch::open(file, selection, report)) {
      RowSet rows(file.count());
      if (index->find(rows, report, in_place)) {
        rows.each(options.from, [&](std::int64_t row) { return ++report.looked_at, test(row); });
        return;
      }
    }
  }
  report.looked_at += file.count() - std::min(options.from, file.count());
  report.plan.push_back(
      (options.from > 0 ? "every row behind the first " + counted(options.from, "row") : "every row") +
      " is looked at: " + std::to_string(file.count() - std::min(options.from, file.count())));
  if (options.jobs < 2 || file.count() < 4 * kPiece) {
    each_candidate(file, selection, options.from, file.count(), visit);
    return;
  }
  PieceFinder finder(file, selection, options.jobs, options.from);
  std::vector<std::int64_t> rows;
  while (finder.next(rows)) {
    for (const std::int64_t row : rows) {
      if (row >= options.from && !visit(row)) return;
    }
  }
}

// A row that is to be returned: copied (as `read` says), checked, tested again. False: the visitor has enough.
template <class Visit>
bool hand_out(Status read, const Selection& selection, std::int64_t row, const Record& copy, ScanReport& report,
              const Visit& visit) {
  if (!read.ok()) {
    report.damaged.add(std::move(read));
    return true;
  }
  if (!selection.matches(copy.view())) return true;  // a writer changed it between the two looks
  ++report.matched;
  return visit(row, copy.view());
}

}  // namespace

ScanReport scan(const RecordFile& file, const Selection& selection, const ScanOptions& options,
                const std::function<bool(std::int64_t row, RecordView)>& visit) {
  ScanReport report;
  Record copy = file.make_record();
  RowReader reader(file);
  look(
      file, selection, options, report,
      [&](std::int64_t row) { return hand_out(file.read(row, copy), selection, row, copy, report, visit); },
      [&](std::int64_t row) { return hand_out(reader.read(row, copy), selection, row, copy, report, visit); });
  return report;
}

RowSet find_rows(const RecordFile& file, const Selection& selection, const ScanOptions& options, ScanReport* report) {
  ScanReport own;
  RowSet rows(file.count());
  Record scratch = file.make_record();
  const auto take = [&](std::int64_t row) { return rows.add(row), true; };
  look(
      file, selection, options, report ? *report : own, take,
      [&](std::int64_t row) { return !selection.matches(file.peek(row, scratch)) || take(row); }, true);
  rows.finish();
  return rows;
}

std::int64_t count_matches(const RecordFile& file, const Selection& selection, const ScanOptions& options,
                           ScanReport* report) {
  ScanReport own;
  ScanReport& told = report ? *report : own;
  if (options.use_index && options.from == 0 && file.count() > kFewRows) {
    if (auto index = index::IndexSearch::open(file, selection, told)) {
      if (const auto count = index->count(told)) return *count;
    }
  }
  std::int64_t matched = 0;
  Record scratch = file.make_record();
  look(
      file, selection, options, told, [&](std::int64_t) { return ++matched, true; },
      [&](std::int64_t row) { return matched += selection.matches(file.peek(row, scratch)) ? 1 : 0, true; });
  return matched;
}

bool scan_by_time(const RecordFile& file, const Selection& selection, bool newest_first, ScanReport& report,
                  const std::function<bool(std::int64_t row, RecordView)>& visit) {
  ScanReport told;
  auto index = index::IndexSearch::open(file, selection, told);
  if (!index) return report.plan = std::move(told.plan), false;
  struct Moment {
    double time;
    std::int64_t row;
  };
  const auto before = [newest_first](const Moment& a, const Moment& b) {
    if (std::isnan(a.time) || std::isnan(b.time))
      return std::isnan(a.time) == std::isnan(b.time) ? a.row < b.row : std::isnan(b.time);
    return a.time != b.time ? (newest_first ? a.time > b.time : a.time < b.time) : a.row < b.row;
  };
  const FieldInfo* time = file.schema().find("obstime");
  Record copy = file.make_record(), scratch = file.make_record();
  RowReader reader(file);
  std::optional<Moment> last;
  const auto take = [&](std::int64_t row) {
    ++told.looked_at;
    auto read = reader.read(row, copy);
    const RecordView record = read.ok() ? copy.view() : file.peek(row, scratch);
    if (!selection.matches(record)) return true;
    last = {number_at(record.bytes(), *time), row};
    if (!read.ok()) return told.damaged.add(std::move(read)), true;
    ++told.matched;
    return visit(row, record);
  };
  const bool whole = index->by_time(newest_first, told, take);
  if (!whole && !last) return report.plan = std::move(told.plan), false;
  if (whole) told.plan.push_back("index by time, in the order of obstime: " + counted(told.looked_at, "candidate"));
  if (!whole) {  // the index broke off halfway: what comes behind the last row is sorted here
    std::vector<Moment> rest;
    each_candidate(file, selection, 0, file.count(), [&](std::int64_t row) {
      const Moment moment{number_at(file.peek(row, scratch).bytes(), *time), row};
      if (before(*last, moment)) rest.push_back(moment);
      return true;
    });
    std::sort(rest.begin(), rest.end(), before);
    told.plan.push_back("the rest is sorted: " + counted(static_cast<long long>(rest.size()), "row"));
    for (const Moment& moment : rest) {
      if (!take(moment.row)) break;
    }
  }
  report = std::move(told);
  return true;
}

std::optional<std::vector<ValueCount>> count_values(const RecordFile& file, const Selection& selection,
                                                    const std::vector<const FieldInfo*>& fields, ScanReport& report,
                                                    const std::function<std::string(RecordView)>& group_of_time) {
  auto index = index::IndexSearch::open(file, selection, report);
  if (!index) return std::nullopt;
  if (group_of_time) return index->count_moments(fields, group_of_time, report);
  if (auto counts = index->count_values(fields, report)) return counts;
  if (fields.size() != 1 || fields[0]->type != Type::text) return std::nullopt;
  return index->count_texts(*fields[0], report);
}

std::optional<std::int64_t> row_of_match(const RecordFile& file, const Selection& selection, std::int64_t n,
                                         ScanReport& report) {
  auto index = index::IndexSearch::open(file, selection, report);
  if (!index) return std::nullopt;
  return index->row_of_match(n, report);
}

}  // namespace imreg
