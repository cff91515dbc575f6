// Header tables of an archive: every card of every HDU of every file, in a folder of record files.
//
//   DIR/files.db             a row for each file: which it is, when it was read, what became of it
//   DIR/headers/TABLE.db     a row for each HDU of one kind, a column for each keyword
//   DIR/headers/TABLE.heap   the whole headers
//   DIR/Imreg.db             the registration database: a row for each image
//   DIR/master.db            a row for each observation
//   DIR/datasets.db          which kinds of files an observation has
//
// and, where they are wanted, pictures of the images, in folders of their own.
//
// Which table: DETECTOR_FILETYPE_HDU for the ACS of the Hubble telescope, as acsql had them (wfc_flt_1); CAMERA_NAME for all others,
// where NAME is 0 for the primary HDU, else EXTNAME without its number.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "imreg/registry.h"
#include "imreg/status.h"

namespace imreg {

class IoObserver;
class PictureKeeper;
struct CheckOptions;
struct CheckReport;

struct IngestOptions {
  std::string folder;                            ///< DIR; made when it is missing
  std::vector<std::string> trees;                ///< folders and files
  bool rehearse = false;                         ///< say what would be done, write nothing
  bool again = false;                            ///< read all files of the trees, though they have not changed
  bool public_only = false;                      ///< leave alone what its release date says is not public yet
  std::string layout;                            ///< how the archive names its files (man imingest); empty: as it likes
  std::string proposals;                         ///< the file of the types of programmes; empty: none
  std::string log;                               ///< the folder of logs; empty: no log
  std::string jpegs, thumbnails;                 ///< folders of pictures; empty: none
  std::shared_ptr<PictureKeeper> pictures = {};  ///< who makes them (imreg/look.h)
  /// A file of which no picture can be made.
  std::function<void(const std::string& path, const std::string& reason)> no_picture = {};
  bool json_log = false;
  int jobs = 1;
  double wait_seconds = 10;
  bool on_network = false;
  CameraSources cameras;
  std::shared_ptr<Temperatures> temperatures = {};  ///< as RegisterOptions has them
  IoObserver* observer = nullptr;
  std::function<void(std::int64_t done, std::int64_t all)> progress = {};  ///< files
};

/// What became of one file that is new, changed or gone.
struct IngestedFile {
  enum class Fate { fresh, changed, moved, gone, passed, waiting, failed };
  std::string path;
  Fate fate = Fate::fresh;
  int hdus = 0;
  std::string reason;  ///< why it failed, waits or was passed over; what of it is lost; where it was
  std::string
      what{};  ///< class of the reason: a word of formats/files.fmt; "path", too long for files.db; "unregistered", it
               ///< gives no image, and its headers are in the tables
};

/// Pictures of the ACS are acsql's: FOLDER/PROPOSAL/ROOTNAME_FILETYPE.jpg of raw, flt and flc, .thumb of flt; those of any other file with an
/// image have its path: FOLDER/data/night/a.fits.jpg.
struct PictureReport {
  std::int64_t made = 0, current = 0, removed = 0;  ///< pictures; removed: of files that are gone
  std::int64_t without = 0, failed = 0,
               failed_before = 0;  ///< files: no image; damaged; known to be, and not tried again
  Status stopped;                  ///< why none can be written: what was made stays, and the headers are in the tables
};

struct IngestReport {
  std::int64_t found = 0;          ///< files in the trees
  std::int64_t outside = 0;        ///< files that do not stand as the layout says
  std::int64_t unchanged = 0;      ///< that were known already
  std::int64_t failed_before = 0;  ///< of those: they could not be read, and were not tried again
  std::int64_t fresh = 0, changed = 0, moved = 0, gone = 0, passed = 0, waiting = 0, failed = 0;
  std::map<std::string, std::int64_t>
      classes;            ///< of those that are not in the tables, or not whole, by class of reason
  std::int64_t held = 0;  ///< files that are not there, not taken for gone because of the faults
  std::int64_t rows = 0;  ///< header rows written
  RegisterReport images;  ///< what came into the registration database
  PictureReport pictures;
  std::vector<std::string> notes;  ///< columns whose type is another one now
  std::vector<Status> faults;      ///< folders that cannot be read: nothing below them is taken for gone
};

/// Reads what is new or changed below the trees, marks what is gone. May be killed at any point and called again; one bad file never stops it.
/// Errors: not_found (no such tree), invalid (layout, table of programmes), busy (another ingest is at work), io, those of the tables.
Result<IngestReport> ingest_trees(const IngestOptions& options,
                                  const std::function<void(const IngestedFile&)>& on_file = {});

/// A header of a file that was ingested.
struct FileHeader {
  std::string path, table;
  int hdu = 0;
  std::string cards;  ///< of 80 characters, without END
};

struct FoundHeaders {
  std::vector<FileHeader> headers;  ///< in the order of files and HDUs
  std::vector<Status> faults;       ///< tables and heaps that cannot be read: they may have more
};

/// The headers of a file, by its path or name, or of all files of an observation, by its rootname. Errors: not_found (it names near
/// ones); the first fault when nothing else was found.
Result<FoundHeaders> find_headers(const std::string& folder, const std::string& name);

/// "wfc_flt_1": the tables of a folder. Error: io.
Result<std::vector<std::string>> header_tables(const std::string& folder);
/// DIR/Imreg.db, for those who register apart from an ingest.
RegisterOptions ingest_registration(const IngestOptions& options);
/// DIR/headers/TABLE.db, or DIR/TABLE.db for files, master and datasets. Error: not_found, with the names of near ones.
Result<std::string> header_table_path(const std::string& folder, const std::string& table);

/// Whether this is the Imreg.db that imingest did not make, because there was no image yet, in a folder of its tables.
bool has_headers_only(const std::string& database);
/// What is wrong with a header table and its heap; or, with the Imreg.db of a folder of tables, with all of them, and whether each file
/// has as many headers as files.db says. For check_database() of imreg/upkeep.h, which looks at the database itself.
void check_ingest(const std::string& database, const CheckOptions& options, CheckReport& report);

}  // namespace imreg
