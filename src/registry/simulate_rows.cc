// A large registration database without images, for benchmarks: what 20 years of a 40-CCD camera look like. The numbers are
// those of "What fast means" (design): 12 filters, 8 types, 4 cameras, a folder for every 500 rows, 2 % of the exposures out
// of the order of time by up to two years.
#include "registry/simulate_rows.h"

#include <array>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "formats/regimage.h"
#include "imreg/index.h"
#include "imreg/record_file.h"
#include "imreg/registry.h"
#include "os/file.h"
#include "registry/image_row.h"
#include "registry/new_database.h"

namespace imreg {

namespace {

constexpr int kCcds = 40;
constexpr std::int64_t kRowsPerFolder = 500;
constexpr double kFirst = 978307200;  // 2001-01-01
constexpr double kYear = 365.25 * 86400;
constexpr std::int64_t kGroupRows = 16384;
constexpr std::array<const char*, 12> kFilters{"u", "g", "r", "i", "z", "Y", "J", "H", "Ks", "Halpha", "OIII", "gri"};
constexpr std::array<const char*, 4> kCameras{"SimPrime", "SimWide", "SimIR", "SimSpec"};
constexpr std::array<const char*, 8> kFields{"M67", "SA 110", "NGC 6791", "D1", "D2", "D3", "W3+2-3", "M31"};
// Codes of the eight types, by how many of a hundred exposures have them.
constexpr std::array<int, 100> kTypes = [] {
  std::array<int, 100> out{};
  constexpr int kShare[8][2] = {{1, 62}, {2, 5}, {3, 12}, {4, 15}, {5, 1}, {6, 2}, {7, 1}, {9, 2}};
  std::size_t at = 0;
  for (const auto& [code, share] : kShare) {
    for (int i = 0; i < share; ++i) out[at++] = code;
  }
  return out;
}();

void put(Record& row, Field<Text> field, std::string_view text) {
  if (!row.set(field, text)) std::abort();  // all texts here are short
}

// All rows of one exposure, without CRC.
class ExposureMaker {
 public:
  ExposureMaker(std::uint64_t seed, std::int64_t exposures)
      : random_(mix_seed({seed, 0x726f7773})),
        step_(20 * kYear / static_cast<double>(std::max<std::int64_t>(exposures, 1))) {}

