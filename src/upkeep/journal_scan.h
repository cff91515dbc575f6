// A journal as bytes, for people who must know all about it: what the engine passes over in silence (a head that has rotted,
// whole transactions behind a damaged one) is told here. Format: man 5 imreg-record.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/journal.h"

namespace imreg::upkeep {

struct JournalScan {
  enum class Head {
    none,  ///< too short, or zeros: made, and never used
    good,
    damaged,
    of_another,  ///< whole, for another UUID
    newer        ///< of a version that this program does not know
  };
  Head head = Head::none;
  Uuid uuid{};                  ///< by the head, whether it is damaged or not
  std::int64_t generation = 0;  ///< by the head
  bool hint_good = false;
  bool hint_empty = false;       ///< none was written for these changes: zeros, or that of an earlier generation
  std::int64_t hint_end = 0;     ///< up to here all is in the record file
  std::int64_t stray_byte = -1;  ///< the first byte that must be zero and is not
  /// Whole transactions of the generation that was asked for, in order of place; those from number `chained` on stand
  /// behind something damaged, where no reader finds them.
  struct Whole : Transaction {
    std::int64_t end = 0;  ///< in the journal
  };
  std::vector<Whole> transactions;
  std::size_t chained = 0;
  std::int64_t end = 0;           ///< behind those that stand one behind the other
  bool begun_behind_end = false;  ///< something begins at `end` that says it is one more transaction
  /// Whole changes stand behind a damaged one: the next writer would clear them.
  bool holds_behind_damage() const { return chained < transactions.size(); }
  /// Numbers of changes that stood in front of those, and are not whole. `before`: CHANGENO of the file; below 0: not known.
  std::vector<std::int64_t> missing(std::int64_t before) const;
};

/// Views point into `bytes`. `generation`: of the record file's JRNLGEN; below 0: that of the head.
JournalScan scan_journal(std::string_view bytes, const Uuid& uuid, std::int64_t generation, std::int64_t record_size);
/// Refuses what would bring the file in order, and so clear whole changes behind a damaged one. Error: corrupt.
Status refuse_to_clear_changes(const std::string& path);

}  // namespace imreg::upkeep
