// Opens the index, says why one does not fit, and keeps it: new segments, merges, a new one in one step.
#include "scan/index_file.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "imreg/index.h"
#include "record/crc32c.h"

namespace imreg {

namespace index {

namespace {

constexpr char kMagic[8] = {'I', 'M', 'I', 'N', 'D', 'E', 'X', '2'};
constexpr std::int64_t kRowsOfPiece = 512 << 10;  ///< of one segment that is made in memory
constexpr int kLooks = 3;                         ///< of a reader, while a writer is at work
constexpr std::int64_t kMergeFactor = 4;          ///< segments grow by this from one to the one before it

Head new_head(const RecordFile& file, const Fields& fields) {
  Head head{};
  std::memcpy(head.magic, kMagic, sizeof kMagic);
  head.nonce = new_nonce();
  head.signature = fields.signature();
  file.uuid().copy(head.uuid, sizeof head.uuid - 1);
  head.done = head.announced = file.change_number();
  head.pages = 1;
  return head;
}

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

// A new index file in one step, as `write` makes it. One that a killed writer left half-made is written over.
template <class Write>
Result<File> replace_index(const std::string& path, IoObserver* observer, const Write& write) {
  const std::string name = path + ".new";
  (void)remove_file(name, observer);
  IMREG_ASSIGN(File out, File::open(name, File::Mode::create_new, observer));
  Status status = write(out);
  if (status.ok()) status = out.sync();
  if (status.ok()) status = rename_file(name, path, observer);
  if (status.ok()) return out;
  (void)remove_file(name, observer);
  return status;
}

// Whether a change of a row concerns the index.
bool concerns(const Fields& fields, const char* old, const char* fresh) {
  const auto differs = [&](const FieldInfo* field) {
    return field &&
           std::memcmp(old + field->offset, fresh + field->offset, static_cast<std::size_t>(field->size())) != 0;
  };
  return differs(fields.time) || differs(fields.length) || differs(fields.ra) || differs(fields.dec) ||
         std::any_of(fields.codes.begin(), fields.codes.end(), differs) ||
         std::any_of(fields.names.begin(), fields.names.end(), differs);
}

}  // namespace

std::string index_path(const std::string& record_file) { return resolved_path(record_file) + ".idx"; }

std::uint64_t new_nonce() {
  std::random_device device;
  std::uint64_t nonce = 0;
  while (nonce == 0) nonce = (static_cast<std::uint64_t>(device()) << 32U) | device();
  return nonce;
}

Status write_head(File& file, const Head& head) {
  std::vector<char> page(kPage);
  std::memcpy(page.data(), &head, sizeof head);
  const std::uint64_t check = page_check(head.nonce, 0, page.data());
  std::memcpy(page.data() + kPayload, &check, sizeof check);
  return file.write(0, {page.data(), page.size()});
}

Result<SegmentSource> source_of(const File& file, std::uint64_t nonce, std::int64_t head_page, const Fields& fields) {
  PageReader pages(file, nonce);
  SegmentSource source{&file, nonce, {}};
  if (!read_head(pages, head_page, fields, source.head)) {
    return pages.status().ok() ? Status(Code::corrupt, "a segment has no head that fits").in_file(file.path())
                               : pages.status();
  }
  return source;
}

std::int64_t first_to_merge(const Head& head, std::int64_t end, std::int64_t most) {
  std::int64_t first = end - 1, total = first < 0 ? 0 : head.segments[first].rows;
  for (; first > 0 && head.segments[first - 1].rows < kMergeFactor * total; --first) {
    if (total + head.segments[first - 1].rows > most) break;
    total += head.segments[first - 1].rows;
  }
  return std::max<std::int64_t>(first, 0);
}

Status copy_segments(const File& from, const Head& of, std::int64_t first, std::int64_t end, const Fields& fields,
                     File& to, Head& head) {
  std::vector<SegmentSource> sources;
  for (std::int64_t i = first; i < end; ++i) {
    IMREG_ASSIGN(auto source, source_of(from, of.nonce, of.segments[i].head_page, fields));
    sources.push_back(source);
  }
  const std::int64_t before = head.pages;
  IMREG_TRY(merge_segments(sources, fields, to, head.nonce, head.pages));
  IMREG_ASSIGN(const auto merged, source_of(to, head.nonce, head.pages - 1, fields));
  head.segments[head.segment_count++] = {head.pages - 1, head.pages - before, merged.head.rows};
  return {};
}

std::uint64_t witness_of(const Fields& fields, RecordView record) {
  std::uint32_t a = 0, b = 1;
  const auto add = [&](const FieldInfo* field) {
    if (!field) return;
    a = crc32c(a, record.bytes() + field->offset, static_cast<std::size_t>(field->size()));
    b = crc32c(b ^ 0x9e3779b9U, record.bytes() + field->offset, static_cast<std::size_t>(field->size()));
  };
  for (const auto* field : {fields.time, fields.length, fields.ra, fields.dec}) add(field);
  for (const auto* field : fields.codes) add(field);
  for (const auto* field : fields.names) add(field);
  const std::uint64_t both = (static_cast<std::uint64_t>(a) << 32U) | b;
  return both == 0 ? 1 : both;
}

Result<Head> read_head(const File& file) {
  Head head{};
  std::vector<char> page(kPage);
  for (int look = 0;; ++look) {
    IMREG_TRY(file.read_exactly(0, page.data(), kPage));
    std::memcpy(&head, page.data(), sizeof head);
    if (std::memcmp(head.magic, kMagic, sizeof kMagic) != 0)
      return Status(Code::mismatch, "is not an index of this version of imreg").in_file(file.path());
    std::uint64_t check;
    std::memcpy(&check, page.data() + kPayload, sizeof check);
    if (check == page_check(head.nonce, 0, page.data())) break;
    if (look >= 20) return Status(Code::corrupt, "the head of the index is damaged").in_file(file.path());
    ::usleep(50);  // a writer may be changing it
  }
  IMREG_ASSIGN(const std::int64_t size, file.size());
  // Nothing that is read later is believed further than this: the check is no signature.
  bool fits = head.segment_count >= 0 && head.segment_count <= static_cast<std::int64_t>(kMostSegments) &&
              head.changed_count >= 0 && head.changed_count <= static_cast<std::int64_t>(kMostChanged) &&
              head.covered >= 0 && head.pages > 0 && head.pages <= size / kPage;
  for (std::int64_t i = 0; fits && i < head.changed_count; ++i)
    fits = head.changed[i] >= 0 && head.changed[i] < head.covered;
  for (std::int64_t i = 0; fits && i < head.segment_count; ++i) {
    const auto& piece = head.segments[i];
    fits = piece.head_page > 0 && piece.head_page < head.pages && piece.pages > 0 && piece.pages < head.pages &&
           piece.rows >= 0 && piece.rows <= head.covered;
  }
  if (!fits || std::memchr(head.uuid, 0, sizeof head.uuid) == nullptr) {
    return Status(Code::corrupt, "the head of the index is damaged").in_file(file.path());
  }
  return head;
}

std::string why_unfit(const Head& head, const RecordFile& file, const Fields& fields) {
  if (file.uuid() != head.uuid) return "it belongs to another database";
  if (head.signature != fields.signature()) return "it is of another format";
  if (head.covered > file.count()) return "it covers more rows than there are";
  if (file.change_number() != head.done && file.change_number() != head.announced)
    return "rows were changed without it";
  if (head.covered > 0 && head.witness != 0) {
    Record scratch = file.make_record();
    if (witness_of(fields, file.peek(head.covered - 1, scratch)) != head.witness)
      return "its last row is not that of the database";
  }
  return {};
}

std::optional<Index> Index::open(const RecordFile& file, std::string& why) {
  Index index(file.schema());
  if (!file.is_native()) return why = "only imreg's own files have one", std::nullopt;
  for (int look = 0;; ++look) {
    auto opened = File::open(index_path(file.path()), File::Mode::read);
    if (!opened) {
      why = opened.status().code() == Code::not_found ? "there is none yet" : opened.status().text();
      return std::nullopt;
    }
    index.file_ = std::make_unique<File>(*std::move(opened));
    auto head = read_head(*index.file_);
    if (!head) return why = head.status().text(), std::nullopt;
    index.head_ = *head;
    why = why_unfit(*head, file, index.fields_);
    if (why.empty()) break;
    // The file may have moved on since it was opened; then the index is ahead of it and not wrong. Or a writer moves both
    // on between our looks at them.
    const auto now = RecordFile::open(file.path());
    if (!now || now->uuid() != file.uuid()) return std::nullopt;
    if (why_unfit(*head, *now, index.fields_).empty()) break;
    const bool moved = now->change_number() != file.change_number() || now->count() != file.count();
    if (!moved || look >= kLooks) return std::nullopt;
  }
  why.clear();
  PageReader pages = index.reader();
  for (std::int64_t i = 0; i < index.head_.segment_count; ++i) {
    SegmentHead segment;
    if (!read_head(pages, index.head_.segments[i].head_page, index.fields_, segment)) {
      why = pages.status().ok() ? "a segment has no head that fits" : pages.status().text();
      return std::nullopt;
    }
    index.segments_.push_back(segment);
  }
  return index;
}

std::vector<std::int64_t> Index::changed() const {
  std::vector<std::int64_t> rows(head_.changed, head_.changed + head_.changed_count);
  std::sort(rows.begin(), rows.end());
  return rows;
}

struct IndexBuilder::State {
  std::string path;
  IoObserver* observer = nullptr;
  Fields fields;
  File scratch;  ///< segments of half a million rows, until they are merged; it has no name
  std::uint64_t nonce = new_nonce();
  std::int64_t page = 0;
  std::vector<std::int64_t> heads;
  std::optional<SegmentBuilder> piece;
  std::int64_t rows = 0;

