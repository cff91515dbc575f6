// imregister: reads the headers of images and keeps one row per CCD in the registration database.
#include "cli/registering.h"

namespace {

using namespace imreg;

constexpr cli::Program kProgram = {
    "imregister",
    "registers FITS images and folders of them, one row per CCD; - reads a list of paths",
    "PATH...|-",
    cli::kRegisterOptions,
    {"imregister -db night.db /data/2001-01-27", "find /data -name '*.fits' | imregister -db night.db -"},
    0,
    -1};

int work(const cli::Parsed& args) {
  cli::Settings settings(args);
  return cli::register_with(kProgram, args, settings, register_files);
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }
