// Sums up the files of each observation.
#include "ingest/observations.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "formats/datasets.h"
#include "formats/master.h"
#include "os/file.h"
#include "os/walk.h"

namespace imreg::ingest {

namespace {

constexpr auto kLongestType = static_cast<std::size_t>(master::kProptype.count);

struct Kind {
  const char* filetype;
  Field<std::int16_t> field;
};
const Kind kKinds[] = {{"raw", datasets::kRaw}, {"flt", datasets::kFlt},      {"flc", datasets::kFlc},
                       {"spt", datasets::kSpt}, {"drz", datasets::kDrz},      {"drc", datasets::kDrc},
                       {"crj", datasets::kCrj}, {"crc", datasets::kCrcFiles}, {"jif", datasets::kJif},
                       {"jit", datasets::kJit}, {"asn", datasets::kAsn}};

// Of these kinds the first tells detector and proposal (acsql's rule); of others, whatever comes first.
std::size_t rank_of(std::string_view filetype) {
  constexpr std::string_view kOrder[] = {"raw", "flt", "spt", "drz", "jit"};
  return static_cast<std::size_t>(std::find(std::begin(kOrder), std::end(kOrder), filetype) - std::begin(kOrder));
}

// The row of master.db; nothing when none of its files was ever read whole.
std::optional<Record> master_row(const std::string& name, const std::vector<Record>& rows, const ProposalTypes& types) {
  Record out(static_cast<std::size_t>(master::kRecordSize));
  double first = 0, last = 0;
  int count = 0;
  const Record* best = nullptr;
  const auto is_better = [&](const Record& row) {
    if (!best || has_headers(row.view()) != has_headers(best->view())) return !best || has_headers(row.view());
    const auto rank = rank_of(row[files::kFiletype]), known = rank_of((*best)[files::kFiletype]);
    return rank < known || (rank == known && row[files::kFilename] < (*best)[files::kFilename]);
  };
  for (const auto& row : rows) {
    const bool is_gone = static_cast<FileState>(row[files::kState]) == FileState::gone && row[files::kFirst] > 0;
    if (!has_headers(row.view()) && !is_gone) continue;
    first = best ? std::min(first, double{row[files::kFirst]}) : double{row[files::kFirst]};
    last = best ? std::max(last, double{row[files::kLast]}) : double{row[files::kLast]};
    count += has_headers(row.view());
    if (is_better(row)) best = &row;
  }
  if (!best) return {};
  out.set(master::kFirst, first);
  out.set(master::kLast, last);
  out.set(master::kFiles, count);
  out.set(master::kDeleted, count == 0);
  const std::string proposal((*best)[files::kProposal]);
  (void)out.set(master::kRootname, name);
  (void)out.set(master::kDetector, std::string((*best)[files::kDetector]));
  (void)out.set(master::kProposal, proposal);
  (void)out.set(master::kProptype, types.of(proposal));
  (void)out.set(master::kCamera, std::string((*best)[files::kCamera]));
  (void)out.set(master::kPathname, std::string((*best)[files::kPathname]));
  return out;
}

Record datasets_row(const std::string& name, const std::vector<Record>& rows) {
  Record out(static_cast<std::size_t>(datasets::kRecordSize));
  std::set<std::string> others;
  int count = 0;
  for (const auto& row : rows) {
    if (!has_headers(row.view())) continue;
    ++count;
    const std::string filetype(row[files::kFiletype]);
    const auto kind =
        std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& one) { return filetype == one.filetype; });
    if (kind != std::end(kKinds))
      out.set(kind->field, static_cast<std::int16_t>(std::min(out[kind->field] + 1, 32767)));
    else if (!filetype.empty())
      others.insert(filetype);
  }
  out.set(datasets::kDeleted, count == 0);
  std::string words;
  for (const auto& other : others) words += (words.empty() ? "" : " ") + other;
  constexpr auto kRoom = static_cast<std::size_t>(datasets::kOthers.count);
  if (words.size() > kRoom) words = words.substr(0, words.rfind(' ', kRoom - 4)) + " ...";
  (void)out.set(datasets::kRootname, name);
  (void)out.set(datasets::kOthers, words);
  return out;
}

Status check(const RecordFile& file, const Schema& schema) {
  if (file.schema().format == schema.format && file.schema().version == schema.version) return {};
  return Status(Code::mismatch, "is not the " + schema.format + " table of this release").in_file(file.path());
}

}  // namespace

