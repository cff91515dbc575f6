// One statx for a file; headers are read where size or time differ, and of files that have no rows.
#include "archive/judge_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cmath>
#include <utility>

#include "imreg/fits_file.h"
#include "imreg/registry.h"
#include "os/file.h"
#include "os/walk.h"
#include "registry/file_rows.h"

namespace imreg::archive {

namespace {

using Kind = FileFinding::Kind;

const char* special_kind(mode_t mode) {
  return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

std::string size_text(std::int64_t before, std::uint64_t now) {
  return "it had " + std::to_string(before) + " bytes and has " + std::to_string(now);
}

}  // namespace

bool is_gone(int error) { return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG; }

Result<std::int64_t> fingerprint_of(const std::string& path) {
  IMREG_ASSIGN(const FitsHeaders headers, read_fits_headers(path));
  if (!headers.damage.empty()) return Status(Code::corrupt, headers.damage).in_file(path);
  return header_fingerprint(headers);
}

void FileJudge::registered(const OpenFolder& in, const RowsOfFile& file, Judged& out) const {
  ++out.counts.files;
  struct statx now {};
  // What a row that nobody may trust calls its file could be a path.
  const bool is_name = !file.name.empty() && file.name.find('/') == file.name.npos;
  const int error =
      !is_name ? ENOENT
      : ::statx(in.fd, file.name.c_str(), AT_STATX_SYNC_AS_STAT, STATX_TYPE | STATX_SIZE | STATX_MTIME, &now) == 0
          ? 0
          : errno;
  const auto path = [&] { return below(in.folder.path, file.name); };
  const auto told = [&](Kind kind, std::string what, std::int64_t& count) {
    const bool whole = rows_.whole(file.row);
    ++(whole ? count : out.counts.damaged);
    if (whole) out.findings.push_back({kind, path(), {}, std::move(what), file.row, 1, file.rows});
    return whole;
  };
  const auto say = [&](Kind kind, std::string what, std::int64_t& count) { (void)told(kind, std::move(what), count); };
  const auto changed = [&](std::string what) { say(Kind::changed, std::move(what), out.counts.changed); };
  const auto unreadable = [&](std::string what) { say(Kind::unreadable, std::move(what), out.counts.unreadable); };
  if (error != 0 && is_gone(error)) {
    if (!told(Kind::missing, "", out.counts.missing)) return;
    out.counts.missing_rows += file.rows;
    if (want_missing_) out.missing.push_back({in.number, file});
    return;
  }
  out.some_there = true;
  if (error != 0) return unreadable("it cannot be looked at: " + error_text(error));
  if (!S_ISREG(now.stx_mode)) return changed(std::string("it is ") + special_kind(now.stx_mode) + " now");
  if (file.fingerprint != 0) out.seen.push_back({file.fingerprint, file.size, in.number, file.row});
  if (!file.agree) return changed("its rows were made of different states of it");
  const double mtime = static_cast<double>(now.stx_mtime.tv_sec) + static_cast<double>(now.stx_mtime.tv_nsec) * 1e-9;
  const bool other_size = file.size > 0 && static_cast<std::uint64_t>(file.size) != now.stx_size;
  const bool other_time = !std::isnan(file.mtime) && file.mtime != mtime;
  if (!other_size && !other_time && !(options_.full && file.fingerprint != 0)) return;
  const auto is = file.fingerprint != 0 ? fingerprint_of(path()) : Result<std::int64_t>(std::int64_t{0});
  if (!is && is.status().code() == Code::io) return unreadable(is.status().message());
  const std::string sizes = other_size ? size_text(file.size, now.stx_size) : "",
                    more = sizes.empty() ? "" : "; " + sizes;
  if (!is) return changed(is.status().message() + more);
  if (*is != file.fingerprint) return changed("other headers than were registered" + more);
  if (other_size) return changed(sizes);
  if (other_time) say(Kind::touched, "", out.counts.touched);
}

const Cameras* FileJudge::cameras() {
  std::call_once(cameras_once_, [this] { cameras_ = Cameras::load(options_.cameras); });
  return *cameras_ ? &**cameras_ : nullptr;
}

void FileJudge::unregistered(const OpenFolder& in, const std::string& name, Judged& out) {
  const Cameras* known = cameras();
  if (!known) return;
  const std::string path = below(in.folder.path, name);
  struct statx now {};
  if (::statx(in.fd, name.c_str(), AT_STATX_SYNC_AS_STAT, STATX_TYPE, &now) != 0 || !S_ISREG(now.stx_mode)) return;
  const auto would = read_file_rows(path, false, *known, {}, {}, roots_, 0).report;
  if (would.fate == RegisteredFile::Fate::passed_over) return;
  ++out.counts.unregistered;
  const bool bad = would.fate == RegisteredFile::Fate::failed;
  out.findings.push_back({Kind::unregistered, path, {}, bad ? would.reason : "", -1, 1, 0});
}

}  // namespace imreg::archive
