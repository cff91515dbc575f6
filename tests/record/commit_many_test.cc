// Changes of many rows as one step: against a vector of rows, with readers at each moment of it, torn, and in little memory.
#include <rapidcheck.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <set>

#include "imreg/bulk_change.h"
#include "os/file.h"
#include "path_rows.h"

namespace imreg::testing {
namespace {

using ::testing::HasSubstr;
using Kind = IoOperation::Kind;

// Gives rows to commit_many one by one.
std::function<Result<bool>(RowChange&)> giving(const std::vector<RowChange>& changes) {
  return [&changes, i = std::size_t{0}](RowChange& change) mutable -> Result<bool> {
    if (i == changes.size()) return false;
    change = changes[i++];
    return true;
  };
}

// The same without our code: what a relocation makes of one path, whole components only.
std::string moved(const std::string& path, const std::string& from, const std::string& to) {
  std::vector<std::string> old, prefix;
  const auto split = [](const std::string& text, std::vector<std::string>& out) {
    std::string part;
    for (const char c : text + "/") {
      if (c != '/') {
        part += c;
      } else if (!part.empty()) {
        out.push_back(part);
        part.clear();
      }
    }
  };
  split(path, old);
  split(from, prefix);
  if (old.size() < prefix.size() || !std::equal(prefix.begin(), prefix.end(), old.begin())) return path;
  std::string out = to;
  for (std::size_t i = prefix.size(); i < old.size(); ++i) out += "/" + old[i];
  return out;
}

struct Step {
  enum Kind { append, commit, many, field, relocate, remove, checkpoint, trim, reopen, died } kind = append;
  std::vector<std::pair<int, int>> changes;  // row (modulo the count), new value
  int from = 0, to = 0;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  out << "step " << step.kind << ' ' << step.from << "->" << step.to << " changes";
  for (const auto& [row, value] : step.changes) out << ' ' << row << '=' << value;
  return out;
}

const std::vector<std::string> kPaths{"/data/a", "/data/ab", "/data", "/data/a/b", "/x", "/data/a/b/c"};

rc::Gen<Step> any_step() {
  return rc::gen::build<Step>(
      rc::gen::set(&Step::kind, rc::gen::element(Step::append, Step::append, Step::commit, Step::many, Step::many,
                                                 Step::field, Step::field, Step::relocate, Step::relocate, Step::remove,
                                                 Step::checkpoint, Step::trim, Step::reopen, Step::died)),
      rc::gen::set(&Step::changes, rc::gen::container<std::vector<std::pair<int, int>>>(
                                       rc::gen::pair(rc::gen::inRange(0, 60), rc::gen::inRange(0, 5)))),
      rc::gen::set(&Step::from, rc::gen::inRange(0, static_cast<int>(kPaths.size()))),
      rc::gen::set(&Step::to, rc::gen::inRange(0, static_cast<int>(kPaths.size()))));
}

// Returns whether the step was done, and does it to the model.
bool take(const Step& step, RecordWriter& writer, Files& model) {
  std::vector<RowChange> changes;
  Files after = model;
  std::set<std::int64_t> rows;
  for (const auto& [row, value] : step.changes) {
    if (model.empty()) break;
    const auto at = static_cast<std::size_t>(row) % model.size();
    after[at].value = value;
    rows.insert(static_cast<std::int64_t>(at));
  }
  for (const auto row : rows) changes.push_back({row, bytes_of(after[static_cast<std::size_t>(row)])});
  const auto n = static_cast<std::int64_t>(rows.size());
  const auto& from = kPaths[static_cast<std::size_t>(step.from)];
  const auto& to = kPaths[static_cast<std::size_t>(step.to)];
  switch (step.kind) {
    case Step::append: {
      std::string added;
      for (const auto& [row, value] : step.changes) {
        model.push_back({value, kPaths[static_cast<std::size_t>(row) % kPaths.size()], false});
        added += bytes_of(model.back());
      }
      return writer.append(added).ok();
    }
    case Step::commit: model = after; return writer.commit(changes).ok();
    case Step::many: model = after; return writer.commit_many(giving(changes)).ok();
    case Step::field: {  // of the rows, those whose value is not `from` get twice the value
      std::vector<std::int64_t> told;
      char value[8];
      const auto edit = [&](std::int64_t first, std::int64_t n_rows, std::string_view old) -> Result<std::string_view> {
        const auto was = load_big<std::int64_t>(old.data());
        for (std::int64_t row = first; row < first + n_rows; ++row) {
          told.push_back(row);
          EXPECT_EQ(model[static_cast<std::size_t>(row)].value, was);
        }
        if (was == step.from) return std::string_view();
        store_big(value, 2 * was + 1);
        return std::string_view(value, sizeof value);
      };
      const auto next = [&](std::int64_t at) {
        return rows.lower_bound(at) == rows.end() ? 9999 : *rows.lower_bound(at);
      };
      const FieldInfo& field = *with_path().find("value");
      const bool done = writer.change_field(field, step.to == 0 ? NextRow() : next, edit).ok();
      for (std::int64_t row = 0; step.to == 0 && row < std::ssize(model); ++row) rows.insert(row);
      EXPECT_EQ(told, std::vector<std::int64_t>(rows.begin(), rows.end()));
      for (const auto row : rows) {
        auto& was = model[static_cast<std::size_t>(row)].value;
        if (was != step.from) was = 2 * was + 1;
      }
      return done;
    }
    case Step::remove: {
      std::vector<std::int64_t> wanted(rows.rbegin(), rows.rend());
      std::int64_t fresh = 0;
      for (const auto row : rows) fresh += !std::exchange(model[static_cast<std::size_t>(row)].deleted, true);
      const auto removed = mark_deleted(writer, wanted);
      return removed && *removed == fresh && fresh <= n;
    }
    case Step::relocate: {
      std::int64_t hit = 0, too_long = 0;
      after = model;
      for (auto& file : after) {
        const std::string path = moved(file.path, from, to);
        hit += moved(file.path, from, "/other") != file.path;
        too_long += path.size() > 24;
        file.path = path;
      }
      const auto changed = relocate(writer, *with_path().find("path"), from, to + (step.changes.empty() ? "/" : ""));
      if (too_long > 0) return !changed && changed.status().code() == Code::invalid;
      model = after;
      return changed && *changed == hit;
    }
    case Step::checkpoint: return writer.checkpoint().ok();
    case Step::trim: return writer.trim().ok();
    default: return true;
  }
}

TEST(CommitMany, RandomHistories) {
  EXPECT_TRUE(rc::check("rows, many of them changed at once, are a vector", [] {
    Folder folder;
    const std::string path = folder / "m.db";
    RC_ASSERT(RecordWriter::create(path, with_path(), {}).ok());
    auto writer = must(RecordWriter::open(path, {}));
    Files model;
    std::int64_t last_change = 0;
    for (const auto& step : *rc::gen::container<std::vector<Step>>(any_step())) {
      if (step.kind == Step::reopen || step.kind == Step::died) {
        writer.close();
        if (step.kind == Step::died) spill(path + ".lock", "held by nobody");
        writer = must(RecordWriter::open(path, {}));
      }
      RC_ASSERT(take(step, writer, model));
      RC_ASSERT(files_of(writer.file()) == model);
      const auto reader = must(RecordFile::open(path));
      RC_ASSERT(files_of(reader) == model);
      RC_ASSERT(reader.change_number() >= last_change);
      RC_ASSERT(reader.change_number() == writer.file().change_number());
      last_change = reader.change_number();
    }
  }));
}

TEST(CommitMany, WholeComponentsMoveAndNothingElse) {
  Folder folder;
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, with_path(), {}));
  auto writer = must(RecordWriter::open(path, {}));
  std::string rows;
  for (const char* of : {"/data/a", "/data/ab", "/data/a/b", "data/a", "/data/a/", "", "/data/A", "/"})
    rows += bytes_of(File{1, of, false});
  EXPECT_OK(writer.append(rows));
  const FieldInfo& field = *with_path().find("path");
  EXPECT_EQ(must(relocate(writer, field, "/data/a", "/new/x")), 3);
  const auto paths = [&] {
    std::vector<std::string> out;
    for (const auto& file : files_of(must(RecordFile::open(path)))) out.push_back(file.path);
    return out;
  };
  EXPECT_EQ(paths(),
            (std::vector<std::string>{"/new/x", "/data/ab", "/new/x/b", "data/a", "/new/x/", "", "/data/A", "/"}));
  EXPECT_EQ(must(relocate(writer, field, "/new/x/", "/")), 3);
  EXPECT_EQ(paths(), (std::vector<std::string>{"/", "/data/ab", "/b", "data/a", "/", "", "/data/A", "/"}));
  EXPECT_EQ(must(relocate(writer, field, "/", "/n")), 6);
  EXPECT_EQ(paths(), (std::vector<std::string>{"/n/", "/n/data/ab", "/n/b", "data/a", "/n/", "", "/n/data/A", "/n/"}));
  EXPECT_EQ(must(relocate(writer, field, "/nothing", "/n")), 0);
  // Only rows that are asked for.
  const auto second = [](std::int64_t from) { return from <= 1 ? 1 : std::int64_t{99}; };
  EXPECT_EQ(must(relocate(writer, field, "/n", "/m", second)), 1);
  EXPECT_EQ(paths()[1], "/m/data/ab");
}

