// Takes each camera table away, learns a draft from one half of its real files and one from the other, and prints how
// much of what the removed table gave the drafts give, too; and what the generic table gives alone.
//   learn_tool [-tables DIR] [-camera NAME] [-v] TREE
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "imreg/camera.h"
#include "imreg/camera_tools.h"
#include "imreg/fits_file.h"

using namespace imreg;

namespace {

struct File {
  std::string path;
  FitsHeaders headers;
  FileFacts facts;
};

struct Score {
  double right = 0, all = 0, more = 0;
  void add(const Score& other) { right += other.right, all += other.all, more += other.more; }
  double percent() const { return all == 0 ? 100 : 100 * right / all; }
};

// The values of an image that the removed table gives, each with whether `is` equals `was`. `more`: those that it does
// not give and the draft does.
std::map<std::string, bool> compare(const ImageFacts& was, const ImageFacts& is, std::vector<std::string>& more) {
  std::map<std::string, bool> out;
  const auto put = [&](const char* name, const auto& a, const auto& b, bool equal) {
    if (a.value)
      out[name] = equal;
    else if (b.value)
      more.emplace_back(name);
  };
  const auto same = [&](const char* name, const auto& a, const auto& b) { put(name, a, b, a.value == b.value); };
  const auto close = [&](const char* name, const Fact<double>& a, const Fact<double>& b, double tolerance) {
    put(name, a, b, a.value && b.value && std::fabs(*a.value - *b.value) <= tolerance);
  };
  same("type", was.type, is.type);
  same("filter", was.filter, is.filter);
  same("object", was.object, is.object);
  same("instrument", was.instrument, is.instrument);
  same("ccd", was.ccd, is.ccd);
  close("obstime", was.obstime, is.obstime, 1);
  close("exptime", was.exptime, is.exptime, 1e-3 * std::fabs(was.exptime.value.value_or(0)));
  const double wide = std::cos(was.dec.value.value_or(0) * 3.14159265358979 / 180);
  close("ra", was.ra, is.ra, 1.0 / 3600 / std::max(wide, 1e-3));
  close("dec", was.dec, is.dec, 1.0 / 3600);
  close("airmass", was.airmass, is.airmass, 1e-3);
  close("dettemp", was.dettemp, is.dettemp, 0.01);
  return out;
}

// A value of a file counts once: the share of its rows where it is equal.
Score score_of(const File& file, const FileFacts& is, std::map<std::string, Score>& fields) {
  std::map<std::string, Score> values;
  std::set<std::string> extra;
  values["rows"] = {file.facts.images.size() == is.images.size() ? 1.0 : 0.0, 1};
  for (const ImageFacts& was : file.facts.images) {
    const ImageFacts* same = nullptr;
    for (const ImageFacts& image : is.images) {
      if (image.extension == was.extension && image.slice == was.slice) same = &image;
    }
    std::vector<std::string> more;
    for (const auto& [name, equal] : compare(was, same == nullptr ? ImageFacts() : *same, more))
      values[name].add({equal ? 1.0 : 0.0, 1});
    for (const std::string& name : more) extra.insert(name);
  }
  Score out;
  out.more = static_cast<double>(extra.size());
  for (const std::string& name : extra) fields[name].more += 1;
  for (const auto& [name, value] : values) {
    out.add({value.right / value.all, 1});
    fields[name].add({value.right / value.all, 1});
  }
  return out;
}

std::string text_of(const Fact<double>& fact) {
  char text[64];
  std::snprintf(text, sizeof text, "%.6f", fact.value.value_or(std::nan("")));
  return text + (" (" + fact.keyword + ")");
}
std::string text_of(const Fact<std::string>& fact) { return fact.value.value_or("-") + " (" + fact.keyword + ")"; }
std::string text_of(const Fact<int>& fact) {
  return (fact.value ? std::to_string(*fact.value) : "-") + " (" + fact.keyword + ")";
}

void tell_differences(const File& file, const FileFacts& is) {
  if (is.images.size() != file.facts.images.size())
    std::printf("  %s: %zu rows, must be %zu\n", file.path.c_str(), is.images.size(), file.facts.images.size());
  if (is.images.empty() || file.facts.images.empty()) return;
  const ImageFacts &was = file.facts.images[0], &now = is.images[0];
  const auto tell = [&](const std::string& name, const auto& a, const auto& b) {
    std::printf("  %s %s: %s, must be %s\n", file.path.c_str(), name.c_str(), text_of(b).c_str(), text_of(a).c_str());
  };
  std::vector<std::string> names;
  for (const auto& [name, equal] : compare(was, now, names)) {
    if (!equal) names.push_back(name);
  }
  for (const std::string& name : names) {
    if (name == "type") tell(name, was.type, now.type);
    if (name == "filter") tell(name, was.filter, now.filter);
    if (name == "object") tell(name, was.object, now.object);
    if (name == "instrument") tell(name, was.instrument, now.instrument);
    if (name == "ccd") tell(name, was.ccd, now.ccd);
    if (name == "obstime") tell(name, was.obstime, now.obstime);
    if (name == "exptime") tell(name, was.exptime, now.exptime);
    if (name == "ra") tell(name, was.ra, now.ra);
    if (name == "dec") tell(name, was.dec, now.dec);
    if (name == "airmass") tell(name, was.airmass, now.airmass);
    if (name == "dettemp") tell(name, was.dettemp, now.dettemp);
  }
}

template <class T>
T take(Result<T> result) {
  if (!result) {
    std::cerr << "learn_tool: " << result.status().text() << "\n";
    std::exit(2);
  }
  return *std::move(result);
}

// Takes a table away with all that refine it.
void remove_all(Cameras& cameras, const std::string& name) {
  for (const CameraTable& table : cameras.tables()) {
    if (table.like == name) remove_all(cameras, table.name);
  }
  if (const Status status = cameras.remove(name); !status.ok()) std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> folders;
  std::string tree, only;
  bool verbose = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "-v")
      verbose = true;
    else if (word == "-tables" && i + 1 < argc)
      folders.emplace_back(argv[++i]);
    else if (word == "-camera" && i + 1 < argc)
      only = argv[++i];
    else
      tree = word;
  }
  const Cameras all = take(Cameras::load({folders, {}, {}}));
  std::map<std::string, std::vector<File>> files;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tree)) {
    if (entry.is_regular_file() && entry.path().extension() != ".tsv") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    Result<FitsHeaders> headers = read_headers(path);
    if (!headers) continue;
    FileFacts facts = take(all.translate(path, *headers, {}));
    if (!facts.images.empty()) files[facts.camera].push_back({path, *std::move(headers), std::move(facts)});
  }
  const std::string draft_path =
      (std::filesystem::temp_directory_path() / ("learn_tool." + std::to_string(getpid()) + ".cam")).string();
  std::map<std::string, Score> fields;
  Score drafts, generics;
  for (const auto& [name, of_camera] : files) {
    if (name == "generic" || of_camera.size() < 2 || (!only.empty() && name != only)) continue;
    Score drafted, by_generic;
    std::map<std::string, Score> unused;
    // From the first and last of each four files, and from the two between: every other one would be all images and no
    // weight map, all blue and no red.
    for (const int half : {0, 1}) {
      Cameras cameras = take(Cameras::load({folders, {}, {}}));
      remove_all(cameras, name);
      std::vector<std::string> lessons;
      for (std::size_t i = 0; i < of_camera.size(); ++i) {
        if (of_camera.size() < 4 || (i % 4 == 1 || i % 4 == 2) == (half == 1)) lessons.push_back(of_camera[i].path);
      }
      const std::string draft = take(learn_table(lessons, cameras));
      std::ofstream(draft_path) << draft;
      if (verbose) std::cout << draft;
      Cameras::Options options, generic;
      options.camera = take(cameras.add_file(draft_path));
      for (const Status& mistake : cameras.mistakes()) {
        std::cerr << "learn_tool: the draft of " << name << ": " << mistake.text() << "\n";
        return 1;
      }
      generic.camera = "generic";
      for (const File& file : of_camera) {
        const FileFacts is = take(cameras.translate(file.path, file.headers, options));
        drafted.add(score_of(file, is, fields));
        if (verbose) tell_differences(file, is);
        by_generic.add(score_of(file, take(cameras.translate(file.path, file.headers, generic)), unused));
      }
    }
    std::printf("%-24s %4zu files  draft %6.2f %%  generic %6.2f %%  more %3.0f values, generic %3.0f\n", name.c_str(),
                of_camera.size(), drafted.percent(), by_generic.percent(), drafted.more, by_generic.more);
    drafts.add(drafted);
    generics.add(by_generic);
  }
  std::filesystem::remove(draft_path);
  for (const auto& [name, score] : fields)
    std::printf("field %-18s %7.0f values draft %6.2f %%  more %3.0f\n", name.c_str(), score.all, score.percent(),
                score.more);
  std::printf(
      "all                                  draft %6.2f %%  generic %6.2f %%  more %3.0f values, generic %3.0f\n",
      drafts.percent(), generics.percent(), drafts.more, generics.more);
  return 0;
}
