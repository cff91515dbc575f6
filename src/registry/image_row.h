// The registration record of an image: made from its facts, recognised by its key, renewed when it is registered again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "formats/regimage.h"
#include "imreg/camera.h"
#include "imreg/record.h"
#include "record/statistics.h"

namespace imreg {

/// Elixir's one-letter names of the image types, by code.
inline constexpr std::string_view kTypeLetters = "xodbfmrsMF";

/// Bits of the field flag (formats/regimage.fmt).
inline constexpr int kDistributed = 1;
inline constexpr int kDayOnly = 4;  ///< only the day of obstime is known; not in Elixir's files, which may hold bit 2

class PathRoots;

/// What the file system and the headers say about a file.
struct FileIdentity {
  std::string folder;  ///< absolute
  std::string name;
  std::int64_t size = 0;
  double mtime = 0;
  std::int64_t fingerprint = 0;
};

/// The record of one image. Error: invalid, when a text does not fit its field: names the field, the lengths and the remedy.
Result<Record> make_image_row(const ImageFacts& image, const FileIdentity& file, const PathRoots& roots, double now);

/// The file of a row: pathname (expanded), filename.
std::string file_key_of(RecordView row, const PathRoots& roots);
/// The same of a whole path.
std::string file_key_of(const std::string& path);
/// The unique key of a row: pathname (expanded), filename, extension, slice.
std::string key_of(RecordView row, const PathRoots& roots);

/// Whether two rows of an image were made when its file was the same (size, time, headers), as far as one can know: a row of
/// Elixir does not say which state of the file it saw.
bool is_same_file(RecordView a, RecordView b);

/// What becomes of an existing row when its image is registered again: header fields anew; statistics, flags, quality and
/// first registration time stay, but a changed file (fingerprint, size or mtime) has no statistics any more.
Record renewed_row(RecordView old_row, Record fresh);

/// A row of Elixir: it says neither which HDU it is nor which file, so only its CCD tells it from others of the file.
bool is_unplaced(RecordView row);

/// What becomes of our row when another database has the same image (man 1 imregtable): header fields of the newer file,
/// statistics of ours while they are of the same file and measured, else theirs; ours where neither is newer. Merging the
/// same rows again changes nothing.
Record merged_row(RecordView ours, RecordView theirs);

StatisticState statistic_state(RecordView row, Statistic which);
void set_statistic_state(Record& row, Statistic which, StatisticState state);

}  // namespace imreg
