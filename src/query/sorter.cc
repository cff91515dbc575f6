// Sorts byte strings in bounded memory: runs in a temporary file, merged at the end.
#include "query/sorter.h"

#include <algorithm>
#include <cstring>

#include "imreg/record.h"

namespace imreg {

namespace {

constexpr std::size_t kFanIn = 64;  // runs of a level that become one of the next: as many files and buffers at most
constexpr std::size_t kMostMemory = std::size_t{1} << 30;  // positions in a buffer are 32 bits
constexpr std::size_t kSizeBytes = 4;

std::uint64_t prefix_of(std::string_view item) {
  char bytes[8] = {};
  std::memcpy(bytes, item.data(), std::min<std::size_t>(item.size(), 8));
  return load_big<std::uint64_t>(bytes);
}

// Sorts items that agree in their first `depth` bytes by 8 bytes at a time, each held in its entry: the bytes themselves
// are far away in memory, and looked at once for every 8 of them that are common to several items.
template <class Entry>
void sort_from(const char* bytes, Entry* first, Entry* last, std::size_t depth) {
  const auto before = [](const Entry& a, const Entry& b) { return a.prefix < b.prefix; };
  if (!std::is_sorted(first, last, before)) std::sort(first, last, before);
  const std::size_t next = depth + 8;
  while (first != last) {
    Entry* end = first + 1;
    while (end != last && end->prefix == first->prefix) ++end;
    if (end - first > 1) {
      // Those that end here are the beginnings of the others: zeros were put behind them.
      Entry* const rest = std::partition(first, end, [next](const Entry& e) { return e.size <= next; });
      std::sort(first, rest, [](const Entry& a, const Entry& b) { return a.size < b.size; });
      for (Entry* e = rest; e != end; ++e) e->prefix = prefix_of({bytes + e->at + next, e->size - next});
      if (end - rest > 1) sort_from(bytes, rest, end, next);
    }
    first = end;
  }
}

}  // namespace

void Sorter::Buffer::reserve(std::size_t memory, std::size_t item) {
  const std::size_t wanted = std::max(memory, item + sizeof(Entry)) / sizeof(Entry) * sizeof(Entry) + sizeof(Entry);
  if (count > 0 || size >= wanted) return;
  room.reset();
  room = std::make_unique_for_overwrite<char[]>(wanted);
  size = bytes_at = wanted;
}

void Sorter::Buffer::add(std::string_view item) {
  bytes_at -= item.size();
  std::memcpy(room.get() + bytes_at, item.data(), item.size());
  new (end()) Entry{prefix_of(item), static_cast<std::uint32_t>(bytes_at), static_cast<std::uint32_t>(item.size())};
  ++count;
}

void Sorter::Buffer::sort() {
  if (!sorted) sort_from(room.get(), begin(), end(), 0);
  sorted = true;
}

// Reads one sorted sequence: a buffer in memory, or a run in a file through a window.
class Sorter::Cursor {
 public:
  explicit Cursor(const Buffer& buffer, std::int64_t count) : buffer_(&buffer), count_(count) {}
  Cursor(const File& file, Run run, std::size_t window) : file_(&file), run_(run), window_(window) {}

  const std::string_view& item() const { return item_; }
  Result<bool> next() {
    if (buffer_) {
      if (index_ == count_) return false;
      item_ = buffer_->item(buffer_->begin()[index_++]);
      return true;
    }
    if (at_ == bytes_.size() && run_.begin == run_.end) return false;
    IMREG_TRY(fill(kSizeBytes));
    const auto size = load_big<std::uint32_t>(bytes_.data() + at_);
    at_ += kSizeBytes;
    IMREG_TRY(fill(size));
    item_ = {bytes_.data() + at_, size};
    at_ += size;
    return true;
  }

 private:
  // At least `size` bytes from at_ on.
  Status fill(std::size_t size) {
    if (bytes_.size() - at_ >= size) return {};
    bytes_.erase(0, at_);
    at_ = 0;
    const std::size_t had = bytes_.size();
    const auto more =
        std::min<std::int64_t>(run_.end - run_.begin, static_cast<std::int64_t>(std::max(window_, size) - had));
    bytes_.resize(had + static_cast<std::size_t>(more));
    IMREG_TRY(file_->read_exactly(run_.begin, bytes_.data() + had, static_cast<std::size_t>(more)));
    run_.begin += more;
    return {};
  }

