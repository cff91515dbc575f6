// What every test of a crash does with a history that was recorded: all its cuts, and the mutants of its syncs.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "history.h"

namespace imreg::crash {

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
  if (acknowledged > 0 && run.acknowledged[acknowledged - 1] == done && run.history->steps[acknowledged - 1].trims) {
    if (auto wrong = wrong_size(folder + "/" + kDatabase); !wrong.empty()) return "trimmed: " + wrong;
  }
  return look(run, acknowledged, folder, image).trouble;
}

// When more than `few` things are unsynced, `samples` choices by chance.
struct Effort {
  std::size_t few = 8, samples = 256;
};

// What the long form does behind the short one: rounds of further choices, each of all cuts, until the time is over or as many
// rounds as all before brought nothing new. The first is always whole. What a test asks does not depend on how far it comes.
using Round = std::function<Replay::Result(std::size_t number, const LongForm* limit)>;
inline void go_on(const std::string& name, const Round& round) {
  if (!is_long()) return;
  const LongForm limit(10);
  Replay::Result all;
  std::size_t number = 0, last_new = 0;
  do {
    const auto more = round(number + 1, number == 0 ? nullptr : &limit);
    all.add(more);
    ++number;
    if (more.different > 0) last_new = number;
  } while (all.trouble.empty() && !limit.over() && number < 2 * last_new + 16);
  std::printf("%s: long form, seed %llu: %zu rounds, %zu states, %zu different; %s\n", name.c_str(),
              static_cast<unsigned long long>(long_seed()), number, all.states, all.different,
              limit.over() ? "the time was over" : "nothing new came");
  EXPECT_EQ(all.trouble, "");
}

// Of the long form, two further choices for each cut in a round.
inline void set_round(Replay& part, std::size_t number, const LongForm* limit) {
  if (number == 0) return;
  part.round = number;
  part.limit = limit;
  part.few = 8;
  part.samples = 2;
}

// The whole history, by chunks of cuts.
inline void replay(const Recorded& run, const Effort& effort = {}, const Check& check = check_rows) {
  constexpr std::size_t kChunk = 4;
  const std::size_t chunks = run.log.size() / kChunk + 1;
  Looked looked;
  const Round round = [&](std::size_t number, const LongForm* limit) {
    return sum_of(2 * chunks, [&](std::size_t at, const std::string& folder) {
      Replay part{.log = run.log, .start = run.start, .from = at / 2 * kChunk, .to = 0, .check = {}};
      part.few = effort.few;
      part.samples = effort.samples;
      set_round(part, number, limit);
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
      return part.run(folder);
    });
  };
  const auto all = round(0, nullptr);
  std::printf("%s: %zu operations, %zu states, %zu different\n", run.history->name.c_str(), run.log.size(), all.states,
              all.different);
  EXPECT_EQ(all.trouble, "");
  go_on(run.history->name, round);
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
  enum class Kind { left_out, too_early, too_late };
  std::string name;
  Log log;
  std::size_t from, to;  // the cuts where it could be noticed
  Kind kind = Kind::left_out;
  std::size_t sync = 0,
              other = 0;  // in the recording: the sync, and what it comes before (too early) or behind (too late)
};

// Why a mutant harms nothing: each that lives names its reason, and what a recording shows of the reason is looked at.
enum class Harmless {
  nothing_new,  // since the last sync of this file or folder nothing was done that it covers, which a program that came
  // later cannot know: a writer who recovers, or opens a journal. Others need it: EverySyncOfRecoveryIsNeeded.
  again,      // it comes again before the step is acknowledged, and nothing in between needs what the first one covers
  any_order,  // it comes one operation too late, and that one is of another file, or of no name: the step needs both before
  // it is acknowledged, neither before the other (a journal's name and its bytes; a new file and the old journal)
  one_row,    // the row of a commit stands in place before its transaction is durable: of one row, that is there or not
  same_size,  // it covers a cut to the size that the file has, and counts that tell the same size
  derived     // what it covers is the head of an index; one that is not whole is no index, and is made anew
};
inline const char* told(Harmless why) {
  constexpr const char* kNames[] = {"nothing_new", "again", "any_order", "one_row", "same_size", "derived"};
  return kNames[static_cast<int>(why)];
}

// Of the file that an operation of the recording is of.
inline std::int64_t size_before(const Recorded& run, const Operation& operation) {
  std::int64_t size = 0;
  for (const auto& [name, found] : run.start.files) {
    if (found.file == operation.file) size = found.size;
  }
  for (const Operation* o = run.log.data(); o != &operation; ++o) {
    if (o->lock || o->file != operation.file) continue;
    if (o->kind == Kind::write) size = std::max(size, o->offset + std::ssize(o->bytes));
    if (o->kind == Kind::allocate) size = std::max(size, o->offset);
    if (o->kind == Kind::truncate) size = o->offset;
  }
  return size;
}