  explicit State(const Schema& schema) : fields(schema) {}

  Status close_piece() {
    if (!piece) return {};
    IMREG_TRY(piece->write(scratch, nonce, page));
    heads.push_back(page - 1);
    piece.reset();
    return {};
  }
};

Result<IndexBuilder> IndexBuilder::create(const std::string& path, const Schema& schema, IoObserver* observer) {
  auto state = std::make_unique<State>(schema);
  state->path = index_path(path);
  state->observer = observer;
  const std::string name = state->path + ".tmp";
  (void)remove_file(name, observer);  // of one that was killed
  IMREG_ASSIGN(state->scratch, File::open(name, File::Mode::create_new, observer));
  IMREG_TRY(remove_file(name, observer));
  return IndexBuilder(std::move(state));
}

Status IndexBuilder::add(std::int64_t row, RecordView record) {
  if (!state_->piece) state_->piece.emplace(state_->fields, row);
  state_->piece->add(row, record);
  state_->rows = row + 1;
  return state_->piece->rows() < kRowsOfPiece ? Status() : state_->close_piece();
}

Status IndexBuilder::finish(const RecordFile& file) {
  auto& s = *state_;
  IMREG_TRY(s.close_piece());
  Head head = new_head(file, s.fields);
  head.covered = s.rows;
  if (s.rows > 0) {
    Record scratch = file.make_record();
    head.witness = witness_of(s.fields, file.peek(s.rows - 1, scratch));
  }
  return replace_index(s.path, s.observer,
                       [&](File& out) -> Status {
                         std::vector<SegmentSource> sources;
                         for (const std::int64_t at : s.heads) {
                           IMREG_ASSIGN(auto source, source_of(s.scratch, s.nonce, at, s.fields));
                           sources.push_back(source);
                         }
                         if (!sources.empty()) {
                           IMREG_TRY(merge_segments(sources, s.fields, out, head.nonce, head.pages));
                           head.segment_count = 1;
                           head.segments[0] = {head.pages - 1, head.pages - 1, s.rows};
                         }
                         return write_head(out, head);
                       })
      .status();
}

IndexBuilder::IndexBuilder(std::unique_ptr<State> state) : state_(std::move(state)) {}
IndexBuilder::IndexBuilder(IndexBuilder&&) noexcept = default;
IndexBuilder& IndexBuilder::operator=(IndexBuilder&&) noexcept = default;
IndexBuilder::~IndexBuilder() = default;

}  // namespace index

using namespace index;

Status rebuild_index(const RecordFile& file, IoObserver* observer) {
  IMREG_ASSIGN(auto builder, IndexBuilder::create(file.path(), file.schema(), observer));
  Record scratch = file.make_record();
  for (std::int64_t row = 0; row < file.count(); ++row) IMREG_TRY(builder.add(row, file.peek(row, scratch)));
  return builder.finish(file);
}

namespace {

constexpr std::int64_t kGarbage = 4096;  // pages

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
  std::vector<std::int64_t> late;  ///< rows of a change too large for the head: indexed behind the commit
  bool wants_merge = false;

