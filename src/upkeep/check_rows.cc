// Threads take pieces of the file. Rows are read some at a time, so that they stay in the cache of the processor, and everything
// is asked of this copy: a writer may be changing the row. What stands in it as in the row before (folders, names, most texts)
// is not asked again.
// What does not hold there is looked at again as a reader does, who tells a row that is being written from a damaged one.
#include "upkeep/check_rows.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "os/processors.h"
#include "record/crc32c.h"
#include "record/record_state.h"
#include "upkeep/row_rules.h"
#include "upkeep/salvage.h"

namespace imreg::upkeep {

namespace {

constexpr std::int64_t kPieceBytes = 1 << 20;
constexpr std::int64_t kMostKeys = 64 << 20;  // hashes of keys that are held at a time: 512 MiB
constexpr std::size_t kBuckets = 256;
constexpr std::int64_t kBlockBytes = 256 << 10;  // of rows that are read at a time
constexpr std::size_t kMostAskedTwice = 2000;    // of damaged rows: each look may take milliseconds beside a writer

struct Keys {
  std::vector<std::uint64_t> buckets[kBuckets];
  void add(std::uint64_t hash) { buckets[hash >> 56U].push_back(hash == 0 ? 1 : hash); }
};

class RowsCheck {
 public:
  RowsCheck(const RecordFile& file, const index::IndexCheck* index, std::int64_t data_offset,
            const CheckOptions& options, int jobs, const std::function<void(std::int64_t)>& done, Findings& findings)
      : file_(file),
        data_offset_(data_offset),
        schema_(file.schema()),
        size_(static_cast<std::size_t>(schema_.record_size)),
        rules_(schema_, file.is_native()),
        key_(schema_, file.is_native()),
        index_(index),
        options_(options),
        jobs_(jobs),
        done_(done),
        findings_(findings),
        piece_(std::max<std::int64_t>(1, kPieceBytes / schema_.record_size)) {
    if (file.is_native()) crc_ = schema_.find("crc");
    if (const auto* field = schema_.find("changeno"); field && field->type == Type::i64) changeno_ = field;
    if (const auto* field = schema_.find("deleted"); field && field->type == Type::boolean) deleted_ = field;
    if (crc_) uuid_ = uuid_of(file.uuid()).value_or(Uuid{});
    if (auto raw = File::open(file.path(), File::Mode::read)) {
      const auto container = read_container(*raw);  // the same one still?
      if (container && crc_ && container->uuid == uuid_) raw_ = *std::move(raw);
    }
    key_passes_ = key_.known() ? file.count() / kMostKeys + 1 : 0;
  }

  RowsReport run();

  // Of the threads' own: no two in one line of the cache.
  struct alignas(128) Part {
    explicit Part(const RowsCheck& check)
        : block(std::max<std::size_t>(1, kBlockBytes / check.size_) * check.size_, '\0'), scratch(check.size_) {
      if (check.index_) sums.emplace(check.index_->sums());
    }
    RowsReport report;
    Findings findings;
    std::optional<index::IndexCheck::Sums> sums;
    Keys keys;
    std::vector<std::int64_t> suspects;
    std::string block;  ///< rows, one behind the other
    Record scratch;
    const char* before = nullptr;  ///< the row in front of the one that is looked at, when nothing was to say of it
    std::uint64_t name_hash = 0;   ///< of its folder and name
    struct Unknown {
      std::int64_t rows = 0, first = 0;
    };
    std::map<std::string, Unknown> unknown_roots;  ///< by $NAME
    Unknown* unknown = nullptr;                    ///< that of the row in front
  };
  std::optional<index::IndexCheck::Sums> sums;

 private:
  bool holds(std::int64_t row, char* bytes) const;
  bool look_at(std::int64_t row, const char* record, Part& part) const;
  void check_piece(std::int64_t from, std::int64_t end, Part& part) const;
  std::string folder_of_row(const char* record) const;
  Part::Unknown* unknown_root(std::int64_t row, const char* record, Part& part) const;
  std::uint64_t name_hash(const char* record) const;
  std::uint64_t key_hash(const char* record) const { return key_.hash(record, name_hash(record)); }
  std::size_t fill(std::int64_t row, std::int64_t end, Part& part) const;
  void settle_suspects(std::vector<std::int64_t> suspects, Part& part);
  void find_equal(std::vector<Part>& parts, std::unordered_set<std::uint64_t>& twins) const;
  void find_twins(std::vector<Part>& parts);
  void name_unknown_roots(const std::vector<Part>& parts);
  void name_twins(const std::unordered_set<std::uint64_t>& twins);
  template <class Work>
  void in_threads(std::vector<Part>& parts, const Work& work);

