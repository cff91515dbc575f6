// The filters of imsearch as options of any program that asks which rows are meant.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "cli/config.h"
#include "cli/options.h"
#include "imreg/date.h"
#include "imreg/registry.h"

namespace imreg::cli {

inline constexpr Option kFilterOptions[] = {
    {"", "filters", "all must hold; a list r,i is alternatives, ! before it negates"},
    {"type", "WORD", "object,dark,flat ...", kRepeat},
    {"filter", "NAME", "r,i", kRepeat},
    {"name", "TEXT", "file: begins so, or * ?", kRepeat},
    {"object", "NAME", "target: M31,'NGC*'", kRepeat},
    {"time", "DATE RANGE", "exposures within RANGE (1d, -2h) from DATE on", kRepeat},
    {"where", "EXPR", "a condition: 'exptime > 60 and type in (flat,dark)'", kRepeat},
    {"cone", "RA DEC RADIUS", "within RADIUS (0.5d, 30', 5\") of a position", kRepeat},
};
/// For the part of a table behind kSeldom.
inline constexpr Option kSeldomFilterOptions[] = {
    {"ccd", "ID", "the CCD by number or name: 3,7-9", kRepeat},
    {"ccdn", "N", "the CCD by number only", kRepeat},
    {"mode", "WORD", "how the file holds its CCDs: MEF, SPLIT, SINGLE ...", kRepeat},
    {"etime", "S", "the exposure time: 60, or 60-600", kRepeat},
    {"trange", "DATE DATE|RANGE", "between two dates, or RANGE; several: any", kRepeat},
    {"box", "RA RA DEC DEC", "between two meridians and two parallels", kRepeat},
    {"polygon", "CORNERS", "inside 'RA,DEC RA,DEC RA,DEC ...'", kRepeat},
    {"proc", "t|f", "the bias is measured, or not", kRepeat},
    {"dist", "t|f", "the image is distributed, or not", kRepeat},
};
inline constexpr Option kNoIndexOption = {"noindex", "", "look at every row"};
inline constexpr Option kJobsOption = {"j", "N", "threads (default: processors)"};

/// One table of several: joined(kFirst, kFilterOptions, kRest).
template <std::size_t... sizes>
constexpr auto joined(const Option (&... parts)[sizes]) {
  std::array<Option, (sizes + ...)> out{};
  auto at = out.begin();
  ((at = std::copy(std::begin(parts), std::end(parts), at)), ...);
  return out;
}

/// What dates of the command line mean: now, -tz, REFDATE of the configuration. `any`: there are some; without, no file is read.
/// Errors: those of Settings; invalid.
Status read_dates(const Parsed& args, Settings& settings, bool any, DateSettings& dates);

/// Which rows are meant: database, filters, conditions, dates, camera tables, -noindex, -j. Errors: those of Settings; invalid.
Status read_filters(const Parsed& args, Settings& settings, SearchOptions& options);

/// What was typed, as words of a shell, without program, -db, -c, -D and what `without` names; for X.db.history.
std::string command_of(const Parsed& args, std::initializer_list<std::string_view> without = {});

}  // namespace imreg::cli