TEST(CommitMany, WhatDoesNotFitChangesNothing) {
  Folder folder;
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, with_path(), {}));
  auto writer = must(RecordWriter::open(path, {}));
  std::string rows;
  Files model;
  for (int i = 0; i < 50; ++i) {
    model.push_back({i, i % 10 == 3 ? "/data/a/long/enough/now" : "/data/a/b", false});
    rows += bytes_of(model.back());
  }
  EXPECT_OK(writer.append(rows));
  const FieldInfo& field = *with_path().find("path");
  const Status status = relocate(writer, field, "/data/a", "/data/abc").status();
  EXPECT_EQ(status.code(), Code::invalid);
  EXPECT_THAT(status.text(), HasSubstr("(record 4)"));
  EXPECT_THAT(status.text(), HasSubstr("field path has 24 bytes, too few for 5 rows"));
  EXPECT_EQ(relocate(writer, *with_path().find("value"), "/a", "/b").status().code(), Code::invalid);
  EXPECT_EQ(relocate(writer, field, "", "/b").status().code(), Code::invalid);
  EXPECT_EQ(relocate(writer, field, "/data", "").status().code(), Code::invalid);
  EXPECT_EQ(relocate(writer, field, "/data", std::string("/\0", 2)).status().code(), Code::invalid);
  EXPECT_EQ(mark_deleted(writer, {3, 50}).status().code(), Code::invalid);
  EXPECT_EQ(mark_deleted(writer, {-1}).status().code(), Code::invalid);

  const std::string row = bytes_of(File{7, "/x", false});
  std::vector<RowChange> wrong[] = {
      {{3, row}, {3, row}}, {{4, row}, {3, row}}, {{50, row}}, {{-1, row}}, {{3, row}, {4, row + "x"}}};
  for (const auto& changes : wrong) EXPECT_EQ(writer.commit_many(giving(changes)).code(), Code::invalid);
  int given = 0;
  EXPECT_EQ(writer
                .commit_many([&](RowChange& change) -> Result<bool> {
                  if (given == 40) return Status(Code::busy, "enough");
                  change = {given++, row};
                  return true;
                })
                .code(),
            Code::busy);
  EXPECT_THROW((void)writer.commit_many([&](RowChange& change) -> Result<bool> {
    if (given == 49) throw std::bad_alloc();
    change = {given++, row};
    return true;
  }),
               std::bad_alloc);
  EXPECT_OK(writer.commit_many([](RowChange&) -> Result<bool> { return false; }));
  std::int64_t promised = 0;
  const auto unready = [&](std::int64_t number) { return promised = number, Status(Code::io, "no history"); };
  EXPECT_EQ(writer.commit_many(giving({{3, row}}), {unready, {}}).text(), "no history");
  EXPECT_EQ(promised, 1);
  EXPECT_EQ(files_of(writer.file()), model);
  EXPECT_EQ(writer.file().change_number(), 0);
  // And the writer is as good as before.
  EXPECT_OK(writer.commit({{1, row}}));
  const auto ready = [&](std::int64_t number) { return promised = number, Status(); };
  EXPECT_OK(writer.commit_many(giving({{2, row}, {9, row}}), {ready, [&] {
                                                                EXPECT_EQ(promised, 2);  // the history comes first
                                                                promised = -promised;
                                                              }}));
  EXPECT_EQ(promised, -writer.file().change_number());
  for (const std::size_t at : {1, 2, 9}) model[at] = {7, "/x", false};
  writer.close();
  EXPECT_EQ(files_of(must(RecordFile::open(path))), model);

  EXPECT_OK(RecordWriter::create(folder / "tiny.db", tiny(), {}));
  auto other = must(RecordWriter::open(folder / "tiny.db", {}));
  EXPECT_OK(other.append(testing::bytes_of(Row{0, 1})));
  EXPECT_THAT(mark_deleted(other, {0}).status().text(), HasSubstr("no field deleted"));
}

