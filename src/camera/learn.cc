// A first draft of a camera table: which files, which telescope, which table to refine, and the text of it all.
#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>

#include "base/text.h"
#include "camera/catalog.h"
#include "camera/learn_draft.h"
#include "imreg/camera_tools.h"
#include "os/walk.h"

namespace imreg {

namespace camera {
namespace {

// Rows of one file that are looked at: those of a mosaic repeat each other.
constexpr std::size_t kRows = 16;
constexpr std::size_t kRowsInAll = 600;

// A keyword that a table can name without doubt: no modifier, operator, number or range.
bool can_be_named(const std::string& name) {
  if (name.empty() || name.size() > 60 || name == "WCS" || name.find("..") != name.npos) return false;
  double number = 0;
  if (parse_number(name, number)) return false;
  bool letter = false;
  for (const char c : name) {
    letter = letter || (c >= 'A' && c <= 'Z');
    if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ' '))
      return false;
  }
  return letter && name != "COMMENT" && name != "HISTORY" && name.find("  ") == name.npos;
}

void collect(Lesson& lesson) {
  for (const LearntFile& file : lesson.files) {
    std::size_t rows = 0;
    for (const ImageFacts& image : file.facts.images) {
      if (image.slice != 0 || ++rows > kRows || lesson.views.size() >= kRowsInAll) continue;
      lesson.views.push_back({&file, file.cards.index_of_number(image.extension), &image});
    }
  }
  std::map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < lesson.views.size(); ++i) {
    const View& view = lesson.views[i];
    for (const std::size_t hdu : {view.hdu, std::size_t{0}}) {
      const Header& header = view.file->headers.hdus[hdu].header;
      for (std::size_t card = 0; card < header.size(); ++card) {
        const std::string name = header.keyword(card);
        if (!can_be_named(name)) continue;
        const auto [it, fresh] = place.emplace(name, lesson.keywords.size());
        if (fresh) {
          lesson.keywords.push_back({});
          lesson.keywords.back().name = name;
          lesson.keywords.back().cards.resize(lesson.views.size());
        }
        std::optional<CardValue>& value = lesson.keywords[it->second].cards[i];
        if (value) continue;
        CardValue read = header.value(card);
        if (read.kind != CardValue::Kind::none && read.kind != CardValue::Kind::undefined && !trim(read.text).empty())
          value = std::move(read);
      }
      if (view.hdu == 0) break;
    }
  }
  for (Keyword& keyword : lesson.keywords) {
    keyword.numeric = true;
    for (const std::optional<CardValue>& card : keyword.cards) {
      if (!card) continue;
      ++keyword.count;
      if (keyword.example.empty()) keyword.example = shown(card->text);
      if (keyword.says.empty()) keyword.says = to_lower(card->comment);
      keyword.numeric = keyword.numeric && card->number().has_value() && card->kind != CardValue::Kind::logical;
      keyword.varies = keyword.varies || shown(card->text) != keyword.example;
    }
  }
}

// Keywords that name a camera and not an observation, the best first.
constexpr std::string_view kIdentity[] = {"INSTRUME", "INSTRUMENT", "FPA.INSTRUMENT", "DETECTOR", "DETNAME", "CAMERA",
                                          "TELESCOP", "OBSERVAT",   "ORIGIN",         "CREATOR",  "PRODUCER"};
constexpr std::string_view kSite[] = {"TELESCOP", "OBSERVAT", "ORIGIN"};

// The texts of a keyword in a file, any HDU.
std::set<std::string> texts_of(const LearntFile& file, std::string_view keyword) {
  std::set<std::string> out;
  for (std::size_t hdu = 0; hdu < file.headers.hdus.size(); ++hdu) {
    const std::optional<CardView> value = file.cards.get(hdu, keyword);
    if (value && value->kind == CardView::Kind::text && !trim(value->text).empty() &&
        !fits("unknown|undef*|n/a|none|*iraf*|*cfitsio*", to_lower(value->text)))
      out.insert(std::string(trim(value->text)));
  }
  return out;
}

