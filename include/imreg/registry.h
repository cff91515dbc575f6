// The registration database as a whole: registering files, finding rows, showing what would be registered, converting.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imreg/camera.h"
#include "imreg/date.h"
#include "imreg/emit.h"
#include "imreg/query.h"
#include "imreg/record.h"
#include "imreg/scan.h"
#include "imreg/status.h"

namespace imreg {

class Temperatures;

/// What imregister does.
struct RegisterOptions {
  std::string database;
  std::vector<std::string> paths;  ///< files and folders
  bool batch = false;              ///< trim the database at the end (a folder, a list, more than one path)
  bool split = false;              ///< a single-HDU file is one CCD of a mosaic
  bool dry_run = false;            ///< -noreg: read and check everything, write nothing
  bool need_type = false;          ///< refuse images whose type is not known
  std::string camera;              ///< a table name, or a table file (a word with / or ending in .cam)
  CameraSources cameras;           ///< tables of the user
  std::vector<std::pair<std::string, std::string>> roots;  ///< path roots to define: NAME, PREFIX
  int jobs = 0;                                            ///< header readers; 0: as many as there are processors
  double wait_seconds = 10;                                ///< for the lock
  bool on_network = false;                                 ///< write on a network file system too
  std::string program = "imregister";                      ///< who holds the lock
  /// Called with the rows that are new or of a changed file, before they are durable, with the lock held; its error stops the
  /// work, and they are not written. Then the other one, behind it; its error is told in the notes.
  std::function<Status(const std::vector<Record>& rows)> announce = {};
  std::function<Status()> announced = {};
  std::shared_ptr<Temperatures> temperatures = {};  ///< fills what the headers do not say; none: nobody does
};

/// What became of one file.
struct RegisteredFile {
  enum class Fate { registered, passed_over, failed };
  std::string path;
  Fate fate = Fate::registered;
  std::string reason;         ///< passed over or failed: why
  std::string foreign;        ///< passed over and nothing of astronomy by content and name: what it is ("a text file")
  std::vector<Doubt> doubts;  ///< values of its headers that could not be used: people want to know
  std::vector<std::string> warnings;  ///< what is odd and loses nothing
  int rows = 0;                       ///< images in it
  std::string camera;
};

struct RegisterReport {
  std::int64_t files = 0, failed = 0, passed_over = 0;
  std::int64_t rows = 0;                               ///< of all files, also with dry_run
  std::int64_t added = 0, updated = 0, unchanged = 0;  ///< of them
  std::int64_t gone = 0;           ///< rows that a file gave once and gives no more, now marked deleted
  std::vector<std::string> notes;  ///< what recovery did, and what is strange about a root
  bool index_wants_merge = false;  ///< IndexKeeper::wants_merge()
  Status request;                  ///< the options make no sense (a camera table, a root): nothing was done
  Status database;                 ///< trouble with the database or the machine: the work stopped there
};

/// Registers files. `on_file` is called for each file in order, after its rows are durable, from the calling thread;
/// `on_progress` with the number of files that are read, and of all, from the same thread.
RegisterReport register_files(const RegisterOptions& options, const std::function<void(const RegisteredFile&)>& on_file,
                              const std::function<void(std::int64_t, std::int64_t)>& on_progress = {});

/// Those of the files that the database does not have as they are now, by size and time, in their order; all of them when there is
/// no database. Its own files and what is gone are left out. Errors: those of RecordFile::open.
Result<std::vector<std::string>> files_to_register(const std::string& database, const std::vector<std::string>& paths);

/// The merge that RegisterReport::index_wants_merge asks for: it may take seconds, rows can be registered meanwhile.
Status merge_index(const RegisterOptions& options);

/// Whether the options make sense: the camera table exists and can be read. Errors: not_found, invalid.
Status check_request(const RegisterOptions& options);

/// What would be registered of a file, each value with the keyword, HDU and recipe that gave it: lines for people, or one
/// JSON object on one line. Reads header dumps too.
enum class InfoFormat { text, json };
Result<std::string> show_image_info(const std::string& path, const RegisterOptions& options,
                                    InfoFormat format = InfoFormat::text);

/// One filter of imsearch: the option's name without dash, and its words.
struct SearchFilter {
  std::string option;
  std::vector<std::string> words;
};
/// Whether imsearch's option of this name is a filter.
bool is_search_filter(std::string_view option);

/// What imsearch does: man 1 imsearch tells each of these.
struct SearchOptions {
  std::string database;
  std::vector<SearchFilter> filters;  ///< all must hold; several plain trange are alternatives
  std::vector<std::string> where;     ///< all must hold, too
  std::string sort;
  std::optional<std::string> group;  ///< fields; the aggregates are emit.fields
  std::optional<std::int64_t> limit, last;
  std::int64_t offset = 0;
  bool unique = false;
  bool count = false;    ///< print how many; with `group` only a word for "with counts"
  bool explain = false;  ///< print what is done, not the rows
  std::string near_to;   ///< calibrations for this image instead of rows
  double days = std::numeric_limits<double>::infinity();
  std::string tolerance;  ///< of a dark's exposure time: "5%" or "1s"
  bool changed = false;   ///< follow_rows(): changed rows too
  int jobs = 0;           ///< 0: as many as there are processors
  bool use_index = true;
  std::string format = "row";
  EmitOptions emit;
  DateSettings dates;
  CameraSources cameras;  ///< tables and filter lists of the user
};

struct SearchReport {
  std::int64_t matched = 0;
  DamagedRows damaged;             ///< rows that were left out because their bytes are damaged
  std::vector<std::string> notes;  ///< CCDs of -near-to for which nothing was found
};

/// Finds rows and writes them. Errors: those of RecordFile::open; invalid (a date, a type, a format that means nothing).
Result<SearchReport> search(const SearchOptions& options, const Sink& sink);

/// Writes rows as they are registered from now on, and goes on when the database is replaced or not yet there. `wait` is
/// called between two looks, with everything written; it returns false to stop. Errors: those of search().
Result<SearchReport> follow_rows(const SearchOptions& options, const Sink& sink, const std::function<bool()>& wait);

/// The rows of a search as vectors (imreg/query.h): its filters and conditions, order and amount. Errors: those of search();
/// of expressions invalid and not_found.
Result<Columns> read_columns(const RecordFile& file, const SearchOptions& options,
                             const std::vector<std::string>& expressions, bool checked = true);
/// The database of a search, with what to do when there is none.
Result<RecordFile> open_database(const std::string& path);

struct ConvertReport {
  std::int64_t rows = 0;
  std::vector<Status> left_out;          ///< rows that do not fit the other version, each with its reason
  std::vector<std::string> lost_fields;  ///< "object (12 rows)": fields that the other version does not have
};

/// A new database in another version: "native", "v1", "v2" or "v3". Errors: invalid (no such version, OUT exists, not a registration database).
Result<ConvertReport> convert_database(const std::string& from, const std::string& to, std::string_view version);

/// What imregtable does.
struct MergeOptions {
  std::string database;              ///< rows go to it; made when there is none
  std::vector<std::string> sources;  ///< of any version
  bool dry_run = false;
  double wait_seconds = 10;  ///< for the lock
  bool on_network = false;
  IoObserver* observer = nullptr;  ///< tests: sees and fails file operations
};

/// What became of the rows of one database: each is counted once.
struct MergedSource {
  std::string path;
  Status failure = {};  ///< it could not be read
  std::int64_t rows = 0;
  std::int64_t added = 0, updated = 0, unchanged = 0;
  std::int64_t repeated = 0;  ///< the same image as a row that this merge has added
  std::int64_t deleted = 0;   ///< marked as deleted: not taken
  std::int64_t left_out = 0;
};

struct MergeReport {
  std::vector<MergedSource> sources;
  std::vector<std::string> notes;  ///< what recovery did
  Status database;                 ///< trouble with the database: nothing of the failed group and behind it is written
};

/// Merges databases into one, without duplicates: man 1 imregtable has the rules. Groups of rows are durable steps; run again
/// after a crash it leaves what it would have left. `on_left_out`: a row that could not be taken, with file, record, reason.
MergeReport merge_databases(const MergeOptions& options, const std::function<void(const Status&)>& on_left_out,
                            const std::function<void(std::int64_t, std::int64_t)>& on_progress = {});

/// A database of `rows` simulated rows for benchmarks: the distribution of design/performance.md, seeded.
Status simulate_rows(const std::string& database, std::int64_t rows, std::uint64_t seed);

}  // namespace imreg
