// The verbs of imstatus.
#pragma once

#include <span>
#include <string_view>

#include "trend/groups.h"
#include "trend/request.h"
#include "trend/workspace.h"

namespace imreg::trend {

struct Verb {
  std::string_view name;
  std::string_view words;  ///< what follows, for people: "X Y"
  std::string_view help;
  std::size_t least, most;   ///< how many words
  std::string_view options;  ///< those of its own, beside the ones of every verb (rows, format, threads)
  std::string_view look;     ///< those of its picture; empty: it has none
  bool draws;                ///< without a format it is a picture
  Result<Answer> (*run)(Workspace& workspace, const Request& request);
};
std::span<const Verb> verbs();

// statistics.cc
Result<Answer> stat(Workspace& workspace, const Request& request);
Result<Answer> top(Workspace& workspace, const Request& request);
Result<Answer> vec(Workspace& workspace, const Request& request);
// bins.cc
Result<Answer> hist(Workspace& workspace, const Request& request);
Result<Answer> bin(Workspace& workspace, const Request& request);
// relations.cc
Result<Answer> fit(Workspace& workspace, const Request& request);
Result<Answer> corr(Workspace& workspace, const Request& request);
// pictures.cc
Result<Answer> plot(Workspace& workspace, const Request& request);
Result<Answer> map(Workspace& workspace, const Request& request);
// focal.cc
Result<Answer> focal(Workspace& workspace, const Request& request);

/// What the words of a verb may be.
enum class Taking {
  numbers,   ///< that go together: x and y
  anything,  ///< that goes together, texts too
  each       ///< one by one: texts too, of any lengths where neither -by nor -weight is asked for
};
struct Operands {
  std::vector<VectorPtr> vectors;  ///< of request.words
  VectorPtr weight;                ///< nullptr: none
  Groups groups;
};
/// Errors: invalid (texts where numbers are needed, nothing selected: the message says of what).
Result<Operands> operands_of(Workspace& workspace, const Request& request, Taking taking);
/// Others leave their value out.
bool is_weight(double value);
/// The axis of a vector, with what the request wants of it.
Result<chart::Axis> axis_of(const Vector& vector, const std::string& name, const Request& request, bool is_x);
/// An empty plot of the second vector over the first.
Result<chart::Plot> plot_of_pair(const Operands& operands, const Request& request);
/// A number, or of a time a date.
Result<double> value_of(const std::string& text, bool time, const Request& request, std::string_view option);
/// " by filter, ccd"; empty: of all.
std::string by_text(const Request& request);
/// "fwhm over obstime", and of what the groups are; or the title of the request.
void set_title(chart::Plot& plot, const Request& request, const std::string& what);
/// "2 h".
std::string length_text(double seconds);
/// A group that is alone has no legend: it is named behind the title.
void name_single_group(chart::Plot& plot);
/// "2 groups without a value are left out".
std::string groups_left_out(std::int64_t groups);

}  // namespace imreg::trend
