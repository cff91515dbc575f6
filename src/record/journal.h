// The redo journal X.db.journal: changes that must be all or nothing. One transaction, one fdatasync: that is the commit.
// Then the bytes go into the record file, unsynced; a checkpoint syncs them and lets the journal begin again.
//
//   0     magic, version, file UUID, generation, CRC       written when a generation begins
//   512   hint: boot identity, generation, end of what is in the record file already, last sequence, rows, a row that the last
//         of it changed and its change number, CRC          unsynced, written now and then, only saves work
//   1024  transactions: head (magic, generation, sequence, rows before, sizes), changes, added rows, CRC over all
//         or, of many rows: head (another magic, generation, sequence, rows before, size, CRC over all), changes (many_changes.h).
//         The head is written last: without it there is no transaction. Version 2, so that older programs do not pass over it.
//
// A transaction counts only when its CRC holds and it has the generation of the journal and of the record file's JRNLGEN card.
// A journal of an older generation has been emptied by a checkpoint; one of a newer generation belongs to a newer life of the
// file (a backup was restored under it) and is refused.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/record_file.h"
#include "imreg/status.h"
#include "os/file.h"
#include "os/map.h"
#include "record/container.h"
#include "record/many_changes.h"

namespace imreg {

/// Some bytes of one row.
struct Change {
  std::int64_t row = 0;
  std::uint32_t offset = 0;  ///< in the record
  std::string_view bytes;
  std::int64_t sequence = 0;  ///< of its transaction
};

/// A row that a transaction has changed, and its change number then: a file whose row is older has not got the transaction.
struct RowMark {
  std::int64_t row = -1;
  std::int64_t number = 0;
};

/// A whole transaction as it stands in the journal.
struct Transaction {
  std::uint64_t sequence = 0;    ///< the change number
  std::int64_t rows_before = 0;  ///< rows in the file when it was committed
  std::vector<Change> changes;
  std::string_view added;           ///< records behind rows_before
  std::optional<ManyChanges> many;  ///< instead of both
  RowMark mark() const;
};

/// The transaction at the front of `in`, and how many bytes it has; nothing when it is not whole. Views point into `in`.
std::optional<Transaction> transaction_at(std::string_view in, const Uuid& uuid, std::int64_t generation,
                                          std::int64_t record_size, std::size_t& used);
/// The first whole one that begins at `at` or behind it and before `end`, wherever that is; `at` is behind it then.
std::optional<Transaction> next_transaction(std::string_view bytes, std::size_t& at, std::size_t end, const Uuid& uuid,
                                            std::int64_t generation, std::int64_t record_size);
/// How the change of a piece of a row begins; its bytes follow.
std::string change_head(std::int64_t row, std::int64_t offset, std::size_t size);

/// A journal for reading; its texts point into the map.
struct JournalView {
  Map map;
  std::vector<Transaction> transactions;  ///< in order, those still to be applied when the hint was trusted
  std::uint64_t last_sequence = 0;        ///< of the last whole transaction, 0 when there is none
  std::int64_t generation = -1;           ///< -1 when there is no journal of this file
  std::int64_t end = 0;                   ///< behind the last whole transaction
  /// Whole ones behind something that is not, looked for when the hint is not trusted. No power cut leaves that: each
  /// transaction is synced before the next one is written.
  std::vector<Transaction> behind_damage;
  char generation_seen[8] = {};  ///< in its head, whole or not
  bool head_torn = false;  ///< there is one, and it does not hold, as a power cut leaves the head of a new generation
  /// False: a checkpoint has begun the journal anew. What its texts say is nothing any more; all of it is in the file.
  bool holds() const;
};

/// Reads the journal beside a record file. No journal, or one of an older generation: empty. A generation below 0 (the cards
/// of the record file are torn, which happens only while a checkpoint ends) takes the journal as it is.
/// With `file_has` what the hint says is in the file already is left out: while the machine has not been restarted, the file
/// has `rows` rows or more, and the row of the hint its change; an older copy that was put there has less.
/// Errors: mismatch (other UUID, newer generation), io.
Result<JournalView> read_journal(const std::string& path, const Container& container, std::int64_t generation,
                                 std::int64_t rows, const std::function<bool(const RowMark&)>& file_has = {});

/// Whether the journal at this path, of whatever file, holds changes since its last checkpoint; in doubt (a head that is
/// damaged, a file that cannot be read) it does.
bool holds_changes(const std::string& journal);

/// The journal as its writer holds it.
class Journal {
 public:
  /// Opens or makes it for a generation; what is in it has been applied. `end` is where the next transaction goes.
  static Result<Journal> open(const std::string& path, const Container& container, std::int64_t generation,
                              std::int64_t end, std::uint64_t last_sequence, std::int64_t rows, IoObserver* observer);