inline bool holds(Harmless why, const Recorded& run, const Mutant& mutant) {
  using Which = Mutant::Kind;
  const Operation& sync = run.log[mutant.sync];
  const std::size_t step = acknowledged_at(run, mutant.sync);
  std::vector<const Operation*> covered;  // what is durable later, or never
  for (std::size_t i = mutant.sync; i-- > 0 && !same_sync(sync, run.log[i]);) {
    if (mutant.kind == Which::too_early && i < mutant.other) break;
    if (covers(sync, run.log[i])) covered.push_back(&run.log[i]);
  }
  const Operation& other = run.log[mutant.other];
  const bool unrelated =
      mutant.kind == Which::too_late && (sync.kind == Kind::sync_folder ? !is_name(other) : other.file != sync.file);
  switch (why) {
    case Harmless::nothing_new: return mutant.kind != Which::too_early && covered.empty();
    case Harmless::again:
      for (std::size_t i = mutant.sync + 1; i < run.log.size() && acknowledged_at(run, i) == step; ++i) {
        if (same_sync(sync, run.log[i])) return true;
      }
      return false;
    case Harmless::any_order: return unrelated;
    case Harmless::one_row: {
      const State &before = run.states[step], &after = run.states[step + 1];
      return unrelated && before && after && after->size() == before->size() + 1 &&
             std::equal(before->begin(), before->end(), after->begin());
    }
    case Harmless::same_size:
      return std::ranges::all_of(covered, [&](const Operation* c) {
        return c->kind == Kind::truncate ? c->offset == size_before(run, *c)
                                         : c->kind == Kind::write && c->offset + std::ssize(c->bytes) <= testing::kData;
      });
    case Harmless::derived:
      return std::ranges::all_of(covered, [](const Operation* c) { return c->path.find(".idx") != c->path.npos; });
  }
  return false;
}
using Survivors = std::map<Harmless, std::set<std::string>>;

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
    Mutant drop{where + ": left out", run.log, at + 1, to, Mutant::Kind::left_out, at, at};
    drop.log[at].dropped = true;
    out.push_back(std::move(drop));
    for (std::size_t i = at; i-- > 0 && !same_sync(sync, run.log[i]);) {
      if (!covers(sync, run.log[i])) continue;
      Mutant late{where + ": too early", run.log, at, to, Mutant::Kind::too_early, at, i};
      std::rotate(late.log.begin() + std::ptrdiff_t(i), late.log.begin() + std::ptrdiff_t(i) + 1,
                  late.log.begin() + std::ptrdiff_t(at) + 1);
      out.push_back(std::move(late));
      break;
    }
    for (std::size_t i = at + 1; i < run.log.size() && acknowledged_at(run, i) == step; ++i) {
      if (run.log[i].lock || is_sync(run.log[i])) continue;
      Mutant early{where + ": too late", run.log, at, i + 1, Mutant::Kind::too_late, at, i};
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

// Every mutant must be noticed, but for those that harm nothing.
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

inline void prove(const Recorded& run, const std::string& word, const Survivors& survivors,
                  const Check& check = check_rows, const Effort& effort = {}) {
  const auto all = mutants(run, word);
  std::set<std::string> harmless;
  for (const auto& [why, names] : survivors) {
    harmless.insert(names.begin(), names.end());
    for (const auto& mutant : all) {
      if (names.contains(mutant.name) && !holds(why, run, mutant)) ADD_FAILURE() << mutant.name << ": " << told(why);
    }
  }
  std::vector<Proof> proofs(all.size());
  std::vector<Looked> looked(all.size());
  const auto cut = [&](std::size_t at, const std::string& folder, std::size_t round, const LongForm* limit) {
    const Mutant& mutant = all[at];
    Replay part{.log = mutant.log,
                .start = run.start,
                .from = mutant.from,
                .to = mutant.to,
                .samples = effort.samples,
                .few = effort.few,
                .looked = &looked[at],
                .check = {}};
    set_round(part, round, limit);
    part.check = [&](std::size_t done, const std::string& where, const Image& image) {
      return check(run, done, where, image);
    };
    return part.run(folder);
  };
  in_parallel(all.size(), [&](std::size_t at, const std::string& folder) {
    const auto result = cut(at, folder, 0, nullptr);
    proofs[at] = {all[at].name, result.trouble, result.different};
  });
  judge(run.history->name, proofs, harmless);

  // Those that harm nothing are looked at further.
  std::vector<std::size_t> living;
  for (std::size_t at = 0; at < proofs.size(); ++at) {
    if (proofs[at].noticed.empty()) living.push_back(at);
  }
  if (living.empty()) return;
  go_on(run.history->name + ", mutants that live", [&](std::size_t number, const LongForm* limit) {
    return sum_of(living.size(), [&](std::size_t at, const std::string& folder) {
      auto result = cut(living[at], folder, number, limit);
      if (!result.trouble.empty()) result.trouble = all[living[at]].name + " was noticed: " + result.trouble;
      return result;
    });
  });
}

}  // namespace imreg::crash
