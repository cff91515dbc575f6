// imreg-filters OUT.cc FILE.list...: what the build makes from formats/cameras/*.list, builtin_filters() as constants, so that
// a search for a filter, which starts often, parses no lists.
#include <cstdio>

#include "camera/filters.h"
#include "os/file.h"

namespace imreg::camera {

namespace {

// As a literal of C++. Octal: a hexadecimal number has no end.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    char number[8];
    std::snprintf(number, sizeof number, "\\%03o", static_cast<unsigned char>(c));
    if (c == '"' || c == '\\' || c < ' ')
      out += number;
    else
      out += c;
  }
  return out + '"';
}

}  // namespace

std::string code_of(const FilterList& list) {
  std::string out =
      "// Made from formats/cameras/*.list by imreg-filters. Do not edit.\n#include \"camera/filters.h\"\n\n"
      "namespace imreg::camera {\n\nnamespace {\n\n";
  for (const auto& [name, entries] : {std::pair("kEntries", &list.entries_), std::pair("kPatterns", &list.patterns_)}) {
    out += std::string("constexpr FilterTable::Entry ") + name + "[] = {\n";
    for (const auto& entry : *entries) out += "    {" + quoted(entry.name) + ", " + quoted(entry.groups) + "},\n";
    out += "};\n";
  }
  for (const auto& [name, names] : {std::pair("kExact", &list.exact_), std::pair("kNocase", &list.nocase_)}) {
    out += std::string("constexpr FilterTable::Name ") + name + "[] = {\n";
    for (const auto& [key, entry] : *names) out += "    {" + quoted(key) + ", " + std::to_string(entry) + "},\n";
    out += "};\n";
  }
  return out +
         "constexpr FilterTable kTable = {kEntries, kPatterns, kExact, kNocase};\n\n}  // namespace\n\n"
         "const FilterTable& builtin_filters() { return kTable; }\n\n}  // namespace imreg::camera\n";
}

namespace {

Status run(int argc, char** argv) {
  if (argc < 3) return {Code::invalid, "usage: imreg-filters OUT.cc FILE.list..."};
  FilterList list;
  for (int i = 2; i < argc; ++i) {
    IMREG_ASSIGN(const std::string text, read_file(argv[i]));
    IMREG_TRY(list.add(text, argv[i]));
  }
  return replace_file(argv[1], code_of(list));
}

}  // namespace

}  // namespace imreg::camera

int main(int argc, char** argv) {
  const imreg::Status status = imreg::camera::run(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "imreg-filters: %s\n", status.text().c_str());
  return 1;
}
