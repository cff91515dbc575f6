// Gives types to a tree: fields are found, texts become dates, words codes and angles where the other side asks for that.
#pragma once

#include "expression/parser.h"
#include "expression/program.h"

namespace imreg::expression {

/// Fills `program` (its source and settings are there). Error: invalid, pointing at the part that does not fit.
Status check(const Tree& tree, const Schema& schema, Expression::Program& program);

}  // namespace imreg::expression
