// The options of a program that prints rows: in which format, and where to.
#pragma once

#include <memory>
#include <string>

#include "cli/options.h"
#include "cli/output.h"

namespace imreg::cli {

inline constexpr Option kFormatOption = {"format", "NAME", "one of these (row)"};
inline constexpr Option kOutOption = {"o", "FILE", "to FILE, when it is whole"};
inline constexpr Option kTriggerOption = {"pt", "", "print trigger lines: fullpath outroot ccd MODE"};
inline constexpr Option kTableOption = {"table", "FILE", "write FILE as a FITS ASCII table"};
inline constexpr Option kBintableOption = {"bintable", "FILE", "write FILE as FITS: a database of its own"};
inline constexpr Option kNoPagerOption = {"nopager", "", "no pager on a terminal"};

struct RowOutput {
  std::string format;
  std::string note;  ///< for people: which format was taken when the name of the file does not say it
  std::unique_ptr<Output> output;
};

/// What -format, -fields (a table), -pt, -table, -bintable, -o and -nopager ask for. Errors: invalid (two of them
/// contradict each other, bytes for a terminal), those of Output::to_file.
Result<RowOutput> open_row_output(const Parsed& args);

}  // namespace imreg::cli
