// Files to CCDs to statistics, CCDs on several threads.
#include "imreg/measure.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "imreg/pixels.h"
#include "measure/bayer.h"
#include "measure/ccd_sections.h"
#include "measure/saturation.h"
#include "measure/stars.h"
#include "os/processors.h"

namespace imreg {

namespace {

using namespace measure;

constexpr const char* kNoMemory = "no memory left";
constexpr const char* kNoStars[] = {"bias", "dark", "flat", "mask", "fringe", "scatter"};

std::string without_median(const std::string& what, const PixelStatistics& of) {
  if (of.pixels == 0) return "there are no " + what + " pixels";
  return of.bad == of.pixels ? "no " + what + " pixel has a value"
                             : "the median of the " + what + " pixels is infinite";
}

void fail(CcdStatistics& out, const std::string& why) { out.reason += (out.reason.empty() ? "" : "; ") + why; }

void measure_pixels(const PixelFile& file, const FitsHeaders& headers, const ImageFacts& facts,
                    const MeasureOptions& options, CcdStatistics& out) {
  const std::vector<int> extensions = facts.amplifiers.empty() ? std::vector<int>{facts.extension} : facts.amplifiers;
  std::vector<PixelFile::Image> images;
  images.reserve(extensions.size());  // areas point at their planes
  std::vector<PixelArea> data, overscan;
  double saturation = std::numeric_limits<double>::infinity();
  const bool cube = facts.mode == ImageMode::cube;
  out.sky_state = Measured::failed;
  for (const int number : extensions) {
    const Hdu* hdu = hdu_of(headers, number);
    if (hdu == nullptr) continue;
    auto image = file.image(*hdu, cube ? PixelFile::kAllPlanes : std::max(0, facts.slice - 1));
    if (!image) return void(fail(out, image.status().message()));
    images.push_back(*std::move(image));
    const PixelPlane& plane = images.back().plane();
    if (!plane.is_like(images.front().plane())) {
      return void(fail(out, "the amplifier in HDU " + std::to_string(number) +
                                " has pixels of another type or scale than HDU " + std::to_string(extensions.front()) +
                                ": they have no common median"));
    }
    const std::int64_t height = cube ? hdu->axes[1] : plane.height;
    CcdSections sections = sections_of(hdu->header, number == facts.extension ? facts : facts_of_amplifier(*hdu, facts),
                                       plane.width, height);
    const auto add = [&](const std::vector<PixelBox>& boxes, std::vector<PixelArea>& to) {
      if (boxes == std::vector<PixelBox>{{0, 0, plane.width, height}}) {
        to.push_back({&plane, {0, 0, plane.width, plane.height}});
        return;
      }
      for (std::int64_t y = 0; y < plane.height; y += height) {  // of a cube, each plane
        for (const PixelBox& box : boxes) to.push_back({&plane, {box.x, box.y + y, box.width, box.height}});
      }
    };
    add(sections.data, data);
    add(sections.bias, overscan);
    out.notes.insert(out.notes.end(), sections.notes.begin(), sections.notes.end());
    saturation = std::min(saturation, saturation_of(hdu->header, headers.hdus.front().header, plane));
  }
  const PixelStatistics bias = statistics_of(overscan);
  PixelStatistics sky = statistics_of(data, saturation);
  const auto lost = [&] {
    std::string why;
    for (const auto& image : images) {
      if (const Status status = image.check(); why.empty() && !status.ok()) why = status.message();
    }
    return why;
  };
  if (const std::string why = lost(); !why.empty()) return void(fail(out, why));
  if (is_top(sky) && sky.maximum < saturation) {
    saturation = sky.maximum;
    sky.saturated = sky.at_maximum;
    out.notes.push_back(std::to_string(sky.at_maximum) + " pixels stand at the highest value, " +
                        json_number(sky.maximum) + ": they are taken for saturated");
  }
  // Three skies in one image have no common median or noise, and stars in it no profile.
  std::optional<GreenPixels> greens;
  if (const Hdu* hdu = hdu_of(headers, facts.extension); hdu != nullptr && hdu->axes.size() == 2) {
    const std::string pattern = colour_pattern(hdu->header, headers.hdus.front().header);
    if (is_bayer(pattern)) {
      greens.emplace(data, pattern);
      const PixelStatistics of_greens = statistics_of(greens->areas());
      sky.median = of_greens.median, sky.sigma = of_greens.sigma;
      out.notes.push_back("a colour frame (" + pattern + "): sky, sigma and stars are those of its green pixels");
      if (const std::string why = lost(); !why.empty()) return void(fail(out, why));
    } else if (!pattern.empty()) {
      out.notes.push_back("a colour frame, perhaps, of no pattern that is known (" + visible(pattern) +
                          "): measured as if all pixels were alike");
    }
  }
  out.pixels = sky.pixels, out.bad = sky.bad, out.saturated = sky.saturated;
  if (std::isfinite(bias.median)) {
    out.bias = bias.median;
    out.bias_state = Measured::yes;
  } else if (bias.pixels > 0) {
    out.bias_state = Measured::failed;
    fail(out, without_median("overscan", bias));
  }
  if (!std::isfinite(sky.median)) return void(fail(out, without_median("data", sky)));
  out.sky = sky.median, out.sigma = sky.sigma;
  out.sky_state = Measured::yes;
  const bool no_stars =
      facts.type.value && std::find(std::begin(kNoStars), std::end(kNoStars), *facts.type.value) != std::end(kNoStars);
  if (!options.stars || cube || (no_stars && !options.all_stars)) return;
  StarStatistics stars = measure_stars(greens ? greens->areas() : data, sky, saturation, options.rule);
  if (greens) stars.fwhm *= GreenPixels::kPitch;
  if (const std::string why = lost(); !why.empty()) {  // they were looked for in zeros
    stars = StarStatistics();
    stars.stars = CcdStatistics::kNotCounted;
    stars.why_none = why;
  }
  out.stars = stars.stars;
  out.ellipticity = stars.ellipticity;
  out.fwhm = stars.fwhm;
  out.fwhm_state = std::isfinite(stars.fwhm) ? Measured::yes : Measured::failed;
  if (!std::isfinite(stars.fwhm)) fail(out, "no FWHM: " + stars.why_none);
  if (!stars.note.empty()) out.notes.push_back(stars.note);
}

// A file whose CCDs are being measured.
struct Work {
  FileStatistics out;
  FitsHeaders headers;
  FileFacts facts;
  std::optional<PixelFile> file;
  std::size_t next = 0, left = 0;  // CCDs to begin with, and to be ended
};

// Opens a file and says which CCDs it has; without any, `out.status` tells why.
std::unique_ptr<Work> begin(const std::string& path, const Cameras& cameras, const MeasureOptions& options) {
  auto work = std::make_unique<Work>();
  work->out.file = path;
  const auto give_up = [&](Status status) {
    work->out.status = std::move(status).in_file(path);
    return std::move(work);
  };
  auto opened = PixelFile::open(path);
  if (!opened && opened.status().code() == Code::not_found)
    return give_up(Status(Code::not_found, "image is unavailable: " + opened.status().message()));
  if (!opened) return give_up(opened.status());
  work->headers = std::move(opened->first);
  auto facts =
      cameras.translate(path, work->headers, {.split = options.split, .camera = options.camera, .explain = true});
  if (!facts) return give_up(facts.status());
  work->facts = *std::move(facts);
  work->out.file_size = work->headers.file_size;
  work->out.mtime = work->headers.mtime;
  const std::size_t count = work->facts.images.size();
  if (!work->headers.damage.empty()) work->out.status = Status(Code::corrupt, work->headers.damage).in_file(path);
  if (count == 0) {
    if (!work->out.status.ok()) return work;
    return give_up(Status(Code::invalid, work->facts.why_none));
  }
  work->file = std::move(opened->second);
  work->out.ccds.resize(count);
  work->left = count;
  return work;
}

void measure_one(Work& work, std::size_t i, const MeasureOptions& options) {
  const ImageFacts& facts = work.facts.images[i];
  CcdStatistics& out = work.out.ccds[i];
  try {
    out.file = work.out.file;
    out.file_size = work.out.file_size;
    out.mtime = work.out.mtime;
    out.ccd = facts.ccd.value.value_or(-1);
    out.chip = facts.chip.value.value_or("");
    out.extension = facts.extension;
    out.slice = facts.slice;
    CcdStatistics measured = out;
    measure_pixels(*work.file, work.headers, facts, options, measured);
    out = std::move(measured);
  } catch (const std::bad_alloc&) {
    out.sky_state = Measured::failed;
    out.reason = kNoMemory;
  }
}

// Hands out CCDs to threads; files are opened when those before have no CCD left to begin with.
class Crew {
 public:
  Crew(const std::vector<std::string>& paths, const Cameras& cameras, const MeasureOptions& options,
       const std::function<bool(const FileStatistics&)>& done)
      : paths_(paths), cameras_(cameras), options_(options), done_(done) {}

