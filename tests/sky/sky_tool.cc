// The sky room for astropy_test.py. Lines in, tab-separated; one line out: numbers, or "error MESSAGE".
//   angle deg|hour TEXT | separation RA DEC RA DEC | time FROM TO SECONDS | icrs FRAME LON LAT EQUINOX EPOCH|- | wcs X
// Y FILE (of cards)
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>

#include "base/text.h"
#include "sky/frames.h"
#include "sky/time_scale.h"
#include "sky/wcs.h"

using namespace imreg;

namespace {

double number(std::string_view text) { return std::strtod(std::string(text).c_str(), nullptr); }

Frame frame(std::string_view name) {
  if (name == "fk4") return Frame::fk4;
  if (name == "fk5") return Frame::fk5;
  if (name == "galactic") return Frame::galactic;
  if (name == "of_date") return Frame::of_date;
  if (name == "apparent") return Frame::apparent;
  return name == "ecliptic" ? Frame::ecliptic : Frame::icrs;
}

void print(const Result<SkyPosition>& place) {
  if (place.ok()) {
    std::printf("%.15g %.15g\n", place->ra, place->dec);
  } else {
    std::printf("error %s\n", place.status().text().c_str());
  }
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto w = split(line, '\t');
    if (w[0] == "angle") {
      const auto angle = parse_angle(w.at(2), w.at(1) == "hour" ? AngleUnit::hours : AngleUnit::degrees);
      if (angle.ok()) {
        std::printf("%.15g\n", *angle);
      } else {
        std::printf("error %s\n", angle.status().text().c_str());
      }
    } else if (w[0] == "separation") {
      std::printf("%.15g\n", separation({number(w.at(1)), number(w.at(2))}, {number(w.at(3)), number(w.at(4))}));
    } else if (w[0] == "time") {
      std::printf("%.17g\n", convert_time(number(w.at(3)), *time_scale_named(w.at(1)), *time_scale_named(w.at(2))));
    } else if (w[0] == "icrs") {
      std::optional<double> epoch;
      if (w.at(5) != "-") epoch = number(w[5]);
      print(to_icrs({number(w.at(2)), number(w.at(3))}, frame(w.at(1)), number(w.at(4)), epoch));
    } else {
      std::ifstream file{std::string(w.at(3)), std::ios::binary};
      const std::string cards{std::istreambuf_iterator<char>(file), {}};
      print(pixel_position(cards, number(w.at(1)), number(w.at(2))));
    }
  }
}
