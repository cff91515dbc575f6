// X.db.temps: adding to it, finding a time in it, all of it as text.
#include "temperature/temperature_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "emit/number.h"
#include "imreg/date.h"

namespace imreg {

namespace {

constexpr std::int64_t kStep = 1 << 18;  // records of one append

using Key = std::tuple<double, std::string_view>;
Key key_of(RecordView record) { return {record[temps::kTime], record[temps::kProbe]}; }
Key key_of(const Temperature& entry) { return {entry.time, entry.probe}; }

RecordWriter::Options writing(const TemperatureStore& store) {
  RecordWriter::Options out;
  out.program = "imtemps";
  out.wait_seconds = store.wait_seconds;
  out.on_network = store.on_network;
  out.observer = store.observer;
  return out;
}

Status check_version(const RecordFile& file) {
  if (file.is_native() && file.schema().format == temps::kFormat && file.schema().version == temps::kVersion) return {};
  return Status(Code::invalid,
                "holds no temperatures of this version; move it away and import the logs again (imtemps import)")
      .in_file(file.path());
}

Result<RecordWriter> open_to_write(const TemperatureStore& store) {
  auto options = writing(store);
  options.like = store.database;
  auto writer = RecordWriter::open_or_create(temperature_path(store.database),
                                             *builtin_format(temps::kFormat, temps::kVersion), options);
  IMREG_TRY(writer.status());
  IMREG_TRY(check_version(writer->file()));
  return writer;
}

void sort_entries(std::vector<Temperature>& entries) {
  const auto before = [](const auto& a, const auto& b) { return key_of(a) < key_of(b); };
  if (!std::is_sorted(entries.begin(), entries.end(), before)) std::stable_sort(entries.begin(), entries.end(), before);
  std::size_t kept = 0;  // the last of each
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i + 1 < entries.size() && key_of(entries[i]) == key_of(entries[i + 1])) continue;
    if (kept != i) entries[kept] = std::move(entries[i]);
    ++kept;
  }
  entries.resize(kept);
}

// Entries that the file has are taken out; those with another value become changes.
Status remove_known(const RecordFile& file, std::vector<Temperature>& entries, std::vector<RowChange>& changes,
                    TemperatureImport& report) {
  std::vector<bool> known(entries.size());
  TemperatureRecords records(file);
  for (const auto& run : runs_of(records, file)) {
    std::int64_t at = run.first;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto& entry = entries[i];
      at = seek(records, at, run.end, entry.time, entry.probe);
      if (at == run.end) break;
      const Record* const found = known[i] ? nullptr : records.whole(at);
      if (!found || key_of(found->view()) != key_of(entry)) continue;
      known[i] = true;
      if ((*found)[temps::kValue] == entry.value) {
        ++report.known;
        continue;
      }
      Record record = *found;
      record.set(temps::kValue, entry.value);
      changes.push_back({at, record.bytes()});
    }
  }
  std::size_t i = 0;
  std::erase_if(entries, [&](const Temperature&) { return known[i++]; });
  return {};
}

TemperatureRun last_run(const RecordFile& file) {
  TemperatureRecords records(file);
  return runs_of(records, file).back();
}

Record record_of(const Temperature& entry, std::int64_t run) {
  Record record(temps::kRecordSize);
  record.set(temps::kTime, entry.time);
  record.set(temps::kValue, entry.value);
  record.set(temps::kRun, run);
  (void)record.set(temps::kProbe, entry.probe);  // canonical_probe()
  return record;
}

// As many of the last runs are made one as it needs for each to be more than twice as long as all behind it: there are few.
Status merge_runs(RecordWriter& writer) {
  const RecordFile& file = writer.file();
  TemperatureRecords records(file);
  const auto runs = runs_of(records, file);
  std::size_t from = runs.size();
  for (std::size_t i = 0; i + 1 < runs.size(); ++i) {
    if (runs[i].end - runs[i].first > 2 * (file.count() - runs[i].end)) continue;
    from = i;
    break;
  }
  if (from >= runs.size()) return {};
  const std::int64_t first = runs[from].first;
  std::vector<std::int64_t> order;  // records as they shall stand
  for (std::int64_t row = first; row < file.count(); ++row) order.push_back(row);
  Record a = file.make_record(), b = file.make_record();
  // A copy of what must be in order: rows cannot be compared while they are being changed.
  std::string bytes;
  for (std::int64_t row = first; row < file.count(); ++row) {
    const Status whole = file.read(row, a);
    if (whole.code() == Code::corrupt) return {};  // its place would be lost; imcheck tells
    IMREG_TRY(whole);
    bytes += a.bytes();
  }
  const auto record = [&](std::int64_t row) {
    return RecordView(bytes.data() + (row - first) * static_cast<std::int64_t>(temps::kRecordSize));
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t x, std::int64_t y) { return key_of(record(x)) < key_of(record(y)); });
  std::size_t at = 0;
  IMREG_TRY(writer.commit_many([&](RowChange& change) -> Result<bool> {
    if (at == order.size()) return false;
    change.row = first + static_cast<std::int64_t>(at);
    Record fresh(std::string_view(record(order[at++]).bytes(), temps::kRecordSize));
    fresh.set(temps::kRun, first);
    change.bytes = fresh.bytes();
    return true;
  }));
  return writer.checkpoint();  // else the journal keeps its size
}

}  // namespace