  const RecordFile& file_;
  File raw_;  ///< the same file, when it can be read as one
  std::int64_t data_offset_;
  const Schema& schema_;
  std::size_t size_;
  RowRules rules_;
  RowKey key_;
  const index::IndexCheck* index_;
  const CheckOptions& options_;
  int jobs_;
  const std::function<void(std::int64_t)>& done_;
  Findings& findings_;
  std::int64_t piece_;
  const FieldInfo *crc_ = nullptr, *changeno_ = nullptr, *deleted_ = nullptr;
  Uuid uuid_{};
  std::int64_t key_passes_ = 0;
};

// The copy is ours: its check is zero for a moment.
bool RowsCheck::holds(std::int64_t row, char* bytes) const {
  char head[24];
  std::memcpy(head, uuid_.data(), uuid_.size());
  store_big(head + 16, row);
  char* const at = bytes + crc_->offset;
  const auto said = load_big<std::uint32_t>(at);
  store_big(at, std::uint32_t{0});
  const std::uint32_t is = crc32c(crc32c(0, head, sizeof head), bytes, size_);
  store_big(at, said);
  return is == (said ^ 0x80000000U);
}

std::string RowsCheck::folder_of_row(const char* record) const {
  const std::string_view folder = key_.folder(record);
  return options_.expand ? options_.expand(folder) : std::string(folder);
}

std::uint64_t RowsCheck::name_hash(const char* record) const {
  const std::string_view folder = key_.folder(record);
  return options_.expand && folder.starts_with('$') ? key_.name_hash(record, options_.expand(folder))
                                                    : key_.name_hash(record, folder);
}

// A folder that begins with the name of a root which nobody has defined.
RowsCheck::Part::Unknown* RowsCheck::unknown_root(std::int64_t row, const char* record, Part& part) const {
  const std::string_view folder = key_.folder(record);
  if (!options_.expand || !folder.starts_with('$') || !options_.expand(folder).starts_with('$')) return nullptr;
  auto& unknown = part.unknown_roots[std::string(folder.substr(0, folder.find('/')))];
  if (unknown.rows == 0) unknown.first = row;
  return &unknown;
}

// Whether there is nothing to say about it.
bool RowsCheck::look_at(std::int64_t row, const char* record, Part& part) const {
  const bool same_texts = part.before && rules_.same_texts(part.before, record);
  const bool fine = rules_.fine(record, same_texts);
  if (!fine) {
    for (auto& fault : rules_.faults(record)) {
      part.findings.warning(file_.path(), fault + (key_.known() ? " (" + visible(key_.name(record)) + ")" : ""), row);
    }
  }
  const bool deleted = deleted_ && record[deleted_->offset] == 'T';
  part.report.deleted += deleted ? 1 : 0;
  if (changeno_) {
    part.report.newest_change = std::max(part.report.newest_change, load_big<std::int64_t>(record + changeno_->offset));
  }
  if (part.sums) part.sums->add(row, record, same_texts);
  if (key_passes_ > 0 && !deleted) {
    if (!same_texts || key_.deleted(part.before)) {
      part.name_hash = name_hash(record);
      part.unknown = unknown_root(row, record, part);
    }
    if (part.unknown) {
      ++part.unknown->rows;
      part.unknown->first = std::min(part.unknown->first, row);
    }
    const std::uint64_t hash = key_.hash(record, part.name_hash);
    if (key_passes_ == 1 || hash % static_cast<std::uint64_t>(key_passes_) == 0) part.keys.add(hash);
  }
  return fine;
}

// Copies rows from `row` on, as many as there is room for: how many.
std::size_t RowsCheck::fill(std::int64_t row, std::int64_t end, Part& part) const {
  const RecordFile::Run run = file_.run_in_place(row);
  if (run.end <= row) {
    std::memcpy(part.block.data(), file_.peek(row, part.scratch).bytes(), size_);
    return 1;
  }
  const std::size_t bytes = std::min(part.block.size(), static_cast<std::size_t>(std::min(run.end, end) - row) * size_);
  const auto got = raw_.is_open()
                       ? raw_.read(data_offset_ + row * static_cast<std::int64_t>(size_), part.block.data(), bytes)
                       : Result<std::size_t>(std::size_t{0});
  if (!got || *got < bytes) std::memcpy(part.block.data(), run.bytes, bytes);
  return bytes / size_;
}

void RowsCheck::check_piece(std::int64_t from, std::int64_t end, Part& part) const {
  for (std::int64_t row = from; row < end;) {
    const std::size_t rows = fill(row, end, part);
    part.before = nullptr;
    char* at = part.block.data();
    for (std::size_t i = 0; i < rows; ++i, ++row, at += size_) {
      if (!crc_ || holds(row, at)) {
        part.before = look_at(row, at, part) ? at : nullptr;
      } else {
        part.suspects.push_back(row);
        part.before = nullptr;
      }
    }
  }
  part.before = nullptr;
}

template <class Work>
void RowsCheck::in_threads(std::vector<Part>& parts, const Work& work) {
  std::atomic<std::int64_t> next{0}, finished{0};
  at_once(static_cast<int>(parts.size()), [&](int worker) {
    try {
      for (std::int64_t from; (from = piece_ * next++) < file_.count();) {
        const std::int64_t end = std::min(from + piece_, file_.count());
        work(from, end, parts[static_cast<std::size_t>(worker)]);
        finished += (end - from) * static_cast<std::int64_t>(size_);
        if (worker == 0) done_(finished.exchange(0));
      }
    } catch (...) {
      next = file_.count();
      throw;
    }
  });
  done_(finished);
}

// Rows that were not whole: damaged, or on their way. The file as it is now tells of most; the few that are left are read as
// everybody reads them, who looks until it is sure.
void RowsCheck::settle_suspects(std::vector<std::int64_t> suspects, Part& part) {
  if (suspects.empty()) return;
  std::sort(suspects.begin(), suspects.end());
  if (const auto now = RecordFile::open(file_.path()); now && now->uuid() == file_.uuid()) {
    std::erase_if(suspects, [&](std::int64_t row) {
      if (row >= now->count()) return false;
      std::memcpy(part.block.data(), now->peek(row, part.scratch).bytes(), size_);
      if (!holds(row, part.block.data())) return false;
      look_at(row, part.block.data(), part);
      return true;
    });
  }
  Record copy = file_.make_record();
  std::size_t asked = 0;
  for (const std::int64_t row : suspects) {
    if (asked++ < kMostAskedTwice && file_.read(row, copy).ok()) {
      look_at(row, copy.bytes().data(), part);
      continue;
    }
    ++part.report.damaged;
    if (part.sums) part.sums->leave_out(row);
    const std::string known = what_is_readable(schema_, file_.peek(row, copy).bytes());
    part.findings.damage(
        file_.path(),
        "damaged record: its check does not hold" + (known.empty() ? "" : "; " + known) + "; " + options_.remedy, row,
        data_offset_ + row * static_cast<std::int64_t>(size_));
  }
}

// Hashes that stand more than once, bucket by bucket: a table of one bucket stays in the cache.
void RowsCheck::find_equal(std::vector<Part>& parts, std::unordered_set<std::uint64_t>& twins) const {
  std::vector<std::uint64_t> table;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    std::size_t count = 0;
    for (const auto& part : parts) count += part.keys.buckets[bucket].size();
    table.assign(std::bit_ceil(2 * count + 1), 0);
    for (auto& part : parts) {
      for (const std::uint64_t hash : part.keys.buckets[bucket]) {
        std::size_t at = hash & (table.size() - 1);
        while (table[at] != 0 && table[at] != hash) at = (at + 1) & (table.size() - 1);
        if (table[at] == hash && twins.size() < 4 * CheckReport::kMostNamed) twins.insert(hash);
        table[at] = hash;
      }
      part.keys.buckets[bucket] = {};
    }
  }
}

// Equal hashes are only suspicious: a second look at the rows tells which they are, and whether their keys are equal.
void RowsCheck::find_twins(std::vector<Part>& parts) {
  std::unordered_set<std::uint64_t> twins;
  for (std::int64_t pass = 0; pass < key_passes_; ++pass) {
    if (pass > 0) {
      in_threads(parts, [&](std::int64_t from, std::int64_t end, Part& part) {
        for (std::int64_t row = from; row < end; ++row) {
          const char* record = file_.peek(row, part.scratch).bytes();
          const std::uint64_t hash = key_hash(record);
          if (!key_.deleted(record) &&
              hash % static_cast<std::uint64_t>(key_passes_) == static_cast<std::uint64_t>(pass))
            part.keys.add(hash);
        }
      });
    }
    find_equal(parts, twins);
  }
  if (!twins.empty()) name_twins(twins);
}

void RowsCheck::name_twins(const std::unordered_set<std::uint64_t>& twins) {
  std::unordered_map<std::uint64_t, std::vector<std::int64_t>> rows;
  Record copy = file_.make_record(), other = file_.make_record();
  for (std::int64_t row = 0; row < file_.count(); ++row) {
    const RecordView seen = file_.peek(row, copy);
    const std::uint64_t hash = key_hash(seen.bytes());
    if (!twins.contains(hash) || key_.deleted(seen.bytes())) continue;
    if (!file_.read(row, copy).ok() || key_.deleted(copy.bytes().data())) continue;
    auto& known = rows[hash];
    const std::string folder = folder_of_row(copy.bytes().data());
    const auto twin = std::find_if(known.begin(), known.end(), [&](std::int64_t before) {
      return file_.read(before, other).ok() &&
             key_.same(copy.bytes().data(), folder, other.bytes().data(), folder_of_row(other.bytes().data()));
    });
    if (twin == known.end()) {
      known.push_back(row);
      continue;
    }
    findings_.warning(file_.path(),
                      "the same image as record " + std::to_string(*twin + 1) + " (" + visible(folder) + "/" +
                          visible(key_.name(copy.bytes().data())) + "); register the file again to see which is right",
                      row);
  }
}

void RowsCheck::name_unknown_roots(const std::vector<Part>& parts) {
  std::map<std::string, Part::Unknown> all;
  for (const auto& part : parts) {
    for (const auto& [name, some] : part.unknown_roots) {
      auto [at, is_new] = all.try_emplace(name, some);
      if (is_new) continue;
      at->second.rows += some.rows;
      at->second.first = std::min(at->second.first, some.first);
    }
  }
  for (const auto& [name, unknown] : all) {
    findings_.warning(file_.path(),
                      counted(unknown.rows, "row") + (unknown.rows == 1 ? " begins" : " begin") + " with " +
                          visible(name) + ", a root that is not defined, and nobody knows where their files are: " +
                          "define it with imrelocate -root " + visible(name.substr(1)) + "=DIR",
                      unknown.first);
  }
}

RowsReport RowsCheck::run() {
  const auto threads = std::clamp<std::int64_t>((file_.count() + piece_ - 1) / piece_, 1, jobs_);
  std::vector<Part> parts;
  parts.reserve(static_cast<std::size_t>(threads));
  for (std::int64_t i = 0; i < threads; ++i) parts.emplace_back(*this);
  in_threads(parts, [this](std::int64_t from, std::int64_t end, Part& part) { check_piece(from, end, part); });
  std::vector<std::int64_t> suspects;
  for (auto& part : parts) suspects.insert(suspects.end(), part.suspects.begin(), part.suspects.end());
  settle_suspects(std::move(suspects), parts[0]);
  RowsReport out;
  for (auto& part : parts) {
    out.deleted += part.report.deleted;
    out.damaged += part.report.damaged;
    out.newest_change = std::max(out.newest_change, part.report.newest_change);
    findings_.add(std::move(part.findings));
    if (!part.sums) continue;
    if (sums)
      sums->add(*part.sums);
    else
      sums = std::move(part.sums);
  }
  name_unknown_roots(parts);
  find_twins(parts);
  return out;
}

}  // namespace

RowsReport check_rows(const RecordFile& file, const index::IndexCheck* index, std::int64_t data_offset,
                      const CheckOptions& options, int jobs, const std::function<void(std::int64_t bytes)>& done,
                      Findings& findings) {
  RowsCheck check(file, index, data_offset, options, jobs, done, findings);
  const RowsReport report = check.run();
  if (!index) return report;
  const std::string path = index::index_path(file.path());
  for (const auto& fault : index->compare(*check.sums, file, jobs, CheckReport::kMostNamed)) {
    findings.damage(path, fault.what + "; searches may miss rows: make it anew (imcheck -rebuild-index)", fault.row,
                    fault.byte);
  }
  done(index->bytes());
  return report;
}

}  // namespace imreg::upkeep
