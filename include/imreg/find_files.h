// Whether the files of a database are where its rows say, and where those that are not have gone. man 1 imcheck, -files.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "imreg/camera.h"
#include "imreg/status.h"

namespace imreg {

struct FindFilesOptions {
  int jobs = 0;                     ///< threads; 0: one for each processor
  bool full = false;                ///< reads the headers of every file, not only of those whose size or time differ
  std::vector<std::string> search;  ///< folders in which missing files are looked for
  CameraSources cameras;            ///< tables of the user: what is not registered is judged as imregister does
  /// Rows whose files were looked at, and all of them; 0 of all: files that a search came by. By one thread at a time.
  std::function<void(std::int64_t done, std::int64_t all)> progress;
};

/// One thing that was found out about a file, or about a folder with all that is in it.
struct FileFinding {
  enum class Kind {
    no_folder,     ///< a folder is not there: all files below it are missing
    missing,       ///< no such file
    changed,       ///< it is not what was registered
    twice,         ///< the same image stands in the database under another path (`other`)
    unreadable,    ///< it cannot be known
    touched,       ///< other time, same headers and size: a note
    unregistered,  ///< a file with images in a folder of registered ones: a note
    ambiguous,     ///< missing, and found at more than one place (`other` is the first)
    unexplained    ///< missing, and found nowhere; or found where no rule can send its rows
  };
  Kind kind = Kind::missing;
  std::string path;
  std::string other;
  std::string what;          ///< in words
  std::int64_t record = -1;  ///< the first of its rows, from 0
  std::int64_t files = 1;
  std::int64_t rows = 0;
};
/// Its word in reports.
const char* word_of(FileFinding::Kind kind);
bool is_note(FileFinding::Kind kind);

/// A line for imrelocate: OLD and NEW are whole components; the first rule that matches decides.
struct ProposedRule {
  std::string from, to;
  std::int64_t files = 0;  ///< missing ones that it sends to where they were found
  std::int64_t rows = 0;
  std::int64_t along = 0;  ///< files that are missing everywhere, whose rows go with the others
  std::string root;        ///< `from` is the prefix of this path root: imrelocate -root is the better way
};

/// Of files, but for two.
struct FileCounts {
  std::int64_t files = 0;                      ///< that are registered
  std::int64_t damaged = 0;                    ///< rows that were left out, because they are damaged
  std::int64_t missing = 0, missing_rows = 0;  ///< and the rows of these
  std::int64_t changed = 0, touched = 0, twice = 0, unregistered = 0, unreadable = 0;

  FileCounts& operator+=(const FileCounts& more);
};

struct FilesReport : FileCounts {
  std::string database;
  std::int64_t rows = 0, folders = 0;  ///< that are not deleted
  std::vector<FileFinding> findings;   ///< folder by folder

  bool searched = false;
  std::int64_t walked = 0;                               ///< files that the search came by
  std::int64_t found = 0, explained = 0;                 ///< of the missing: at one place at least; by the rules
  std::int64_t by_name = 0, ambiguous = 0, nowhere = 0;  ///< found by name alone (rows without a fingerprint) ...
  std::vector<ProposedRule> rules;                       ///< in the order in which they are to be tried
  double seconds = 0;

  bool well() const { return missing + changed + twice + unreadable + damaged == 0; }
};

/// Looks at every file that has rows: never writes, and waits for nothing but the file systems.
/// Errors: those of RecordFile::open; invalid (rows without a path, a folder to search that is none), io, corrupt (roots).
Result<FilesReport> check_files(const std::string& database, const FindFilesOptions& options);

/// For people. Lines about what was found, the first of each kind in each folder (`all`: every one; `notes`: notes too), and
/// a summary. With a search the summary is a file of rules for imrelocate, all else in it behind #.
std::vector<std::string> lines_of(const FilesReport& report, bool all, bool notes);
std::string report_text(const FilesReport& report);
/// Everything, one JSON object.
std::string report_json(const FilesReport& report);

}  // namespace imreg
