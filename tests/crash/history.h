// Histories of a database, recorded; and what the promises of man 5 imreg-record allow to be found after a crash.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>

#include "../long_form.h"
#include "disk.h"
#include "formats/regimage.h"
#include "imreg/index.h"
#include "imreg/scan.h"
#include "record/record_state.h"
#include "scan/index_search.h"
#include "upkeep/journal_scan.h"

namespace imreg::crash {

using Rows = std::vector<std::string>;  // without change number and CRC
using State = std::optional<Rows>;      // nothing: there is no database

// What a step may have done when the machine stopped in the middle of it.
enum class Promise {
  prefix,  // some of its new rows, in their order
  whole    // everything or nothing
};

inline const std::string kDatabase = "x.db";

struct Live {
  std::string path;
  IoObserver* observer = nullptr;
  bool indexed = false;
  std::optional<IndexKeeper> keeper{};
  std::optional<RecordWriter> writer{};

  RecordWriter::Options options() {
    RecordWriter::Options out;
    out.observer = observer;
    out.wait_seconds = 0;
    if (indexed) {
      // So that some dozen rows make segments, merges, and a new file.
      keeper.emplace(IndexKeeper::Patience::full,
                     IndexKeeper::Limits{
                         .tail = 4, .step = 8, .small_merge = 24, .segments = 3, .piece = 16, .observer = observer});
      out.follower = &*keeper;
    }
    return out;
  }
  Result<RecordWriter*> writing() {
    if (!writer) {
      IMREG_ASSIGN(writer, RecordWriter::open(path, options()));
    }
    return &*writer;
  }
  void close() {
    if (writer && keeper) keeper->finish(writer->file());
    writer.reset();
    keeper.reset();
  }
};

struct Step {
  std::string name;
  Promise promise;
  std::function<Status(Live&)> run;
  bool trims = false;  // when it is acknowledged the file is as FITS has it, before anybody writes again
};

struct History {
  std::string name;
  const Schema* schema;
  bool indexed = false;
  std::function<void(const std::string& folder)> prepare;  // what is on the disk before
  std::vector<Step> steps;
};

// A history that happened.
struct Recorded {
  const History* history = nullptr;
  Image start;
  Log log;
  std::vector<std::size_t> acknowledged;  // length of the log when each step returned ok
  std::vector<State> states;              // before the first step, and behind each
  std::set<std::string> written = {};     // rows that there ever were
  std::set<std::string> aside = {};       // of them, those that a recovery has to set aside
};

inline Rows rows_of(const RecordFile& file, std::string& trouble) {
  Rows out;
  Record copy = file.make_record();
  const auto* changeno = file.schema().find("changeno");
  const auto* crc = file.schema().find("crc");
  for (std::int64_t row = 0; row < file.count(); ++row) {
    if (const Status status = file.read(row, copy); !status.ok()) trouble = status.text();
    std::memset(copy.data() + changeno->offset, 0, 8);
    std::memset(copy.data() + crc->offset, 0, 4);
    out.push_back(copy.bytes());
  }
  return out;
}

// Rows behind row `count` that are whole in these bytes of a file: what recovery sets aside.
inline std::set<std::string> whole_behind(const std::string& path, const std::string& bytes, std::int64_t count) {
  std::set<std::string> out;
  const auto file = File::open(path, File::Mode::read);
  const auto container = file ? read_container(*file) : Result<Container>(file.status());
  if (!container) return out;
  const Schema& schema = *container->schema;
  const auto size = static_cast<std::size_t>(schema.record_size);
  const auto end = bytes.find_last_not_of('\0') + 1;
  for (std::int64_t row = count + 1;; ++row) {
    const auto at = static_cast<std::size_t>(container->data_offset) + static_cast<std::size_t>(row) * size;
    if (at >= end || at + size > bytes.size()) return out;
    std::string content = bytes.substr(at, size);
    const int crc = schema.find("crc")->offset;
    if (load(content.data(), Field<std::uint32_t>{crc}) !=
        record_crc(container->uuid, row, content.data(), schema.record_size, crc))
      continue;
    std::memset(content.data() + schema.find("changeno")->offset, 0, 8);
    std::memset(content.data() + crc, 0, 4);
    out.insert(std::move(content));
  }
}

inline State state_of(const std::string& path, std::string& trouble) {
  const auto file = RecordFile::open(path);
  if (!file && file.status().code() == Code::not_found) return std::nullopt;
  if (!file) return trouble = file.status().text(), std::nullopt;
  return rows_of(*file, trouble);
}

// The files of a folder as an image: numbers in the order of names.
inline Image image_of(const std::string& folder) {
  Disk disk(512);
  Log log;
  int number = 0;
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           folder, std::filesystem::directory_options::follow_directory_symlink)) {
    if (!entry.is_directory()) names.insert(entry.path().string().substr(folder.size() + 1));
  }
  for (const auto& name : names) {
    if (name.ends_with(".lock")) continue;
    log.push_back({.kind = Kind::create, .file = number, .path = name});
    log.push_back({.kind = Kind::write, .file = number++, .bytes = testing::slurp(folder + "/" + name)});
  }
  for (const auto& operation : log) disk.apply(operation);
  Dice dice;
  return disk.image({.of = {}, .torn = false, .killed = true}, dice);
}

