// One line of imstatus, and its answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "imreg/chart.h"
#include "imreg/registry.h"
#include "imreg/vectors.h"
#include "trend/table.h"

namespace imreg::trend {

/// How a picture is to look; each field by the option of its name.
struct Look {
  std::string title;
  std::optional<std::string> x_label, y_label;
  bool x_log = false, y_log = false;
  std::string x_range[2], y_range[2];  ///< numbers or dates; empty: what the values need
  std::optional<chart::Mark> mark;
  std::string error;  ///< an expression: half the error bar in y
};

struct Request {
  std::string verb;
  std::vector<std::string> words;  ///< behind the verb: fields, expressions, names
  SearchOptions rows;              ///< which rows
  std::vector<std::string> by;     ///< groups: fields or expressions
  std::string weight;              ///< an expression
  double clip = 0;                 ///< sigmas; 0: no clipping
  std::vector<double> percents = {5, 95};
  std::string width;  ///< of bins: a number, or a length of time (1h)
  std::int64_t bins = 0;
  std::string range[2];  ///< of bins
  int order = 1;         ///< of a fit
  bool robust = false;
  std::int64_t most = 20;  ///< lines of top
  Look look;
};

struct Answer {
  std::vector<Table> tables;
  std::optional<chart::Picture> picture;
  bool wants_picture = false;      ///< the verb is one of pictures: without a format it is drawn
  std::vector<std::string> notes;  ///< for people: what was left out, and why
};

}  // namespace imreg::trend
