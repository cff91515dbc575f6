// imheader: prints headers of files that were ingested, card by card as they stand in the files.
#include "base/text.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "imreg/header.h"
#include "imreg/ingest.h"
#include "imreg/keys.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    {"db", "DIR", "the folder of header tables (default .)"},
    {"hdu", "N", "only the header of this HDU, 0 is the primary"},
    {"key", "KEYWORD", "only the cards of this keyword, or 'ESO DET*'", cli::kRepeat},
};
constexpr cli::Program kProgram = {
    "imheader",
    "prints the headers of a file that was ingested, card by card",
    "FILE|ROOTNAME",
    kOptions,
    {"imheader -db /data/headers j94f05bgq_flt.fits -hdu 1", "imheader -db /data/headers j94f05bgq -key EXPTIME"},
    1,
    1};

// One card a line, and END, as the file has it.
std::string text_of(const FileHeader& header, const std::vector<const cli::Use*>& keys) {
  constexpr std::string_view kHierarch = "HIERARCH ";
  std::string out;
  const Header cards(header.cards);
  const auto is_wanted = [&](std::size_t i) {
    for (const auto* key : keys) {
      const std::string_view typed = key->words[0];
      const std::string_view wanted = starts_nocase(typed, kHierarch) ? trim(typed.substr(kHierarch.size())) : typed;
      const std::string keyword = cards.keyword(i);
      if (is_glob(wanted) ? glob_match(wanted, keyword) : equal_nocase(keyword, wanted)) return true;
      if (!keyword.empty() && equal_nocase(column_of_keyword(keyword), wanted)) return true;
    }
    return keys.empty();
  };
  bool wanted = false;
  for (std::size_t i = 0; i < cards.size(); ++i) {
    wanted = is_wanted(i) || (wanted && cards.keyword(i) == "CONTINUE");  // a long text goes on there
    if (wanted) (out += cards.card(i)) += '\n';
  }
  if (keys.empty()) out += "END" + std::string(kCardSize - 3, ' ') + "\n";
  return out;
}

int work(const cli::Parsed& args) {
  const auto hdu = args.integer("hdu", -1, 0, 1000000);
  if (!hdu) return cli::end_with(kProgram.name, hdu.status());
  const std::string folder = args.word("db", ".");
  const auto found = find_headers(folder, args.positionals[0]);
  if (!found) {
    cli::complain(kProgram.name, found.status());
    return found.status().code() == Code::not_found ? cli::kNothing : cli::kTrouble;
  }
  cli::Output output;
  std::size_t printed = 0;
  const bool many = found->headers.size() > 1 && !args.has("hdu");
  for (const auto& header : found->headers) {
    if (*hdu >= 0 && header.hdu != *hdu) continue;
    const std::string text = text_of(header, args.all("key"));
    if (text.empty()) continue;
    if (many)
      output.write((printed > 0 ? "\n# " : "# ") + header.path + " HDU " + std::to_string(header.hdu) + ", table " +
                   header.table + "\n");
    output.write(text);
    ++printed;
  }
  output.flush();
  for (const auto& fault : found->faults) cli::complain(kProgram.name, fault);
  if (!found->faults.empty()) return cli::kTrouble;
  if (printed == 0)
    cli::warn(kProgram.name,
              args.positionals[0] + (args.has("key") ? ": has no such card" : ": has no HDU " + std::to_string(*hdu)));
  return printed == 0 ? cli::kNothing : cli::kOk;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }
