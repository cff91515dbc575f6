// imlook: a picture of FITS images.
#include <algorithm>
#include <string>

#include "base/text.h"
#include "cli/config.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "imreg/look.h"
#include "imreg/registry.h"
#include "os/processors.h"
#include "registry/file_rows.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    {"o", "FILE", "the picture: .jpg, .png or .thumb"},
    {"thumb", "", "a thumbnail, 128 pixels (of -size) at its longer side"},
    {"size", "N", "longest side in pixels (all pixels)"},
    {"stretch", "WORD", "zscale, acsql, linear, log, sqrt, asinh, histeq"},
    {"percent", "LOW HIGH", "show values between these percentiles"},
    {"range", "LOW HIGH", "show values between these"},
    {"region", "X1:X2,Y1:Y2", "only this part of it, in pixels from 1"},
    {"rgb", "", "FILE... are red, green and blue of one picture"},
    {"layout", "WORD", "of CCDs: auto, detsec, wcs, table, stack"},
    {"palette", "WORD", "grey, heat, ocean, dusk"},
    cli::kSeldom,
    {"negative", "", "dark stars on a bright sky"},
    {"hdu", "N", "only this HDU"},
    {"slice", "N", "plane of a cube (the middle one)"},
    {"noflags", "", "show pixels that a data quality extension marks"},
    {"camera", "NAME|FILE", "use this camera table; a FILE has a / or ends in .cam"},
    {"j", "N", "N threads (default: processors)"},
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {
    "imlook",
    "draws FITS images: a CCD, or all CCDs of an exposure in their places",
    "FILE...",
    kOptions,
    {"imlook -size 1000 -o 1616681p.jpg 1616681p.fits", "imlook -stretch asinh -palette heat -o m51.png m51.fits"},
    1,
    -1};

Result<std::optional<std::pair<double, double>>> pair_of(const cli::Parsed& args, const char* option) {
  const auto* use = args.find(option);
  if (!use) return std::optional<std::pair<double, double>>();
  std::pair<double, double> out;
  if (!parse_number(use->words[0], out.first) || !parse_number(use->words[1], out.second))
    return Status(Code::invalid, std::string("-") + option + " LOW HIGH: two numbers");
  return std::optional(out);
}

Status read_options(const cli::Parsed& args, LookOptions& out) {
  out.stretch = args.word("stretch", out.stretch);
  out.layout = args.word("layout", out.layout);
  out.palette = args.word("palette", out.palette);
  out.region = args.word("region");
  out.negative = args.has("negative");
  out.flags = !args.has("noflags");
  IMREG_ASSIGN(out.percents, pair_of(args, "percent"));
  IMREG_ASSIGN(out.range, pair_of(args, "range"));
  IMREG_ASSIGN(out.slice, args.integer("slice", 0, 1, 1'000'000'000));
  if (args.has("hdu")) {
    IMREG_ASSIGN(out.hdu, args.integer("hdu", 0, 0, 1'000'000));
  }
  IMREG_ASSIGN(const auto size, args.integer("size", args.has("thumb") ? 128 : 0, 1, 100'000));
  out.most_width = out.most_height = static_cast<int>(size);
  IMREG_ASSIGN(const auto jobs, args.integer("j", 0, 1, 1024));
  out.jobs = threads_of(static_cast<int>(jobs));
  return check_look(out);
}

// How the terminal shows a picture, which is made to fit into it.
Result<Look::Terminal> fit_terminal(LookOptions& options) {
  const int columns = cli::terminal_columns();
  if (columns == 0) return Status(Code::invalid, "standard output is no terminal: -o FILE.jpg, .png or .thumb");
  const auto most = [](int& size, int room) { size = size == 0 ? room : std::min(size, room); };
  const int rows = std::max(8, cli::terminal_rows() - 2);
  if (cli::ask_terminal().sixels) {
    const auto place = cli::terminal_place();
    most(options.most_width, std::min(1000, columns * (place.width > 0 ? place.width : 8)));
    most(options.most_height, std::min(1000, rows * (place.height > 0 ? place.height : 16)));
    return Look::Terminal::sixel;
  }
  most(options.most_width, columns), most(options.most_height, 2 * rows);
  if (!cli::utf8_locale() || cli::environment("TERM") == "dumb") return Look::Terminal::ascii;
  const std::string colours = cli::environment("COLORTERM");
  return colours == "truecolor" || colours == "24bit" ? Look::Terminal::true_colour : Look::Terminal::colours;
}

int work(const cli::Parsed& args) {
  LookOptions options;
  if (const Status status = read_options(args, options); !status.ok()) return cli::end_with(kProgram.name, status);
  RegisterOptions tables;
  tables.camera = args.word("camera");
  auto cameras = load_cameras(tables);
  if (!cameras) return cli::end_with(kProgram.name, cameras.status());
  options.camera = cameras->second;
  const std::string path = args.word("o");
  const bool shown = path.empty();  // in the terminal
  Look::Terminal kind = Look::Terminal::ascii;
  if (shown) {
    if (auto found = fit_terminal(options); found)
      kind = *found;
    else
      return cli::end_with(kProgram.name, found.status());
  }
  const auto& files = args.positionals;
  if (args.has("rgb") && files.size() != 3)
    return cli::end_with(kProgram.name, Status(Code::invalid, "-rgb RED GREEN BLUE: three files"));
  const auto look = args.has("rgb") ? look_in_colour({files[0], files[1], files[2]}, cameras->first, options)
                                    : look_at(files, cameras->first, options);
  if (!look) return cli::complain(kProgram.name, look.status()), cli::kInputs;
  for (const auto& note : look->notes()) cli::warn(kProgram.name, args.positionals[0] + ": " + note);
  const auto bytes = shown                    ? Result<std::string>(look->terminal(kind))
                     : path.ends_with(".png") ? look->png()
                                              : look->jpeg();
  if (!bytes) return cli::end_with(kProgram.name, bytes.status());
  auto output = cli::Output::to_file(shown ? "-" : path);
  if (!output) return cli::end_with(kProgram.name, output.status());
  (*output)->write(*bytes);
  if (const Status status = (*output)->finish(true); !status.ok()) return cli::end_with(kProgram.name, status);
  return cli::kOk;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }
