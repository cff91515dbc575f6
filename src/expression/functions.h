// The functions of the language, as data.
#pragma once

#include <string_view>

#include "expression/program.h"

namespace imreg::expression {

struct Function {
  std::string_view name;
  /// One letter for each argument: n number, h right ascension, g angle, t text, d time, a anything, c condition, p a
  /// constant pattern. The last may be repeated when `most` is larger.
  std::string_view arguments;
  int least = 0, most = 0;
  /// Of the result: n number, t text, d time, c condition, a like the arguments.
  char result = 'n';
  Op op = Op::function1;
  /// Unit of the result; "=" is that of the first argument.
  std::string_view unit = "";
  double x = 0;
  Function1 function1 = nullptr;
  Function2 function2 = nullptr;
};

/// nullptr when there is none of that name (lower case).
const Function* find_function(std::string_view name);
std::vector<std::string> function_names();

/// Of seconds since 1970.
double mjd(double time);
double jd(double time);
double modulo(double a, double b);
double power(double a, double b);
double negative(double a);
double bit_and(double a, double b);
double bit_or(double a, double b);
double shift_left(double a, double b);
double shift_right(double a, double b);
double null_if(double a, double b);

}  // namespace imreg::expression
