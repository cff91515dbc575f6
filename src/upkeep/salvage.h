// A database file that may be damaged anywhere, read for what is still whole in it: nothing that it says of itself is
// believed unless the checks of its rows say so too.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "os/file.h"
#include "os/map.h"
#include "record/container.h"
#include "upkeep/journal_scan.h"
#include "upkeep/known.h"

namespace imreg::upkeep {

struct Salvage {
  File file;
  std::int64_t size = 0;
  Container container;             ///< count: rows that there were, as far as anything tells
  bool counted = false;            ///< the file says so itself, and its check holds
  std::vector<std::string> notes;  ///< how the header was found
  Map journal_map;
  JournalScan journal;                                 ///< points into the map
  std::map<std::int64_t, std::vector<Change>> pieces;  ///< of the journal, by row, older first
  std::vector<const Transaction*> large;               ///< of the journal, those of many rows
  std::vector<std::int64_t> missing;                   ///< numbers of changes of which the journal has only ruins
  std::int64_t newest_change = 0;                      ///< by header and journal
  Known lock;                                          ///< what the last writer left
  Status unread;                                       ///< why changes that there may be cannot be read

  std::int64_t record_size() const { return container.schema->record_size; }
  std::int64_t place_of(std::int64_t row) const { return container.data_offset + row * record_size(); }

  /// `lock_text`: what the last writer left, for who holds the lock by now. Errors: not_found, io, invalid (no database of
  /// ours, and no rows of one).
  static Result<Salvage> open(const std::string& path, const std::string* lock_text = nullptr);

  enum class Fate {
    whole,
    newer,  ///< whole with what the journal holds
    older,  ///< whole, but a change that the journal holds cannot be laid over it
    lost
  };
  /// Calls `visit` for every row that there is or was, in order, until it returns false; `bytes` of a lost one are what
  /// stands there, nullptr when there is nothing. `rows` is 1, but where many rows in a row are not there at all: a count
  /// may say anything. Errors: io.
  using Visit = std::function<bool(std::int64_t row, std::int64_t rows, Fate, const char* bytes)>;
  Status each(const Visit& visit) const;
  bool holds(std::int64_t row, const char* bytes) const;

 private:
  Status find_rows(const std::string& path);
  void take_journal(const std::string& path);
  SealFields seal() const;
  bool was_sealed(std::string row) const;
  Fate fate_of(std::int64_t row, std::string& bytes) const;
  std::int64_t next_in_journal(std::int64_t row) const;
};

/// What can be read in a record that is not whole: "its filename reads "a.fits"". Empty: nothing.
std::string what_is_readable(const Schema& schema, const char* record);
/// "d94dbe8f-...": nothing when it is none.
std::optional<Uuid> uuid_of(const std::string& text);

}  // namespace imreg::upkeep
