// mv and rm for files whose rows follow: disk and database change together, or neither. man 1 immv, man 1 imrm.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "imreg/status.h"

namespace imreg {

class IoObserver;

struct MoveOptions {
  std::string database;
  std::string program = "immv";  ///< named to others who wait, and in the history
  std::string command;           ///< what was asked for, for the history
  bool dry_run = false;          ///< look, and change nothing
  bool part = false;             ///< some files of a SPLIT exposure may be named without the others
  bool recursive = false;        ///< remove folders
  bool force = false;            ///< and with them files that are not registered
  double wait_seconds = 10;      ///< for the lock, and for another program that moves files
  bool on_network = false;
  IoObserver* observer = nullptr;  ///< tests: sees and fails file operations
  /// Asked for each name before anything is done; `to` is empty of a removal. No question without it.
  std::function<bool(const std::string& from, const std::string& to)> ask;
  /// Bytes of files that are copied to another file system. Called by the thread that called.
  std::function<void(std::int64_t done, std::int64_t all)> progress;
};

/// What becomes of one name.
struct MovedName {
  std::string from, to;  ///< whole paths; `to` is empty of a removal
  bool folder = false;
  bool copied = false;            ///< to another file system
  std::int64_t rows = 0;          ///< that are not deleted
  std::int64_t unregistered = 0;  ///< files without a row, of a removal
};

struct MoveReport {
  std::string database;
  bool removal = false, dry_run = false;
  std::vector<MovedName> names;
  std::vector<Status> refused;     ///< names that cannot move, and why: nothing was done then
  std::vector<std::string> notes;  ///< what an earlier program had begun and what became of that; what is odd
  std::int64_t rows = 0;           ///< that changed
  std::int64_t bytes_copied = 0;
  Status failure;                  ///< trouble with disk or database: the message says what became of the files
  bool index_wants_merge = false;  ///< IndexKeeper::wants_merge()
};

/// Files and folders to a new name, or into a folder; a quoted glob is expanded. All of them, or none.
MoveReport move_files(const MoveOptions& options, const std::vector<std::string>& sources, const std::string& target);
/// Files, and with `recursive` folders, go away and their rows are marked as deleted. All of them, or none.
MoveReport remove_files(const MoveOptions& options, const std::vector<std::string>& files);
/// Ends what a program that moved or removed files had begun when it, or the machine, stopped; does nothing when there is
/// nothing. The notes say what was done.
MoveReport finish_moving(const MoveOptions& options);

/// A line or some for people; one JSON object on a line.
std::string report_text(const MoveReport& report, bool verbose);
std::string report_json(const MoveReport& report);

}  // namespace imreg
