// Fields by the names that people write.
#pragma once

#include <string_view>

#include "imreg/schema.h"

namespace imreg::expression {

/// By name, else by column; the same case wins over another one. TELTEMP2 of the columns TELTEMP0..3 sets `element`.
/// nullptr: there is none, or (`ambiguous`) several that differ in case only.
const FieldInfo* find_field(const Schema& schema, std::string_view name, int& element, bool& ambiguous);

}  // namespace imreg::expression