inline std::map<std::string, int> names_in(const Image& image) {
  std::map<std::string, int> out;
  for (const auto& [name, found] : image.files) out[name] = found.file;
  return out;
}

inline Recorded record(const History& history, const std::string& folder) {
  Recorded out;
  out.history = &history;
  if (history.prepare) history.prepare(folder);
  out.start = image_of(folder);
  Recorder recorder(folder, names_in(out.start), out.start.next_file);
  Live live;
  live.path = folder + "/" + kDatabase;
  live.observer = &recorder;
  live.indexed = history.indexed;
  std::string trouble;
  out.states.push_back(state_of(live.path, trouble));
  for (const auto& step : history.steps) {
    const Status status = step.run(live);
    EXPECT_TRUE(status.ok()) << history.name << ", " << step.name << ": " << status.text();
    EXPECT_EQ(live.keeper ? live.keeper->note() : "", "");
    out.acknowledged.push_back(recorder.log.size());
    out.states.push_back(state_of(live.path, trouble));
  }
  live.close();
  EXPECT_EQ(trouble, "");
  for (const auto& state : out.states) {
    if (state) out.written.insert(state->begin(), state->end());
  }
  out.log = std::move(recorder.log);
  return out;
}

inline Recorded record(const History& history) {
  Folder folder;
  return record(history, folder.path());
}

// How far the rows have come when so many steps were acknowledged: a number that grows; nothing when they are not allowed.
inline std::optional<std::int64_t> progress(const Recorded& run, std::size_t acknowledged, const State& rows) {
  constexpr std::int64_t kStep = 1 << 20;
  const auto base = static_cast<std::int64_t>(acknowledged) * kStep;
  const State& before = run.states[acknowledged];
  if (rows == before) return base;
  if (acknowledged + 1 == run.states.size()) return std::nullopt;
  const State& after = run.states[acknowledged + 1];
  if (rows == after) return base + kStep;
  if (run.history->steps[acknowledged].promise == Promise::whole || !rows || !after) return std::nullopt;
  const auto least = before ? before->size() : 0;
  if (rows->size() < least || rows->size() >= after->size()) return std::nullopt;
  if (!std::equal(rows->begin(), rows->end(), after->begin())) return std::nullopt;
  return base + 1 + std::ssize(*rows) - static_cast<std::int64_t>(least);
}

inline std::string told(const State& rows) { return rows ? std::to_string(rows->size()) + " rows" : "no database"; }