std::string temperature_path(const std::string& database) { return database + ".temps"; }

std::vector<TemperatureRun> runs_of(TemperatureRecords& records, const RecordFile& file) {
  std::vector<TemperatureRun> runs;
  for (std::int64_t end = file.count(); end > 0; end = runs.back().first) {
    const Record* const last = records.whole(end - 1);
    const std::int64_t first = last ? (*last)[temps::kRun] : -1;
    runs.push_back({first >= 0 && first < end ? first : end - 1, end});
  }
  std::reverse(runs.begin(), runs.end());
  return runs;
}

std::int64_t seek(TemperatureRecords& records, std::int64_t from, std::int64_t end, double time,
                  std::string_view probe) {
  const Key wanted(time, probe);
  // None: it is damaged and has no place in the order; whole ones beside it are asked.
  const auto before = [&](std::int64_t row) -> std::optional<bool> {
    const Record* const record = records.whole(row);
    return record ? std::optional(key_of(record->view()) < wanted) : std::nullopt;
  };
  std::int64_t most = end;
  for (std::int64_t step = 1; from < end; from = most, step *= 2) {
    most = std::min(from + step, end);
    std::optional<bool> last;
    for (std::int64_t row = most - 1; row >= from && !last; --row) last = before(row);
    if (last == false) break;
  }
  while (from < most) {
    const std::int64_t middle = from + (most - from) / 2;
    std::int64_t row = middle;
    std::optional<bool> first = before(row);
    while (!first && ++row < most) first = before(row);
    if (first == true)
      from = row + 1;
    else
      most = middle;
  }
  while (from < end && !records.whole(from)) ++from;
  return from;
}

Result<std::optional<RecordFile>> open_temperatures(const std::string& database) {
  auto file = RecordFile::open(temperature_path(database));
  if (!file && file.status().code() == Code::not_found) return std::optional<RecordFile>();
  IMREG_TRY(file.status());
  IMREG_TRY(check_version(*file));
  return std::optional<RecordFile>(*std::move(file));
}

bool find_neighbours(const RecordFile& file, const std::vector<TemperatureRun>& runs, double time, double limit,
                     const std::vector<TemperatureOptions::Probe>& probes,
                     std::vector<TemperatureNeighbours>& of_probes) {
  TemperatureRecords records(file);
  // Takes a record; `done` are the probes that need no more on this side.
  const auto take = [&](std::int64_t row, std::vector<bool>& done, std::size_t& left) {
    const std::string name(records[row][temps::kProbe]);
    for (std::size_t i = 0; i < probes.size(); ++i) {
      if (done[i] || (name != probes[i].name && name != probes[i].number)) continue;
      const Record* const record = records.whole(row);
      if (!record || (*record)[temps::kProbe] != name) return;
      of_probes[i].take(time, (*record)[temps::kTime], (*record)[temps::kValue]);
      done[i] = true;
      --left;
    }
  };
  for (const auto& run : runs) {
    const std::int64_t middle = seek(records, run.first, run.end, time, {});
    for (const int direction : {-1, 1}) {
      std::vector<bool> done(probes.size());
      std::size_t left = probes.size();
      for (std::int64_t row = direction < 0 ? middle - 1 : middle; row >= run.first && row < run.end && left > 0;
           row += direction) {
        const bool near = std::abs(records[row][temps::kTime] - time) <= limit;
        if (!near && records.whole(row)) break;  // a damaged one ends nothing
        if (near) take(row, done, left);
      }
    }
  }
  return !records.changed();
}

Result<TemperatureImport> import_temperatures(const TemperatureStore& store, std::vector<Temperature> entries) {
  TemperatureImport report;
  if (entries.empty()) return report;
  sort_entries(entries);
  IMREG_ASSIGN(auto writer, open_to_write(store));
  const RecordFile& file = writer.file();
  report.notes = writer.notes();
  std::vector<RowChange> changes;
  IMREG_TRY(remove_known(file, entries, changes, report));
  if (!changes.empty()) {
    std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
    IMREG_TRY(writer.commit(changes));
    report.changed = std::ssize(changes);
  }
  std::int64_t run = file.count();
  if (Record last = file.make_record();
      !entries.empty() && run > 0 && file.read(run - 1, last).ok() && key_of(last.view()) < key_of(entries.front()))
    run = last_run(file).first;
  for (std::size_t from = 0; from < entries.size(); from += kStep) {
    std::string bytes;
    for (std::size_t i = from; i < std::min(entries.size(), from + kStep); ++i)
      bytes += record_of(entries[i], run).bytes();
    IMREG_TRY(writer.append(std::move(bytes)));
  }
  report.added = std::ssize(entries);
  if (report.added > 0) IMREG_TRY(merge_runs(writer));
  return report;
}

