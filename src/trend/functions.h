// Functions over whole vectors: subset(s, fwhm < 4), median(sky), interp(t, x, y).
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "trend/workspace.h"

namespace imreg::trend {

struct VectorFunction {
  std::string_view name;
  std::size_t least, most;     ///< arguments
  std::string_view signature;  ///< for people: "subset(X, CONDITION)"
  std::string_view help;
  Result<Vector> (*call)(std::span<const VectorPtr> arguments);
};

/// nullptr: it is none, or takes another number of arguments (min(a, b) is of each row, min(x) of the vector).
const VectorFunction* find_vector_function(std::string_view name, std::size_t arguments);
bool is_vector_function(std::string_view name);
std::span<const VectorFunction> vector_functions();

}  // namespace imreg::trend
