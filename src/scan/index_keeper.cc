// Keeps the index while rows are written: what changed, new segments, merges.
#include <algorithm>
#include <cstring>

#include "imreg/index.h"
#include "imreg/scan.h"
#include "scan/index_file.h"

namespace imreg {

using namespace index;

namespace {

constexpr std::int64_t kGarbage = 4096;  // pages

std::int64_t rows_of(const Head& head) {
  std::int64_t rows = 0;
  for (std::int64_t i = 0; i < head.segment_count; ++i) rows += head.segments[i].rows;
  return rows;
}

std::int64_t pages_of(const Head& head) {
  std::int64_t pages = 1;
  for (std::int64_t i = 0; i < head.segment_count; ++i) pages += head.segments[i].pages;
  return pages;
}

// Whether a change of a row concerns the index: something that it knows `differs`.
template <class Differs>
bool concerns(const Fields& fields, const Differs& differs) {
  const auto some = [&](const FieldInfo* field) { return field && differs(*field); };
  // Names first, the last of them before the others: millions of pathnames may change, and nothing else.
  return std::any_of(fields.names.rbegin(), fields.names.rend(), some) ||
         std::any_of(fields.codes.begin(), fields.codes.end(), some) || some(fields.time) || some(fields.length) ||
         some(fields.ra) || some(fields.dec);
}
bool concerns(const Fields& fields, const char* old, const char* fresh) {
  return concerns(fields, [&](const FieldInfo& field) {
    return std::memcmp(old + field.offset, fresh + field.offset, static_cast<std::size_t>(field.size())) != 0;
  });
}

}  // namespace

struct IndexKeeper::State {
  Patience patience;
  Limits limits;
  std::string note;
  bool opened = false;
  bool off = false;  ///< it was given up
  std::string path;
  std::optional<Fields> fields;
  std::optional<File> file;  ///< nothing: there is no index that could be kept
  Head head{};
  std::optional<RowSet> late;  ///< rows of a change too large for the head: indexed behind the commit
  bool at_the_end = false;     ///< they are many: a batch indexes them when it ends, and has no index until then
  std::vector<std::int64_t> collected;  ///< rows of a commit of many, while they are few
  bool wants_merge = false;
  Record scratch{0};

  State(Patience p, const Limits& l) : patience(p), limits(l) {}

  void open(const RecordFile& rows) {
    if (opened) return;
    opened = true;
    path = index_path(rows.path());
    fields.emplace(rows.schema());
    scratch = rows.make_record();
    auto found = File::open(path, File::Mode::write, limits.observer);
    if (found.status().code() == Code::not_found) return;
    if (found) {
      const auto read = read_head(*found);
      if (read && why_unfit(*read, rows, *fields).empty()) {
        file = *std::move(found);
        head = *read;
        return;
      }
    }
    // It is made anew. One that stayed could seem to fit some day: a restored copy reaches the numbers of its first life.
    (void)remove_file(path, limits.observer);
  }

  // An index that cannot be kept must not stay.
  void give_up(const Status& why) {
    note = "the index could not be kept and is removed (searches read every row until it is made again): " + why.text();
    off = true;
    file.reset();
    (void)remove_file(path, limits.observer);
  }

  // Whether the index knows of the row what changes.
  bool touches(const RecordFile& rows, const RowChange& change) {
    if (change.row >= head.covered || !concerns(*fields, rows.peek(change.row, scratch).bytes(), change.bytes.data()))
      return false;
    touch(change.row);
    return true;
  }
  void touch(std::int64_t row) {
    if (row == head.covered - 1) head.witness = 0;
  }

  void make_late(const RecordFile& rows, const std::vector<std::int64_t>& those) {
    if (!late) late.emplace(rows.count());
    for (const std::int64_t row : those) late->add(row);
  }

  void collect(const RecordFile& rows, const RowChange& change) {
    open(rows);
    if (file && touches(rows, change)) collect(rows, change.row);
  }
  void collect(const RecordFile& rows, const FieldInfo& field, std::int64_t from, std::int64_t end) {
    open(rows);
    if (!file || !concerns(*fields, [&](const FieldInfo& known) { return known.offset == field.offset; })) return;
    for (end = std::min(end, head.covered); from < end; ++from) {
      touch(from);
      collect(rows, from);
    }
  }
  void collect(const RecordFile& rows, std::int64_t row) {
    collected.push_back(row);
    if (collected.size() <= kMostChanged) return;
    make_late(rows, collected);
    collected.clear();
    at_the_end = true;
  }