namespace {

constexpr int kAttempts = 100;  // in vain, at a file that others are changing

// A run that is being read: its next whole record.
struct Cursor {
  TemperatureRun run;
  Record next;
};

// Calls visit(record) for each whole record with from <= time <= to, in the order of time and probe, until it returns false.
// When somebody changes them meanwhile, the file is opened again, and it goes on behind the last one.
template <class Visit>
Status each_temperature(const std::string& database, double from, double to, const Visit& visit) {
  std::optional<std::pair<double, std::string>> last;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    IMREG_ASSIGN(const auto file, open_temperatures(database));
    if (!file) return {};
    TemperatureRecords records(*file);
    std::vector<Cursor> cursors;
    const auto advance = [&](Cursor& cursor) {
      for (; cursor.run.first < cursor.run.end; ++cursor.run.first) {
        const Record* const record = records.whole(cursor.run.first);  // of those that are damaged imcheck tells
        if (!record) continue;
        cursor.next = *record;
        return !((*record)[temps::kTime] > to);
      }
      return false;
    };
    for (const auto& run : runs_of(records, *file)) {
      Cursor cursor{run, Record(0)};
      cursor.run.first = seek(records, run.first, run.end, last ? last->first : from, last ? last->second : "");
      bool more = advance(cursor);
      if (more && last && key_of(cursor.next.view()) == Key(last->first, last->second)) {
        ++cursor.run.first;
        more = advance(cursor);
      }
      if (more) cursors.push_back(std::move(cursor));
    }
    while (!records.changed()) {
      if (cursors.empty()) return {};
      const auto next = std::min_element(cursors.begin(), cursors.end(), [](const Cursor& a, const Cursor& b) {
        return key_of(a.next.view()) < key_of(b.next.view());
      });
      if (!visit(next->next.view())) return {};
      last.emplace(next->next[temps::kTime], next->next[temps::kProbe]);
      attempt = 0;
      ++next->run.first;
      if (!advance(*next)) cursors.erase(next);
    }
  }
  return Status(Code::busy, "its values are being moved by imports all the time; try again")
      .in_file(temperature_path(database));
}

}  // namespace

Result<std::int64_t> extract_temperatures(const std::string& database, double from, double to, const Sink& sink) {
  std::int64_t count = 0;
  std::string line;
  IMREG_TRY(each_temperature(database, from, to, [&](RecordView record) {
    line = count++ == 0 ? "time probe value\n" : "";
    line += format_iso(record[temps::kTime]);
    line += ' ';
    line += record[temps::kProbe];
    line += ' ';
    char number[emit::kFloatSize];
    line.append(number, emit::write_number(number, static_cast<float>(record[temps::kValue])));
    line += '\n';
    return sink(line);
  }));
  return count;
}

Result<std::vector<ProbeSummary>> list_temperatures(const std::string& database) {
  std::map<std::string, ProbeSummary, std::less<>> probes;
  constexpr double kEver = std::numeric_limits<double>::infinity();
  IMREG_TRY(each_temperature(database, -kEver, kEver, [&](RecordView record) {
    const double time = record[temps::kTime];
    auto at = probes.find(std::string_view(record[temps::kProbe]));
    if (at == probes.end()) {
      const std::string name(record[temps::kProbe]);
      at = probes.emplace(name, ProbeSummary{name, time, time, 0}).first;
    }
    at->second.first = std::min(at->second.first, time);
    at->second.last = std::max(at->second.last, time);
    ++at->second.count;
    return true;
  }));
  std::vector<ProbeSummary> out;
  for (auto& [name, summary] : probes) out.push_back(std::move(summary));
  return out;
}

namespace {

// The first record that does not stand behind the one before it in its run; none: all do, or somebody changes them.
std::optional<std::int64_t> out_of_order(const RecordFile& file) {
  TemperatureRecords records(file);
  std::optional<std::int64_t> found;
  Record before = file.make_record();
  for (const auto& run : runs_of(records, file)) {
    bool first = true;
    for (std::int64_t row = run.first; row < run.end && !found && !records.changed(); ++row) {
      const Record* const record = records.whole(row);
      if (!record) continue;
      if (!std::exchange(first, false) && !(key_of(before.view()) < key_of(record->view()))) found = row;
      before = *record;
    }
  }
  return records.changed() ? std::nullopt : found;
}

}  // namespace

Status check_temperatures(const std::string& path) {
  auto file = RecordFile::open(path);
  const bool of_temperatures = file && check_version(*file).ok();
  if (!of_temperatures) file = RecordFile::open(temperature_path(path));
  if (file.status().code() == Code::not_found || file.status().code() == Code::busy)
    return {};  // none, or being written
  IMREG_TRY(file.status());
  IMREG_TRY(check_version(*file));
  const auto wrong = out_of_order(*file);
  if (!wrong) return {};
  return Status(Code::corrupt,
                "record " + std::to_string(*wrong + 1) +
                    " does not stand behind the one before it: times are not found. Write all out (imtemps "
                    "extract 0001-01-01 9999-12-31 -o all.log), move it away, import all.log")
      .in_file(file->path());
}

}  // namespace imreg
