// One writer at a time: an open-file-description lock on X.db.lock. The kernel drops it when the holder dies, however it dies.
// The file is never renamed, and removed only where no database came to be; its text says who holds it, or in which state the last holder left the database.
#pragma once

#include <string>

#include "imreg/status.h"
#include "os/file.h"

namespace imreg {

class WriterLock {
 public:
  /// Takes the lock on `path`, waiting up to `wait_seconds`. A file that is made for it is as accessible as `like`, empty: as
  /// the database. Errors: busy (the message says who holds it and since when), io.
  static Result<WriterLock> take(const std::string& path, const std::string& program, double wait_seconds,
                                 const std::string& like = {});
  /// True while somebody else holds it. A reader asks; it needs no permission to write.
  static bool is_held(const std::string& path);
  /// True while its holder may be adding rows, and when such a one has died since the machine was started: the page cache has
  /// all that it wrote, in order. False while a holder only brings in order what a dead one left, and when nobody holds it.
  static bool is_at_work(const std::string& path);

  WriterLock() = default;
  bool held() const { return file_.is_open(); }
  /// From now on rows are added.
  Status begin_work();
  /// What the last holder left when it released the lock, empty when it died.
  const std::string& last_state() const { return last_state_; }
  /// Gives the lock back and leaves `state` for the next holder; empty: nothing is known, check everything.
  void release(const std::string& state);
  /// Gives the lock back and removes its file, where there is nothing that it could protect.
  void remove();

 private:
  File file_;
  std::string holder_;
  std::string last_state_;
};

/// An identity of this boot of the machine: what was only in the page cache is still there while it stays the same.
/// Empty when it cannot be known.
const std::string& boot_id();

}  // namespace imreg