// Whether the cards tell the size of the file, as FITS has it.
inline std::string wrong_size(const std::string& path) {
  const std::string bytes = testing::slurp(path);
  const auto number = [&](const char* card) {
    const auto at = bytes.find(card, 2880);
    return at == std::string::npos ? -1 : std::atoll(bytes.c_str() + at + 10);
  };
  const auto data = number("NAXIS1  =") * number("NAXIS2  =") + number("PCOUNT  =");
  const auto wanted = (testing::kData + data + 2879) / 2880 * 2880;
  if (wanted == std::ssize(bytes)) return "";
  return "by its cards the file has " + std::to_string(wanted) + " bytes, it has " + std::to_string(bytes.size());
}

// How often an index has answered.
inline std::atomic<std::size_t> answers{0};

// What an index answers, if it answers, is what the rows say; and whose head is on the disk, its pages are.
inline std::string wrong_index(const RecordFile& file) {
  if (file.schema().format != regimage::kFormat) return "";
  Record scratch = file.make_record();
  for (const double low : {0.0, 20.0, 250.0}) {
    Selection selection;
    if (!selection.number(file.schema(), "obstime", {{low, low + 30}}).ok()) std::abort();
    if (low > 30 && !selection.patterns(file.schema(), "filter", {{"r", TextPattern::How::exact}}).ok()) std::abort();
    std::vector<std::int64_t> wanted, found;
    for (std::int64_t row = 0; row < file.count(); ++row) {
      if (selection.matches(file.peek(row, scratch))) wanted.push_back(row);
    }
    ScanReport report;
    RowSet rows(file.count());
    auto index = index::IndexSearch::open(file, selection, report);
    if (index && index->find(rows, report)) {
      ++answers;
      rows.each(0, [&](std::int64_t row) {
        if (selection.matches(file.peek(row, scratch))) found.push_back(row);
        return true;
      });
      const auto count = index->count(report);
      if (found == wanted && count.value_or(std::ssize(wanted)) == std::ssize(wanted)) continue;
      return "by the index " + std::to_string(found.size()) + " rows match, there are " +
             std::to_string(wanted.size()) + ": " + ::testing::PrintToString(report.plan);
    }
    for (const auto& line : report.plan) {
      for (const char* word :
           {"page of the index is damaged", "points outside", "no head that fits", "ends too early"}) {
        if (line.find(word) != std::string::npos) return line;
      }
    }
  }
  return "";
}

// How often rows stood in X.db.lost.
inline std::atomic<std::size_t> lost_and_found{0};

// What recovery has set aside: whole rows of this history, none that the database has, and each that had to be.
inline std::string wrong_aside(const Recorded& run, const std::string& path, const Rows& rows,
                               const std::set<std::string>& wanted) {
  std::string trouble;
  const State found = state_of(path + ".lost", trouble);
  if (!trouble.empty()) return "set aside: " + trouble;
  const std::set<std::string> there = found ? std::set(found->begin(), found->end()) : std::set<std::string>();
  for (const auto& row : there) {
    if (!run.written.contains(row)) return "a row was set aside that nobody has written";
    if (std::ranges::count(rows, row) != 0) return "a row was set aside that is in the database";
  }
  for (const auto& row : wanted) {
    if (!there.contains(row)) return "a good row behind a damaged one is gone";
  }
  lost_and_found += !there.empty();
  return "";
}

// Whoever has brought the database in order leaves no journal that imcheck calls damaged.
inline std::string wrong_journal(const RecordFile& file) {
  const std::string bytes = testing::slurp(file.path() + ".journal");
  const auto container = read_container(testing::must(File::open(file.path(), File::Mode::read)));
  if (!container) return container.status().text();
  const auto scan = upkeep::scan_journal(bytes, container->uuid, -1, container->schema->record_size);
  using Head = upkeep::JournalScan::Head;
  return scan.head == Head::damaged || scan.head == Head::newer ? "the head of the journal is damaged" : "";
}