TEST(CommitMany, AFieldThatCannotBeChanged) {
  Folder folder;
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, with_path(), {}));
  auto writer = must(RecordWriter::open(path, {}));
  EXPECT_OK(writer.append(bytes_of(File{1, "/a", false}) + bytes_of(File{2, "/a", false})));
  const auto same = [](std::int64_t, std::int64_t, std::string_view old) -> Result<std::string_view> { return old; };
  for (const char* name : {"crc", "changeno"})
    EXPECT_EQ(writer.change_field(*with_path().find(name), {}, same).code(), Code::invalid);
  FieldInfo elsewhere = *with_path().find("path");
  elsewhere.offset = 75;
  EXPECT_EQ(writer.change_field(elsewhere, {}, same).code(), Code::invalid);
  const FieldInfo& field = *with_path().find("path");
  const auto shorter = [](std::int64_t, std::int64_t, std::string_view) -> Result<std::string_view> {
    return std::string_view("/b");
  };
  EXPECT_THAT(writer.change_field(field, {}, shorter).text(), HasSubstr("a value of 2 bytes for field path"));
  const auto refusing = [&](std::int64_t row, std::int64_t, std::string_view) -> Result<std::string_view> {
    return Status(Code::busy, "enough").at_record(row);
  };
  EXPECT_EQ(writer.change_field(field, {}, refusing).code(), Code::busy);
  EXPECT_EQ(writer.file().change_number(), 0);
  EXPECT_EQ(files_of(writer.file()), (Files{{1, "/a", false}, {2, "/a", false}}));
}

