// imlook: pictures of FITS images.
#include "cli/filter_options.h"
#include "cli/options.h"
#include "looking/looking.h"

namespace {

using namespace imreg;

constexpr cli::Option kFirst[] = {
    {"o", "FILE", "the picture: .jpg, .png or .thumb"},
    {"tree", "DIR", "a picture of each file of trees, or row, below DIR"},
    {"sheet", "FILE", "a page of all: .html, .jpg, .png, - the terminal"},
    {"thumb", "", "a thumbnail, 128 pixels (of -size) at its longer side"},
    {"size", "N", "longest side in pixels (all pixels)"},
    {"stretch", "WORD", "zscale, acsql, linear, log, sqrt, asinh, histeq"},
    {"label", "", "below it object, filter, time, scale, north and east"},
    {"rgb", "", "FILE... are red, green and blue of one picture"},
};
constexpr cli::Option kRest[] = {
    cli::kSeldom,
    {"title", "TEXT", "of a sheet"},
    {"region", "X1:X2,Y1:Y2", "only this part of it, in pixels from 1"},
    {"percent", "LOW HIGH", "show values between these percentiles"},
    {"range", "LOW HIGH", "show values between these"},
    {"palette", "WORD", "grey, heat, ocean, dusk"},
    {"layout", "WORD", "of CCDs: auto, detsec, ltv, wcs, table, stack"},
    {"negative", "", "dark stars on a bright sky"},
    {"hdu", "N", "only this HDU"},
    {"slice", "N", "plane of a cube (the middle one)"},
    {"collapse", "WORD", "all planes of a cube: mean, median or max"},
    {"stars", "", "a ring around each star"},
    {"noflags", "", "show pixels that a data quality extension marks"},
    {"quality", "N", "of a JPEG, 1 to 100 (85)"},
    {"as", "PATTERN", "-tree: names below DIR ({path})"},
    {"png", "", "-tree: PNGs"},
    {"again", "", "-tree: also pictures that are up to date"},
    {"v", "", "-tree: a line for every file"},
    {"format", "NAME", "-tree: text (default) or json"},
    {"camera", "NAME|FILE", "use this camera table; a FILE has a / or ends in .cam"},
    cli::kDatabaseOption,
    {"i", "FILE", "rows of a search result: imsearch -format fits -o FILE"},
    cli::kNoIndexOption,
    cli::kZoneOption,
    cli::kJobsOption,
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr auto kOptions = cli::joined(kFirst, cli::kFilterOptions, kRest, cli::kSeldomFilterOptions);
constexpr cli::Program kProgram = {"imlook",
                                   "draws FITS images: a CCD, or all CCDs of an exposure in their places",
                                   "[FILE...]",
                                   kOptions,
                                   {"imlook -size 1000 -o 1616681p.jpg 1616681p.fits",
                                    "imlook -db night.db -type object -trange 2001/01/27 1d -sheet night.html"},
                                   0,
                                   -1};

int work(const cli::Parsed& args) { return cli::look(kProgram.name, args); }

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }
