// imreg-codegen: what the build makes from formats/*.fmt.
//   imreg-codegen -header FILE.fmt OUT.h    the typed header
//   imreg-codegen -table OUT.cc FILE.fmt... the built-in formats, as constants
//   imreg-codegen -man FILE.fmt             the table of the fields, for a man page
//   imreg-codegen -page PAGE OUT FILE.fmt...
//                                           the page with these tables, each instead of the line @FIELDS of FILE@
//   imreg-codegen -lock FILE.fmt...         the lines of layout.lock
#include <cstdio>
#include <string>
#include <vector>

#include "base/text.h"
#include "codegen/codegen.h"
#include "os/file.h"

namespace {

using imreg::Result;
using imreg::Schema;
using imreg::Status;

Result<Schema> read(const std::string& path) {
  IMREG_ASSIGN(const std::string text, imreg::read_file(path));
  return imreg::parse_format(text, path);
}

std::string stem(std::string path) {
  if (const auto slash = path.rfind('/'); slash != std::string::npos) path.erase(0, slash + 1);
  return path.ends_with(".fmt") ? path.substr(0, path.size() - 4) : path;
}

Status run(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "-header" && argc == 4) {
    IMREG_ASSIGN(const Schema schema, read(argv[2]));
    return imreg::replace_file(argv[3], imreg::typed_header(schema, stem(argv[2])));
  }
  if (verb == "-table" && argc > 3) {
    std::vector<Schema> schemas;
    for (int i = 3; i < argc; ++i) {
      IMREG_ASSIGN(Schema schema, read(argv[i]));
      schemas.push_back(std::move(schema));
    }
    return imreg::replace_file(argv[2], imreg::builtin_table(schemas));
  }
  if (verb == "-man" && argc == 3) {
    IMREG_ASSIGN(const Schema schema, read(argv[2]));
    std::fputs(imreg::man_table(schema).c_str(), stdout);
    return {};
  }
  if (verb == "-page" && argc > 4) {
    IMREG_ASSIGN(std::string page, imreg::read_file(argv[2]));
    for (int i = 4; i < argc; ++i) {
      IMREG_ASSIGN(const Schema schema, read(argv[i]));
      const std::string place = "\n@FIELDS of " + stem(argv[i]) + "@\n";
      const auto at = page.find(place);
      if (at == std::string::npos)
        return Status(imreg::Code::invalid, "has no line " + place.substr(1, place.size() - 2)).in_file(argv[2]);
      page.replace(at, place.size(), "\n" + imreg::man_table(schema));
    }
    return imreg::replace_file(argv[3], page);
  }
  if (verb == "-lock" && argc > 2) {
    for (int i = 2; i < argc; ++i) {
      IMREG_ASSIGN(const Schema schema, read(argv[i]));
      std::puts(imreg::lock_line(schema).c_str());
    }
    return {};
  }
  return {imreg::Code::invalid,
          "usage: imreg-codegen -header FILE.fmt OUT.h | -table OUT.cc FILE.fmt... | -man FILE.fmt | "
          "-page PAGE OUT FILE.fmt... | -lock FILE.fmt..."};
}

}  // namespace

int main(int argc, char** argv) {
  const Status status = run(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "imreg-codegen: %s\n", status.text().c_str());
  return 1;
}