  void run(int jobs) {
    at_once(jobs, [this](int) { work(); });
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (!stopped_) {
      Work* found = nullptr;
      std::size_t number = 0;
      for (auto& [place, work] : open_) {
        if (work && work->next < work->facts.images.size() && work->left > 0) {
          found = work.get();
          number = found->next++;
          break;
        }
      }
      if (found != nullptr) {
        lock.unlock();
        measure_one(*found, number, options_);
        lock.lock();
        if (--found->left == 0) found->file.reset();
      } else if (next_ < paths_.size()) {
        const std::size_t place = next_++;
        open_[place] = nullptr;  // being opened
        lock.unlock();
        std::unique_ptr<Work> work;
        try {
          work = begin(paths_[place], cameras_, options_);
        } catch (const std::bad_alloc&) {
          work = std::make_unique<Work>();
          work->out.file = paths_[place];
          work->out.status = Status(Code::io, kNoMemory).in_file(paths_[place]);
        }
        lock.lock();
        open_[place] = std::move(work);
      } else if (std::any_of(open_.begin(), open_.end(), [](const auto& entry) { return !entry.second; })) {
        changed_.wait(lock);  // it may have CCDs for everybody
        continue;
      } else {
        break;
      }
      tell();
      changed_.notify_all();
    }
    changed_.notify_all();
  }
  // Those at the front that are done.
  void tell() {
    while (!open_.empty() && open_.begin()->second && open_.begin()->second->left == 0 && !stopped_) {
      if (!done_(open_.begin()->second->out)) stopped_ = true;
      open_.erase(open_.begin());
    }
  }