  State(Patience p, const Limits& l) : patience(p), limits(l) {}

  void open(const RecordFile& rows) {
    if (opened) return;
    opened = true;
    path = index_path(rows.path());
    fields.emplace(rows.schema());
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

  void before(const RecordFile& rows, const std::vector<RowChange>& changes, std::int64_t change_number) {
    open(rows);
    if (!file || change_number == rows.change_number()) return;
    Record scratch = rows.make_record();
    head.done = rows.change_number();
    head.announced = change_number;
    std::vector<std::int64_t> touched;
    for (const auto& change : changes) {
      if (change.row < head.covered && concerns(*fields, rows.peek(change.row, scratch).bytes(), change.bytes.data())) {
        touched.push_back(change.row);
      }
    }
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    for (const std::int64_t row : touched) {
      if (row == head.covered - 1) head.witness = 0;
    }
    // Rows that are late still are so when the commit that made them late has failed.
    std::vector<std::int64_t> all(head.changed, head.changed + head.changed_count), merged;
    if (!late.empty()) all = std::move(late);
    late.clear();
    std::set_union(all.begin(), all.end(), touched.begin(), touched.end(), std::back_inserter(merged));
    if (merged.size() <= kMostChanged) {
      std::copy(merged.begin(), merged.end(), head.changed);
      head.changed_count = static_cast<std::int64_t>(merged.size());
    } else {
      // Between here and the new segment there is no index: a reader looks at every row.
      late = std::move(merged);
      head.changed_count = 0;
      head.done = head.announced = -1;
    }
    if (const auto status = write_head(*file, head); !status.ok()) give_up(status);
  }

  void collect(const RecordFile& rows, const RowChange& change) {
    open(rows);
    if (!file || change.row >= head.covered) return;
    Record scratch = rows.make_record();
    if (concerns(*fields, rows.peek(change.row, scratch).bytes(), change.bytes.data())) late.push_back(change.row);
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
    if (late.empty()) {
      if (!patient && merges_small()) return merge_small();
      if (tail + head.changed_count < (patient ? (ending ? 1 : limits.piece) : limits.tail)) return {};
    }
    // With no room for one more segment rows stay outside, until a merge beside the writers or a batch has made some.
    const bool full = !patient && head.segment_count == static_cast<std::int64_t>(kMostSegments);
    wants_merge |= full;
    if (full && late.empty()) return {};
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
    IMREG_ASSIGN(file, File::open(path, File::Mode::create_new, limits.observer));
    head = new_head(rows, *fields);
    return {};
  }

  // What changed, and the rows up to `end`, as a new segment; then what should be merged.
  Status add_segment(const RecordFile& rows, std::int64_t end) {
    std::vector<std::int64_t> changed = std::move(late);
    late.clear();
    changed.insert(changed.end(), head.changed, head.changed + head.changed_count);
    std::sort(changed.begin(), changed.end());
    changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
    Record scratch = rows.make_record();
    for (std::size_t at = 0; at < changed.size();) {  // apart from new rows: these do not overlap older segments
      const std::int64_t base = changed[at];
      SegmentBuilder builder(*fields, base);
      for (; at < changed.size() && builder.rows() < limits.piece && changed[at] - base < kMostRows; ++at) {
        builder.add(changed[at], rows.peek(changed[at], scratch));
      }
      IMREG_TRY(put(builder));
    }
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