  void append(std::int64_t exposure, std::int64_t first_row, std::int64_t rows, std::string& out) {
    const int type = kTypes[random_.below(100)];
    const bool sky = type == 1;
    const auto* filter = kFilters[random_.below(12)];
    const auto* camera = kCameras[random_.below(4)];
    double obstime = kFirst + (static_cast<double>(exposure) + random_.uniform()) * step_;
    if (random_.below(100) < 2) obstime += random_.uniform(-2, 2) * kYear;
    obstime = std::floor(obstime * 100) / 100;
    const double ra = random_.uniform(0, 360);
    const double dec = std::asin(random_.uniform(-0.7, 1)) * 57.29577951308232;
    const double exptime = type == 3 ? 0 : std::floor(random_.uniform(1, 600) * 10) / 10;
    const double airmass = 1 + std::floor(random_.exponential() * 200) / 1000;
    const double seeing = 3 + random_.exponential();
    const double level = random_.uniform(100, 20000);

    Record row(regimage::kRecordSize);
    row.set(regimage::kObstime, obstime);
    row.set(regimage::kExptime, exptime);
    row.set(regimage::kType, type);
    row.set(regimage::kMode, static_cast<int>(regimage::Mode::mef));
    row.set(regimage::kDeleted, false);
    row.set(regimage::kAirmass, sky ? airmass : kUnknown);
    row.set(regimage::kTelfocus, std::floor(random_.uniform(1000, 2000)));
    row.set(regimage::kRegtime, obstime + exptime + 5);
    row.set(regimage::kMtime, obstime + exptime + 2);
    row.set(regimage::kRelease, obstime + kYear);
    row.set(regimage::kFilesize, 2048 * 4612 * 2 * static_cast<std::int64_t>(kCcds));
    row.set(regimage::kFingerprint, static_cast<std::int64_t>(random_.next()));
    row.set(regimage::kRotangle, 0.0);
    row.set(regimage::kDettemp, -120 + random_.normal());
    for (int i = 0; i < 4; ++i) row.set(regimage::kTeltemp(i), 3 + random_.normal());
    for (const auto field : {regimage::kXprobe, regimage::kYprobe, regimage::kZprobe, regimage::kSeqtime})
      row.set(field, kUnknown);
    put(row, regimage::kFilename, std::to_string(600000 + exposure) + kTypeLetters[type] + ".fits");
    put(row, regimage::kPathname,
        "/data/archive/megacam/" + std::to_string(2001 + static_cast<int>((obstime - kFirst) / kYear)) + "/run" +
            std::to_string(first_row / kRowsPerFolder));
    put(row, regimage::kFilter, type == 3 || type == 2 ? "" : filter);
    put(row, regimage::kInstrument, camera);
    put(row, regimage::kObject, sky ? kFields[random_.below(8)] : "");
    set_statistic_state(row, Statistic::bias, StatisticState::measured);
    set_statistic_state(row, Statistic::sky, StatisticState::measured);
    set_statistic_state(row, Statistic::fwhm, sky ? StatisticState::measured : StatisticState::not_measured);
    for (int ccd = 0; ccd < rows; ++ccd) {
      row.set(regimage::kCcd, ccd);
      row.set(regimage::kExtension, ccd + 1);
      row.set(regimage::kRa, sky ? ra + 0.2 * (ccd % 9 - 4) : kUnknown);
      row.set(regimage::kDec, sky ? dec + 0.2 * (static_cast<int>(ccd / 9) - 2) : kUnknown);
      row.set(regimage::kBias, 1000 + random_.normal() * 5);
      row.set(regimage::kSky, level * (1 + 0.02 * random_.normal()));
      row.set(regimage::kFwhm, sky ? seeing * (1 + 0.03 * random_.normal()) : kUnknown);
      out += row.bytes();
    }
  }

 private:
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  Random random_;
  double step_;
};

Status fill(const std::string& database, std::int64_t rows, std::uint64_t seed, RecordWriter::Options options) {
  IndexKeeper keeper(IndexKeeper::Patience::full);
  options.follower = &keeper;
  IMREG_ASSIGN(auto writer, RecordWriter::open(database, options));
  std::string group;
  IMREG_TRY(each_simulated_exposure(rows, seed, [&](std::int64_t, std::string_view records) -> Status {
    group += records;
    if (group.size() < kGroupRows * static_cast<std::size_t>(regimage::kRecordSize)) return {};
    return writer.append(std::exchange(group, {}));
  }));
  IMREG_TRY(writer.append(std::move(group)));
  keeper.finish(writer.file());
  return writer.trim();
}

}  // namespace

Status each_simulated_exposure(std::int64_t rows, std::uint64_t seed,
                               const std::function<Status(std::int64_t first_row, std::string_view records)>& visit) {
  const std::int64_t exposures = (rows + kCcds - 1) / kCcds;
  ExposureMaker maker(seed, exposures);
  std::string records;
  for (std::int64_t exposure = 0; exposure < exposures; ++exposure) {
    const std::int64_t first_row = exposure * kCcds;
    records.clear();
    maker.append(exposure, first_row, std::min<std::int64_t>(kCcds, rows - first_row), records);
    IMREG_TRY(visit(first_row, records));
  }
  return {};
}

Status simulate_rows(const std::string& database, std::int64_t rows, std::uint64_t seed) {
  RecordWriter::Options options;
  options.program = "imsim";
  options.on_network = true;  // a new file: nobody else writes to it yet
  IMREG_TRY(check_new_database(database));
  IMREG_TRY(RecordWriter::create(database, *builtin_format(regimage::kFormat, regimage::kVersion), options));
  const Status status = fill(database, rows, seed, options);
  if (!status.ok()) {  // a part of it is of no use, and would stand in the way of the next attempt
    (void)remove_file(database);
  }
  return status;
}

}  // namespace imreg
