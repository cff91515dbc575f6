// Writes simulated nights: files, folders, truth.csv and stars.csv.
#include "imreg/simulate.h"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>

#include "image/sim_camera.h"
#include "image/sim_header.h"
#include "image/sim_pixels.h"
#include "image/sim_plan.h"
#include "imreg/date.h"
#include "os/file.h"

namespace imreg {
namespace {

namespace fs = std::filesystem;

// A file under a temporary name until finish(); gone when that was never reached.
class NewFile {
 public:
  static Result<NewFile> create(const std::string& path) {
    IMREG_ASSIGN(File file, File::open(path + kPart, File::Mode::create));
    IMREG_TRY(file.truncate(0));  // what a run that was killed has left
    return NewFile(path, std::move(file));
  }
  ~NewFile() {
    if (file_.is_open()) (void)remove_file(file_.path());
  }
  NewFile(NewFile&&) noexcept = default;
  NewFile& operator=(NewFile&&) = delete;

  Status write(std::string_view bytes) {
    IMREG_TRY(file_.write(size_, bytes));
    size_ += static_cast<std::int64_t>(bytes.size());
    return {};
  }
  /// Pixels, filled up to a whole number of FITS blocks.
  Status write_blocks(std::string_view bytes) {
    IMREG_TRY(write(bytes));
    return write(std::string((kBlockSize - bytes.size() % kBlockSize) % kBlockSize, '\0'));
  }
  Status finish() {
    IMREG_TRY(rename_file(file_.path(), path_));
    file_.close();
    return {};
  }

 private:
  static constexpr const char* kPart = ".part";
  NewFile(const std::string& path, File file) : path_(path), file_(std::move(file)) {}

  std::string path_;
  File file_;
  std::int64_t size_ = 0;
};

Status make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Status(Code::io, "cannot create the folder: " + error.message()).in_file(folder.string());
  return {};
}

std::string fixed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

class Simulation {
 public:
  Simulation(const std::string& directory, const SimulateOptions& options)
      : directory_(directory), options_(options), camera_(sim_geometry(options)), painter_(options_, camera_) {}

  Result<std::vector<SimulatedImage>> run(const std::function<void(int, int)>& progress) {
    for (int ccd = 0; ccd < options_.ccds; ++ccd) chips_.push_back(sim_chip(options_, ccd));
    std::vector<NightPlan> nights;
    int all = 0, done = 0;
    for (int night = 0; night < options_.nights; ++night) {
      IMREG_ASSIGN(NightPlan plan, plan_night(options_, night));
      all += static_cast<int>(plan.exposures.size());
      nights.push_back(std::move(plan));
    }
    for (const NightPlan& night : nights) {
      for (const PlannedExposure& exposure : night.exposures) {
        IMREG_TRY(write_exposure(night, exposure));
        if (progress) progress(++done, all);
      }
    }
    IMREG_TRY(write_truth());
    if (options_.stars) IMREG_TRY(write_stars());
    return std::move(truth_);
  }

 private:
  Status write_exposure(const NightPlan& night, const PlannedExposure& exposure) {
    std::vector<SimStarOnSky> stars;
    if (exposure.letter == 'o') stars = sim_stars(options_, camera_, exposure);
    const bool split = options_.mode == SimulateMode::split;
    const std::string base = night.folder + '/' + exposure.name;
    IMREG_TRY(make_folder(fs::path(directory_) / (split ? base : night.folder)));
    std::optional<NewFile> file;
    if (!split) {
      IMREG_ASSIGN(NewFile mef, NewFile::create(directory_ + '/' + base + ".fits"));
      file.emplace(std::move(mef));
      IMREG_TRY(file->write(sim_primary_header(camera_, night, exposure).file_bytes()));
    }
    for (const ChipGeometry& chip : camera_.chips) {
      SimulatedImage image;
      image.path = split ? base + '/' + exposure.name + chip.name.substr(3) + ".fits" : base + ".fits";
      image.extension = split ? 0 : chip.number + 1;
      image.ccd = chip.number;
      image.type = exposure.type;
      image.object = exposure.object;
      image.filter = exposure.filter;
      image.obstime = exposure.obstime;
      image.exptime = exposure.exptime;
      image.ra = exposure.ra;
      image.dec = exposure.dec;
      image.airmass = exposure.airmass;
      const SimChip& defects = chips_[static_cast<std::size_t>(chip.number)];
      painter_.paint(chip, defects, exposure, stars, pixels_, image);
      if (split) {
        IMREG_ASSIGN(NewFile one, NewFile::create(directory_ + '/' + image.path));
        file.emplace(std::move(one));
      }
      IMREG_TRY(file->write(sim_chip_header(camera_, chip, defects, night, exposure, split).file_bytes()));
      IMREG_TRY(file->write_blocks(pixels_));
      if (split) IMREG_TRY(file->finish());
      truth_.push_back(std::move(image));
    }
    return split ? Status() : file->finish();
  }

  Status write_truth() {
    std::string text =
        "path,extension,ccd,type,object,filter,obstime,exptime,ra,dec,airmass,fwhm,sky,bias,stars,ellipticity,bright\n";
    for (const SimulatedImage& image : truth_) {
      text += image.path + ',' + std::to_string(image.extension) + ',' + std::to_string(image.ccd) + ',' + image.type +
              ',' + image.object + ',' + image.filter + ',' + format_iso(image.obstime, 2) + ',' +
              fixed(image.exptime, 3) + ',' + fixed(image.ra, 6) + ',' + fixed(image.dec, 6) + ',' +
              fixed(image.airmass, 3) + ',' + fixed(image.fwhm, 3) + ',' + fixed(image.sky, 3) + ',' +
              fixed(image.bias, 3) + ',' + std::to_string(image.star_count) + ',' +
              fixed(image.fwhm > 0 ? options_.ellipticity : 0, 3) + ',' + std::to_string(image.bright_count) + '\n';
    }
    return write_table("truth.csv", text);
  }

  Status write_stars() {
    std::string text = "path,extension,x,y,flux,ra,dec\n";
    for (const SimulatedImage& image : truth_) {
      for (const SimulatedStar& star : image.stars) {
        text += image.path + ',' + std::to_string(image.extension) + ',' + fixed(star.x, 3) + ',' + fixed(star.y, 3) +
                ',' + fixed(star.flux, 2) + ',' + fixed(star.ra, 7) + ',' + fixed(star.dec, 7) + '\n';
      }
    }
    return write_table("stars.csv", text);
  }

  Status write_table(const char* name, const std::string& text) {
    IMREG_ASSIGN(auto file, NewFile::create(directory_ + '/' + name));
    IMREG_TRY(file.write(text));
    return file.finish();
  }

  std::string directory_;
  const SimulateOptions& options_;
  CameraGeometry camera_;
  SimPainter painter_;
  std::vector<SimChip> chips_;
  std::string pixels_;
  std::vector<SimulatedImage> truth_;
};

}  // namespace

Result<std::vector<SimulatedImage>> simulate_nights(const std::string& directory, const SimulateOptions& options,
                                                    const std::function<void(int, int)>& progress) {
  IMREG_TRY(check_simulate_options(options));
  return Simulation(directory, options).run(progress);
}

}  // namespace imreg
