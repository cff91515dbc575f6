// Reads and writes the head of an index, says why one does not fit, and copies segments.
#include "scan/index_file.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "record/crc32c.h"

namespace imreg::index {

namespace {

constexpr char kMagic[8] = {'I', 'M', 'I', 'N', 'D', 'E', 'X', '2'};
constexpr int kLooks = 3;                 ///< of a reader, while a writer is at work
constexpr std::int64_t kMergeFactor = 4;  ///< segments grow by this from one to the one before it

}  // namespace

std::string index_path(const std::string& record_file) { return resolved_path(record_file) + ".idx"; }

std::uint64_t new_nonce() {
  std::random_device device;
  std::uint64_t nonce = 0;
  while (nonce == 0) nonce = (static_cast<std::uint64_t>(device()) << 32U) | device();
  return nonce;
}

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

Result<File> replace_index(const std::string& path, IoObserver* observer, const std::function<Status(File&)>& write) {
  const std::string name = path + ".new";
  (void)remove_file(name, observer);
  IMREG_ASSIGN(File out, File::open(name, File::Mode::create_new, observer, without_ending(path)));
  Status status = write(out);
  if (status.ok()) status = out.sync();
  if (status.ok()) status = rename_file(name, path, observer);
  if (status.ok()) return out;
  (void)remove_file(name, observer);
  return status;
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

}  // namespace imreg::index
