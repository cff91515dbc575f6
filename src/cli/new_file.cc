// Writes beside the wanted name and takes it when all is on disk.
#include "cli/new_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <utility>

#include "cli/interrupt.h"
#include "imreg/fits_file.h"

namespace imreg::cli {

namespace {

char doomed[PATH_MAX];  // for the signal handler

void remove_doomed() { ::unlink(doomed); }

bool exists(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

// A slip of the command line (-o *.fits) must not cost a night.
bool has_image(const std::string& path) {
  const auto headers = read_fits_headers(path);
  return headers && std::any_of(headers->hdus.begin(), headers->hdus.end(), [](const Hdu& hdu) {
           return hdu.kind == HduKind::image || hdu.kind == HduKind::compressed_image;
         });
}

}  // namespace

NewFile::NewFile(NewFile&& other) noexcept
    : file_(std::move(other.file_)), path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, "")) {}

NewFile::~NewFile() {
  if (temporary_.empty()) return;
  ::unlink(temporary_.c_str());
  on_interrupt(nullptr);
}

Result<NewFile> NewFile::create(const std::string& path) {
  NewFile out;
  out.path_ = resolved_path(path);
  for (const char* suffix : {".lock", ".journal"}) {
    if (exists(out.path_ + suffix)) {
      return Status(Code::invalid, "is a database that programs write to (" + path + suffix +
                                       " lies beside it) and is not replaced; choose another name")
          .in_file(path);
    }
  }
  if (has_image(out.path_))
    return Status(Code::invalid, "is a FITS file with an image, and is not replaced; choose another name")
        .in_file(path);
  const std::string temporary = out.path_ + ".new" + std::to_string(::getpid());
  if (temporary.size() >= sizeof doomed) return Status(Code::invalid, "its name is too long").in_file(path);
  std::memcpy(doomed, temporary.c_str(), temporary.size() + 1);
  on_interrupt(remove_doomed);   // before it is there: removing nothing harms nothing
  (void)remove_file(temporary);  // what a crash left: process numbers come again
  auto file = File::open(temporary, File::Mode::create_new);
  if (!file) {
    on_interrupt(nullptr);
    return Status(file.status().code() == Code::not_found ? Code::io : file.status().code(), file.status().message())
        .in_file(path);
  }
  out.file_ = *std::move(file);
  out.temporary_ = temporary;
  struct stat old {};
  if (::stat(out.path_.c_str(), &old) == 0) (void)::fchmod(out.descriptor(), old.st_mode & 07777);
  return out;
}

Status NewFile::keep() {
  IMREG_TRY(file_.sync());
  IMREG_TRY(rename_file(temporary_, path_));
  temporary_.clear();
  on_interrupt(nullptr);
  return sync_folder_of(path_);
}

}  // namespace imreg::cli
