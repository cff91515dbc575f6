// What every test of a crash does with a history that was recorded: all its cuts, and the mutants of its syncs.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "history.h"

namespace imreg::crash {

inline bool is_long() { return std::getenv("IMREG_LONG") != nullptr; }

inline std::string image_row(int number, double time, const char* filter, float fwhm = std::nanf("")) {
  Record row(regimage::kRecordSize);
  row.set(regimage::kObstime, time);
  row.set(regimage::kExptime, 1);
  row.set(regimage::kRa, number * 3.0);
  row.set(regimage::kDec, number * 1.0 - 40);
  row.set(regimage::kCcd, number % 3);
  row.set(regimage::kFwhm, fwhm);
  EXPECT_TRUE(row.set(regimage::kFilename, std::to_string(1000 + number) + "o.fits"));
  EXPECT_TRUE(row.set(regimage::kPathname, "/data"));
  EXPECT_TRUE(row.set(regimage::kFilter, filter));
  return row.bytes();
}
inline std::string image_rows(int from, int n, float fwhm = std::nanf("")) {
  std::string out;
  for (int i = from; i < from + n; ++i) out += image_row(i, i * 7 % 280, i % 3 ? "r" : "g", fwhm);
  return out;
}
inline const Schema& image_schema() { return *builtin_format(regimage::kFormat, regimage::kVersion); }

inline std::size_t acknowledged_at(const Recorded& run, std::size_t done) {
  return static_cast<std::size_t>(std::upper_bound(run.acknowledged.begin(), run.acknowledged.end(), done) -
                                  run.acknowledged.begin());
}

// What is wrong with the files in a folder when the cut was behind `done` operations.
using Check =
    std::function<std::string(const Recorded& run, std::size_t done, const std::string& folder, const Image&)>;
inline std::string check_rows(const Recorded& run, std::size_t done, const std::string& folder, const Image& image) {
  const std::size_t acknowledged = acknowledged_at(run, done);
  // A file that was trimmed is as FITS has it before anybody writes again.
  if (acknowledged > 0 && run.acknowledged[acknowledged - 1] == done &&
      run.history->steps[acknowledged - 1].name == "trim") {
    if (auto wrong = wrong_size(folder + "/" + kDatabase); !wrong.empty()) return "trimmed: " + wrong;
  }
  return look(run, acknowledged, folder, image).trouble;
}

// When more than `few` things are unsynced, `samples` choices by chance.
struct Effort {
  std::size_t few = 8, samples = 256;
};

// The whole history, by chunks of cuts.
inline void replay(const Recorded& run, const Effort& effort = {}, const Check& check = check_rows) {
  constexpr std::size_t kChunk = 4;
  const std::size_t chunks = run.log.size() / kChunk + 1;
  std::atomic<std::size_t> states{0}, different{0};
  Looked looked;
  std::vector<std::string> trouble(2 * chunks);
  in_parallel(2 * chunks, [&](std::size_t at, const std::string& folder) {
    Replay part{.log = run.log, .start = run.start, .from = at / 2 * kChunk, .to = 0, .check = {}};
    part.few = is_long() ? 8 : effort.few;
    part.samples = is_long() ? std::max<std::size_t>(effort.samples, 256) : effort.samples;
    part.to = std::min(part.from + kChunk - 1, run.log.size());
    part.sector = at % 2 ? 4096 : 512;
    part.looked = &looked;
    // The end of a step promises more than what comes behind it (a file that was just trimmed).
    part.promise = [&](std::size_t done) {
      const std::size_t acknowledged = acknowledged_at(run, done);
      return 2 * acknowledged + (acknowledged > 0 && run.acknowledged[acknowledged - 1] == done ? 1 : 0);
    };
    part.check = [&](std::size_t done, const std::string& where, const Image& image) {
      return check(run, done, where, image);
    };
    const auto result = part.run(folder);
    states += result.states;
    different += result.different;
    trouble[at] = result.trouble;
  });
  std::printf("%s: %zu operations, %zu states, %zu different\n", run.history->name.c_str(), run.log.size(),
              states.load(), different.load());
  for (const auto& text : trouble) EXPECT_EQ(text, "");
}

inline bool is_sync(const Operation& operation) {
  return !operation.lock && (operation.kind == Kind::sync_data || operation.kind == Kind::sync_folder);
}
inline bool is_name(const Operation& operation) {
  return operation.kind == Kind::create || operation.kind == Kind::rename || operation.kind == Kind::remove;
}
// The file that a sync is of, without a process number, and without what makes a name one that nobody has.
inline std::string synced(const Operation& sync) {
  std::string file = sync.path;
  if (sync.kind == Kind::sync_folder) file = file.empty() ? "the folder" : "the folder " + file;
  for (const std::string mark : {".new", ".imreg-moving-"}) {
    if (const auto at = file.find(mark); at != std::string::npos) file.resize(at + mark.size());
  }
  return file;
}

// Whether the sync makes the operation durable.
inline bool covers(const Operation& sync, const Operation& operation) {
  if (operation.lock || is_sync(operation)) return false;
  return sync.kind == Kind::sync_folder ? is_name(operation) && places_of(operation).contains(sync.path)
                                        : !is_name(operation) && operation.file == sync.file;
}
inline bool same_sync(const Operation& a, const Operation& b) {
  return is_sync(b) && a.kind == b.kind && (a.kind == Kind::sync_folder ? a.path == b.path : a.file == b.file);
}

// One error in the code, as it would be seen by the disk.
struct Mutant {
  std::string name;
  Log log;
  std::size_t from, to;  // the cuts where it could be noticed
};

// Of each sync of a file that has this word in its name; of the folder when there is no word, or a bar before it.
inline std::vector<Mutant> mutants(const Recorded& run, std::string word) {
  const bool folder = word.empty() || word.starts_with('|');
  if (word.starts_with('|')) word.erase(0, 1);
  std::vector<Mutant> out;
  std::size_t nth = 0, last_step = run.history->steps.size();
  for (std::size_t at = 0; at < run.log.size(); ++at) {
    const Operation& sync = run.log[at];
    if (!is_sync(sync) || !(sync.kind == Kind::sync_folder ? folder : sync.path.find(word) != std::string::npos))
      continue;
    std::size_t to = at + 1;
    while (to < run.log.size() && !same_sync(sync, run.log[to])) ++to;
    const std::size_t step = acknowledged_at(run, at);
    nth = step == last_step ? nth + 1 : 1;
    last_step = step;
    const std::string where = run.history->name + ": " + run.history->steps.at(step).name + " " + std::to_string(step) +
                              ", sync " + std::to_string(nth) + ", of " + synced(sync);
    Mutant drop{where + ": left out", run.log, at + 1, to};
    drop.log[at].dropped = true;
    out.push_back(std::move(drop));
    for (std::size_t i = at; i-- > 0 && !same_sync(sync, run.log[i]);) {
      if (!covers(sync, run.log[i])) continue;
      Mutant late{where + ": too early", run.log, at, to};
      std::rotate(late.log.begin() + std::ptrdiff_t(i), late.log.begin() + std::ptrdiff_t(i) + 1,
                  late.log.begin() + std::ptrdiff_t(at) + 1);
      out.push_back(std::move(late));
      break;
    }
    for (std::size_t i = at + 1; i < run.log.size() && acknowledged_at(run, i) == step; ++i) {
      if (run.log[i].lock || is_sync(run.log[i])) continue;
      Mutant early{where + ": too late", run.log, at, i + 1};
      std::rotate(early.log.begin() + std::ptrdiff_t(at), early.log.begin() + std::ptrdiff_t(i),
                  early.log.begin() + std::ptrdiff_t(i) + 1);
      out.push_back(std::move(early));
      break;
    }
  }
  return out;
}

struct Proof {
  std::string mutant, noticed;
  std::size_t states = 0;
};

// Every mutant must be noticed, but for those that harm nothing: each with the reason.
inline void judge(const std::string& history, const std::vector<Proof>& proofs, const std::set<std::string>& harmless) {
  std::size_t found = 0, states = 0;
  std::set<std::string> survivors;
  for (const auto& proof : proofs) {
    found += !proof.noticed.empty();
    states += proof.states;
    if (proof.noticed.empty()) survivors.insert(proof.mutant);
    if (std::getenv("IMREG_TELL"))
      std::printf("%s: %zu states, %s\n", proof.mutant.c_str(), proof.states, proof.noticed.c_str());
  }
  std::printf("%s: %zu mutants, %zu found, %zu states\n", history.c_str(), proofs.size(), found, states);
  EXPECT_EQ(survivors, harmless);
}

inline void prove(const Recorded& run, const std::string& word, const std::set<std::string>& harmless,
                  const Check& check = check_rows, const Effort& effort = {}) {
  const auto all = mutants(run, word);
  std::vector<Proof> proofs(all.size());
  in_parallel(all.size(), [&](std::size_t at, const std::string& folder) {
    const Mutant& mutant = all[at];
    Replay part{.log = mutant.log,
                .start = run.start,
                .from = mutant.from,
                .to = mutant.to,
                .samples = effort.samples,
                .few = effort.few,
                .check = {}};
    part.check = [&](std::size_t done, const std::string& where, const Image& image) {
      return check(run, done, where, image);
    };
    const auto result = part.run(folder);
    proofs[at] = {mutant.name, result.trouble, result.different};
  });
  judge(run.history->name, proofs, harmless);
}

}  // namespace imreg::crash
