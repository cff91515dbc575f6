// A condition as parts of a selection.
#pragma once

#include "imreg/expression.h"
#include "imreg/scan.h"

namespace imreg {

/// One part of a condition: what an index can serve as data, everything else as a test. Errors: those of Selection.
Status add_conjunct(const Conjunct& part, const Schema& schema, Selection& to);

}  // namespace imreg
