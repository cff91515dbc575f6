// What X.db.history tells, for the tests of crashes.
#pragma once

#include <string>
#include <vector>

#include "imreg/history.h"

namespace imreg::crash {

// A change that was made, as the history tells of it. Changes that were not made are not told of: a cut may leave any number.
struct Told {
  BulkChange::Kind kind;
  std::int64_t rows;
  std::string command;
  bool undone;
  bool operator==(const Told&) const = default;
};
using Story = std::vector<Told>;

inline std::string words(const Story& story) {
  std::string out;
  for (const auto& one : story) {
    out += " " + std::string(word_of(one.kind)) + "(" + std::to_string(one.rows) + ")" + (one.undone ? " undone" : "");
  }
  return out.empty() ? " nothing" : out;
}

inline Result<Story> story_of(const std::string& path) {
  IMREG_ASSIGN(const auto file, RecordFile::open(path));
  IMREG_ASSIGN(const auto history, imreg::History::load(file));
  if (history.damaged() != 0) return Status(Code::corrupt, "a record of the history is damaged");
  Story out;
  for (const auto& change : history.changes()) {
    IMREG_TRY(history.command_of(change).status());
    if (change.done) out.push_back({change.kind, change.rows, change.command, change.undone_by != 0});
  }
  return out;
}

}  // namespace imreg::crash
