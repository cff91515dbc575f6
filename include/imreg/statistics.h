// Statistics of images: read from what imstats (or Elixir's programs) wrote, and put into the rows of a registration database.
// man 1 imstatreg.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/status.h"

namespace imreg {

/// What was measured of one image. Which image: its file, and in it the HDU when that is told, else the CCD, else it is the only one.
struct ImageStatistics {
  enum class State : std::uint8_t { none, measured, failed };  ///< none: nothing is said, the row keeps what it has
  struct Value {
    State state = State::none;
    float value = std::numeric_limits<float>::quiet_NaN();
  };
  std::string path;  ///< whole; a name alone: the one file of this name; or a .stats file of Elixir: see image_names()
  int ccd = -1, extension = -1;  ///< -1: not told
  int slice = 0;
  Value bias, sky, fwhm;       ///< adu, adu, pixels
  std::int64_t file_size = 0;  ///< of the file that was measured; 0: not told
  double mtime = std::numeric_limits<double>::quiet_NaN();
  std::string place;  ///< "FILE, line 3": for messages
};

/// The names that the file of an entry may have, the likeliest first: that of its path; of a .stats file of Elixir several,
/// since f/fNN.stats is of CCD NN of f.fits, or of w/wNN.fits.
std::vector<std::string> image_names(const ImageStatistics& entry);
/// Whether the file must be where the path says, not only have one of these names.
bool tells_folder(const ImageStatistics& entry);
inline constexpr std::string_view kElixirEnding = ".stats";
/// Whether a file is called as images are: .fits, .fits.fz, ...
bool is_image_name(std::string_view name);

struct StatisticsText {
  std::vector<ImageStatistics> entries;
  std::vector<Status> faults;  ///< lines that say nothing that can be used, with file and line
};
/// The text or the JSON lines of imstats; a .stats file of Elixir (`name` ends so; `sdat`: the text of the .sdat beside it, if
/// there is one; empty: no star was found). Relative paths are taken from the working folder.
StatisticsText read_statistics(std::string_view text, const std::string& name,
                               std::optional<std::string_view> sdat = {});
/// Whether the text of a .stats file is one of Elixir's, which tells neither file nor CCD: nothing but numbers.
bool is_elixir_statistics(std::string_view text, const std::string& name);

struct StatisticsOptions {
  std::string database;
  double wait_seconds = 10;  ///< for the lock
  bool on_network = false;
  std::string program = "imstatreg";
  bool may_wait = true;  ///< in X.db.pending, when the image is not registered; else that is a fault (not_found)
};

struct StatisticsReport {
  std::int64_t updated = 0, unchanged = 0;  ///< rows
  std::int64_t waiting = 0;                 ///< entries whose image is not registered: they wait in X.db.pending
  std::vector<Status> faults;               ///< entries that are of no row: changed file, several rows, no such CCD
  std::vector<std::size_t> faulty;          ///< which entries these are, from 0
  std::vector<std::string> notes;           ///< what recovery did, and what waits still
  bool index_wants_merge = false;
};
/// Puts statistics into their rows, as one step; what waits is safe before that. Of two entries of one image the last one counts.
/// Without a database (it is not made here) everything waits, when it may. Errors: those of RecordWriter::open; not_found.
Result<StatisticsReport> register_statistics(const StatisticsOptions& options,
                                             const std::vector<ImageStatistics>& entries);

/// The last line of imstatreg, or one JSON object; `faults`: also of what could not be read.
std::string report_text(const StatisticsReport& report, std::size_t faults);
std::string report_json(const StatisticsReport& report, std::size_t faults);
/// An entry as imstats would print it, and read_statistics() reads: one JSON object.
std::string statistics_json(const ImageStatistics& entry);

/// What waits in X.db.pending. Errors: those of RecordFile::open, but none when there is no such file.
Result<std::vector<ImageStatistics>> pending_statistics(const std::string& database);
/// Takes out what waits for a file: its whole path, or a name alone for those of this name in all folders. Returns what that
/// was. `notes`: what recovery did. Errors: those of RecordWriter::open, but none when there is no such file.
Result<std::vector<ImageStatistics>> forget_pending(const StatisticsOptions& options, const std::string& name,
                                                    std::vector<std::string>& notes);

}  // namespace imreg
