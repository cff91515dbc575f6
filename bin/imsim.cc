// imsim: a simulated observing night as FITS files, or a large simulated database.
#include <string>
#include <utility>

#include "base/text.h"
#include "cli/config.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "imreg/registry.h"
#include "imreg/simulate.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    {"o", "DIR", "write FITS files and truth.csv below this folder"},
    {"nights", "N", "number of nights (1)"},
    {"ccds", "N", "chips of the mosaic (4)"},
    {"mode", "mef|split", "all chips in one file, or a file for each (mef)"},
    {"objects", "N", "object exposures a night (20)"},
    {"size", "WxH", "pixels of a chip, without its overscans (256x512)"},
    {"fwhm", "PIXELS", "of all stars, whatever the weather"},
    {"profile", "moffat|gaussian", "of the stars (moffat, beta 3)"},
    {"ellipticity", "E", "of all stars, 0 to 0.95 (0)"},
    {"density", "F", "F times as many stars (1)"},
    {"stars", "", "write the list of stars too"},
    {"rows", "N", "write a database of N rows instead"},
    {"db", "F", "the database for -rows"},
    {"seed", "S", "another seed is another sky (1)"},
};
constexpr cli::Program kProgram = {"imsim",
                                   "simulates observing nights as FITS files, or a large database",
                                   "",
                                   kOptions,
                                   {"imsim -o /tmp/night -ccds 4", "imsim -rows 1000000 -db /tmp/million.db"},
                                   0,
                                   0};

// "2048x4612"
Status read_size(const std::string& text, SimulateOptions& options) {
  const auto cross = text.find('x');
  long long width = 0, height = 0;
  if (cross == text.npos || !parse_integer(text.substr(0, cross), width) ||
      !parse_integer(text.substr(cross + 1), height) || width < 32 || width > 16384 || height < 32 || height > 16384)
    return {Code::invalid,
            "-size: \"" + text + "\" is not WIDTHxHEIGHT with 32 to 16384 pixels each way, as 2048x4612"};
  options.chip_width = static_cast<int>(width);
  options.chip_height = static_cast<int>(height);
  return {};
}

Status simulate_files(const cli::Parsed& args, std::uint64_t seed) {
  SimulateOptions options;
  options.seed = seed;
  IMREG_ASSIGN(const long long nights, args.integer("nights", options.nights, 1, 4000));
  IMREG_ASSIGN(const long long ccds, args.integer("ccds", options.ccds, 1, 999));
  IMREG_ASSIGN(const long long objects, args.integer("objects", options.objects, 1, 300));
  options.nights = static_cast<int>(nights);
  options.ccds = static_cast<int>(ccds);
  options.objects = static_cast<int>(objects);
  options.stars = args.has("stars");
  if (args.has("size")) IMREG_TRY(read_size(args.word("size"), options));
  IMREG_ASSIGN(options.fwhm, args.number("fwhm", 0, 1, 50));
  IMREG_ASSIGN(options.density, args.number("density", 1, 0, 1000));
  IMREG_ASSIGN(options.ellipticity, args.number("ellipticity", 0, 0, 0.95));
  const std::string profile = args.word("profile", "moffat");
  if (profile != "moffat" && profile != "gaussian")
    return {Code::invalid, "-profile: \"" + profile + "\" is neither moffat nor gaussian"};
  options.profile = profile == "moffat" ? StarProfile::moffat : StarProfile::gaussian;
  const std::string mode = args.word("mode", "mef");
  if (mode != "mef" && mode != "split") return {Code::invalid, "-mode: \"" + mode + "\" is neither mef nor split"};
  options.mode = mode == "mef" ? SimulateMode::mef : SimulateMode::split;
  cli::Progress progress;
  int last = 0;
  const auto images = simulate_nights(args.word("o"), options, [&](int done, int all) {
    progress.set_total(all);
    progress.add(done - std::exchange(last, done));
  });
  if (!images) return images.status();
  cli::Output output;
  output.write(cli::Progress::erase() + counted(static_cast<long long>(images->size()), "image") + " of " +
               counted(last, "exposure") + " in " + args.word("o") + "\n");
  output.flush();
  return output.status();
}

Status run(const cli::Parsed& args) {
  IMREG_ASSIGN(const long long seed, args.integer("seed", 1, 0, 1LL << 53));
  if (args.has("rows") == args.has("o"))
    return {Code::invalid, "it needs either -o DIR, or -rows N and -db F; -help tells more"};
  if (args.has("o")) return simulate_files(args, static_cast<std::uint64_t>(seed));
  for (const char* name :
       {"nights", "ccds", "mode", "objects", "size", "fwhm", "profile", "ellipticity", "density", "stars"}) {
    if (args.has(name)) return {Code::invalid, "-rows makes no pixels: -" + std::string(name) + " goes with -o DIR"};
  }
  IMREG_ASSIGN(const long long rows, args.integer("rows", 0, 0, 1LL << 40));
  if (!args.has("db")) return {Code::invalid, "-rows needs -db F"};
  IMREG_TRY(simulate_rows(args.word("db"), rows, static_cast<std::uint64_t>(seed)));
  cli::Output output;
  output.write(counted(rows, "row") + " in " + args.word("db") + "\n");
  output.flush();
  return output.status();
}

int work(const cli::Parsed& args) {
  const Status status = run(args);
  if (status.ok()) return cli::kOk;
  cli::complain(kProgram.name, status);
  return status.code() == Code::invalid && status.file().empty() ? cli::kUsage : cli::kTrouble;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }
