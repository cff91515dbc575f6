// Where the picture of a file is follows from its row in files.db, and whether it is up to date from its own comment: no list of pictures could
// be lost, and what a killed run has not made the next one finds missing.
#include "ingest/pictures.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <optional>
#include <set>
#include <utility>

#include "base/safe_name.h"
#include "base/text.h"
#include "os/file.h"
#include "os/processors.h"
#include "os/walk.h"

namespace imreg::ingest {

namespace {

constexpr std::size_t kAtOnce = 512;  // files that are looked at together
constexpr int kLongestSide = 2000;    // of a mosaic of any number of CCDs; acsql's are as large as the images

bool is_acs(RecordView row) {
  const auto detector = row[files::kDetector];
  return row[files::kCamera].starts_with("hst") && (detector == "WFC" || detector == "HRC" || detector == "SBC");
}

FileState state_of(RecordView row) { return static_cast<FileState>(row[files::kState]); }

// Of a file that could not be read this time, what was read before stays, and so do its pictures.
bool stays(RecordView row) {
  const auto what = static_cast<FileClass>(row[files::kClass]);
  return state_of(row) == FileState::failed && (what == FileClass::unreadable || what == FileClass::changing);
}

std::string folder_of_proposal(std::string_view proposal) {
  std::string out = safe_name(proposal);
  return out.empty() ? "unknown" : out;
}

// j8bt06nyq_flt of j8bt06nyq_flt.fits.gz.
std::string stem_of(std::string_view name) {
  const auto ending = to_lower(name).find(".fit");
  return std::string(name.substr(0, ending == name.npos ? name.find('.') : ending));
}

}  // namespace

Status check_picture_folders(const IngestOptions& options) {
  for (const auto& folder : {options.jpegs, options.thumbnails}) {
    if (folder.empty()) continue;
    if (!options.pictures) return {Code::invalid, "pictures, and nobody who makes them: IngestOptions::pictures"};
    const std::string own = resolved_path(absolute_path(folder));
    for (const auto& tree : options.trees) {
      if ((resolved_path(absolute_path(tree)) + "/").starts_with(own == "/" ? own : own + "/"))
        return {Code::invalid,
                visible(tree) + ": the pictures would lie in it or above it: choose another folder for them"};
    }
  }
  return {};
}

Pictures::Pictures(const IngestOptions& options, const Cameras& cameras, FileTable& table, Log& log,
                   PictureReport& report)
    : options_(options), cameras_(cameras), table_(table), log_(log), report_(report) {
  acsql_.remember = others_.remember = true;
  acsql_.look.stretch = "acsql";
  others_.look.most_width = others_.look.most_height = kLongestSide;
}

void Pictures::stop(const Status& why) {
  if (report_.stopped.ok()) report_.stopped = why;
}

void Pictures::begin() {
  for (const auto& folder : std::set<std::string>{options_.jpegs, options_.thumbnails}) {
    if (folder.empty()) continue;
    if (const Status made = options_.pictures->begin(folder); !made.ok()) return stop(made);
  }
}

const std::string& Pictures::folder_for(const KeptPicture& picture) const {
  return picture.kind == KeptPicture::Kind::thumbnail ? options_.thumbnails : options_.jpegs;
}

// Of the ACS acsql's; any other file has its whole path, so that no two have the same.
std::vector<KeptPicture> Pictures::names(RecordView row) const {
  using Kind = KeptPicture::Kind;
  const bool acs = is_acs(row);
  const std::string_view type = row[files::kFiletype];
  if (acs && type != "raw" && type != "flt" && type != "flc") return {};
  const std::string name =
      acs ? below(folder_of_proposal(row[files::kProposal]), stem_of(row[files::kFilename])) : path_of(row).substr(1);
  std::vector<KeptPicture> out;
  if (!options_.jpegs.empty()) out.push_back({below(options_.jpegs, name + ".jpg"), Kind::jpeg});
  if (!options_.thumbnails.empty() && (!acs || type == "flt"))
    out.push_back({below(options_.thumbnails, name + ".thumb"), Kind::thumbnail});
  return out;
}

// Copies of a file of the ACS have one name of a picture: it is that of the first one that is there.
bool Pictures::is_of_another(RecordView row) {
  if (!is_acs(row)) return false;
  const auto own = names(row);
  const bool has_none = state_of(row) != FileState::done;
  for (const Record& other : table_.of_observation(observation_of(row))) {
    const RecordView view = other.view();
    if (view[files::kNumber] == row[files::kNumber] || state_of(view) != FileState::done || view[files::kDeleted] ||
        (!has_none && view[files::kNumber] > row[files::kNumber]))
      continue;
    const auto its = names(view);
    if (!its.empty() && !own.empty() && its[0].path == own[0].path) return true;
  }
  return false;
}

void Pictures::follow(const Record& old, const Record& fresh) {
  if (stays(fresh.view()) || is_of_another(old.view())) return;
  const auto to = state_of(fresh.view()) == FileState::done ? names(fresh.view()) : std::vector<KeptPicture>();
  for (const auto& picture : names(old.view())) {
    const auto now = std::find_if(to.begin(), to.end(), [&](const auto& one) { return one.kind == picture.kind; });
    if (now == to.end())
      report_.removed += options_.pictures->remove(folder_for(picture), picture.path);
    else if (now->path != picture.path)
      options_.pictures->move(folder_for(picture), picture.path, now->path);
  }
}

void Pictures::make(const std::vector<Record>& rows, bool again) {
  struct Job {
    RecordView row;
    std::vector<KeptPicture> pictures;
    std::optional<Result<KeptPictures>> result;
  };
  std::vector<Job> jobs;
  for (const auto& record : rows) {
    const RecordView row = record.view();
    if (state_of(row) != FileState::done || row[files::kDeleted]) continue;
    auto pictures = names(row);
    if (!pictures.empty() && !is_of_another(row)) jobs.push_back({row, std::move(pictures), {}});
  }
  std::atomic<std::size_t> next{0};
  std::atomic<bool> go_on = report_.stopped.ok();
  at_once(std::min(options_.jobs, static_cast<int>(jobs.size())), [&](int) {
    for (std::size_t i; go_on && (i = next++) < jobs.size();) {
      Job& job = jobs[i];
      KeepOptions how = is_acs(job.row) ? acsql_ : others_;
      how.again = again;
      try {
        job.result.emplace(options_.pictures->keep(
            {{path_of(job.row)}, job.row[files::kFilesize], job.row[files::kMtime]}, job.pictures, cameras_, how));
      } catch (const std::exception& error) {  // of one file, which nothing else depends on
        KeptPictures failed;
        failed.reason = std::string("cannot be drawn: ") + error.what();
        job.result.emplace(std::move(failed));
      }
      if (!*job.result) go_on = false;  // a full disk is full for all
    }
  });
  using Fate = LookedFile::Fate;
  for (const Job& job : jobs) {
    if (!job.result) continue;
    if (!*job.result) {
      stop(job.result->status());
      continue;
    }
    const KeptPictures& kept = **job.result;
    const std::string name = observation_of(job.row), path = path_of(job.row);
    if (kept.fate == Fate::passed) ++report_.without;
    if (kept.fate == Fate::failed && kept.before) ++report_.failed_before;
    if (kept.fate == Fate::failed && !kept.before) {
      ++report_.failed;
      log_.warning(name, path + ": no picture: " + kept.reason);
      if (options_.no_picture) options_.no_picture(path, kept.reason);
    }
    if (kept.fate != Fate::made && kept.fate != Fate::current) continue;
    for (std::size_t i = 0; i < job.pictures.size(); ++i) {
      ++(kept.made[i] ? report_.made : report_.current);
      if (kept.made[i])
        log_.info(name, job.pictures[i].kind == KeptPicture::Kind::jpeg ? "Creating JPEG" : "Creating Thumbnail");
    }
  }
}

void Pictures::remove_of_gone() {
  for (std::int64_t i = 0; i < table_.rows(); ++i) {
    const Record record = table_.row(i);
    const RecordView row = record.view();
    const FileState state = state_of(row);
    if (row[files::kDeleted] || state == FileState::done || state == FileState::begun || stays(row)) continue;
    const auto pictures = names(row);
    if (pictures.empty() || is_of_another(row)) continue;
    for (const auto& picture : pictures)
      report_.removed += options_.pictures->remove(folder_for(picture), picture.path);
  }
}

Status Pictures::catch_up(const std::vector<std::int64_t>& known, const std::function<void(std::int64_t files)>& done) {
  remove_of_gone();
  std::vector<Record> rows;
  for (std::size_t from = 0; from < known.size(); from += kAtOnce) {
    rows.clear();
    for (std::size_t i = from; i < std::min(known.size(), from + kAtOnce); ++i) rows.push_back(table_.row(known[i]));
    make(rows, false);
    IMREG_TRY(log_.flush());
    done(std::ssize(rows));
  }
  return {};
}

}  // namespace imreg::ingest
