// The file of a queue: where it is, its records, and the lines that they are.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "formats/queue.h"
#include "imreg/queue.h"
#include "imreg/record_file.h"
#include "os/slot.h"

namespace imreg::acquire {

std::string file_of_queue(const std::string& database, const std::string& name);
std::string workers_file(const std::string& database);
/// Makes X.db.queue when it is missing, as accessible as the database. Error: io, not_found.
Status make_queue_folder(const std::string& database);
/// Ok: such a name may be that of a queue. Error: invalid.
Status check_queue_name(const std::string& name);
/// Whether it is a queue's own files (NAME.queue, its journal) that are damaged, or are no such files.
bool is_damage_of(const std::string& file, const Status& trouble);
/// How to mend it; `saved`: lines of it can be.
std::string remedy_of_queue(const std::string& database, const std::string& name, bool saved = true);
/// Ok: this is a format that this release writes. Error: mismatch.
Status check_queue_file(const RecordFile& file);
/// Version 1 has no field `unsettled`: there its bytes are the end of `result`.
bool has_unsettled(const RecordFile& file);
/// No row before this one is announced, or becomes so: as the last line that is whole says. The same few rows are looked at however
/// long the queue is.
std::int64_t first_unsettled_row(const RecordFile& file);

using LineState = QueueLine::State;
inline LineState state_of(RecordView record) { return static_cast<LineState>(record[queue::kState]); }
inline bool is_final(LineState state) { return state > LineState::taken; }
QueueLine line_of(RecordView record);
/// Error: invalid, the path does not fit.
Result<Record> record_of(const QueueLine& line);
/// The same of a line that waits from now on, under a new number. `unsettled`: the first line that is announced; 0: none is.
Result<Record> waiting_record(QueueLine line, std::int64_t id, std::int64_t unsettled, const RecordFile& file);
/// Of a line that comes now.
void set_unsettled(Record& record, std::int64_t line, const RecordFile& file);
void set_state(Record& record, LineState state);
/// The same, and when.
void end_with(Record& record, LineState state);
/// Printable ASCII, cut: FITS allows nothing else in a column.
void set_text(Record& record, Field<Text> field, std::string_view text);

/// Whether the slots that stand in lines are held, each asked once: one that has gone does not come back, and none that was
/// held is needed again within a step.
class Holders {
 public:
  explicit Holders(const std::string& database) : slots_(workers_file(database)) {}
  bool alive(std::int64_t slot);

 private:
  Slots slots_;
  std::map<std::int64_t, bool> known_;
};

/// Of regimage's field mode; empty: there is no such mode.
std::string_view word_of_mode(int mode);

}  // namespace imreg::acquire
