// A record file that is made out of the rows of another one: under a temporary name until it is whole, then in one step under
// its own. Its header is that of the other one, card by card, but for its identity and its counts.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "imreg/status.h"
#include "os/file.h"
#include "record/container.h"
#include "record/write_behind.h"

namespace imreg {

class NewRecordFile {
 public:
  /// Begins `path`.unfinished; one that a killed program left there goes. `like` lends the header, the mode and, where that
  /// may be given, the owner; `of` is its container, with the UUID that the new file shall have. Errors: io, corrupt.
  static Result<NewRecordFile> create(const std::string& path, const File& like, const Container& of,
                                      IoObserver* observer = nullptr);
  /// With this header, and the mode and owner of `like`, or those that a new file gets. Error: io.
  static Result<NewRecordFile> create(const std::string& path, const std::string& header, const File* like,
                                      const Container& of, IoObserver* observer);
  static Result<NewRecordFile> create(const std::string& path, const std::string& header, const Container& of,
                                      IoObserver* observer = nullptr) {
    return create(path, header, nullptr, of, observer);
  }

  /// Room for so many rows: a full disk is found before the work.
  Status reserve(std::int64_t rows);
  /// The next row, with a check for its new place.
  Status add(std::string_view row);
  /// A row that is sealed for this file and place, in any order.
  Status put(std::int64_t row, std::string_view bytes);
  /// Behind add() and put(): there are so many rows, and this is the last change number. Everything is on the disk then.
  Status finish(std::int64_t rows, std::int64_t change_number);
  /// Takes its name; what had the name is gone. Nothing is lost whenever the machine stops.
  Status take_name();
  /// Removes it again if it has its name.
  void give_up();

  std::int64_t rows_added() const { return rows_; }
  NewRecordFile(NewRecordFile&&) noexcept;
  NewRecordFile& operator=(NewRecordFile&&) = delete;
  ~NewRecordFile();

 private:
  NewRecordFile() = default;
  std::int64_t place_of(std::int64_t row) const { return of_.data_offset + row * of_.schema->record_size; }
  std::unique_ptr<File> file_;
  std::unique_ptr<WriteBehind> rows_out_;
  std::string path_, temporary_;  ///< the latter empty: nothing to remove
  Container of_;
  int crc_offset_ = 0;
  std::int64_t rows_ = 0;  ///< that were added
  IoObserver* observer_ = nullptr;
};

/// A file of ours as it must be for a new one to take its name: its journal, which must hold nothing that the file does not,
/// goes, durably. A journal beside another file than its own would be refused.
Status remove_journal(const std::string& path, IoObserver* observer = nullptr);

}  // namespace imreg