  const Buffer* buffer_ = nullptr;
  std::int64_t index_ = 0, count_ = 0;
  const File* file_ = nullptr;
  Run run_{};
  std::size_t window_ = 0;
  std::string bytes_;
  std::size_t at_ = 0;
  std::string_view item_;
};

// The sequences as a heap, the smallest item on top.
struct Sorter::Merge {
  std::vector<Cursor> cursors;
  std::vector<Cursor*> heap;
  bool begun = false;

  static bool later(const Cursor* a, const Cursor* b) { return a->item() > b->item(); }
  Result<const std::string_view*> next() {
    if (!begun) {
      begun = true;
      for (auto& cursor : cursors) {
        IMREG_ASSIGN(const bool more, cursor.next());
        if (more) heap.push_back(&cursor);
      }
      std::make_heap(heap.begin(), heap.end(), later);
    } else if (!heap.empty()) {
      Cursor* const first = heap.front();
      IMREG_ASSIGN(const bool more, first->next());
      // While the same sequence goes on being the smallest, the heap stays as it is.
      const bool stays =
          more && (heap.size() == 1 || (!later(first, heap[1]) && (heap.size() == 2 || !later(first, heap[2]))));
      if (!stays) {
        std::pop_heap(heap.begin(), heap.end(), later);
        if (more)
          std::push_heap(heap.begin(), heap.end(), later);
        else
          heap.pop_back();
      }
    }
    return heap.empty() ? nullptr : &heap.front()->item();
  }
};

class Sorter::RunWriter {
 public:
  RunWriter(Level& level, std::size_t window) : level_(&level), window_(window), begin_(level.end) {}
  Status add(std::string_view item) {
    char size[kSizeBytes];
    store_big(size, static_cast<std::uint32_t>(item.size()));
    bytes_.append(size, kSizeBytes).append(item);
    return bytes_.size() < window_ ? Status() : flush();
  }
  Status finish() {
    IMREG_TRY(flush());
    level_->runs.push_back({begin_, level_->end});
    return {};
  }