// What is found in a folder after a crash, by a reader, by a writer that recovers, by the next one; what is wrong with it.
struct Findings {
  State read, recovered;
  std::string trouble;
};

inline Findings look(const Recorded& run, std::size_t acknowledged, const std::string& folder, const Image& image) {
  Findings out;
  const auto wrong = [&](std::string what) {
    out.trouble = std::move(what);
    return out;
  };
  const std::string path = folder + "/" + kDatabase;
  out.read = state_of(path, out.trouble);
  if (!out.trouble.empty()) return wrong("reader: " + out.trouble);
  const auto seen = progress(run, acknowledged, out.read);
  if (!seen) return wrong("a reader finds " + told(out.read) + " that are neither before nor behind the step");
  Live live;
  live.path = path;
  live.indexed = run.history->indexed;
  if (!out.read) {
    const Status made = RecordWriter::create(path, *run.history->schema, live.options());
    return made.ok() ? out : wrong("it cannot be made again: " + made.text());
  }
  {
    const auto reader = RecordFile::open(path);
    if (out.trouble = reader ? wrong_index(*reader) : reader.status().text(); !out.trouble.empty()) return out;
  }
  const std::string found = testing::slurp(path);
  auto writer = live.writing();
  if (!writer) return wrong("writer: " + writer.status().text());
  out.recovered = rows_of((*writer)->file(), out.trouble);
  if (!out.trouble.empty()) return wrong("after recovery: " + out.trouble);
  const auto now = progress(run, acknowledged, out.recovered);
  if (!now) return wrong("recovery gives " + told(out.recovered) + " that are neither before nor behind the step");
  if (*now < *seen || (!image.killed && *now != *seen))
    return wrong("a reader had found " + told(out.read) + ", recovery gives " + told(out.recovered));
  std::set<std::string> wanted = whole_behind(path, found, std::ssize(*out.recovered));
  wanted.insert(run.aside.begin(), run.aside.end());
  if (out.trouble = wrong_aside(run, path, *out.recovered, wanted); !out.trouble.empty()) return out;
  if (out.trouble = wrong_index((*writer)->file()); !out.trouble.empty()) return out;
  if (out.trouble = wrong_size(path); !out.trouble.empty()) return out;
  if (out.trouble = wrong_journal((*writer)->file()); !out.trouble.empty()) return out;
  live.writer.reset();
  live.keeper.reset();

  // Once more, as if the first had died behind its recovery; then with work.
  std::filesystem::remove(path + ".lock");
  const std::string bytes = testing::slurp(path);
  writer = live.writing();
  if (!writer) return wrong("second recovery: " + writer.status().text());
  if (testing::slurp(path) != bytes) return wrong("a second recovery changes the file");
  if (image.hash % 4 != 0) return out;
  Rows rows = *out.recovered;
  std::string fresh(static_cast<std::size_t>(run.history->schema->record_size), '\0');
  rows.push_back(fresh);
  Status status = (*writer)->append(fresh);
  if (status.ok()) status = (*writer)->commit({{0, fresh}}, fresh);
  if (status.ok()) status = (*writer)->checkpoint();
  if (!status.ok()) return wrong("it cannot be used: " + status.text());
  rows[0] = fresh;
  rows.push_back(fresh);
  if (live.keeper && !live.keeper->note().empty()) return wrong(live.keeper->note());
  live.close();
  const State used = state_of(path, out.trouble);
  if (out.trouble.empty() && used != rows) out.trouble = "used again it has " + told(used);
  if (const auto reader = RecordFile::open(path); reader && out.trouble.empty()) out.trouble = wrong_index(*reader);
  return out;
}

// Work for both cores: each call gets a folder of its own.
inline void in_parallel(std::size_t n, const std::function<void(std::size_t, const std::string&)>& work) {
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      Folder folder;
      for (std::size_t at; (at = next++) < n;) work(at, folder.path());
    });
  }
  for (auto& thread : threads) thread.join();
}