// Whatever byte of it is wrong: its check, its change number, the text that changes. Also when the journal is replayed.
TEST(CommitMany, ADamagedRowIsNotMadeWhole) {
  Folder folder;
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, with_path(), {}));
  Files model(77, {5, "/data/a", false});
  {
    auto writer = must(RecordWriter::open(path, {}));
    std::string rows;
    for (const auto& file : model) rows += bytes_of(file);
    EXPECT_OK(writer.append(rows));
  }
  for (int row = 0; row < 76; ++row) {
    const auto place = static_cast<std::size_t>(kData + row * 76 + row);  // another byte of each but the last
    scribble(path, kData + row * 76 + row, std::string(1, static_cast<char>(slurp(path)[place] ^ (1 << row % 8))));
  }
  const auto only_the_last_is_whole = [&](const RecordFile& file, const File& last) {
    Record copy = file.make_record();
    for (int row = 0; row < 76; ++row) EXPECT_EQ(file.read(row, copy).code(), Code::corrupt) << row;
    EXPECT_OK(file.read(76, copy));
    EXPECT_EQ((File{copy[kNumber], std::string(copy[kPath]), copy[kDeleted]}), last);
  };
  auto writer = must(RecordWriter::open(path, {}));
  EXPECT_GT(must(relocate(writer, *with_path().find("path"), "/data", "/new")), 60);
  only_the_last_is_whole(writer.file(), {5, "/new/a", false});
  EXPECT_GT(must(mark_deleted(writer, {0, 7, 40, 76})), 2);
  only_the_last_is_whole(writer.file(), {5, "/new/a", true});
  writer.close();
  only_the_last_is_whole(must(RecordFile::open(path)), {5, "/new/a", true});
  for (const char* died : {"once", "twice"}) {
    spill(path + ".lock", died);
    only_the_last_is_whole(must(RecordWriter::open(path, {})).file(), {5, "/new/a", true});
  }
}

// A format without change numbers.
TEST(CommitMany, AFieldOfRowsWithoutChangeNumbers) {
  Folder folder;
  const std::string path = folder / "a.db";
  const Schema schema = *parse_format(
      "format plain\nversion 1\nsize 16\nextname PLAIN\ntitle for tests\n"
      "field value VALUE i64 - - what changes\nfield crc CRC u32 - - check\nfield more MORE u32 - - more\n",
      "plain.fmt");
  EXPECT_OK(RecordWriter::create(path, schema, {}));
  auto writer = must(RecordWriter::open(path, {}));
  EXPECT_OK(writer.append(std::string(16 * 3000, '\0')));
  const auto edit = [](std::int64_t first, std::int64_t, std::string_view) -> Result<std::string_view> {
    return first < 1000 ? std::string_view() : std::string_view("12345678");
  };
  EXPECT_OK(writer.change_field(*schema.find("value"), {}, edit));
  const auto file = must(RecordFile::open(path));
  Record copy = file.make_record();
  int changed = 0;
  for (std::int64_t row = 0; row < 3000; ++row) {
    EXPECT_OK(file.read(row, copy));
    const std::string_view value = std::string_view(copy.bytes()).substr(0, 8);
    EXPECT_TRUE(value == "12345678" || (row < 1512 && value == std::string_view("\0\0\0\0\0\0\0\0", 8)));
    changed += value == "12345678";
  }
  EXPECT_GE(changed, 1488);
}

