// Prints one clean line for each trouble, and sums where there would be a flood.
#include "cli/messages.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/text.h"
#include "cli/progress.h"
#include "imreg/date.h"

namespace imreg::cli {

namespace {

// One write: lines of several threads or programs do not mix.
void write_line(const std::string& line) {
  for (std::size_t at = 0; at < line.size();) {
    const ssize_t written = ::write(STDERR_FILENO, line.data() + at, line.size() - at);
    if (written <= 0) return;  // nobody is left who could be told
    at += static_cast<std::size_t>(written);
  }
}

// What is started from a desktop or a service inherits JOURNAL_STREAM, and may write elsewhere.
bool writes_to_journal() {
  struct stat info {};
  const char* const stream = std::getenv("JOURNAL_STREAM");
  return stream && ::fstat(STDERR_FILENO, &info) == 0 &&
         stream == std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
}

}  // namespace

void warn(std::string_view program, std::string_view text) {
  write_line(Progress::erase() + std::string(program) + ": " + visible(text) + "\n");
}

void log(std::string_view program, int priority, std::string_view text) {
  static const bool is_journal = writes_to_journal();
  write_line((is_journal ? "<" + std::to_string(priority) + ">"
                         : std::string(program) + ": " + format_iso(current_time(), 0) + " ") +
             visible(text) + "\n");
}

void Tally::add(const std::string& kind, const std::string& line) {
  ++lines_;
  if (first_.size() < few_) first_.push_back(line);
  ++kinds_[kind];
}

void Tally::tell(std::string_view program, std::string_view before, std::string_view what) const {
  if (lines_ <= static_cast<std::int64_t>(few_)) {
    for (const auto& line : first_) warn(program, line);
    return;
  }
  constexpr std::size_t kMostKinds = 10;
  std::vector<std::pair<std::string, std::int64_t>> kinds(kinds_.begin(), kinds_.end());
  if (kinds.size() > kMostKinds)
    std::stable_sort(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string list;
  for (std::size_t i = 0; i < kinds.size() && i < kMostKinds; ++i)
    list += (i == 0 ? "" : ", ") + kinds[i].first + ": " + std::to_string(kinds[i].second);
  if (kinds.size() > kMostKinds) list += ", and " + std::to_string(kinds.size() - kMostKinds) + " more";
  warn(program,
       std::string(before) + " " + std::to_string(lines_) + " " + std::string(what) + " (" + list + "); -v names them");
}

void complain(std::string_view program, const Status& status) { warn(program, status.text()); }

void complain(std::string_view program, const DamagedRows& rows) {
  for (const auto& status : rows.first) complain(program, status);
  if (const auto others = rows.count - std::ssize(rows.first); others > 0) {
    warn(program, "only the first " + counted(std::ssize(rows.first), "damaged record") + " are named; " +
                      std::to_string(others) + " more were left out");
  }
}

int end_with(std::string_view program, const Status& status) {
  const bool usage = status.file().empty() && (status.code() == Code::invalid || status.code() == Code::not_found);
  if (usage) {
    for (const auto line : split(status.message(), '\n')) warn(program, line);
  } else {
    complain(program, status);
  }
  return usage ? kUsage : kTrouble;
}

}  // namespace imreg::cli
