// Temperatures for temps_test.py: times in (seconds since 1970), one a line; the values of the four places out. Arguments: the
// database, a log or "", the limit in seconds. A line "refresh" looks at both files again.
#include <cstdio>
#include <iostream>

#include "base/text.h"
#include "imreg/temps.h"

int main(int argc, char** argv) {
  using namespace imreg;
  TemperatureOptions options;
  if (argc != 4 || !parse_number(argv[3], options.limit)) return 2;
  options.database = argv[1];
  options.log = argv[2];
  Temperatures temperatures(options);
  temperatures.refresh();
  for (std::string line; std::getline(std::cin, line);) {
    double time = 0;
    if (line == "refresh") {
      temperatures.refresh();
    } else if (parse_number(line, time)) {
      const auto values = temperatures.at(time);
      std::printf("%.9g %.9g %.9g %.9g\n", values[0], values[1], values[2], values[3]);
      std::fflush(stdout);
    }
  }
}
