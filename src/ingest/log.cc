// Lines are written when what they tell is durable.
#include "ingest/log.h"

#include <sys/stat.h>

#include <cerrno>
#include <cmath>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "imreg/date.h"
#include "os/walk.h"

namespace imreg::ingest {

Result<Log> Log::open(const std::string& folder, const std::string& module, Format format) {
  if (::mkdir(folder.c_str(), 0777) != 0 && !(errno == EEXIST && is_folder(folder)))
    return os_error(folder, "the folder of logs cannot be made", errno);
  std::string minute = format_iso(current_time(), 0).substr(0, 16);  // 2026-11-22T14:03
  for (char& c : minute) {
    if (c == 'T' || c == ':') c = '-';
  }
  Log out;
  out.format_ = format;
  const char* const ending = format == Format::json ? ".json" : ".log";
  IMREG_ASSIGN(out.file_, File::open(below(folder, module + "_" + minute + ending), File::Mode::create));
  IMREG_ASSIGN(out.written_, out.file_.size());  // another run of this minute
  return out;
}

void Log::add(std::string_view level, std::string_view subject, std::string_view message) {
  if (!file_.is_open()) return;
  const std::string now = format_iso(std::floor(current_time()), 0);  // 2026-11-22T14:03:20Z
  const std::string text = visible(message);
  if (format_ == Format::json) {
    waiting_ += "{\"time\":" + json_text(now) + ",\"level\":" + json_text(level) +
                (subject.empty() ? "" : ",\"rootname\":" + json_text(subject)) + ",\"message\":" + json_text(message) +
                "}\n";
    return;
  }
  waiting_ += now.substr(5, 2) + "/" + now.substr(8, 2) + "/" + now.substr(0, 4) + " " + now.substr(11, 8) + " ";
  waiting_ += std::string(level) + ": " + (subject.empty() ? "" : std::string(subject) + ": ") + text + "\n";
}

Status Log::flush() {
  if (waiting_.empty()) return {};
  IMREG_TRY(file_.write(written_, waiting_));
  written_ += std::ssize(waiting_);
  waiting_.clear();
  return {};
}

}  // namespace imreg::ingest