Result<ProposalTypes> ProposalTypes::load(const std::string& path) {
  IMREG_ASSIGN(const std::string text, imreg::read_file(path));
  ProposalTypes out;
  int number = 0;
  for (const auto line : split(text, '\n')) {
    ++number;
    const auto said = words(line.substr(0, line.find('#')));
    if (said.empty()) continue;
    const auto wrong = [&](const std::string& what) {
      return Status(Code::invalid, "line " + std::to_string(number) + ": " + what).in_file(path);
    };
    if (said.size() != 2) return wrong("a line is PROPOSAL TYPE");
    if (said[1].size() > kLongestType)
      return wrong("the type has more than " + std::to_string(kLongestType) + " bytes");
    out.types_[to_upper(said[0])] = said[1];
  }
  return out;
}

std::string ProposalTypes::of(const std::string& proposal) const {
  if (proposal.empty()) return {};
  auto found = types_.find(to_upper(proposal));
  if (found == types_.end()) found = types_.find("*");
  return found == types_.end() ? "" : found->second;
}

Status Observations::Table::open(const std::string& path, const Schema& schema, const RecordWriter::Options& options) {
  IMREG_ASSIGN(writer, RecordWriter::open_or_create(path, schema, options));
  return check(file(), schema);
}

std::unordered_map<std::string, std::int64_t>& Observations::Table::rows() {
  if (known) return *known;
  known.emplace();
  const auto name = *find_field<Text>(file().schema(), "rootname");
  Record scratch = file().make_record();
  for (std::int64_t i = 0; i < file().count(); ++i) (*known)[std::string(file().peek(i, scratch)[name])] = i;
  return *known;
}

// What is there and the same is not written again.
Status Observations::Table::write(const std::vector<std::pair<std::string, Record>>& fresh) {
  const auto changeno = *find_field<std::int64_t>(file().schema(), "changeno");
  const auto crc = *find_field<std::uint32_t>(file().schema(), "crc");
  std::vector<RowChange> changes;
  std::vector<std::string> names;
  std::string added;
  Record old = file().make_record();
  for (const auto& [name, record] : fresh) {
    const auto row = rows().find(name);
    if (row == rows().end()) {
      added += record.bytes();
      names.push_back(name);
      continue;
    }
    Record now = record;
    if (file().read(row->second, old).ok()) {
      now.set(changeno, old[changeno]);
      now.set(crc, old[crc]);
      if (now.bytes() == old.bytes()) continue;
    }
    changes.push_back({row->second, now.bytes()});
  }
  if (changes.empty() && added.empty()) return {};
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  std::int64_t next = file().count();
  IMREG_TRY(writer->commit(changes, std::move(added)));
  for (auto& name : names) rows()[std::move(name)] = next++;
  return {};
}

Result<Observations> Observations::open(const std::string& folder, ProposalTypes types,
                                        const RecordWriter::Options& options) {
  Observations out;
  out.types_ = std::move(types);
  IMREG_TRY(out.master_.open(below(folder, "master.db"), *builtin_format(master::kFormat, master::kVersion), options));
  IMREG_TRY(out.datasets_.open(below(folder, "datasets.db"), *builtin_format(datasets::kFormat, datasets::kVersion),
                               options));
  return out;
}

Status Observations::update(const std::set<std::string>& names, FileTable& table, const std::vector<Record>& rows) {
  std::set<std::int64_t> numbers;
  std::map<std::string, std::vector<Record>> by_name;
  for (const auto& row : rows) {
    numbers.insert(row[files::kNumber]);
    by_name[observation_of(row.view())].push_back(row);
  }
  std::vector<std::pair<std::string, Record>> masters, kinds;
  for (const auto& name : names) {
    auto all = by_name[name];
    for (auto& row : table.of_observation(name)) {
      if (!numbers.contains(row[files::kNumber])) all.push_back(std::move(row));
    }
    auto master = master_row(name, all, types_);
    if (const auto known = master_.rows().find(name); !master && known != master_.rows().end()) {
      // Its files belong to another observation now, by another name or ROOTNAME: when it came stays known.
      master = master_.file().make_record();
      if (!master_.file().read(known->second, *master).ok()) continue;
      master->set(master::kFiles, 0);
      master->set(master::kDeleted, true);
    }
    if (!master) continue;
    masters.emplace_back(name, *std::move(master));
    kinds.emplace_back(name, datasets_row(name, all));
  }
  IMREG_TRY(master_.write(masters));
  return datasets_.write(kinds);
}

Status Observations::trim() {
  IMREG_TRY(master_.writer->trim());
  return datasets_.writer->trim();
}

Status Observations::update_types() {
  if (types_.empty()) return {};
  std::vector<std::pair<std::string, Record>> changed;
  Record row = master_.file().make_record();
  for (const auto& [name, number] : master_.rows()) {
    if (!master_.file().read(number, row).ok()) continue;
    const std::string type = types_.of(std::string(row[master::kProposal]));
    if (row[master::kProptype] == type) continue;
    (void)row.set(master::kProptype, type);
    changed.emplace_back(name, row);
  }
  return master_.write(changed);
}

}  // namespace imreg::ingest