  /// For recovery, before anything new is written: the disk gets what recovery saw. Transactions that only the page cache
  /// held, or that were zeroed there only, must not go or come back after a power cut. What stands behind the last whole one
  /// is zeroed: the next commit may end just where a part of it begins.
  static Status settle_on_disk(const std::string& path, std::int64_t end, IoObserver* observer);

  /// Writes and syncs one transaction. On a failure its bytes are zeroed, so that nobody replays them.
  Status commit(const Transaction& transaction);
  /// The same of a transaction that nobody holds in memory: `pieces` gives so many bytes, changes and then added rows, to
  /// what it is called with, piece by piece.
  using Put = std::function<Status(std::string_view)>;
  Status commit_pieces(const Transaction& head, std::int64_t bytes_of_changes, std::int64_t bytes_of_added,
                       const std::function<Status(const Put&)>& pieces);
  /// Some of the changes of a transaction of many rows. On a failure nothing of them remains.
  Status add(std::string_view changes);
  /// The head of the transaction, and its sync.
  Status commit_added(std::uint64_t sequence, std::int64_t rows_before);
  /// It shall not be.
  void drop_added();
  /// The last transaction, which commit_added() has just written, read back.
  Result<JournalView> last_added(std::int64_t record_size) const;
  /// True after a failed sync, or when zeroing failed: what the disk holds is not known.
  bool unsure() const { return unsure_; }
  /// Everything up to here is in the record file, which has so many rows; the last of it in this one. The hint follows now
  /// and then.
  void applied(std::int64_t rows, const RowMark& mark);
  /// The hint says all that was applied: when the writer goes.
  void settle() {
    if (hinted_end_ != applied_end_ && mark_.row >= 0) write_hint();
  }
  /// Begins a new generation. The record file must be synced and its JRNLGEN card say so before.
  Status restart(std::int64_t generation, std::int64_t rows);
  std::int64_t size() const { return end_; }
  /// Whether there is a transaction in front of `end`.
  static bool holds_something(std::int64_t end);

 private:
  Status write_head(std::uint32_t version);
  std::string head_of(const Transaction& transaction, std::uint64_t changes, std::uint64_t added) const;
  Status make_room(std::int64_t end);
  void write_hint();
  File file_;
  Uuid uuid_{};
  std::int64_t generation_ = 0;
  std::int64_t end_ = 0;
  std::int64_t allocated_ = 0;
  std::int64_t last_ = 0;   ///< where the last transaction begins
  std::int64_t added_ = 0;  ///< bytes of changes behind `end_` that have no head yet
  std::uint32_t added_check_ = 0;
  std::uint32_t version_ = 0;  ///< of the head; 0: not looked at
  std::int64_t applied_end_ = 0;
  std::int64_t hinted_end_ = 0;
  std::int64_t rows_ = 0;  ///< in the record file when applied_end_ was reached
  RowMark mark_;           ///< of the last transaction in front of that
  std::uint64_t last_sequence_ = 0;
  bool unsure_ = false;
};

}  // namespace imreg
