// Headers once from the disk: for the header tables and the registration database.
#include "ingest/read_file.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "imreg/date.h"

namespace imreg::ingest {

namespace {

FileClass class_of(const Status& trouble) {
  switch (trouble.code()) {
    case Code::invalid: return FileClass::foreign;
    case Code::corrupt: return FileClass::damaged;
    default: return FileClass::unreadable;
  }
}

// The latest of its images: nothing of a file is public before all of it is.
double release_of(const FileFacts& facts) {
  double out = std::numeric_limits<double>::quiet_NaN();
  for (const auto& image : facts.images) {
    if (image.release.value && !(*image.release.value <= out)) out = *image.release.value;
  }
  return out;
}

void read(ArchiveFile& file, const ReadOptions& options, headers::HeaderReader& reader) {
  const auto failed = [&](FileClass what, std::string reason) {
    file.what = what;
    file.reason = std::move(reason);
    file.rows.clear();
    file.images.rows.clear();
  };
  if (file.times.size == 0) return failed(FileClass::empty, "the file is empty");
  auto found = read_fits_headers(file.path);
  if (!found) return failed(class_of(found.status()), found.status().message());
  const auto now = file_times(file.path);
  if (!now || now->size != file.times.size || now->mtime != file.times.mtime)
    return failed(FileClass::changing, "it changed while it was read; the next run reads it again");
  const auto facts = options.cameras.translate(file.path, *found, {});
  file.names = names_of(file.path, *found, facts ? facts->camera : "", file.said);
  file.fingerprint = header_fingerprint(*found);
  if (facts) file.release = release_of(*facts);
  if (file.release > options.public_at)
    return failed(FileClass::embargo, "becomes public on " + format_iso(file.release, 0));
  if (!found->damage.empty()) {
    file.what = found->damage.find("truncated") != std::string::npos ? FileClass::cut : FileClass::damaged;
    file.reason = found->damage;
  }
  file.images = rows_of_headers(file.path, *found, facts, options.registration, options.roots, current_time());
  if (file.reason.empty() && file.images.report.fate == RegisteredFile::Fate::failed)
    file.reason = "not registered: " + file.images.report.reason;
  for (const auto& hdu : found->hdus) {
    std::string table = table_of(file.names, hdu);
    auto parsed = reader.parse(table, hdu.header, hdu.reserve);
    file.rows.push_back({std::move(table), hdu.number, std::move(parsed)});
  }
}

}  // namespace

void read_file(ArchiveFile& file, const ReadOptions& options, headers::HeaderReader& reader) {
  try {
    read(file, options, reader);
  } catch (const std::exception& error) {  // what would end the whole run when it left a thread ends one file
    file.what = FileClass::unreadable;
    file.reason = std::string("cannot be read: ") + error.what();
    file.rows.clear();
    file.images.rows.clear();
  }
}

}  // namespace imreg::ingest
