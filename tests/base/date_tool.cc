// The date functions for date_oracle_test.py. Lines in, tab-separated; one line out for each:
//   parse NOW TZ REFERENCE|- TEXT       -> "ok SECONDS" or "error MESSAGE"
//   move TIME RANGE                     -> the same
//   iso TIME DECIMALS TZ | elixir TIME TZ -> the text
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "base/text.h"
#include "imreg/date.h"

using namespace imreg;

namespace {

double number(std::string_view text) { return std::strtod(std::string(text).c_str(), nullptr); }

void print(const Result<double>& time) {
  if (time.ok()) {
    std::printf("ok %.17g\n", *time);
  } else {
    std::printf("error %s\n", time.status().text().c_str());
  }
}

Result<double> moved(double time, std::string_view range) {
  IMREG_ASSIGN(const Duration duration, parse_duration(range));
  return add(time, duration);
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto words = split(line, '\t');
    if (words[0] == "parse") {
      DateSettings settings;
      settings.now = number(words.at(1));
      settings.tz_hours = number(words.at(2));
      if (words.at(3) != "-") settings.reference = number(words[3]);
      print(parse_date(words.at(4), settings));
    } else if (words[0] == "move") {
      print(moved(number(words.at(1)), words.at(2)));
    } else if (words[0] == "iso") {
      std::puts(format_iso(number(words.at(1)), static_cast<int>(number(words.at(2))), number(words.at(3))).c_str());
    } else {
      std::puts(format_elixir(number(words.at(1)), number(words.at(2))).c_str());
    }
  }
}
