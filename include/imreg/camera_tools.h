// What a person needs to write camera tables and to trust them: imcamera's check, coverage, learn and list. Its lint is
// Cameras::lint().
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/camera.h"
#include "imreg/status.h"

namespace imreg {

/// Where finished text goes; false: nobody reads it any more.
using TextSink = std::function<bool(std::string_view)>;

struct CheckOptions {
  CameraSources cameras;  ///< tables of the user
  std::string table;      ///< a file (with a / or ending in .cam), a name; "-" or "auto": the one that is chosen
  bool split = false;     ///< a single-HDU file is one CCD of a mosaic
  bool json = false;      ///< one object a line for each image
};
struct CheckReport {
  std::vector<Status> mistakes;  ///< of the table; then no file was read
  std::vector<Status> failed;    ///< files that cannot be read
};
/// What a table makes of files: each value with its recipe, keyword and HDU, and the cards that lost.
CheckReport check_table(const CheckOptions& options, const std::vector<std::string>& files, const TextSink& sink);

struct CoverageOptions {
  CameraSources cameras;
  std::string camera;           ///< a table for all files, as of imregister; empty: each file's own
  std::string format = "text";  ///< a word of coverage_formats()
  bool verbose = false;         ///< also each value that is unknown or suspicious
  int width = 80;               ///< columns of a line of text
};
struct CoverageReport {
  std::int64_t files = 0;    ///< with headers
  std::int64_t images = 0;   ///< in them
  std::int64_t empty = 0;    ///< files without an image
  std::int64_t foreign = 0;  ///< files of folders that are neither FITS nor header dumps
  std::int64_t failed = 0;   ///< files and folders that cannot be read
  Status request;            ///< the options make no sense: nothing was read
};
std::vector<std::string> coverage_formats();
/// Reads all FITS files and header dumps of files and folders and writes the matrix of what is right, unknown and
/// suspicious. `on_fault` is told of each file that cannot be read, `on_progress` is called before each file with their number.
CoverageReport cover(const CoverageOptions& options, const std::vector<std::string>& trees, const TextSink& sink,
                     const std::function<void(const Status&)>& on_fault,
                     const std::function<void(std::int64_t)>& on_progress = {});

/// All tables: "text", "csv" or "json".
std::string list_tables(const Cameras& cameras, std::string_view format);

/// The first draft of a camera table, learnt from files, or folders, of one camera (FITS or header dumps): the text of a .cam
/// file. What the headers prove or clearly say is a recipe; what is only likely is a comment with a question mark. The
/// draft always parses. `cameras`: the tables that are known; the draft refines the one that applies to its telescope.
/// Errors: invalid (no file, none with an image), and what read_headers() says when no file can be read.
Result<std::string> learn_table(const std::vector<std::string>& files, const Cameras& cameras);

}  // namespace imreg
