// Header tables and their heaps: after any cut each row that is there has its whole header, and what was cut can be repeated.
#include <tuple>

#include "headers/header_table.h"
#include "replay.h"

namespace imreg::crash {
namespace {

using headers::HeaderRow;
using headers::HeaderTable;
using headers::Heap;
using testing::must;

// File, HDU, rootname, cards, and whether the columns say what the cards say.
using Header = std::tuple<std::int64_t, int, std::string, std::string, bool>;
using Headers = std::set<Header>;

std::string card(const std::string& text) {
  std::string out = text;
  out.resize(80, ' ');
  return out;
}

// Of one file and HDU; `more`: cards beside those that each header has.
HeaderRow header_row(std::int64_t file, int hdu, const std::string& more = "", int gain = 2) {
  HeaderRow out;
  out.file = file;
  out.hdu = hdu;
  out.rootname = "root" + std::to_string(file);
  out.filename = out.rootname + ".fits";
  out.cards = card("XTENSION= 'IMAGE   '") + card("GAIN    = " + std::to_string(gain)) +
              card("HISTORY of file " + std::to_string(file) + ", HDU " + std::to_string(hdu)) +
              (more.empty() ? "" : card(more));
  return out;
}

// The step by which imingest takes a batch of files.
struct Batch {
  std::vector<HeaderRow> rows;
  std::vector<std::int64_t> again{};  // files of which there may be rows
};
Status take(const Batch& batch, const std::string& path, IoObserver* observer) {
  RecordWriter::Options options;
  options.observer = observer;
  options.wait_seconds = 0;
  IMREG_ASSIGN(auto table, HeaderTable::open(path, headers::empty_schema("x"), options));
  IMREG_TRY(table.write(batch.rows, batch.again).status());
  return table.trim();
}

const std::vector<Batch>& batches() {
  static const std::vector<Batch> all = {
      {{header_row(1, 0), header_row(1, 1), header_row(2, 0)}},
      {{header_row(3, 0), header_row(3, 1)}},                    // nothing changes but rows
      {{header_row(1, 0, "", 4), header_row(4, 0)}, {1, 2}},     // read again: an HDU and a file are gone
      {{header_row(5, 0, "EXPTIME = 12.5"), header_row(5, 1)}},  // a new keyword
      {{header_row(6, 0, "EXPTIME = 'long'"),
        header_row(3, 1, "NEW = T")}},  // another type: all is filled from the heap
      {{header_row(7, 0), header_row(7, 1), header_row(7, 2)}, {6}}};
  return all;
}

// What stands in the table; nothing: there is none. `trouble`: what must never be.
std::optional<Headers> headers_in(const std::string& path, std::string& trouble) {
  const auto file = RecordFile::open(path);
  if (!file && file.status().code() == Code::not_found) return std::nullopt;
  Headers out;
  const auto wrong = [&](const std::string& what) { return trouble = what, out; };
  if (!file) return wrong(file.status().text());
  const headers::OwnFields own(file->schema());
  if (file->count() == 0) return out;
  const auto heap = Heap::open(headers::heap_of(path));
  if (!heap) return wrong("rows without a heap: " + heap.status().text());
  const FieldInfo* const gain = file->schema().find("gain");
  Record row = file->make_record();
  for (std::int64_t i = 0; i < file->count(); ++i) {
    if (const Status status = file->read(i, row); !status.ok()) return wrong(status.text());
    const auto cards = heap->read({row[own.heap], row[own.heapcrc]});
    if (!cards) return wrong("row " + std::to_string(i) + ": " + cards.status().text());
    if (row[own.deleted]) continue;
    const bool told =
        gain &&
        cards->find("GAIN    = " + std::to_string(std::get<std::int64_t>(value_of(row.view(), *gain)))) != cards->npos;
    const auto fresh = out.insert({row[own.file], row[own.hdu], std::string(row[own.rootname]), *cards, told});
    if (!fresh.second) return wrong("a header stands there twice");
  }
  return out;
}

History table_history() {
  History out{"tables", &image_schema(), false, {}, {}};
  for (const auto& batch : batches())
    out.steps.push_back(
        {"batch", Promise::whole, [batch](Live& live) { return take(batch, live.path, live.observer); }});
  return out;
}

class Promises {
 public:
  explicit Promises(const Recorded& run) {
    for (std::size_t step = 0; step <= run.acknowledged.size(); ++step) {
      Folder folder;
      Disk disk(512, run.start);
      for (std::size_t i = 0; step > 0 && i < run.acknowledged[step - 1]; ++i) disk.apply(run.log[i]);
      Dice dice;
      put(disk.image({.of = {}, .torn = false, .killed = true}, dice), folder.path());
      std::string trouble;
      known_.push_back(headers_in(folder / kDatabase, trouble).value_or(Headers{}));
      EXPECT_EQ(trouble, "");
      for (const auto& header : known_.back()) EXPECT_TRUE(std::get<bool>(header));
    }
    EXPECT_EQ(known_.back().size(), 9U);
  }

