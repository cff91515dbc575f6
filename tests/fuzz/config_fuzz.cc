// Fuzz target for configuration files and command lines. An input is a.rc, b.rc and words, divided by form feeds; words end
// at NUL. The words go through an option table like imsearch's, then the settings are asked for.
#include <algorithm>

#include "cli/config.h"
#include "fuzz.h"

namespace imreg::fuzz {
namespace {

constexpr cli::Option kOptions[] = {cli::kDatabaseOption,
                                    {"trange", "DATE DATE|RANGE", "a range", cli::kRepeat},
                                    {"name", "NAME", "a name", cli::kRepeat},
                                    {"format", "WORD", "a format"},
                                    {"treg", "", "a flag"},
                                    cli::kZoneOption,
                                    cli::kConfigOption,
                                    cli::kDefineOption};
constexpr cli::Program kProgram = {"fuzz", "a program", "PATH...", kOptions, {"fuzz a b"}, 0, 3};

Result<cli::Parsed> parse(const std::vector<std::string>& words) {
  std::vector<const char*> argv = {"fuzz"};
  for (const auto& word : words) argv.push_back(word.c_str());
  auto parsed = cli::parse(static_cast<int>(argv.size()), argv.data(), kProgram);
  if (!parsed) {
    require(parsed.status().code() == Code::invalid && !parsed.status().message().empty(), "an odd failure");
    return parsed;
  }
  // Every word is somewhere, and none was made up.
  std::size_t letters = 0, seen = 0;
  for (const auto& word : words) letters += word.size();
  for (const auto& word : parsed->positionals) seen += word.size();
  for (const auto& use : parsed->uses) {
    const auto* option =
        std::find_if(std::begin(kOptions), std::end(kOptions), [&](const auto& o) { return o.name == use.name; });
    if (option != std::end(kOptions)) {
      const auto wanted = option->words.empty() ? 0 : std::count(option->words.begin(), option->words.end(), ' ') + 1;
      require(use.words.size() == static_cast<std::size_t>(wanted), "another number of words", use.name);
    }
    seen += use.name.size() + 1;
    for (const auto& word : use.words) seen += word.size();
  }
  require(seen <= letters, "words out of nothing");
  if (const auto zone = parsed->number("tz", 0, -14, 14)) require(*zone >= -14 && *zone <= 14, "a zone out of range");
  (void)parsed->integer("tz", 0, -14, 14);
  return parsed;
}

void check_config(const std::string& path) {
  cli::Config config;
  const Status status = config.read(path);
  if (!status.ok()) require(!status.file().empty(), "an error without a file", status.message());
  for (const char* key : {"KEY", "DIR", "REGISTRATION_DATABASE", "REFDATE", "a", ""}) {
    const auto value = config.get(key);
    require(value.ok() || !value.status().message().empty(), "an error without a message");
    if (value) require(config.has(key) && !value->empty() && value->size() <= 65536, "an odd value", key);
  }
}

std::vector<std::string> seeds() {
  using namespace std::string_literals;
  return {
      "# settings\nDIR /data # where\nREGISTRATION_DATABASE $DIR/night.db\nKEY ${DIR}x$$y\ninput b.rc\n\fKEY 2\n\f-c\0"s +
          scratch_folder() +
          "/a.rc\0-D\0KEY\0x\0-trange\0"
          "2003\0"
          "1d\0a"s,
      "input b.rc\ninput b.rc\n\finput a.rc\n\f--\0-x"s, "a $a\na x\na $a$a\na $a$a\na $a$a\n\f\f-help"s,
      "\f\f-tz\0-3.5\0--name\0-5\0-D\0KEY\0v\0-\0-db\0x"s};
}

}  // namespace

const Target kTarget = {seeds,
                        mutate_text,
                        {"input a.rc\n",
                         "input b.rc\n",
                         "KEY ",
                         "$KEY",
                         "${KEY}",
                         "$DIR",
                         "$$",
                         "$HOME",
                         "${",
                         "\n",
                         " #",
                         "#",
                         "a $a$a$a$a\n",
                         "REGISTRATION_DATABASE ",
                         std::string_view("\0", 1),
                         std::string_view("-D\0KEY\0", 7),
                         std::string_view("-tz\0", 4),
                         std::string_view("-trange\0", 8),
                         "-format",
                         "--",
                         "-",
                         "=",
                         "-help",
                         "-h",
                         "-version",
                         "\f"},
                        8000};

}  // namespace imreg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imreg;
  using namespace imreg::fuzz;
  const auto input = parts(std::string_view(reinterpret_cast<const char*>(data), size), 3);
  const std::string path = scratch_folder() + "/a.rc";
  spill(path, input[0]);
  spill(scratch_folder() + "/b.rc", input[1]);
  check_config(path);
  std::vector<std::string> words(1);
  for (const char c : input[2]) {
    if (c == '\0') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  const auto parsed = parse(words);
  if (!parsed) return 0;
  cli::Parsed args = *parsed;
  args.uses.push_back({"c", {path}});
  cli::Settings settings(args);
  const auto database = settings.database();
  if (database) require(!database->empty(), "a database without a name");
  return 0;
}
