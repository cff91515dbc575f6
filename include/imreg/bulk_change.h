// Changes of many rows in one step: what an archive's move and a deletion are made of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "imreg/record_file.h"

namespace imreg {

/// The beginning of a text, whole components of a path, becomes another: /data/a is in /data/a and /data/a/b, not in /data/ab.
/// All rows that have it, or of those that `next` gives. Nothing is changed when one does not fit into the field.
/// Returns how many rows changed.
/// A damaged row is found by what its field says; it gets the new beginning and stays damaged.
/// Errors: those of change_field; invalid (the first row that does not fit, and how many; no text field).
Result<std::int64_t> relocate(RecordWriter& writer, const FieldInfo& field, const std::string& from,
                              const std::string& to, const NextRow& next = {}, const CommitSteps& steps = {});

/// Sets `deleted` of some rows, in any order. Returns how many were not deleted before. A damaged row stays damaged.
/// Errors: those of change_field; invalid (the format has no field deleted, there is no such row).
Result<std::int64_t> mark_deleted(RecordWriter& writer, std::vector<std::int64_t> rows);

}  // namespace imreg