// Rows (i, value), changed so often that they are written in place by several writes.
constexpr int kMany = 14000;

Rows rows_with(std::int64_t value) {
  Rows rows;
  for (int i = 0; i < kMany; ++i) rows.push_back({i, value});
  return rows;
}

// Every row whose number is not divisible by 11 gets this value; texts and numbers differ from row to row.
std::int64_t value_at(std::int64_t row, std::int64_t round) { return round * 1000003 + row; }
Rows rows_after(std::int64_t round) {
  Rows rows = rows_with(1);
  for (auto& row : rows) {
    if (row.id % 11 != 0 && round > 0) row.value = value_at(row.id, round);
  }
  return rows;
}
Status change_all(RecordWriter& writer, std::int64_t round) {
  return writer.commit_many([row = std::int64_t{0}, round](RowChange& change) mutable -> Result<bool> {
    if (++row % 11 == 0) ++row;
    if (row >= kMany) return false;
    change.row = row;
    change.bytes = testing::bytes_of(Row{row, value_at(row, round)});
    return true;
  });
}

void make_many(const std::string& path) {
  EXPECT_OK(RecordWriter::create(path, tiny(), {}));
  auto writer = must(RecordWriter::open(path, {}));
  EXPECT_OK(writer.append(testing::bytes_of(rows_with(1))));
}

// All rows by predicates: what a scan sees of a file before it reads rows.
Rows peeked(const RecordFile& file) {
  Rows out;
  Record scratch = file.make_record();
  for (std::int64_t row = 0; row < file.count(); ++row) {
    const auto run = file.run_in_place(row);
    const char* bytes = run.bytes;
    for (; row < run.end; ++row, bytes += 56) out.push_back({RecordView(bytes)[kId], RecordView(bytes)[kValue]});
    if (row == file.count()) break;
    const RecordView record = file.peek(row, scratch);
    out.push_back({record[kId], record[kValue]});
  }
  return out;
}

// Opens the file before each operation of a writer, and looks at it with what was opened earlier.
struct Looking : IoObserver {
  std::string path;
  bool on = false;
  Rows old, fresh;
  std::vector<RecordFile> readers;
  int old_ones = 0, new_ones = 0;
  int before(const IoOperation& /*operation*/) override {
    if (!on) return 0;
    auto file = must(RecordFile::open(path));
    const Rows now = rows_of(file);
    EXPECT_TRUE(now == (new_ones > 0 ? fresh : old) || now == fresh) << "mixed, or seen and gone";
    EXPECT_TRUE(peeked(file) == now);
    (now == fresh ? new_ones : old_ones)++;
    for (const auto& reader : readers) {
      const Rows seen = rows_of(reader);
      for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_TRUE(seen[i] == old[i] || seen[i] == fresh[i]) << i;
    }
    if (readers.size() < 12) readers.push_back(std::move(file));
    return 0;
  }
};

TEST(CommitMany, ReadersSeeAllOfItOrNothing) {
  Folder folder;
  const std::string path = folder / "a.db";
  make_many(path);
  Looking looking;
  looking.path = path;
  RecordWriter::Options options;
  options.observer = &looking;
  auto writer = must(RecordWriter::open(path, options));
  EXPECT_OK(writer.commit({{5, testing::bytes_of(Row{5, 77})}}));
  EXPECT_OK(writer.checkpoint());  // so that the next changes stand where later ones will be written over them
  looking.old = rows_after(0);
  looking.old[5].value = 77;
  std::vector<RecordFile> older;
  for (int round = 2; round < 4; ++round) {
    looking.fresh = rows_after(round);
    looking.old_ones = looking.new_ones = 0;
    looking.on = true;
    EXPECT_OK(change_all(writer, round));
    looking.on = false;
    EXPECT_GT(looking.old_ones, 1);
    EXPECT_GT(looking.new_ones, 2);  // while it is written in place
    looking.old = looking.fresh;
    for (auto& reader : looking.readers) older.push_back(std::move(reader));
    looking.readers.clear();
  }
  // Who opened it while the changes were in the journal: that is begun anew, cut, and written over.
  EXPECT_OK(writer.checkpoint());
  for (const auto& reader : older) EXPECT_TRUE(peeked(reader) == rows_after(3));
  EXPECT_OK(change_all(writer, 9));
  for (const auto& reader : older) {
    EXPECT_TRUE(peeked(reader) == rows_after(9));
    EXPECT_TRUE(rows_of(reader) == rows_after(9));
  }
  // A row that is not whole in the file is shown as it is there, not with what the journal says by now.
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(kData + 13 * 56 + 15).put('?').flush();
  for (const auto& reader : older) {
    Record scratch = reader.make_record();
    EXPECT_EQ(reader.peek(13, scratch).bytes()[15], '?');
  }
}

