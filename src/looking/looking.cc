// One picture into a file or the terminal; or pictures of trees.
#include "looking/looking.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/json.h"
#include "base/name_text.h"
#include "base/text.h"
#include "cli/config.h"
#include "cli/filter_options.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "imreg/look.h"
#include "imreg/registry.h"
#include "looking/selection.h"
#include "os/processors.h"
#include "os/walk.h"
#include "registry/file_rows.h"

namespace imreg::cli {

namespace {

constexpr const char* kOfTrees[] = {"as", "png", "again", "v", "format"};

Result<std::optional<std::pair<double, double>>> pair_of(const Parsed& args, const char* option) {
  const auto* use = args.find(option);
  if (!use) return std::optional<std::pair<double, double>>();
  std::pair<double, double> out;
  if (!parse_number(use->words[0], out.first) || !parse_number(use->words[1], out.second))
    return Status(Code::invalid, std::string("-") + option + " LOW HIGH: two numbers");
  return std::optional(out);
}

Status read_options(const Parsed& args, LookOptions& out) {
  out.stretch = args.word("stretch", out.stretch);
  out.layout = args.word("layout", out.layout);
  out.palette = args.word("palette", out.palette);
  out.region = args.word("region");
  out.label = args.has("label");
  out.stars = args.has("stars");
  out.collapse = args.word("collapse");
  out.negative = args.has("negative");
  out.flags = !args.has("noflags");
  IMREG_ASSIGN(out.percents, pair_of(args, "percent"));
  IMREG_ASSIGN(out.range, pair_of(args, "range"));
  IMREG_ASSIGN(out.slice, args.integer("slice", 0, 1, 1'000'000'000));
  if (args.has("hdu")) {
    IMREG_ASSIGN(out.hdu, args.integer("hdu", 0, 0, 1'000'000));
  }
  IMREG_ASSIGN(const auto size, args.integer("size", args.has("thumb") ? 128 : 0, 1, 100'000));
  out.most_width = out.most_height = static_cast<int>(size);
  IMREG_ASSIGN(const auto jobs, args.integer("j", 0, 1, 1024));
  out.jobs = threads_of(static_cast<int>(jobs));
  return check_look(out);
}

// How this terminal shows pictures. Error: invalid, standard output is none; `instead` helps.
Result<SheetScreen> find_screen(const std::string& instead) {
  if (::isatty(1) != 1) return Status(Code::invalid, "standard output is no terminal: " + instead);
  SheetScreen out;
  if (terminal_columns() > 0) out.columns = terminal_columns();
  if (ask_terminal().sixels) {
    const auto place = terminal_place();
    out.kind = Look::Terminal::sixel;
    out.char_width = place.width > 0 ? place.width : 8;
    out.char_height = place.height > 0 ? place.height : 16;
  } else if (const std::string kind = environment("TERM"); utf8_locale() && !kind.empty() && kind != "dumb") {
    const std::string colours = environment("COLORTERM");
    const bool all = colours == "truecolor" || colours == "24bit";
    out.kind = all ? Look::Terminal::true_colour : Look::Terminal::colours;
  }
  return out;
}

constexpr int kMostSixels = 1000;  // what xterm shows

// A picture that fits into it.
void fit(const SheetScreen& screen, LookOptions& options) {
  const int rows = std::max(8, (terminal_rows() > 0 ? terminal_rows() : 24) - 2);
  const auto most = [&](int& size, int room) {
    if (screen.kind == Look::Terminal::sixel) room = std::min(room, kMostSixels);
    size = size == 0 ? room : std::min(size, room);
  };
  options.grow = true;
  most(options.most_width, screen.columns * screen.char_width);
  most(options.most_height, rows * screen.char_height);
}

int one_picture(std::string_view program, const Parsed& args, const Cameras& cameras, LookOptions options,
                int quality) {
  if (args.has("title")) return end_with(program, Status(Code::invalid, "-title does nothing without -sheet"));
  for (const char* option : kOfTrees) {
    if (args.has(option))
      return end_with(program, Status(Code::invalid, std::string("-") + option + " does nothing without -tree"));
  }
  const std::string path = args.word("o");
  const bool shown = path.empty();  // in the terminal
  SheetScreen screen;
  if (shown) {
    const auto found = find_screen("-o FILE.jpg, .png or .thumb");
    if (!found) return end_with(program, found.status());
    screen = *found;
    fit(screen, options);
  }
  const std::string ending = to_lower(path.substr(std::min(path.size(), path.rfind('.'))));
  if (!shown && path != "-" && ending != ".jpg" && ending != ".jpeg" && ending != ".png" && ending != ".thumb")
    return end_with(program, Status(Code::invalid, "-o " + path + ": its ending is none of .jpg, .png, .thumb"));
  std::vector<std::string> files;  // a folder: all files of a split exposure
  for (const auto& word : args.positionals) {
    if (word.empty())
      return end_with(program, Status(Code::invalid, "a FILE is empty; is a variable of the shell not set?"));
    const Walk inside = is_folder(word) ? walk_folder(word) : Walk{.files = {word}, .special = {}, .faults = {}};
    if (inside.files.empty())
      return complain(program, Status(Code::not_found, "is a folder without a file").in_file(word)), kInputs;
    files.insert(files.end(), inside.files.begin(), inside.files.end());
  }
  if (args.has("rgb") && files.size() != 3)
    return end_with(program, Status(Code::invalid, "-rgb RED GREEN BLUE: three files"));
  const auto look = args.has("rgb") ? look_in_colour({files[0], files[1], files[2]}, cameras, options)
                                    : look_at(files, cameras, options);
  if (!look) return complain(program, look.status()), kInputs;
  for (const auto& note : look->notes()) warn(program, files[0] + ": " + note);
  if (!look->damage().empty()) warn(program, files[0] + ": " + look->damage());
  const auto bytes = shown              ? Result<std::string>(look->terminal(screen.kind))
                     : ending == ".png" ? look->png()
                                        : look->jpeg(quality);
  if (!bytes) return end_with(program, bytes.status());
  auto output = Output::to_file(shown ? "-" : path);
  if (!output) return end_with(program, output.status());
  (*output)->write(*bytes);
  if (const Status status = (*output)->finish(true); !status.ok()) return end_with(program, status);
  return kOk;
}

constexpr const char* kRowsOrFiles = "files, or rows of -db, -i and filters: leave one out";

bool is_nothing(const Status& status) {
  return status.code() == Code::not_found && status.message() == kNothingSelected;
}

const char* word_of(LookedFile::Fate fate) {
  constexpr const char* kWords[] = {"made", "up to date", "passed over", "failed"};
  return kWords[static_cast<std::size_t>(fate)];
}

// Rows of a database, or the trees that are named.
int pictures_below(std::string_view program, const Parsed& args, Settings& settings, const Cameras& cameras,
                   LookTreeOptions options) {
  if (args.has("o") || args.has("rgb"))
    return end_with(program, Status(Code::invalid, "-tree makes many pictures: leave out -o and -rgb"));
  const std::string format = args.word("format", "text");
  if (format != "text" && format != "json")
    return end_with(program, Status(Code::invalid, "-format " + format + ": there are text and json"));
  const bool json = format == "json", all = args.has("v");
  options.jobs = std::exchange(options.look.jobs, 1);
  options.folder = args.word("tree");
  options.pattern = args.word("as", options.pattern);
  options.thumbnails = args.has("thumb");
  options.png = args.has("png") && !options.thumbnails;
  options.again = args.has("again");
  Output out;
  Progress progress;
  const auto tell = [&](const LookedFile& file) {
    if (file.fate == LookedFile::Fate::failed && !json)
      complain(program, Status(Code::io, file.reason).in_file(file.path));
    if (file.fate == LookedFile::Fate::made && !file.reason.empty() && !json)
      warn(program, file.path + ": " + file.reason);
    if (!all) return;
    std::string line = std::string(word_of(file.fate)) + "  " + visible(file.path);
    if (!file.reason.empty()) line += ": " + visible(file.reason);
    if (json) {
      line = "{\"file\": " + json_text(file.path) + ", \"fate\": " + json_text(word_of(file.fate)) +
             ", \"picture\": " + json_text(file.picture) + ", \"reason\": " + json_text(file.reason) + "}";
    }
    out.write(line + "\n");
  };
  const auto at = [&](std::int64_t done, std::int64_t every) { progress.at(done, every); };
  const auto look = [&]() -> Result<LookReport> {
    if (!selects_rows(args)) return look_at_trees(args.positionals, cameras, options, tell, at);
    if (!args.positionals.empty()) return Status(Code::invalid, kRowsOrFiles);
    IMREG_ASSIGN(const auto exposures, selected_exposures(args, settings));
    std::vector<LookItem> items;  // by their whole path: the same name whatever else is selected
    for (const auto& one : exposures) items.push_back({one.paths, absolute_path(one.paths.front()).substr(1)});
    return look_at_each(items, cameras, options, tell, at);
  };
  const auto report = look();
  if (!report && is_nothing(report.status())) return complain(program, report.status()), kNothing;
  if (!report) return (void)out.finish(), end_with(program, report.status());
  for (const auto& fault : report->faults) complain(program, fault);
  using Fate = LookedFile::Fate;
  const auto number = [&](Fate fate) { return std::to_string(report->of(fate)); };
  if (json)
    out.write("{\"files\": " + std::to_string(report->found) + ", \"made\": " + number(Fate::made) +
              ", \"up to date\": " + number(Fate::current) + ", \"passed over\": " + number(Fate::passed) +
              ", \"failed\": " + number(Fate::failed) + "}\n");
  else
    out.write(counted(report->found, "file") + ": " + number(Fate::made) + " made, " + number(Fate::current) +
              " up to date, " + number(Fate::passed) + " passed over, " + number(Fate::failed) + " failed\n");
  if (const Status status = out.finish(); !status.ok()) return end_with(program, status);
  return report->of(Fate::failed) > 0 || !report->faults.empty() ? kInputs : kOk;
}

// Files without an image have no place in a sheet of trees; in one of a selection each exposure has.
int sheet(std::string_view program, const Parsed& args, Settings& settings, const Cameras& cameras,
          const LookTreeOptions& of) {
  if (args.has("o") || args.has("rgb"))
    return end_with(program, Status(Code::invalid,
                                    args.has("sheet") ? "-sheet makes one page of many pictures: leave out -o and -rgb"
                                                      : "rows of -db, -i and filters become one page, -sheet "
                                                        "FILE, or one picture each, -tree DIR: leave out -o and -rgb"));
  const std::string path = args.word("sheet", "-");
  const bool shown = path == "-";
  const auto dot = path.rfind('.');
  SheetOptions options{.look = of.look,
                       .format = dot == path.npos ? "" : to_lower(path.substr(dot + 1)),
                       .title = args.word("title"),
                       .quality = of.quality};
  if (options.format == "htm") options.format = "html";
  if (options.format == "jpeg") options.format = "jpg";
  if (shown) {
    const auto screen = find_screen("-sheet FILE.html, .jpg or .png");
    if (!screen) return end_with(program, screen.status());
    constexpr int kCharacters = 24;  // a caption's
    options.screen = *screen;
    if (screen->kind == Look::Terminal::sixel)
      options.screen.columns = std::min(screen->columns, kMostSixels / screen->char_width);
    options.thumbnail = std::min(kCharacters, options.screen.columns) * screen->char_width;
    options.format = "terminal";
  } else if (options.format != "html" && options.format != "jpg" && options.format != "png")
    return end_with(program, Status(Code::invalid, "-sheet " + path + ": its ending is none of .html, .jpg, .png"));
  if (of.look.most_width > 0) options.thumbnail = of.look.most_width;
  const bool rows = selects_rows(args);
  if (rows && !args.positionals.empty()) return end_with(program, Status(Code::invalid, kRowsOrFiles));
  if (!rows && args.positionals.empty())
    return end_with(program, Status(Code::invalid, "-sheet of what? -db F with filters, -i RESULT, or FILE..."));
  options.images_only = !rows;
  std::vector<Status> faults;
  auto entries = rows ? selected_exposures(args, settings) : files_of_trees(args.positionals, faults);
  if (!entries && rows && is_nothing(entries.status())) return complain(program, entries.status()), kNothing;
  if (!entries) return end_with(program, entries.status());
  for (const auto& fault : faults) complain(program, fault);
  if (options.title.empty()) {
    options.title = rows ? args.word("i", args.word("db", "Imreg.db")) : args.positionals[0];
    if (rows) options.title += " " + command_of(args, {"sheet", "size", "j", "quality", "i"});
  }
  constexpr std::size_t kMost = 5000;
  if (entries->size() > kMost)
    return end_with(program,
                    Status(Code::invalid, std::to_string(entries->size()) + " pictures are too many for a page (" +
                                              std::to_string(kMost) + "): select fewer"));
  Progress progress(std::ssize(*entries));
  SheetReport report;
  const auto bytes = contact_sheet(*entries, cameras, options, report,
                                   [&](std::int64_t done, std::int64_t all) { progress.at(done, all); });
  if (!bytes) return end_with(program, bytes.status());
  for (const auto& one : report.failed) complain(program, one);
  for (const auto& one : report.damaged) warn(program, one.text());
  auto output = Output::to_file(path);
  if (!output) return end_with(program, output.status());
  (*output)->write(*bytes);
  if (const Status status = (*output)->finish(true); !status.ok()) return end_with(program, status);
  return report.failed.empty() && faults.empty() ? kOk : kInputs;
}

}  // namespace

int look(std::string_view program, const Parsed& args) {
  LookTreeOptions options;
  if (const Status status = read_options(args, options.look); !status.ok()) return end_with(program, status);
  const auto quality = args.integer("quality", options.quality, 1, 100);
  if (!quality) return end_with(program, quality.status());
  options.quality = static_cast<int>(*quality);
  RegisterOptions tables;
  Settings settings(args);
  auto sources = settings.cameras("");
  if (!sources) return end_with(program, sources.status());
  tables.cameras = *std::move(sources);
  tables.camera = args.word("camera");
  auto cameras = load_cameras(tables);
  if (!cameras) return end_with(program, cameras.status());
  options.look.camera = cameras->second;
  if (args.has("tree") && args.has("sheet"))
    return end_with(program,
                    Status(Code::invalid, "-tree makes a file of each picture, -sheet one page: leave one out"));
  if (args.has("tree") && (selects_rows(args) || !args.positionals.empty()))
    return pictures_below(program, args, settings, cameras->first, options);
  if (args.has("sheet") || selects_rows(args)) return sheet(program, args, settings, cameras->first, options);
  if (args.positionals.empty())
    return end_with(program, Status(Code::invalid,
                                    args.has("tree") ? "-tree of what? TREE..., or rows: -db F with filters, -i RESULT"
                                                     : "which FILE? (-help)"));
  return one_picture(program, args, cameras->first, options.look, options.quality);
}

}  // namespace imreg::cli
