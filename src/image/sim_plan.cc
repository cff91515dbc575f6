// The plan of a night: calibrations in the afternoon, twilight flats, fields in the dark, and the weather above them.
#include "image/sim_plan.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "base/random.h"
#include "image/night_sky.h"
#include "image/sim_camera.h"

namespace imreg {
namespace {

constexpr double kReadout = 38;        // seconds between exposures
constexpr int kNumbersPerNight = 500;  // odometer numbers kept for each night
constexpr int kFirstNumber = 600001;
constexpr int kRunNights = 14;
constexpr double kLunation = 29.530588;
constexpr double kFlatLevel = 32000;  // electrons wanted in a twilight flat

struct Field {
  const char* name;
  double ra, dec;
};
constexpr Field kFields[] = {
    {"M31", 10.6847, 41.2688},      {"NGC 891", 35.6392, 42.3491},   {"M33", 23.4621, 30.6602},
    {"M74", 24.1739, 15.7836},      {"Deep 1", 36.4958, -4.4944},    {"SA 95", 58.5000, 0.0000},
    {"M1", 83.6331, 22.0145},       {"NGC 2403", 114.2140, 65.6026}, {"M67", 132.8460, 11.8140},
    {"M81", 148.8882, 69.0653},     {"Deep 2", 150.1167, 2.2083},    {"SA 101", 149.1000, -0.3500},
    {"M96", 161.6906, 11.8199},     {"M87", 187.7059, 12.3911},      {"Coma", 194.9531, 27.9807},
    {"M51", 202.4696, 47.1952},     {"M101", 210.8023, 54.3490},     {"Deep 3", 214.8667, 52.6781},
    {"M5", 229.6384, 2.0810},       {"M13", 250.4235, 36.4613},      {"M92", 259.2808, 43.1359},
    {"SA 110", 280.5000, 0.3500},   {"M27", 299.9016, 22.7210},      {"NGC 6946", 308.7180, 60.1539},
    {"M15", 322.4930, 12.1670},     {"Deep 4", 333.8821, -17.7322},  {"SA 92", 14.2500, 0.7500},
    {"NGC 7331", 339.2667, 34.4156}};

// To a multiple of 10, 1, 0.5, 0.01 ..., as the double nearest to those decimals.
double round_to(double x, double unit) {
  if (unit >= 1) return std::round(x / unit) * unit;
  const double parts = std::round(1 / unit);
  return std::round(x * parts) / parts;
}

// Local date of the evening: Hawaii is 10 hours behind UTC all the year.
std::chrono::year_month_day evening_date(double noon) {
  return std::chrono::sys_days(std::chrono::days(static_cast<int>(std::floor((noon - 36000) / 86400))));
}

std::string run_name(double noon, int run) {
  const auto date = evening_date(noon);
  const unsigned month = static_cast<unsigned>(date.month());
  const bool b = month >= 8 || month == 1;  // semester A is February to July
  const int year = static_cast<int>(date.year()) - (month == 1 ? 1 : 0);
  char text[32];
  std::snprintf(text, sizeof text, "%02d%cS%02d", year % 100, b ? 'B' : 'A', run + 1);
  return text;
}

std::string folder_name(double noon, int run) {
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto date = evening_date(noon);
  char text[16];
  std::snprintf(text, sizeof text, "-%s%02u", kMonths[static_cast<unsigned>(date.month()) - 1],
                static_cast<unsigned>(date.day()));
  return run_name(noon, run) + text;
}

// When the sun stands at `altitude`, between `low` and `high`, in which it crosses it once.
double sun_crossing(double low, double high, double altitude) {
  const bool above = horizontal(low, sun_position(low)).altitude > altitude;
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    if ((horizontal(middle, sun_position(middle)).altitude > altitude) == above) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

// Slow drifts of one night.
class Weather {
 public:
  Weather(Random& random, double sunset, double night) : sunset_(sunset), rotation_(random.uniform(-0.4, 0.4)) {
    seeing_ = std::min(0.45 + 0.25 * random.exponential(), 1.8);
    for (Wave& wave : waves_) {
      wave = {random.uniform(0.08, 0.16), 2 * kPi / random.uniform(2500, 14000), random.uniform(0, 2 * kPi)};
    }
    evening_ = random.uniform(1, 5);
    cooling_ = random.uniform(1, 3) / night;
    clouds_ = random.uniform() < 0.2 ? random.uniform(0, 0.5) : 0;
  }

  void apply(PlannedExposure& exposure) const {
    const double t = exposure.obstime - sunset_;
    const double ripple = waves_[0].at(t) + waves_[1].at(t);
    const double outside = evening_ - cooling_ * t + 2 * waves_[2].at(t);
    const double mirror = evening_ + 1.2 - 0.6 * cooling_ * t;
    const double temperatures[] = {mirror, outside + 0.5, outside + 1.1 + waves_[0].at(t), outside + 1.0, outside};
    for (int i = 0; i < 5; ++i) exposure.temperature[i] = round_to(temperatures[i], 0.01);
    exposure.detector_temperature = round_to(-133.2 + 0.3 * waves_[1].at(t), 0.01);
    // The best focus follows the truss; the observer sets it once an hour from the temperature.
    const double best = -1400 - 22 * outside;
    const double asked = std::floor(t / 3600) * 3600;
    exposure.focus = std::round(-1400 - 22 * (evening_ - cooling_ * asked + 2 * waves_[2].at(asked)));
    exposure.defocus = exposure.focus - best;
    exposure.rotation = round_to(rotation_, 0.01);
    const SimFilter& filter = sim_filter(exposure.filter);
    const double blur = 0.006 * exposure.defocus;
    const double atmosphere = seeing_ * std::exp(ripple) * filter.seeing * std::pow(exposure.airmass, 0.6);
    exposure.seeing = std::sqrt(atmosphere * atmosphere + blur * blur + 0.2 * 0.2);
    const double absorption = filter.extinction * exposure.airmass + clouds_ * std::abs(waves_[2].at(t)) / 0.16;
    exposure.extinction = std::pow(10, -0.4 * absorption);
  }

 private:
  struct Wave {
    double size, speed, phase;
    double at(double t) const { return size * std::sin(speed * t + phase); }
  };
  double sunset_, rotation_, seeing_, evening_, cooling_, clouds_;
  std::array<Wave, 3> waves_;
};

// The twilight sky, electrons per second and pixel: a factor of ten in about two degrees.
double twilight_rate(const SimFilter& filter, double time) {
  const double altitude = horizontal(time, sun_position(time)).altitude;
  if (altitude < -18) return 0;
  return kFlatLevel / 2.5 * std::pow(10, 0.45 * (altitude + 4)) * std::pow(10, 0.4 * (filter.zero_point - 26));
}

class Night {
 public:
  Night(const SimulateOptions& options, int night)
      : options_(options), random_(mix_seed({options.seed, 0x9184, static_cast<std::uint64_t>(night)})) {
    plan_.night = night;
    const int run = night / kRunNights;
    noon_ = options.first_noon + 86400 * (std::round(run * kLunation) + night % kRunNights);
    plan_.run = run_name(noon_, run);
    plan_.folder = folder_name(noon_, run);
    const double midnight = noon_ + 44000;
    plan_.sunset = sun_crossing(noon_ + 7200, midnight, -0.8);
    plan_.sunrise = sun_crossing(midnight, noon_ + 79200, -0.8);
    const double elongation = moon_elongation(midnight);
    plan_.moon_illumination = (1 - std::cos(elongation * kDegree)) / 2;
    plan_.moon_phase = elongation <= 180 ? elongation / 180 : elongation / 180 - 2;
    number_ = kFirstNumber + night * kNumbersPerNight;
  }

  NightPlan make() {
    weather_.emplace_back(random_, plan_.sunset, plan_.sunrise - plan_.sunset);
    const std::string wheel = kSimFilters[random_.below(5)].name;
    clock_ = plan_.sunset - 8100;
    for (int i = 0; i < 3; ++i) calibration('b', "bias", "BIAS", wheel, 0);
    for (double exptime : {120.0, 600.0}) calibration('d', "dark", "DARK", wheel, exptime);
    clock_ = sun_crossing(plan_.sunset, plan_.sunset + 7200, -3.2);
    for (const char* filter : {"u", "z", "g", "i", "r"}) {
      const double rate = twilight_rate(sim_filter(filter), clock_);
      calibration('f', "flat", "TWILIGHT FLAT", filter, std::clamp(round_to(kFlatLevel / rate, 0.5), 1.0, 60.0));
    }
    objects();
    return std::move(plan_);
  }

 private:
  // Shutter, place in the sky and weather of an exposure whose target is known; the clock moves behind it.
  void take(PlannedExposure exposure) {
    exposure.number = number_++;
    char name[16];
    std::snprintf(name, sizeof name, "%06d%c", exposure.number, exposure.letter);
    exposure.name = name;
    exposure.obstime = round_to(clock_, 0.01);
    exposure.exptime = exposure.requested;
    if (exposure.letter != 'b') exposure.exptime = round_to(exposure.requested + random_.uniform(0.02, 0.2), 0.001);
    const SkyPosition place{exposure.ra, exposure.dec};
    const Horizontal where = horizontal(exposure.obstime, place);
    exposure.lst = sidereal_time(exposure.obstime);
    exposure.hour_angle = hour_angle(exposure.obstime, exposure.ra);
    exposure.altitude = where.altitude;
    exposure.azimuth = where.azimuth;
    exposure.airmass = round_to(airmass_at(where.altitude), 0.001);
    const SkyPosition moon = moon_position(exposure.obstime);
    exposure.moon_altitude = horizontal(exposure.obstime, moon).altitude;
    exposure.moon_separation = separation(place, moon);
    weather_[0].apply(exposure);
    if (exposure.letter == 'o' || exposure.letter == 'f') exposure.sky_rate = sky_rate(exposure);
    clock_ = exposure.obstime + exposure.exptime + kReadout + random_.uniform(0, 4);
    plan_.exposures.push_back(std::move(exposure));
  }

  double sky_rate(const PlannedExposure& exposure) const {
    const SimFilter& filter = sim_filter(exposure.filter);
    const double twilight = twilight_rate(filter, exposure.obstime);
    if (exposure.letter == 'f') return twilight;
    const double pixel = options_.pixel_scale * options_.pixel_scale;
    const double dark =
        std::pow(10, 0.4 * (filter.zero_point - filter.dark_sky)) * pixel * std::pow(exposure.airmass, 0.5);
    const double height = std::max(0.0, std::sin(exposure.moon_altitude * kDegree));
    const double moon =
        filter.moon * std::pow(plan_.moon_illumination, 2) * height * (0.5 + 30 / (exposure.moon_separation + 10));
    return dark * (1 + moon) + twilight;
  }

  // The telescope rests at the zenith.
  void calibration(char letter, const char* type, const char* object, const std::string& filter, double exptime) {
    PlannedExposure exposure;
    exposure.letter = letter;
    exposure.type = type;
    exposure.object = object;
    exposure.filter = filter;
    exposure.requested = exptime;
    exposure.ra = round_to(sidereal_time(clock_), 1e-6);
    exposure.dec = round_to(kSiteLatitude, 1e-6);
    exposure.field_ra = exposure.ra;
    exposure.field_dec = exposure.dec;
    take(std::move(exposure));
  }

  // A field that is high now and at the end, away from the moon: one of the best three, not the one before.
  int choose_field(double from, double to, int last) {
    std::vector<std::pair<double, int>> ranked;
    for (int i = 0; i < static_cast<int>(std::size(kFields)); ++i) {
      const SkyPosition place{kFields[i].ra, kFields[i].dec};
      double low = std::min(horizontal(from, place).altitude, horizontal(to, place).altitude);
      if (separation(place, moon_position(from)) < 25) low -= 40;
      if (i == last) low -= 20;
      ranked.emplace_back(-low, i);
    }
    std::sort(ranked.begin(), ranked.end());
    return ranked[random_.below(3)].second;
  }

  void objects() {
    const double dusk = sun_crossing(plan_.sunset, plan_.sunset + 10800, -15);
    const double dawn = sun_crossing(plan_.sunrise - 10800, plan_.sunrise, -15);
    const int sequences = std::max(1, (options_.objects + 2) / 4);
    const double slot = (dawn - dusk) / sequences;
    int field = -1;
    for (int s = 0, done = 0; s < sequences; ++s) {
      const int dithers = options_.objects * (s + 1) / sequences - done;
      done += dithers;
      if (dithers == 0) continue;
      clock_ = std::max(clock_, dusk + s * slot);
      field = choose_field(clock_, clock_ + std::min(slot, 3600.0), field);
      const SimFilter& filter = kSimFilters[random_.below(5)];
      const double longest = std::floor((slot / dithers - kReadout - 6) / 10) * 10;
      const double exptime =
          std::clamp(round_to(filter.exptime * random_.uniform(0.5, 1.2), 10), 10.0, std::max(10.0, longest));
      for (int d = 0; d < dithers; ++d) object(field, filter, exptime, d, dithers);
    }
  }

  void object(int field, const SimFilter& filter, double exptime, int dither, int dithers) {
    // Dithers of a few arcsec to a tenth of a chip, wider than the gaps of the mosaic.
    const double reach = options_.pixel_scale / 3600 * (12 + 0.12 * options_.chip_width);
    PlannedExposure exposure;
    exposure.letter = 'o';
    exposure.type = "object";
    exposure.object = kFields[field].name;
    exposure.filter = filter.name;
    exposure.requested = exptime;
    exposure.dither = dither + 1;
    exposure.dithers = dithers;
    exposure.field = field;
    exposure.field_ra = kFields[field].ra;
    exposure.field_dec = kFields[field].dec;
    const SkyPosition pointing = from_plane(
        {exposure.field_ra, exposure.field_dec},
        {dither == 0 ? 0 : random_.uniform(-reach, reach), dither == 0 ? 0 : random_.uniform(-reach, reach)});
    exposure.ra = round_to(pointing.ra, 1e-6);
    exposure.dec = round_to(pointing.dec, 1e-6);
    take(std::move(exposure));
  }

  const SimulateOptions& options_;
  Random random_;
  NightPlan plan_;
  double noon_ = 0, clock_ = 0;
  int number_ = 0;
  std::vector<Weather> weather_;  // one, made when sunset is known
};

}  // namespace

Status check_simulate_options(const SimulateOptions& options) {
  struct Range {
    const char* name;
    double value, low, high;
  };
  const Range ranges[] = {{"number of nights", static_cast<double>(options.nights), 1, 4000},
                          {"number of ccds", static_cast<double>(options.ccds), 1, 999},
                          {"number of objects", static_cast<double>(options.objects), 1, 300},
                          {"chip width", static_cast<double>(options.chip_width), 32, 16384},
                          {"chip height", static_cast<double>(options.chip_height), 32, 16384},
                          {"overscan", static_cast<double>(options.overscan), 4, 512},
                          {"pixel scale", options.pixel_scale, 0.01, 100},
                          {"FWHM", options.fwhm > 0 ? options.fwhm : 1, 1, 50},
                          {"ellipticity", options.ellipticity, 0, 0.95},
                          {"density of stars", options.density, 0, 1000},
                          {"first noon", options.first_noon, 0, 4e9}};
  for (const Range& range : ranges) {
    if (!(range.value >= range.low && range.value <= range.high)) {
      char text[128];
      std::snprintf(text, sizeof text, "%s %.12g is out of range: give %.12g to %.12g", range.name, range.value,
                    range.low, range.high);
      return {Code::invalid, text};
    }
  }
  return {};
}

Result<NightPlan> plan_night(const SimulateOptions& options, int night) {
  IMREG_TRY(check_simulate_options(options));
  if (night < 0 || night >= 4000)
    return Status(Code::invalid, "night " + std::to_string(night) + " is out of range: give 0 to 3999");
  return Night(options, night).make();
}

}  // namespace imreg
