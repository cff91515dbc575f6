// Makes the index of a whole file in one step.
#include <algorithm>
#include <utility>

#include "imreg/index.h"
#include "scan/index_file.h"

namespace imreg {

namespace index {

namespace {

constexpr std::int64_t kRowsOfPiece = 512 << 10;  ///< of one segment that is made in memory

// Tells how far the new file has come, by the bytes that are written to it.
struct Telling : IoObserver {
  IoObserver* next = nullptr;
  std::function<void(std::int64_t bytes)> tell = {};
  int before(const IoOperation& operation) override {
    if (tell && operation.kind == IoOperation::Kind::write)
      tell(operation.offset + static_cast<std::int64_t>(operation.bytes.size()));
    return next ? next->before(operation) : 0;
  }
  int before_read(const std::string& path, std::size_t size) override {
    return next ? next->before_read(path, size) : 0;
  }
};

}  // namespace

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
  std::function<void(double share)> progress;  ///< of the merge, from 0 to 1

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
  Telling observer;
  observer.next = s.observer;
  // The pieces are about as large together as what is made of them.
  const auto expected = static_cast<double>(std::max<std::int64_t>(1, s.page * kPage));
  if (s.progress) {
    observer.tell = [&, most = 0.0](std::int64_t done) mutable {
      most = std::max(most, std::min(1.0, static_cast<double>(done) / expected));  // the head is written last, in front
      s.progress(most);
    };
  }
  return replace_index(s.path, &observer,
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

void IndexBuilder::set_progress(std::function<void(double)> progress) { state_->progress = std::move(progress); }

IndexBuilder::IndexBuilder(std::unique_ptr<State> state) : state_(std::move(state)) {}
IndexBuilder::IndexBuilder(IndexBuilder&&) noexcept = default;
IndexBuilder& IndexBuilder::operator=(IndexBuilder&&) noexcept = default;
IndexBuilder::~IndexBuilder() = default;

}  // namespace index

using namespace index;

Status rebuild_index(const RecordFile& file, IoObserver* observer,
                     const std::function<void(std::int64_t done, std::int64_t all)>& progress) {
  IMREG_ASSIGN(auto builder, IndexBuilder::create(file.path(), file.schema(), observer));
  Record scratch = file.make_record();
  // In bytes of rows; what the merge writes counts for half of them: it takes a third of the time (1 M rows, measured).
  const std::int64_t size = file.schema().record_size, read = file.count() * size, merge = read / 2;
  for (std::int64_t row = 0; row < file.count(); ++row) {
    if (progress && row % 4096 == 0) progress(row * size, read + merge);
    IMREG_TRY(builder.add(row, file.peek(row, scratch)));
  }
  if (progress) {
    builder.set_progress([&](double share) {
      progress(read + static_cast<std::int64_t>(static_cast<double>(merge) * share), read + merge);
    });
  }
  IMREG_TRY(builder.finish(file));
  if (progress) progress(read + merge, read + merge);
  return {};
}

}  // namespace imreg