// A text of this keyword that all files share; empty when there is none.
std::string shared_text(const std::vector<const LearntFile*>& files, std::string_view keyword) {
  std::set<std::string> shared = texts_of(*files[0], keyword);
  for (const LearntFile* file : files) {
    const std::set<std::string> here = texts_of(*file, keyword);
    std::erase_if(shared, [&](const std::string& text) { return !here.contains(text); });
  }
  return shared.empty() ? "" : *shared.begin();
}

// The lines that tell this camera from others: by the best keyword that a file has, with the telescope beside it.
void learn_when(const Lesson& lesson, Draft& draft, std::string& name) {
  constexpr std::size_t kMostLines = 8;
  std::vector<const LearntFile*> left;
  for (const LearntFile& file : lesson.files) left.push_back(&file);
  std::size_t lines = 0;
  for (const std::string_view keyword : kIdentity) {
    std::map<std::string, int> files_of;
    for (const LearntFile* file : left) {
      const std::set<std::string> here = texts_of(*file, keyword);
      if (!here.empty()) ++files_of[*here.begin()];
    }
    std::vector<std::string> texts;
    for (const auto& [text, count] : files_of) texts.push_back(text);
    std::stable_sort(texts.begin(), texts.end(),
                     [&](const std::string& a, const std::string& b) { return files_of[a] > files_of[b]; });
    if (texts.size() > 1)
      draft.note(std::to_string(texts.size()) + " values of " + std::string(keyword) + ": one camera?");
    for (const std::string& text : texts) {
      std::vector<const LearntFile*> these;
      for (const LearntFile* file : left) {
        if (texts_of(*file, keyword).contains(text)) these.push_back(file);
      }
      if (these.empty() || ++lines > kMostLines) continue;
      std::string line = "when   " + std::string(keyword) + " " + quoted_glob(text), site;
      for (const std::string_view other : kSite) {
        if (other == keyword) break;
        if (site = shared_text(these, other); !site.empty()) {
          line += " & " + std::string(other) + " " + quoted_glob(site);
          break;
        }
      }
      draft.add(line);
      if (name.empty()) name = site.empty() ? text : site + "-" + text;
      std::erase_if(left, [&](const LearntFile* f) { return std::find(these.begin(), these.end(), f) != these.end(); });
    }
    if (left.empty()) return;
  }
  if (lines == 0) {
    draft.note("No keyword names the camera: use the table by -camera, or write a line such as");
    draft.note("when   INSTRUME NAME");
  } else {
    draft.note(counted(static_cast<long long>(left.size()), "file") + " of " + std::to_string(lesson.files.size()) +
               " would not be known by these lines.");
  }
}

// "cfht-megaprime" of "CFHT 3.6m-MegaPrime": letters and digits, and a name that no table has.
std::string safe_name(const std::string& text, const std::vector<std::string>& taken) {
  std::string out;
  for (const char c : to_lower(text)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain)
      out += c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
    if (out.size() >= 40) break;
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  if (out.empty()) out = "new";
  const std::string plain = out;
  for (int n = 2; std::find(taken.begin(), taken.end(), out) != taken.end(); ++n) out = plain + "-" + std::to_string(n);
  return out;
}

std::string written(const Lesson& lesson, std::size_t named, const Draft& when, const std::string& called,
                    const std::string& name, const Draft& draft) {
  std::string out = "# A first draft, learnt from " + counted(static_cast<long long>(lesson.files.size()), "file") +
                    (lesson.files.size() < named ? " of " + std::to_string(named) : "") +
                    ". Read every line; `imcamera check` shows what it gives for a file.\n"
                    "# Lines with ? are likely and not proved: take \"# ? \" away where they are right.\n"
                    "# Lines with \"fill in\" ask for what the headers do not tell.\n"
                    "camera " +
                    name + "\ntitle  " + quoted_text(called) + "\nlike   " + lesson.like + "\n";
  for (const Draft* part : {&when, &draft}) {
    for (const std::string& line : part->lines()) out += line + "\n";
  }
  return out;
}