// Ends the process before the n-th operation of a kind on a file.
struct Dying : IoObserver {
  std::string path;
  Kind kind = Kind::write;
  int left = 0;
  int before(const IoOperation& operation) override {
    if (operation.path == path && operation.kind == kind && left-- == 0) ::kill(::getpid(), SIGKILL);
    return 0;
  }
};

// A child that changes all rows dies: before the sync of the journal, or behind it and so many writes in place.
void die_in_mid_change(const std::string& path, bool committed, int writes) {
  const pid_t child = ::fork();
  if (child == 0) {
    Dying dying;
    dying.path = committed ? path : path + ".journal";
    dying.kind = committed ? Kind::write : Kind::sync_data;
    dying.left = writes;
    RecordWriter::Options options;
    options.observer = &dying;
    auto writer = RecordWriter::open(path, options);
    if (writer.ok()) (void)change_all(*writer, 7);
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
}

void reboot(const std::string& path) {
  scribble(path + ".journal", 512, std::string(512, '\0'));
  std::filesystem::remove(path + ".lock");
}

TEST(CommitMany, WhatWasCommittedIsFinishedByTheNextWriter) {
  for (const int writes : {0, 1, 2}) {
    Folder folder;
    const std::string path = folder / "a.db";
    make_many(path);
    ASSERT_NO_FATAL_FAILURE(die_in_mid_change(path, true, writes));
    const auto size = std::filesystem::file_size(path + ".journal");
    if (writes > 0) reboot(path);
    const auto reader = must(RecordFile::open(path));
    EXPECT_EQ(rows_of(reader), rows_after(7));
    EXPECT_EQ(peeked(reader), rows_after(7));
    auto writer = must(RecordWriter::open(path, {}));
    ASSERT_EQ(writer.notes().size(), 1U);
    EXPECT_THAT(writer.notes()[0], HasSubstr("finished 1 change"));
    EXPECT_EQ(rows_of(writer.file()), rows_after(7));
    EXPECT_OK(change_all(writer, 8));
    EXPECT_EQ(rows_of(must(RecordFile::open(path))), rows_after(8));
    EXPECT_LE(std::filesystem::file_size(path + ".journal"), 2 * size);
  }
}

// A journal with the changes of many rows in which anything is wrong is none: all rows are the old ones.
TEST(CommitMany, ATornOneIsNothing) {
  Folder folder;
  const std::string path = folder / "a.db";
  make_many(path);
  ASSERT_NO_FATAL_FAILURE(die_in_mid_change(path, true, 0));
  reboot(path);
  const std::string journal = slurp(path + ".journal");
  const std::size_t end = 1024 + 40 + static_cast<std::size_t>(load_big<std::int64_t>(journal.data() + 1024 + 28));
  ASSERT_LE(end, journal.size());
  ASSERT_EQ(load_big<std::uint32_t>(journal.data() + 8), 2U);
  const auto expect = [&](const std::string& bytes, const Rows& rows) {
    spill(path + ".journal", bytes);
    EXPECT_EQ(rows_of(must(RecordFile::open(path))), rows);
  };
  expect(journal, rows_after(7));
  expect(journal.substr(0, end), rows_after(7));
  for (const std::size_t size : {end - 1, end - 512, end / 2, std::size_t{1064}, std::size_t{1063}, std::size_t{1024}})
    expect(journal.substr(0, size), rows_after(0));
  for (std::size_t at = 1024; at < end; at += at < 1200 ? 1 : 40009) {
    std::string bytes = journal;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x20);
    expect(bytes, rows_after(0));
    if (HasFailure()) FAIL() << "byte " << at;
  }
  for (std::size_t at = 1024 + 512 - 1024 % 512; at < end; at += 512 * 97) {  // a sector that never reached the disk
    std::string bytes = journal;
    bytes.replace(at, std::min<std::size_t>(512, end - at), std::min<std::size_t>(512, end - at), '\0');
    expect(bytes, rows_after(0));
  }
  // And the next writer leaves nothing of it, however long it is.
  spill(path + ".journal", journal.substr(0, end - 1));
  must(RecordWriter::open(path, {})).close();
  EXPECT_EQ(slurp(path + ".journal").find_first_not_of('\0', 1024), std::string::npos);
  spill(path + ".journal", journal.substr(0, end - 1) + std::string(9 << 20, 'x'));
  reboot(path);
  auto writer = must(RecordWriter::open(path, {}));
  EXPECT_LE(std::filesystem::file_size(path + ".journal"), 1U << 20);
  EXPECT_EQ(rows_of(writer.file()), rows_after(0));
  EXPECT_OK(writer.commit({{1, testing::bytes_of(Row{1, 5})}}));
  Rows expected = rows_after(0);
  expected[1].value = 5;
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
}

