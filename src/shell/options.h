// The options of imstatus, which every line of its shell takes too, and what they ask for.
#pragma once

#include "cli/filter_options.h"
#include "cli/options.h"
#include "trend/request.h"

namespace imreg::cli {

inline constexpr Option kStatusAmount[] = {
    {"", "verbs", "stat hist bin fit corr top vec plot map focal fields, report DATE; help"},
    {"by", "A,B", "a line, or a colour, for each value"},
    {"width", "W", "of a bin: 0.5, 1h"},
    {"bins", "N", "how many bins"},
    kSeldom,
    {"clip", "K", "leave out what is K sigma away"},
    {"weight", "EXPR", "weights of stat, bin, fit"},
    {"percent", "P,Q", "percentiles of stat (5,95)"},
    {"order", "N", "of the polynomial of fit (1)"},
    {"robust", "", "fit: outliers do not pull"},
    {"range", "LOW HIGH", "bins between these"},
    {"most", "N", "lines of top (20)"},
    {"sort", "KEYS", "rows in this order: -obstime,filename"},
    {"limit", "N", "at most so many rows"},
    {"last", "N", "the newest rows"},
    {"unique", "", "one row per file and CCD"},
};
inline constexpr Option kStatusOutput[] = {
    {"", "output", "without -format and -o: for eyes"},
    {"format", "NAME", "text, csv, tsv, json, npy, fits, svg, png"},
    {"o", "FILE", "to FILE, when it is whole; .png .svg are pictures"},
    {"f", "SCRIPT", "lines of the shell from a file (- standard input)"},
    kSeldom,
    {"title", "TEXT", "of a picture"},
    {"xlabel", "TEXT", "of the axis below"},
    {"ylabel", "TEXT", "of the axis at the left"},
    {"xlog", "", "powers of ten"},
    {"ylog", "", "powers of ten"},
    {"xrange", "LOW HIGH", "of the axis below; dates for a time"},
    {"yrange", "LOW HIGH", "of the axis at the left"},
    {"lines", "", "plot: points joined"},
    {"steps", "", "plot: as a histogram"},
    {"error", "EXPR", "plot: error bars"},
    {"size", "WxH", "of a picture in pixels (960x600), of one in a terminal in characters"},
    {"style", "WORD", "pictures in the terminal: auto, braille, ascii or sixel"},
    {"follow", "", "report: again as rows come"},
    kZoneOption,
    kJobsOption,
    kNoIndexOption,
    kConfigOption,
    kDefineOption,
};
inline constexpr Option kStatusDatabase[] = {kDatabaseOption};
inline constexpr auto kStatusOptions =
    joined(kStatusDatabase, kFilterOptions, kStatusAmount, kSeldomFilterOptions, kStatusOutput);

/// Where the answer goes, and how.
struct StatusOutput {
  std::string format;  ///< empty: the file's ending says, else text or a picture in the terminal
  std::string path;    ///< empty: standard output
  int width = 0, height = 0;
  std::string style;  ///< empty or auto: what the terminal can
};

/// The configuration's key for the style of pictures in the terminal.
inline constexpr const char* kStyleKey = "PICTURE_STYLE";
/// Error: invalid; `who` asks for it.
Status check_style(const std::string& style, const std::string& who);

/// Of the words of a line: the first is the verb. Errors: invalid, and those of read_filters().
Status read_status_options(const Parsed& args, Settings& settings, trend::Request& request, StatusOutput& output);

/// Does it say which rows are meant?
bool chooses_rows(const Use& use);
/// Whether each option does something for the verb of the request. Error: invalid, one that would be passed over.
Status check_options(const std::vector<Use>& uses, const trend::Request& request, const StatusOutput& output);

}  // namespace imreg::cli