  std::string check(const Recorded& run, std::size_t done, const std::string& folder, const Image& image) const {
    const std::size_t at = acknowledged_at(run, done);
    const std::string path = folder + "/" + kDatabase;
    std::string trouble;
    const auto found = headers_in(path, trouble);
    if (!trouble.empty()) return "reader: " + trouble;
    if (!found && at > 0) return "the table is gone";
    if (!may_be(found.value_or(Headers{}), at)) return "headers are neither before nor behind the step";
    if (image.hash % 2 == 0) return "";
    // The next run repeats what was not done, or goes on.
    for (std::size_t step = at; step < batches().size() && step < at + 2; ++step) {
      if (const Status status = take(batches()[step], path, nullptr); !status.ok()) return "repeated: " + status.text();
      const auto now = headers_in(path, trouble);
      if (!trouble.empty()) return "repeated: " + trouble;
      if (now != known_[step + 1]) return "repeated, the headers are not those of the step";
    }
    return "";
  }

  Check checking() const {
    return [this](const Recorded& run, std::size_t done, const std::string& folder, const Image& image) {
      return check(run, done, folder, image);
    };
  }

 private:
  // Headers that are only new may come one by one; any other step is taken whole.
  bool may_be(const Headers& found, std::size_t at) const {
    const Headers& before = known_[at];
    if (at + 1 == known_.size()) return found == before;
    const Headers& after = known_[at + 1];
    const bool only_adds = std::includes(after.begin(), after.end(), before.begin(), before.end());
    return found == before || found == after ||
           (only_adds && std::includes(found.begin(), found.end(), before.begin(), before.end()) &&
            std::includes(after.begin(), after.end(), found.begin(), found.end()));
  }

  std::vector<Headers> known_;  // when all operations up to the end of a step have happened
};

constexpr Effort kFew{5, 24};

TEST(TableCrash, EachRowHasItsHeader) {
  const auto history = table_history();
  const auto run = record(history);
  const Promises promises(run);
  replay(run, {6, 64}, promises.checking());
}

TEST(TableCrash, EverySyncOfAHeapIsNeeded) {
  const auto history = table_history();
  const auto run = record(history);
  const Promises promises(run);
  prove(
      run, ".heap",
      {
          // One operation too late, the first bytes of a transaction may be there, and it is not whole before it is synced.
          {Harmless::any_order,
           {"tables: batch 0, sync 1, of x.heap: too late", "tables: batch 0, sync 2, of x.heap: too late",
            "tables: batch 1, sync 1, of x.heap: too late", "tables: batch 2, sync 1, of x.heap: too late",
            "tables: batch 3, sync 1, of x.heap: too late", "tables: batch 4, sync 1, of x.heap: too late",
            "tables: batch 5, sync 1, of x.heap: too late"}},
      },
      promises.checking(), kFew);
}

}  // namespace
}  // namespace imreg::crash
