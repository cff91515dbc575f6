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
constexpr int kOften = 16;                                   // headers of a form: it becomes a model

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

Result<Heap::Known*> Heap::model_at(std::int64_t offset) const {
  if (const auto known = models_.find(offset); known != models_.end()) return &known->second;
  if (models_.size() >= kManyModels) models_.clear();
  Known known;
  if (offset > 0) {
    IMREG_ASSIGN(const Entry entry, entry_at(offset));
    if (entry.model != 0)
      return Status(Code::corrupt, "the header at byte " + std::to_string(offset) + " is no model")
          .in_file(file_.path());
    IMREG_ASSIGN(known.cards, decode({}, entry.code));
  }
  return &(models_[offset] = std::move(known));
}

Result<std::string> Heap::read(const HeapPlace& place) const {
  IMREG_ASSIGN(const Entry entry, entry_at(place.offset));
  const Status other =
      Status(Code::corrupt, "the header at byte " + std::to_string(place.offset) + " is not that of the row")
          .in_file(file_.path());
  if (entry.place.check != place.check) return other;
  IMREG_ASSIGN(const Known* model, model_at(entry.model));
  auto cards = decode(model->cards, entry.code);
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

HeapPlace Heap::put_model(std::string cards) {
  const HeapPlace place = put(0, Model("").encode(cards));
  if (models_.size() >= kManyModels) models_.clear();
  models_[place.offset] = {std::move(cards)};
  model_ = place.offset;
  return place;
}

HeapPlace Heap::add(std::string_view cards) {
  if (const auto known = model_ != 0 ? model_at(model_) : Result<Known*>(nullptr); known && *known) {
    auto& model = (*known)->model;
    if (!model) model = std::make_unique<Model>((*known)->cards);
    // A model that has become unlike what comes is replaced: half of its own size is what headers without one take.
    if (const std::string code = model->encode(cards); code.size() < cards.size() / 8) return put(model_, code);
  }
  return put_model(std::string(cards));
}

HeapPlace Heap::add(const ParsedHeader& header) {
  const auto size = header.form->cards.size() + static_cast<std::size_t>(header.form->reserve) * kCardSize;
  if (forms_.size() >= kManyModels && !forms_.contains(header.form.get())) forms_.clear();
  UsedForm& used = forms_[header.form.get()];
  if (used.model != 0 && header.code.size() < size / 8) return put(used.model, header.code);
  used.form = header.form;
  std::string form = header.form->whole();
  const auto cards = decode(form, header.code);
  if (used.model == 0 && (model_ == 0 || ++used.times == kOften)) {
    const bool is_form = *cards == form;
    const HeapPlace place = put_model(std::move(form));
    used.model = place.offset;
    return is_form ? place : put(used.model, header.code);
  }
  return add(*cards);
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
