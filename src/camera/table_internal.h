// What the two halves of the parser (table.cc: statements, recipe.cc: recipes) share.
#pragma once

#include "camera/line.h"
#include "camera/table.h"

namespace imreg::camera {

/// A keyword, "KEY@own", a quoted HIERARCH name, "@name".
Result<Source> source_of(const Line& line, const std::string& word);
/// KEY PATTERN or KEY LOW..HIGH, the next two words.
Result<Condition> take_condition(Line& line);
/// What follows the name of a field.
Status take_recipe(Line& line, Field field, Table& table);

}  // namespace imreg::camera
