// Changes of many rows in one step: what an archive's move and a deletion are made of.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "imreg/record_file.h"

namespace imreg {

/// The first row from `from` on that is to be looked at; the file's count, or more, when there is none.
using NextRow = std::function<std::int64_t(std::int64_t from)>;

/// The beginning of a text, whole components of a path, becomes another: /data/a is in /data/a and /data/a/b, not in /data/ab.
/// All rows that have it, or of those that `next` gives. Nothing is changed when one does not fit into the field.
/// Returns how many rows changed.
/// Errors: those of commit_many; invalid (the first row that does not fit, and how many; no
/// text field), corrupt (a row that has the beginning is damaged).
Result<std::int64_t> relocate(RecordWriter& writer, const FieldInfo& field, const std::string& from,
                              const std::string& to, const NextRow& next = {}, const CommitSteps& steps = {});

/// Sets `deleted` of some rows, in any order. Returns how many were not deleted before. Errors: those of commit_many; invalid
/// (the format has no field deleted, there is no such row), corrupt (a row is damaged).
Result<std::int64_t> mark_deleted(RecordWriter& writer, std::vector<std::int64_t> rows);

}  // namespace imreg
