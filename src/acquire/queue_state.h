// The inside of Queue: what its steps share.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "acquire/queue_file.h"

namespace imreg {

namespace acquire {
std::string line_name(std::int64_t id);
Status not_held(const std::string& path, std::int64_t id);
}  // namespace acquire

struct Slot::State {
  SlotLock lock;
  std::string worker;
  /// Lines that were announced or taken, and are known to be: queue file, line. A step that failed may be durable; then its
  /// lines have the slot and are not here.
  std::set<std::pair<std::string, std::int64_t>> held;
  /// Lines whose finish() failed when they were to go on: they may have, whatever it said.
  std::set<std::pair<std::string, std::int64_t>> perhaps_sent;
};

struct Queue::State {
  std::string database, queue, path;
  Options options;
  std::vector<std::string> notes;
  std::set<std::int64_t> damaged;  ///< rows that notes have told about
  bool unsure = false;             ///< a take() failed: what it wanted may be taken

  /// Of the file as it was seen last. A line that is final stays so, so those before `open` need not be looked at again.
  struct Seen {
    std::string uuid;
    std::int64_t changes = 0, count = 0;
    std::int64_t open = 0;         ///< all rows before it are final
    std::int64_t removable = 0;    ///< of these: not failed
    std::int64_t unannounced = 0;  ///< no row before it is announced; none becomes so later
  } seen;

  /// For add(): the rows of images that are in the queue, by the hash of what the image is; with those that it appended.
  struct Present {
    std::string uuid;
    double begun = 0;
    std::int64_t read = 0;  ///< rows of the file that were looked at
    std::unordered_multimap<std::size_t, std::int64_t> rows;
  } present;

  /// A line in another queue that sends one here.
  struct Origin {
    std::string queue;
    std::int64_t line = 0;
    int take = 0;
    bool perhaps_sent = false;
    bool has_failed = false;  ///< one line for it is enough: none while one of its image waits here, or is worked on
  };
  struct OpenRow {
    std::int64_t row;
    Record record;
  };

  Result<RecordFile> open_file() const;
  Result<RecordWriter> open_writer(bool make);

  /// The lines that are not final, in order, until `visit(row, record)` returns false. `quietly`: a damaged one is not noted.
  void each_open(const RecordFile& file, bool quietly, const std::function<bool(std::int64_t, Record&)>& visit);
  /// Forgets what was seen when it is another file, or an older one.
  void look_again(const RecordFile& file);
  /// The lines that are announced, in order. Those that were not when it was called last are not looked at again.
  void each_announced(const RecordFile& file, const std::function<void(std::int64_t, Record&)>& visit);
  /// The first of them; 0: none.
  std::int64_t first_announced(const RecordFile& file);
  Status see_present(const RecordFile& file, double begun);
  /// The row of a line, or -1.
  static std::int64_t row_of(const RecordFile& file, std::int64_t id);
  static std::int64_t next_id(const RecordFile& file);
  /// The number of the line that was sent and released; 0: none was.
  static std::int64_t line_sent(const RecordFile& file, const Origin& origin);
  bool holds(const Slot& slot, std::int64_t id) const { return slot.state_->held.contains({path, id}); }
  void hold(const Slot& slot, std::int64_t id) const { slot.state_->held.emplace(path, id); }
  void let_go(const Slot& slot, std::int64_t id) const { slot.state_->held.erase({path, id}); }

  /// What became of lines whose announcer has died: waiting or dropped. Those of which it cannot be known stay.
  void settle(std::vector<OpenRow> rows, std::vector<RowChange>& changes);
  /// Whether a line of another queue was finished when it was taken for this time.
  Result<bool> was_finished(const Origin& origin) const;

  /// `origins`: one for each line, or none.
  /// May be fewer than `lines`: see Origin::has_failed.
  Result<std::vector<std::int64_t>> announce(const Slot& slot, const std::vector<QueueLine>& lines,
                                             const std::vector<Origin>& origins);
  /// Changes lines as one step: `edit` says whether it did something with the record, or why not.
  using Edit = std::function<Result<bool>(Record& record, std::size_t which)>;
  Status change(const std::vector<std::int64_t>& ids, const Edit& edit);
  /// Marks the rows for which `edit` returns true and makes the file anew without them. Returns how many.
  Result<std::int64_t> take_out(const std::function<bool(Record& record)>& edit);
  /// Announced lines in all queues of the database whose announcers have died.
  Status settle_all();
};

}  // namespace imreg
