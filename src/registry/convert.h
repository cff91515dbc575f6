// Rows of Elixir's databases as rows of ours.
#pragma once

#include "imreg/record.h"
#include "imreg/schema.h"

namespace imreg {

/// A row of any version of the registration record in the native one. What Elixir stored as "not known" is not known.
/// Error: invalid, naming the field that does not fit.
Result<Record> native_row(RecordView from, const Schema& old_schema);

}  // namespace imreg