 private:
  Status flush() {
    IMREG_TRY(level_->file.write(level_->end, bytes_));
    level_->end += static_cast<std::int64_t>(bytes_.size());
    bytes_.clear();
    return {};
  }
  Level* level_;
  std::size_t window_;
  std::int64_t begin_;
  std::string bytes_;
};

Sorter::Sorter(Settings settings) : settings_(std::move(settings)) {
  settings_.memory = std::min(settings_.memory, kMostMemory);
}

Status Sorter::no_room(Status status) const {
  if (status.ok() || status.code() == Code::corrupt) return status;
  return Status(Code::io, "the temporary file of a sort: " + status.message() +
                              "; name a folder with more room in the environment variable TMPDIR")
      .in_file(settings_.folder);
}

std::int64_t Sorter::wanted(const Buffer& buffer) const {
  return std::min(settings_.keep, static_cast<std::int64_t>(buffer.count));
}

Status Sorter::add(std::string_view item) {
  if (settings_.keep <= 0 || (!threshold_.empty() && item >= threshold_)) return {};
  // Of a few that are wanted, not many more are held: they stay in the cache.
  const bool enough = static_cast<std::int64_t>(buffer_.count / 4) > std::max(settings_.keep, std::int64_t{256});
  if ((buffer_.count > 0 && !buffer_.fits(item.size())) || enough) IMREG_TRY(make_room(item.size()));
  if (!buffer_.fits(item.size())) buffer_.reserve(settings_.memory, item.size());
  buffer_.add(item);
  return {};
}

Status Sorter::make_room(std::size_t item) {
  const auto count = static_cast<std::int64_t>(buffer_.count);
  if (settings_.keep <= count / 2) {
    drop_unwanted();
    if (buffer_.fits(item)) return {};
  }
  return no_room(spill(buffer_));
}

// Half of the items or more go, so that this is done seldom: the cost for each item is constant.
void Sorter::drop_unwanted() {
  Entry* const last = buffer_.begin() + (settings_.keep - 1);
  std::nth_element(buffer_.begin(), last, buffer_.end(), [&](const Entry& a, const Entry& b) {
    return a.prefix != b.prefix ? a.prefix < b.prefix : buffer_.item(a) < buffer_.item(b);
  });
  threshold_ = buffer_.item(*last);
  Buffer kept;
  kept.reserve(buffer_.size, 0);
  for (const Entry* entry = buffer_.begin(); entry <= last; ++entry) kept.add(buffer_.item(*entry));
  buffer_ = std::move(kept);
}

Status Sorter::level_at(std::size_t level, Level*& out) {
  if (levels_.size() <= level) {
    IMREG_ASSIGN(File file, File::temporary(settings_.folder));
    levels_.push_back(std::make_unique<Level>());
    levels_.back()->file = std::move(file);
  }
  out = levels_[level].get();
  return {};
}

Status Sorter::spill(Buffer& buffer) {
  if (buffer.count == 0) return {};
  buffer.sort();
  Level* level = nullptr;
  IMREG_TRY(level_at(0, level));
  RunWriter writer(*level, std::min(settings_.memory, std::size_t{1} << 18));
  const std::int64_t count = wanted(buffer);
  for (std::int64_t i = 0; i < count; ++i) IMREG_TRY(writer.add(buffer.item(buffer.begin()[i])));
  IMREG_TRY(writer.finish());
  if (count == settings_.keep) {  // as many are before this one: nothing behind it will be asked for
    const auto last = buffer.item(buffer.begin()[count - 1]);
    if (threshold_.empty() || last < threshold_) threshold_ = last;
  }
  buffer.clear();
  for (std::size_t l = 0; l < levels_.size() && levels_[l]->runs.size() >= kFanIn; ++l) IMREG_TRY(merge_level(l));
  return {};
}

// All runs of a level become one run of the next; their room is given back.
Status Sorter::merge_level(std::size_t number) {
  Level* to = nullptr;
  IMREG_TRY(level_at(number + 1, to));
  Level& from = *levels_[number];
  const std::size_t window = std::clamp(settings_.memory / (4 * kFanIn), std::size_t{512}, std::size_t{1} << 16);
  Merge merge;
  for (const Run run : from.runs) merge.cursors.emplace_back(from.file, run, window);
  RunWriter writer(*to, window);
  for (std::int64_t count = 0; count < settings_.keep; ++count) {
    IMREG_ASSIGN(const auto* item, merge.next());
    if (!item) break;
    IMREG_TRY(writer.add(*item));
  }
  IMREG_TRY(writer.finish());
  from.runs.clear();
  from.end = 0;
  return from.file.truncate(0);
}

Status Sorter::absorb(Sorter&& other) {
  other.buffer_.sort();
  settings_.memory = std::min(settings_.memory + other.settings_.memory, kMostMemory);
  others_.push_back(std::make_unique<Buffer>(std::move(other.buffer_)));
  for (auto& level : other.levels_) foreign_.push_back(std::move(level));
  return {};
}

Status Sorter::finish() {
  // What is in memory may stay there unless the windows of the runs need the room.
  if (spilled() || !foreign_.empty()) {
    IMREG_TRY(no_room(spill(buffer_)));
    for (auto& other : others_) {
      IMREG_TRY(no_room(spill(*other)));
      other.reset();
    }
    others_.clear();
    buffer_ = Buffer();
  }
  buffer_.sort();
  std::size_t runs = 0;
  for (const auto* levels : {&levels_, &foreign_}) {
    for (const auto& level : *levels) runs += level->runs.size();
  }
  const std::size_t window =
      std::clamp(settings_.memory / std::max<std::size_t>(runs, 1), std::size_t{512}, std::size_t{1} << 18);
  merge_ = std::make_shared<Merge>();
  merge_->cursors.emplace_back(buffer_, wanted(buffer_));
  for (const auto& other : others_) merge_->cursors.emplace_back(*other, wanted(*other));
  for (const auto* levels : {&levels_, &foreign_}) {
    for (const auto& level : *levels) {
      for (const Run run : level->runs) merge_->cursors.emplace_back(level->file, run, window);
    }
  }
  return {};
}

Result<const std::string_view*> Sorter::next() {
  if (given_ == settings_.keep) return static_cast<const std::string_view*>(nullptr);
  ++given_;
  auto item = merge_->next();
  if (!item) return no_room(item.status());
  return item;
}

}  // namespace imreg
