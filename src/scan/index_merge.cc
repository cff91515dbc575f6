// The merge of an index that grew by single registrations, beside them: segments are never changed, so a new file is made of
// them without the lock; it takes the place of the old one under it, with the segments that were added meanwhile.
#include <algorithm>

#include "imreg/index.h"
#include "scan/index_file.h"

namespace imreg {

using namespace index;

namespace {

bool same_segments(const Head& a, const Head& b, std::int64_t count) {
  if (a.nonce != b.nonce || b.segment_count < count) return false;
  for (std::int64_t i = 0; i < count; ++i) {
    if (a.segments[i].head_page != b.segments[i].head_page) return false;
  }
  return true;
}

// Segments that lie over others make counts slow: from the first over which so many rows lie all become one.
Result<std::int64_t> first_overlaid(const File& file, const Head& head, std::int64_t end, const Fields& fields,
                                    std::int64_t few) {
  std::vector<SegmentHead> heads;
  for (std::int64_t i = 0; i < end; ++i) {
    IMREG_ASSIGN(const auto source, source_of(file, head.nonce, head.segments[i].head_page, fields));
    heads.push_back(source.head);
  }
  for (std::size_t i = 0; i < heads.size(); ++i) {
    for (std::size_t j = i + 1; j < heads.size(); ++j) {
      if (heads[j].rows > few && heads[i].base < heads[j].end && heads[j].base < heads[i].end)
        return static_cast<std::int64_t>(i);
    }
  }
  return end;
}

// Of two that merge at the same time the later one has taken the name. It takes it under the lock, or it could do so between
// this question and the renaming of the earlier one, and its beginnings would become the index.
bool is_at(const std::string& name, const File& file) {
  const auto there = File::open(name, File::Mode::read);
  return there && there->stamp() == file.stamp();
}

// Under the lock. What others did to the index meanwhile is in it; what they made anew, or merged, needs no help.
Status take_place(const RecordFile& rows, const Fields& fields, const Head& old, std::int64_t end, File& out,
                  Head& head, const std::string& name, IoObserver* observer) {
  const std::string path = index_path(rows.path());
  IMREG_ASSIGN(const File file, File::open(path, File::Mode::read));
  IMREG_ASSIGN(const Head now, read_head(file));
  if (!same_segments(old, now, end) || !why_unfit(now, rows, fields).empty() || !is_at(name, out)) {
    return Status(Code::mismatch, "the index was made anew while it was merged").in_file(path);
  }
  for (std::int64_t i = end; i < now.segment_count; ++i)
    IMREG_TRY(copy_segments(file, now, i, i + 1, fields, out, head));
  Head fresh = now;
  fresh.nonce = head.nonce;
  fresh.pages = head.pages;
  fresh.segment_count = head.segment_count;
  std::copy(std::begin(head.segments), std::end(head.segments), fresh.segments);
  IMREG_TRY(write_head(out, fresh));
  IMREG_TRY(out.sync());
  return rename_file(name, path, observer);
}

}  // namespace

Status merge_index(const std::string& path, const RecordWriter::Options& options, const IndexKeeper::Limits& limits) {
  IMREG_ASSIGN(const auto view, RecordFile::open(path));
  const Fields fields(view.schema());
  IMREG_ASSIGN(const File file, File::open(index_path(path), File::Mode::read));
  IMREG_ASSIGN(const Head old, read_head(file));
  if (old.signature != fields.signature()) return {};
  // Those that a registration may merge meanwhile are left as they are.
  std::int64_t end = old.segment_count;
  for (std::int64_t rows = 0; end > 0 && (rows += old.segments[end - 1].rows) <= limits.small_merge;) --end;
  IMREG_ASSIGN(const std::int64_t overlaid, first_overlaid(file, old, end, fields, limits.small_merge));
  const std::int64_t first = std::min(overlaid, first_to_merge(old, end, kMostRows));

  const std::string name = index_path(path) + ".merge";
  const auto new_file = [&]() -> Result<File> {
    IMREG_ASSIGN(const auto writer, RecordWriter::open(path, options));
    (void)remove_file(name, options.observer);  // of one that was killed
    return File::open(name, File::Mode::create_new, options.observer, without_ending(index_path(path)));
  };
  IMREG_ASSIGN(File out, new_file());
  const auto work = [&]() -> Status {
    Head head{};
    head.nonce = new_nonce();
    head.pages = 1;
    for (std::int64_t i = 0; i < first; ++i) IMREG_TRY(copy_segments(file, old, i, i + 1, fields, out, head));
    if (first < end) IMREG_TRY(copy_segments(file, old, first, end, fields, out, head));
    IMREG_TRY(out.sync());
    IMREG_ASSIGN(const auto writer, RecordWriter::open(path, options));
    return take_place(writer.file(), fields, old, end, out, head, name, options.observer);
  };
  auto status = work();
  if (!status.ok() && is_at(name, out)) (void)remove_file(name, options.observer);
  return status.code() == Code::mismatch ? Status() : status;
}

}  // namespace imreg