  void before(const RecordFile& rows, const std::vector<RowChange>& changes, std::int64_t change_number) {
    open(rows);
    if (!file || change_number == rows.change_number()) return;
    head.done = rows.change_number();
    head.announced = change_number;
    std::vector<std::int64_t> touched = std::move(collected), merged;
    collected.clear();
    for (const auto& change : changes) {
      if (touches(rows, change)) touched.push_back(change.row);
    }
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    std::set_union(head.changed, head.changed + head.changed_count, touched.begin(), touched.end(),
                   std::back_inserter(merged));
    // Rows that are late still are so when the commit that made them late has failed.
    if (!late && merged.size() <= kMostChanged) {
      std::copy(merged.begin(), merged.end(), head.changed);
      head.changed_count = static_cast<std::int64_t>(merged.size());
    } else {
      // Between here and the new segment there is no index: a reader looks at every row.
      make_late(rows, merged);
      head.changed_count = 0;
      head.done = head.announced = -1;
    }
    if (const auto status = write_head(*file, head); !status.ok()) give_up(status);
  }

  void after(const RecordFile& rows, bool ending) {
    open(rows);
    if (off) return;
    if (const auto status = keep(rows, ending); !status.ok()) give_up(status);
  }

  // The rows are written, or will be, whatever becomes of the index.
  template <class Work>
  void safely(const Work& work) {
    try {
      work();
    } catch (const std::bad_alloc&) {
      give_up(Status(Code::io, "not enough memory").in_file(path));
    }
  }

  Status keep(const RecordFile& rows, bool ending) {
    const bool patient = patience == Patience::full;
    if (!file) {
      if (rows.count() < limits.tail || (patient && !ending && rows.count() < limits.piece)) return {};
      if (patient || rows.count() <= limits.step) {
        IMREG_TRY(rebuild_index(rows, limits.observer));
        opened = false;
        open(rows);
        return file ? Status() : Status(Code::io, "the new index cannot be opened").in_file(path);
      }
      IMREG_TRY(start_anew(rows));
    }
    const std::int64_t tail = rows.count() - head.covered;
    const std::int64_t step = patient ? limits.piece : limits.step;
    if (patient && at_the_end && !ending) return {};
    if (!late) {
      if (!patient && merges_small()) return merge_small();
      if (tail + head.changed_count < (patient ? (ending ? 1 : limits.piece) : limits.tail)) return {};
    }
    // With no room for one more segment rows stay outside, until a merge beside the writers or a batch has made some.
    const bool full = !patient && head.segment_count == static_cast<std::int64_t>(kMostSegments);
    wants_merge |= full;
    if (full && !late) return {};
    do {
      IMREG_TRY(add_segment(rows, full ? head.covered : std::min(rows.count(), head.covered + step)));
    } while (patient && head.covered < rows.count());
    return {};
  }

  // What an impatient writer merges, it merges in a commit that adds no segment.
  bool merges_small() const {
    return first_to_merge(head, head.segment_count, limits.small_merge) < head.segment_count - 1;
  }
  Status merge_small() {
    IMREG_TRY(merge(first_to_merge(head, head.segment_count, limits.small_merge), head.segment_count));
    return save();
  }

  // An empty index in front of many rows: it grows with each registration.
  Status start_anew(const RecordFile& rows) {
    IMREG_ASSIGN(file, File::open(path, File::Mode::create_new, limits.observer, without_ending(path)));
    head = new_head(rows, *fields);
    return {};
  }

  // What changed, and the rows up to `end`, as a new segment; then what should be merged.
  Status add_segment(const RecordFile& rows, std::int64_t end) {
    RowSet changed = late ? *std::move(late) : RowSet(rows.count());
    late.reset();
    at_the_end = false;
    for (std::int64_t i = 0; i < head.changed_count; ++i) changed.add(head.changed[i]);
    changed.finish();
    wants_merge |= changed.size() > limits.small_merge;
    // Apart from new rows: these do not overlap older segments.
    std::optional<SegmentBuilder> piece;
    std::int64_t base = 0;
    Status status;
    changed.each(0, [&](std::int64_t row) {
      if (piece && (piece->rows() >= limits.piece || row - base >= kMostRows)) {
        status = put(*piece);
        piece.reset();
      }
      if (!piece) piece.emplace(*fields, base = row);
      piece->add(row, rows.peek(row, scratch));
      return status.ok();
    });
    IMREG_TRY(status);
    if (piece) IMREG_TRY(put(*piece));
    if (end > head.covered) {
      SegmentBuilder builder(*fields, head.covered);
      for (std::int64_t row = head.covered; row < end; ++row) builder.add(row, rows.peek(row, scratch));
      head.witness = witness_of(*fields, rows.peek(end - 1, scratch));
      IMREG_TRY(put(builder));
      head.covered = end;
    }
    head.changed_count = 0;
    head.done = head.announced = rows.change_number();
    if (patience == Patience::full) {
      const std::int64_t first = first_to_merge(head, head.segment_count, kMostRows);
      if (first < head.segment_count - 1) IMREG_TRY(merge(first, head.segment_count));
    }
    return save();
  }