  const std::vector<std::string>& paths_;
  const Cameras& cameras_;
  const MeasureOptions& options_;
  const std::function<bool(const FileStatistics&)>& done_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::size_t, std::unique_ptr<Work>> open_;  // by place in paths_
  std::size_t next_ = 0;
  bool stopped_ = false;
};

}  // namespace

const char* CcdStatistics::state() const {
  if (sky_state != Measured::yes) return "failed";
  return bias_state == Measured::failed || fwhm_state == Measured::failed ? "incomplete" : "ok";
}

struct FileMeasurement::State {
  std::unique_ptr<Work> work;
  MeasureOptions options;
};

FileMeasurement::FileMeasurement(const std::string& path, const Cameras& cameras, const MeasureOptions& options)
    : state_(std::make_unique<State>(begin(path, cameras, options), options)) {}
FileMeasurement::FileMeasurement(FileMeasurement&&) noexcept = default;
FileMeasurement& FileMeasurement::operator=(FileMeasurement&&) noexcept = default;
FileMeasurement::~FileMeasurement() = default;

FileStatistics FileMeasurement::measure(int extension, int slice) {
  Work& work = *state_->work;
  FileStatistics out = work.out;
  out.ccds.clear();
  const auto& images = work.facts.images;
  const auto image = std::find_if(images.begin(), images.end(), [&](const ImageFacts& one) {
    return one.extension == extension && one.slice == slice;
  });
  if (image == images.end()) {
    if (out.status.ok())
      out.status =
          Status(Code::not_found, "there is no image in HDU " + std::to_string(extension)).in_file(work.out.file);
    return out;
  }
  const auto number = static_cast<std::size_t>(image - images.begin());
  measure_one(work, number, state_->options);
  out.ccds.push_back(work.out.ccds[number]);
  return out;
}

void measure_files(const std::vector<std::string>& paths, const Cameras& cameras, const MeasureOptions& options,
                   const std::function<bool(const FileStatistics&)>& done) {
  Crew(paths, cameras, options, done).run(threads_of(options.jobs));
}

}  // namespace imreg
