// Appends headers to a heap, and reads them again.
#include "headers/heap.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "imreg/record.h"
#include "record/crc32c.h"

namespace imreg::headers {

namespace {

constexpr std::string_view kMagic("IMREG HEAP 1\0\0\0\0", 16);
constexpr std::size_t kFacts = 16;                           // bytes before the code
constexpr std::uint32_t kMostCode = std::uint32_t{1} << 29;  // bytes: all headers of a file have less
constexpr std::size_t kManyModels = 64;                      // in memory

std::uint32_t check_of(std::int64_t offset, std::int64_t model, std::string_view code) {
  char places[16];
  store_big(places, offset);
  store_big(places + 8, model);
  return crc32c(crc32c(0, places, sizeof places), code);
}

Status no_heap(const std::string& path, std::string_view magic) {
  const bool newer = magic.starts_with("IMREG HEAP ");
  return Status(Code::mismatch,
                newer ? "is a heap of headers that needs a newer imreg"
                      : "is no heap of headers: it is damaged, or somebody else's; ingest into a new folder")
      .in_file(path);
}

Status check_magic(const File& file) {
  std::string magic(kMagic.size(), '\0');
  IMREG_TRY(file.read_exactly(0, magic.data(), magic.size()));
  return magic == kMagic ? Status() : no_heap(file.path(), magic);
}

}  // namespace

std::string heap_of(const std::string& table) { return table.substr(0, table.rfind('.')) + ".heap"; }

Result<Heap> Heap::open(const std::string& path) {
  Heap out;
  IMREG_ASSIGN(out.file_, File::open(path, File::Mode::read));
  IMREG_TRY(check_magic(out.file_));
  IMREG_ASSIGN(out.written_, out.file_.size());
  return out;
}

Result<Heap> Heap::open_to_write(const std::string& path, const std::string& like, IoObserver* observer) {
  Heap out;
  IMREG_ASSIGN(out.file_, File::open(path, File::Mode::create, observer, like));
  IMREG_ASSIGN(out.written_, out.file_.size());
  std::string head(kMagic.size(), '\0');
  IMREG_TRY(out.file_.read(0, head.data(), head.size()).status());
  // New, or its maker died, or a power cut left its size and some of its bytes: nothing is added before they are on the disk.
  const auto size = static_cast<std::int64_t>(kMagic.size());
  const auto is_torn = [](char is, char wanted) { return is == '\0' || is == wanted; };
  if (out.written_ <= size && head != kMagic && std::equal(head.begin(), head.end(), kMagic.begin(), is_torn)) {
    IMREG_TRY(out.file_.write(0, kMagic));
    IMREG_TRY(out.file_.sync());
    IMREG_TRY(sync_folder_of(path, observer));
    out.written_ = size;
  }
  IMREG_TRY(check_magic(out.file_));
  return out;
}

Result<Heap::Entry> Heap::entry_at(std::int64_t offset) const {
  const auto damaged = [&](const char* what) {
    return Status(Code::corrupt, std::string("the header at byte ") + std::to_string(offset) + " " + what)
        .in_file(file_.path());
  };
  if (offset < static_cast<std::int64_t>(kMagic.size())) return damaged("cannot be there");
  char facts[kFacts];
  IMREG_ASSIGN(const auto got, file_.read(offset, facts, sizeof facts));
  if (got < sizeof facts) return damaged("is missing: the file ends before");
  Entry out;
  const auto size = load_big<std::uint32_t>(facts);
  out.place = {offset, load_big<std::uint32_t>(facts + 4)};
  out.model = load_big<std::int64_t>(facts + 8);
  IMREG_ASSIGN(const auto end, file_.size());
  if (size > kMostCode || static_cast<std::int64_t>(size) > end - offset - static_cast<std::int64_t>(kFacts))
    return damaged("is damaged");
  out.code.resize(size);
  IMREG_TRY(file_.read_exactly(offset + static_cast<std::int64_t>(kFacts), out.code.data(), size));
  if (check_of(offset, out.model, out.code) != out.place.check) return damaged("is damaged");
  return out;
}

Result<const Model*> Heap::model_at(std::int64_t offset) const {
  if (const auto known = models_.find(offset); known != models_.end()) return known->second.model.get();
  if (models_.size() >= kManyModels) models_.clear();
  Known known;
  if (offset > 0) {
    IMREG_ASSIGN(const Entry entry, entry_at(offset));
    if (entry.model != 0)
      return Status(Code::corrupt, "the header at byte " + std::to_string(offset) + " is no model")
          .in_file(file_.path());
    IMREG_ASSIGN(known.cards, Model("").decode(entry.code));
  }
  auto& kept = models_[offset] = std::move(known);
  kept.model = std::make_unique<Model>(kept.cards);
  return kept.model.get();
}

Result<std::string> Heap::read(const HeapPlace& place) const {
  IMREG_ASSIGN(const Entry entry, entry_at(place.offset));
  const Status other =
      Status(Code::corrupt, "the header at byte " + std::to_string(place.offset) + " is not that of the row")
          .in_file(file_.path());
  if (entry.place.check != place.check) return other;
  IMREG_ASSIGN(const Model* model, model_at(entry.model));
  auto cards = model->decode(entry.code);
  if (!cards) return cards.status().in_file(file_.path());
  return cards;
}

Status Heap::go_on_behind(const HeapPlace& last) {
  IMREG_ASSIGN(const Entry entry, entry_at(last.offset));
  model_ = entry.model == 0 ? last.offset : entry.model;
  return model_at(model_).status();
}

HeapPlace Heap::put(std::int64_t model, std::string_view code) {
  const HeapPlace place{written_ + static_cast<std::int64_t>(waiting_.size()),
                        check_of(written_ + static_cast<std::int64_t>(waiting_.size()), model, code)};
  char facts[kFacts];
  store_big(facts, static_cast<std::uint32_t>(code.size()));
  store_big(facts + 4, place.check);
  store_big(facts + 8, model);
  waiting_.append(facts, sizeof facts);
  waiting_ += code;
  return place;
}

HeapPlace Heap::add(std::string_view cards) {
  if (model_ != 0) {
    // A model that has become unlike what comes is replaced: half of its own size is what headers without one take.
    const auto model = model_at(model_);
    const std::string code = model ? (*model)->encode(cards) : std::string();
    if (model && code.size() < cards.size() / 8) return put(model_, code);
  }
  const HeapPlace place = put(0, Model("").encode(cards));
  if (models_.size() >= kManyModels) models_.clear();
  auto& known = models_[place.offset];
  known.cards = cards;
  known.model = std::make_unique<Model>(known.cards);
  model_ = place.offset;
  return place;
}

Status Heap::flush() {
  if (waiting_.empty()) return {};
  IMREG_TRY(file_.write(written_, waiting_));
  IMREG_TRY(file_.sync());
  written_ += static_cast<std::int64_t>(waiting_.size());
  waiting_.clear();
  return {};
}

}  // namespace imreg::headers