// The headers to learn from, by the numbers of their paths. Of many files those that are held at once are spread over all:
// the first ones may all be biases.
Result<std::map<std::size_t, FitsHeaders>> sample_of(const std::vector<std::string>& paths) {
  constexpr std::size_t kMostFiles = kRowsInAll, kMostBytes = 64 << 20;
  std::map<std::size_t, FitsHeaders> out;
  Status last(Code::invalid, "there is no file to learn from; name some files of the camera");
  std::size_t bytes = 0;
  auto step = static_cast<std::size_t>(0.618 * static_cast<double>(paths.size())) + 1;  // golden section
  while (std::gcd(step, paths.size()) > 1) ++step;
  for (std::size_t i = 0; i < paths.size() && out.size() < kMostFiles && bytes < kMostBytes; ++i) {
    const std::size_t index = i * step % paths.size();
    Result<FitsHeaders> headers = read_headers(paths[index]);
    if (!headers) {
      last = headers.status();
      continue;
    }
    for (const Hdu& hdu : headers->hdus) bytes += hdu.header.text().size();
    out.emplace(index, *std::move(headers));
  }
  if (out.empty()) return last;
  return out;
}

}  // namespace

/// Has the key to the tables.
class Learner {
 public:
  static Result<std::string> learn(const std::vector<std::string>& paths, const Cameras& cameras) {
    Lesson lesson;
    IMREG_ASSIGN(auto sample, sample_of(paths));
    std::map<std::string, std::size_t> votes;
    for (auto& [index, headers] : sample) {
      IMREG_ASSIGN(const FileFacts facts, cameras.translate(paths[index], headers, {}));
      ++votes[facts.camera];
      lesson.files.emplace_back(std::move(headers), std::filesystem::path(paths[index]).stem().string(),
                                lesson.layouts);
    }
    const auto most =
        std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    lesson.like = most->first;
    IMREG_ASSIGN(lesson.base, cameras.tables_->chain_of(lesson.like));
    Cameras::Options options;
    options.camera = lesson.like;
    for (LearntFile& file : lesson.files) {
      IMREG_ASSIGN(file.facts, cameras.translate(file.cards.name() + ".fits", file.headers, options));
    }
    lesson.names_filter = [&](const std::string& text) { return cameras.canonical_filter(text).has_value(); };
    collect(lesson);
    if (lesson.views.empty())
      return Status(Code::invalid, "none of the files has an image; name files with pixels (or their headers)");
    Draft when, draft;
    std::string called;
    learn_when(lesson, when, called);
    learn_chips(lesson, draft);
    const Numbers exptime = learn_exptime(lesson, draft);
    learn_numbers_of_chips(lesson, exptime, draft);
    learn_obstime(lesson, exptime, draft);
    learn_type(lesson, draft);
    learn_filter(lesson, draft);
    learn_position(lesson, draft);
    learn_simple_fields(lesson, draft);
    return written(lesson, paths.size(), when, called.empty() ? "a new camera" : called,
                   safe_name(called, cameras.names()), draft);
  }
};

}  // namespace camera

Result<std::string> learn_table(const std::vector<std::string>& trees, const Cameras& cameras) {
  std::vector<std::string> files;
  for (const std::string& tree : trees) {
    const Walk walk = is_folder(tree) ? walk_folder(tree) : Walk{.files = {tree}, .special = {}, .faults = {}};
    files.insert(files.end(), walk.files.begin(), walk.files.end());
  }
  if (files.empty() && !trees.empty()) return Status(Code::invalid, "no file in this folder").in_file(trees[0]);
  return camera::Learner::learn(files, cameras);
}

}  // namespace imreg
