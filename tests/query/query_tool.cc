// For sqlite_test.py: questions on standard input, one a line ("where=...\tsort=...\tlimit=..."), answers through the
// C interface: a row a line, columns as name=text separated by tabs, then "." or "! message".
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "imreg/imreg.h"

int main(int argc, char** argv) {
  imreg_file* file = argc == 2 ? imreg_open(argv[1]) : nullptr;
  if (!file) return std::fprintf(stderr, "%s\n", imreg_error()), 1;
  for (std::string line; std::getline(std::cin, line);) {
    std::map<std::string, std::string> words;
    std::istringstream parts(line);
    for (std::string part; std::getline(parts, part, '\t');)
      words[part.substr(0, part.find('='))] = part.substr(part.find('=') + 1);
    const auto text = [&](const char* name) { return words.count(name) ? words[name].c_str() : nullptr; };
    const auto number = [&](const char* name) { return words.count(name) ? std::atoll(words[name].c_str()) : 0; };
    const imreg_question question{text("where"),
                                  text("sort"),
                                  text("unique"),
                                  text("group"),
                                  text("aggregates"),
                                  number("limit"),
                                  number("offset"),
                                  number("last"),
                                  2,
                                  0};
    imreg_rows* const rows = imreg_query(file, &question);
    int more = rows ? 1 : -1;
    while (rows && (more = imreg_next(rows)) == 1) {
      for (int i = 0; i < imreg_columns(rows); ++i) {
        const char* const value = imreg_get_text(rows, i);
        std::printf("%s%s=%s", i > 0 ? "\t" : "", imreg_column_name(rows, i), value ? value : "");
      }
      std::printf("\n");
    }
    std::printf(more < 0 ? "! %s\n" : ".\n", imreg_error());
    imreg_free(rows);
  }
  imreg_close(file);
}
