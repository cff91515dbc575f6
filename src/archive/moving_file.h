// X.db.moving: what a program that moves or removes files is about to do, durable before it begins, so that whoever comes next
// can end it. It is locked while its program lives, made under the writer's lock of the database, and gone when all is done.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os/file.h"

namespace imreg::archive {

/// One name that becomes another.
struct MovingItem {
  std::string from, to;   ///< whole paths; of a removal `to` is a hidden name beside `from`, until it is emptied
  std::string temporary;  ///< a copy in the folder of `to`, of a move to another file system; else empty
  bool folder = false;
  std::uint64_t inode = 0;  ///< of `from`, when it was planned
};

struct Moving {
  enum class Action : char { move = 'm', remove = 'r' };
  /// Where it may have stopped, and so what is to be done: copies are taken away; renames, and then rows, are ended;
  /// what has become useless is removed.
  enum class Phase : char { copying = 'c', renaming = 'n', emptying = 'e' };
  Action action = Action::move;
  Phase phase = Phase::renaming;
  std::string program, command;
  std::vector<MovingItem> items;
};

std::string moving_path(const std::string& database);
/// Behind its path: the name under which it is written.
inline constexpr const char* kUnfinished = ".unfinished";
std::string text_of(const Moving& moving);
/// Error: corrupt, mismatch (of another release).
Result<Moving> read_moving(std::string_view text);

/// The file, locked.
class MovingFile {
 public:
  /// What an earlier program left; none when there is nothing. The caller holds the writer's lock. Error: busy (it is at work), those of read_moving().
  static Result<std::optional<MovingFile>> find(const std::string& database, IoObserver* observer);
  /// The caller holds the writer's lock, and found none.
  static Result<MovingFile> create(const std::string& database, Moving moving, IoObserver* observer);

  const Moving& content() const { return content_; }
  const std::string& path() const { return path_; }
  /// Durably. The caller holds the writer's lock.
  Status enter(Moving::Phase phase);
  /// All is done.
  Status remove();

 private:
  Status write(const std::string& like);
  Result<bool> lock();

  std::string path_;
  Moving content_;
  IoObserver* observer_ = nullptr;
  File file_;
};

}  // namespace imreg::archive
