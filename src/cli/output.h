// Where a program's text goes: standard output, a pager, or a file, in large pieces.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cli/new_file.h"
#include "cli/pager.h"
#include "imreg/emit.h"
#include "imreg/status.h"

namespace imreg::cli {

/// Collects text and writes it in pieces of 64 KiB; on a terminal after every line. One thread.
class Output {
 public:
  explicit Output(int descriptor = 1) : Output(descriptor, "standard output") {}
  /// Standard output; when that is a terminal, through a pager, which starts with the first text.
  static std::unique_ptr<Output> paged();
  /// -o PATH: a file that takes PATH's place in finish(), when all is written, or never. "-" is standard output; a
  /// device or a pipe is written to as it is. Errors: those of NewFile.
  static Result<std::unique_ptr<Output>> to_file(const std::string& path);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  /// False when nothing more can be written: the reader has gone, or writing failed.
  bool write(std::string_view text);
  /// Writes what is held back.
  bool flush();
  /// The same for row writers. One that can patch when this is a regular file, for what is written through it alone.
  Sink sink();
  /// The end: what is held back is written, the pager has been read, the file has its name. `keep` false: the file goes
  /// away.
  Status finish(bool keep = true);

  /// Ok also when the reader has gone (that is how `| head` ends); io when writing failed.
  const Status& status() const { return status_; }
  bool closed() const { return closed_; }
  /// A person reads it, through a pager or not.
  bool terminal() const { return terminal_; }

 private:
  Output(int descriptor, std::string name);
  bool put(std::string_view text);
  bool patch(std::int64_t offset, std::string_view bytes);
  bool failed(int error);

  int descriptor_;
  std::string name_;
  bool terminal_;
  bool wants_pager_ = false;
  bool owned_ = false;  // the descriptor is to be closed
  bool closed_ = false;
  std::string held_;
  Status status_;
  std::unique_ptr<Pager> pager_;
  std::unique_ptr<NewFile> file_;
};

/// Columns of the terminal that standard output is; 0 when it is none.
int terminal_columns();
int terminal_rows();
/// Pixels of one of its places, as the terminal has told the kernel; 0 x 0 when it has not.
struct TerminalPlace {
  int width = 0, height = 0;
};
TerminalPlace terminal_place();
/// By LC_ALL, else LC_CTYPE, else LANG: are characters beyond ASCII to be shown?
bool utf8_locale();

}  // namespace imreg::cli
