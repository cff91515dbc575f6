// One of many processes on one database, until it is killed or told to stop (standard input ends). What it says on standard
// output happened: processes_test.py believes it and looks for it.
//   writers_tool add DB NAME      adds 1 to 40 rows at a time:          "add NAME-1 40" (from which on, how many)
//   writers_tool measure DB NAME  changes the statistics of some rows:  "measure FILENAME 7" (version 7)
//   writers_tool move DB NAME     moves all rows from /left to /right and back
//   writers_tool read DB NAME     reads and searches, says "seen 1000" or "wrong ..."
// Rows prove themselves: sky, bias and object follow from name and version, so that a mixed or invented row is seen.
#include <poll.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <unordered_set>

#include "formats/regimage.h"
#include "imreg/bulk_change.h"
#include "imreg/index.h"
#include "imreg/record_file.h"
#include "imreg/scan.h"

namespace {

using namespace imreg;

std::string proof_of(std::string_view name, int version) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const char c : std::string(name) + "/" + std::to_string(version))
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return std::to_string(hash);
}

void set_version(Record& row, int version) {
  const std::string name(row[regimage::kFilename]);
  row.set(regimage::kSky, static_cast<float>(version));
  row.set(regimage::kBias, static_cast<float>(-2 * version));
  (void)row.set(regimage::kObject, proof_of(name, version));
}

bool is_whole(RecordView row) {
  const auto version = static_cast<int>(row[regimage::kSky]);
  const auto path = row[regimage::kPathname];
  return row[regimage::kBias] == static_cast<float>(-2 * version) &&
         row[regimage::kObject] == proof_of(row[regimage::kFilename], version) &&
         (path.starts_with("/left/") || path.starts_with("/right/"));
}

bool told_to_stop() {
  pollfd in{0, POLLIN, 0};
  return ::poll(&in, 1, 0) > 0;
}

void say(const std::string& line) {
  if (::write(1, (line + "\n").data(), line.size() + 1) < 0)
    std::exit(0);  // in one piece: a line is whole or not there
}

struct Worker {
  std::string path, name;
  std::mt19937 chance;
  int serial = 0;

  int below(int n) { return static_cast<int>(chance() % static_cast<unsigned>(n)); }

  Status add(RecordWriter& writer) {
    std::string rows;
    const int count = below(3) == 0 ? 40 : 1, first = serial;
    for (int i = 0; i < count; ++i) {
      Record row(regimage::kRecordSize);
      (void)row.set(regimage::kFilename, name + "-" + std::to_string(serial++));
      (void)row.set(regimage::kPathname, "/left/run" + std::to_string(serial / 200));
      row.set(regimage::kObstime, 1e9 + serial);
      row.set(regimage::kExptime, 1.0);
      set_version(row, 0);
      rows += row.bytes();
    }
    const Status status = writer.append(std::move(rows));
    if (status.ok()) say("add " + name + " " + std::to_string(first) + " " + std::to_string(count));
    return status;
  }

  Status measure(RecordWriter& writer) {
    const auto count = static_cast<int>(writer.file().count());
    if (count == 0) return {};
    std::vector<RowChange> changes;
    std::string said;
    for (int i = below(5); i >= 0; --i) {
      const std::int64_t at = below(count);
      Record row = writer.file().make_record();
      IMREG_TRY(writer.file().read(at, row));
      if (!is_whole(row.view())) say("wrong: a row before it is measured: " + std::to_string(at));
      const int version = static_cast<int>(row[regimage::kSky]) + 1;
      set_version(row, version);
      bool again = false;
      for (const auto& change : changes) again |= change.row == at;
      if (again) continue;
      said += (said.empty() ? "" : "\n") + ("measure " + std::string(row[regimage::kFilename])) + " " +
              std::to_string(version);
      changes.push_back({at, row.bytes()});
    }
    const Status status = writer.commit(changes);
    if (status.ok()) say(said);
    return status;
  }

  Status move(RecordWriter& writer) {
    const auto* field = writer.file().schema().find("pathname");
    const bool right = below(2) == 0;
    auto moved = relocate(writer, *field, right ? "/left" : "/right", right ? "/right" : "/left");
    if (moved) say("move " + std::to_string(*moved));
    return moved.status();
  }

  Status write(const std::string& what) {
    IndexKeeper keeper(IndexKeeper::Patience::none);
    RecordWriter::Options options;
    options.program = name;
    options.wait_seconds = 60;
    options.follower = &keeper;
    IMREG_ASSIGN(auto writer, RecordWriter::open(path, options));
    for (int i = 1 + below(8); i > 0; --i)
      IMREG_TRY(what == "add" ? add(writer) : what == "measure" ? measure(writer) : move(writer));
    return {};
  }

  Status read() {
    IMREG_ASSIGN(const auto file, RecordFile::open(path));
    Record row = file.make_record();
    std::int64_t looked = 0;
    const auto look = [&](std::int64_t number, RecordView record) {
      ++looked;
      if (!is_whole(record)) say("wrong: row " + std::to_string(number) + " is mixed or invented");
      return looked < 3000;
    };
    for (int i = 0; i < 200 && file.count() > 0; ++i) {
      const std::int64_t at =
          i < 20 ? std::max<std::int64_t>(0, file.count() - 1 - i) : below(static_cast<int>(file.count()));
      IMREG_TRY(file.read(at, row));
      look(at, row.view());
    }
    Selection some;
    IMREG_TRY(below(2) ? some.name(file.schema(), "filename", "*" + std::to_string(below(100)) + "?")
                       : some.number(file.schema(), "obstime", {{1e9 + below(1000), 1e9 + 5000}}));
    if (const auto report = scan(file, some, {}, look); report.damaged.count > 0)
      say("wrong: " + std::to_string(report.damaged.count) + " damaged rows");
    say("seen " + std::to_string(looked));
    return {};
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string what = argv[1];
  Worker worker{argv[2], argv[3], std::mt19937(static_cast<unsigned>(::getpid())), 0};
  if (what == "create")
    return RecordWriter::create(worker.path, *builtin_format(regimage::kFormat, regimage::kVersion), {}).ok() ? 0 : 1;
  while (!told_to_stop()) {
    const Status status = what == "read" ? worker.read() : worker.write(what);
    if (!status.ok()) say("wrong: " + status.text());
  }
  return 0;
}
