// A .fmt as other texts: the typed C++ header, the table of the man page, the line of layout.lock.
#pragma once

#include <string>
#include <vector>

#include "imreg/schema.h"

namespace imreg {

/// namespace imreg::<name>: kFormat, kVersion, kRecordSize, one Field constant a field, one enum a list of words.
std::string typed_header(const Schema& schema, const std::string& name);
/// A tbl(1) table of the fields for a man page, section 5.
std::string man_table(const Schema& schema);
/// A .cc file: format_table() of record/builtin.h with these formats.
std::string builtin_table(const std::vector<Schema>& schemas);
/// "regimage 4 512 0123456789abcdef": a layout that changes without a new version fails the build.
std::string lock_line(const Schema& schema);

}  // namespace imreg