// What was looked at: the same bytes with the same promise are right or wrong once.
class Looked {
 public:
  /// Whether it is new.
  bool add(std::uint64_t image, std::size_t promise) {
    const std::lock_guard guard(mutex_);
    return all_.insert(image ^ (promise + 1) * 0x9e3779b97f4a7c15U).second;
  }

 private:
  std::mutex mutex_;
  std::unordered_set<std::uint64_t> all_;
};

// The cuts from..to of a log, each with the ways that the disk has.
struct Replay {
  const Log& log;
  const Image& start;
  std::size_t from, to;
  std::size_t samples = 64;
  std::size_t few = 8;  // unsynced versions of sectors, sizes and names of which every choice is tried
  std::int64_t sector = 512;
  bool kills = true;
  Kept kept = {};
  // Shared with other parts, and what is promised at a cut; without them each cut has its own.
  Looked* looked = nullptr;
  std::function<std::size_t(std::size_t done)> promise = {};
  // Of the long form: each round has `samples` further choices for each cut, or for each `every`th, in turn.
  std::size_t round = 0, every = 1;
  const LongForm* limit = nullptr;
  // What is wrong with the files in the folder when the cut was behind `done` operations.
  std::function<std::string(std::size_t done, const std::string& folder, const Image&)> check;

  struct Result {
    std::size_t states = 0;     // tried
    std::size_t different = 0;  // of them, by their bytes
    std::string trouble;        // the first

    void add(const Result& other) {
      states += other.states;
      different += other.different;
      if (!other.trouble.empty()) trouble += (trouble.empty() ? "" : "\n") + other.trouble;
    }
  };

  Result run(const std::string& folder) const {
    Result out;
    Disk disk(sector, start);
    for (std::size_t i = 0; i < from; ++i) disk.apply(log[i]);
    Looked own;
    for (std::size_t done = from; !limit || !limit->over(); ++done) {
      if (done % every == round % every) look_at(done, disk, folder, looked ? *looked : own, out);
      if (done >= to || !out.trouble.empty()) break;
      disk.apply(log[done]);
    }
    return out;
  }

 private:
  void look_at(std::size_t done, const Disk& disk, const std::string& folder, Looked& seen, Result& out) const {
    Dice dice(done * 2654435761U + static_cast<std::size_t>(sector) + log.size() +
              (round == 0 ? 0 : (long_seed() + round) * 0x9e3779b97f4a7c15U));
    const auto dials = disk.dials();
    auto ways = round == 0 ? choices(dials, few, samples, dice)
                           : further_choices(dials, few, (round - 1) * samples, samples, dice);
    if (kills) ways.push_back({.of = {}, .torn = false, .killed = true});
    for (std::size_t way = 0; way < ways.size(); ++way) {
      const Image image = disk.image(ways[way], dice);
      ++out.states;
      if (!seen.add(image.hash, promise ? promise(done) : done)) continue;
      ++out.different;
      put(image, folder, kept);
      out.trouble = check(done, folder, image);
      if (out.trouble.empty()) continue;
      out.trouble = "cut behind operation " + std::to_string(done) + ", sectors of " + std::to_string(sector) +
                    (round == 0 ? "" : ", round " + std::to_string(round) + " of seed " + std::to_string(long_seed())) +
                    ", way " + std::to_string(way) + " of " + std::to_string(ways.size()) +
                    (image.killed     ? " (killed)"
                     : ways[way].torn ? " (torn)"
                                      : "") +
                    ": " + out.trouble;
      return;
    }
  }
};

// What comes of work for both cores.
inline Replay::Result sum_of(std::size_t n,
                             const std::function<Replay::Result(std::size_t, const std::string& folder)>& work) {
  Replay::Result out;
  std::mutex mutex;
  in_parallel(n, [&](std::size_t at, const std::string& folder) {
    const auto one = work(at, folder);
    const std::lock_guard guard(mutex);
    out.add(one);
  });
  return out;
}

}  // namespace imreg::crash