TEST(CommitMany, NotSyncedIsNotSeen) {
  Folder folder;
  const std::string path = folder / "a.db";
  make_many(path);
  ASSERT_NO_FATAL_FAILURE(die_in_mid_change(path, false, 0));
  // It is whole in the page cache: the next writer syncs what it sees, or nobody sees it.
  const Rows seen = rows_of(must(RecordFile::open(path)));
  auto writer = must(RecordWriter::open(path, {}));
  EXPECT_EQ(rows_of(writer.file()), seen);
}

TEST(CommitMany, OneSyncIsTheCommitAndACheckpointCutsTheJournal) {
  struct Syncs : IoObserver {
    std::vector<std::string> names;
    int before(const IoOperation& operation) override {
      if (operation.kind == Kind::sync_data || operation.kind == Kind::sync_folder) names.push_back(operation.path);
      return 0;
    }
  };
  Folder folder;
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, tiny(), {}));
  Syncs syncs;
  RecordWriter::Options options;
  options.observer = &syncs;
  auto writer = must(RecordWriter::open(path, options));
  Rows rows;
  for (int i = 0; i < 150000; ++i) rows.push_back({i, 1});
  EXPECT_OK(writer.append(testing::bytes_of(rows)));
  EXPECT_OK(writer.commit({{1, testing::bytes_of(Row{1, 1})}}));  // makes the journal
  syncs.names.clear();
  for (auto& row : rows) row.value = value_at(row.id, 3);
  // One that fails behind some MiB leaves nothing of them.
  const auto before = std::filesystem::file_size(path + ".journal");
  EXPECT_EQ(writer
                .commit_many([i = std::size_t{0}, &rows](RowChange& change) mutable -> Result<bool> {
                  if (i == 100000) return Status(Code::busy, "enough");
                  change.row = rows[i].id;
                  change.bytes = testing::bytes_of(rows[i++]);
                  return true;
                })
                .code(),
            Code::busy);
  EXPECT_LE(std::filesystem::file_size(path + ".journal"), before);
  EXPECT_EQ(syncs.names, std::vector<std::string>());
  EXPECT_OK(writer.commit_many([i = std::size_t{0}, &rows](RowChange& change) mutable -> Result<bool> {
    if (i == rows.size()) return false;
    change.row = rows[i].id;
    change.bytes = testing::bytes_of(rows[i++]);
    return true;
  }));
  EXPECT_EQ(syncs.names, std::vector<std::string>{path + ".journal"});
  EXPECT_GT(std::filesystem::file_size(path + ".journal"), 8u << 20);
  EXPECT_EQ(load_big<std::uint32_t>(slurp(path + ".journal").data() + 8), 2U);  // older programs refuse it
  EXPECT_OK(writer.checkpoint());
  EXPECT_LE(std::filesystem::file_size(path + ".journal"), 1u << 20);
  EXPECT_EQ(load_big<std::uint32_t>(slurp(path + ".journal").data() + 8), 1U);  // and this one not
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), rows);
}