  Status save() {
    IMREG_TRY(file->sync());  // a head that is on the disk must not name pages that are not
    IMREG_TRY(write_head(*file, head));
    return tidy();
  }

  Status put(SegmentBuilder& builder) {
    if (head.segment_count == static_cast<std::int64_t>(kMostSegments)) IMREG_TRY(merge_least());
    const std::int64_t before = head.pages, rows = builder.rows();
    IMREG_TRY(builder.write(*file, head.nonce, head.pages));
    head.segments[head.segment_count++] = {head.pages - 1, head.pages - before, rows};
    return {};
  }

  // The segments from..end-1 become one.
  Status merge(std::int64_t from, std::int64_t end) {
    Head merged = head;
    merged.segment_count = from;
    IMREG_TRY(copy_segments(*file, head, from, end, *fields, *file, merged));
    for (std::int64_t i = end; i < head.segment_count; ++i) merged.segments[merged.segment_count++] = head.segments[i];
    head = merged;
    return {};
  }

  // The two neighbours that have the fewest rows.
  Status merge_least() {
    const auto rows_at = [&](std::int64_t i) { return head.segments[i].rows + head.segments[i + 1].rows; };
    std::int64_t least = 0;
    for (std::int64_t i = 1; i + 1 < head.segment_count; ++i) least = rows_at(i) < rows_at(least) ? i : least;
    return merge(least, least + 2);
  }

  // Pages that merges left behind go when they are more than half of the file.
  Status tidy() {
    const std::int64_t live = pages_of(head), dead = head.pages - live;
    const bool cheap = patience == Patience::full || rows_of(head) <= limits.small_merge;
    wants_merge |= !cheap && (head.segment_count > limits.segments || (dead >= kGarbage && dead >= 6 * live));
    if (!cheap || dead < std::max(live, kGarbage)) return {};
    Head fresh = head;
    fresh.nonce = new_nonce();
    fresh.pages = 1;
    fresh.segment_count = 0;
    IMREG_ASSIGN(file, replace_index(path, limits.observer, [&](File& out) -> Status {
                   for (std::int64_t i = 0; i < head.segment_count; ++i) {
                     IMREG_TRY(copy_segments(*file, head, i, i + 1, *fields, out, fresh));
                   }
                   return write_head(out, fresh);
                 }));
    head = fresh;
    return {};
  }
};

IndexKeeper::IndexKeeper(Patience patience) : IndexKeeper(patience, Limits()) {}
IndexKeeper::IndexKeeper(Patience patience, const Limits& limits) : state_(std::make_unique<State>(patience, limits)) {}
IndexKeeper::~IndexKeeper() = default;
void IndexKeeper::before(const RecordFile& file, const std::vector<RowChange>& changes, std::int64_t change_number) {
  state_->safely([&] { state_->before(file, changes, change_number); });
}
void IndexKeeper::collect(const RecordFile& file, const RowChange& change) {
  state_->safely([&] { state_->collect(file, change); });
}
void IndexKeeper::collect(const RecordFile& file, const FieldInfo& field, std::int64_t from, std::int64_t end) {
  state_->safely([&] { state_->collect(file, field, from, end); });
}
void IndexKeeper::after(const RecordFile& file) {
  state_->safely([&] { state_->after(file, false); });
}
void IndexKeeper::begin(const RecordFile& file) {
  state_->safely([&] {
    state_->open(file);
    if (!state_->file) state_->after(file, true);
  });
}
void IndexKeeper::finish(const RecordFile& file) {
  state_->safely([&] { state_->after(file, true); });
}
const std::string& IndexKeeper::note() const { return state_->note; }
bool IndexKeeper::wants_merge() const { return state_->wants_merge; }

}  // namespace imreg