TEST(CommitMany, ARowThatIsAheadOfTheFileGetsANewerNumber) {
  Folder folder;
  const std::string path = folder / "a.db";
  make_many(path);
  {
    auto writer = must(RecordWriter::open(path, {}));
    for (int i = 1; i <= 5; ++i) EXPECT_OK(writer.commit({{300, testing::bytes_of(Row{300, i})}}));
  }
  std::filesystem::remove(path + ".journal");  // as our own messages advise in other cases
  EXPECT_OK(RecordWriter::open(path, {}).status());
  ASSERT_NO_FATAL_FAILURE(die_in_mid_change(path, true, 0));
  reboot(path);
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), rows_after(7));
  auto writer = must(RecordWriter::open(path, {}));
  EXPECT_EQ(rows_of(writer.file()), rows_after(7));
  EXPECT_EQ(writer.file().change_number(), 6);
}

TEST(CommitMany, TakesNoRowBackWhenANewerTransactionHasRotted) {
  Folder folder;
  const std::string path = folder / "a.db";
  make_many(path);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(change_all(writer, 7));
    EXPECT_OK(writer.commit({{3, testing::bytes_of(Row{3, 9})}}));
  }
  const auto newer = slurp(path + ".journal").rfind("TXN1");
  ASSERT_NE(newer, std::string::npos);
  scribble(path + ".journal", static_cast<std::int64_t>(newer) + 50, "??");
  reboot(path);
  Rows expected = rows_after(7);
  expected[3].value = 9;
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
  EXPECT_EQ(rows_of(must(RecordWriter::open(path, {})).file()), expected);
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
}

std::int64_t private_bytes() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("RssAnon:")) return std::stoll(line.substr(8)) << 10;
  }
  return -1;
}

// Private memory at each operation, above what it was at the beginning.
struct Memory : IoObserver {
  std::int64_t begin = private_bytes(), most = 0;
  int before(const IoOperation& /*operation*/) override {
    most = std::max(most, private_bytes() - begin);
    return 0;
  }
};

// A million rows, each changed alone and in another way: the journal is as large as it can be.
TEST(CommitMany, AMillionRowsInLittleMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer's own memory counts, too";
#endif
  constexpr std::int64_t kMillion = 1'000'000, kMost = 8 << 20;
  Folder folder;
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, tiny(), {}));
  {
    auto writer = must(RecordWriter::open(path, {}));
    for (std::int64_t first = 0; first < 2 * kMillion; first += 10000) {
      std::string rows;
      for (std::int64_t i = 0; i < 10000; ++i) rows += testing::bytes_of(Row{first + i, 1});
      EXPECT_OK(writer.append(rows));
    }
  }
  const pid_t child = ::fork();
  if (child == 0) {  // it dies when it has written half of the rows in place
    struct Both : Memory {
      Dying dying;
      int before(const IoOperation& operation) override {
        (void)Memory::before(operation);
        if (operation.path == dying.path && operation.kind == Kind::write && dying.left == 0 && most > kMost)
          ::_exit(2);
        return dying.before(operation);
      }
    } both;
    both.dying.path = path;
    both.dying.left = 200;
    RecordWriter::Options options;
    options.observer = &both;
    auto writer = RecordWriter::open(path, options);
    if (!writer.ok()) ::_exit(3);
    (void)writer->commit_many([i = std::int64_t{0}](RowChange& change) mutable -> Result<bool> {
      if (i == kMillion) return false;
      change.row = 2 * i;
      change.bytes = testing::bytes_of(Row{2 * i, value_at(i, 5)});
      ++i;
      return true;
    });
    ::_exit(4);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status) << " (2: it took too much memory)";
  reboot(path);
  EXPECT_GT(std::filesystem::file_size(path + ".journal"), 50u << 20);
  const auto check = [](const RecordFile& file) {
    Record copy = file.make_record();
    for (std::int64_t row = 0; row < 2 * kMillion; ++row) {
      const auto expected = row % 2 == 0 ? value_at(row / 2, 5) : 1;
      const Status read = file.read(row, copy);
      ASSERT_TRUE(read.ok() && copy[kId] == row && copy[kValue] == expected) << row << ' ' << read.text();
    }
  };
  Memory memory;
  {
    const auto reader = must(RecordFile::open(path));
    check(reader);
    EXPECT_LT(private_bytes() - memory.begin, kMost);
  }
  RecordWriter::Options options;
  options.observer = &memory;
  auto writer = must(RecordWriter::open(path, options));
  EXPECT_LT(memory.most, kMost);
  EXPECT_LE(std::filesystem::file_size(path + ".journal"), 1u << 20);
  check(writer.file());
}

}  // namespace
}  // namespace imreg::testing
