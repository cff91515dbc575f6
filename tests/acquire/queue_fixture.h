// A database with a queue beside it, and processes that use it: some of them die.
#pragma once

#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <vector>

#include "../folder.h"
#include "formats/regimage.h"
#include "imreg/queue.h"
#include "imreg/record_file.h"
#include "os/file.h"

namespace imreg::testing {

#define ASSERT_OK(expr)                              \
  do {                                               \
    const ::imreg::Status ok_status = (expr);        \
    ASSERT_TRUE(ok_status.ok()) << ok_status.text(); \
  } while (false)

inline QueueLine line_named(const std::string& name) {
  QueueLine line;
  line.path = "/data/" + name + ".fits";
  line.ccd = 3;
  line.extension = 4;
  line.mode = 1;  // MEF
  line.filesize = 100;
  line.fingerprint = static_cast<std::int64_t>(std::hash<std::string>()(name));
  line.mtime = 1e9;
  return line;
}
inline std::string name_of(const QueueLine& line) { return line.path.substr(6, line.path.size() - 11); }

inline std::string row_of(const QueueLine& line) {
  Record row(static_cast<std::size_t>(regimage::kRecordSize));
  row.set(regimage::kDeleted, false);
  row.set(regimage::kCcd, line.ccd);
  row.set(regimage::kExtension, line.extension);
  row.set(regimage::kSlice, line.slice);
  row.set(regimage::kMode, line.mode);
  row.set(regimage::kFilesize, line.filesize);
  row.set(regimage::kFingerprint, line.fingerprint);
  row.set(regimage::kMtime, line.mtime);
  EXPECT_TRUE(row.set(regimage::kPathname, "/data"));
  EXPECT_TRUE(row.set(regimage::kFilename, name_of(line) + ".fits"));
  return row.bytes();
}

class Night {
 public:
  explicit Night(IoObserver* observer = nullptr) : observer_(observer) {
    const Status made = RecordWriter::create(database(), *builtin_format(regimage::kFormat, regimage::kVersion),
                                             RecordWriter::Options{});
    EXPECT_TRUE(made.ok()) << made.text();
  }
  std::string database() const { return folder_ / "Imreg.db"; }
  const Folder& folder() const { return folder_; }

  Queue queue(const std::string& name, std::int64_t most_done = 100000, IoObserver* observer = nullptr) const {
    Queue::Options options;
    options.most_done = most_done;
    options.observer = observer ? observer : observer_;
    auto out = Queue::open(database(), name, options);
    EXPECT_TRUE(out.ok()) << out.status().text();
    return *std::move(out);
  }
  Slot slot(const std::string& program = "test") const {
    auto out = Slot::take(database(), program);
    EXPECT_TRUE(out.ok()) << out.status().text();
    return *std::move(out);
  }
  Status add_rows(const std::vector<QueueLine>& lines, IoObserver* observer = nullptr) const {
    RecordWriter::Options options;
    options.observer = observer ? observer : observer_;
    IMREG_ASSIGN(auto writer, RecordWriter::open(database(), options));
    std::string rows;
    for (const auto& line : lines) rows += row_of(line);
    return writer.append(rows);
  }

 private:
  Folder folder_;
  IoObserver* observer_;
};

/// "a:waiting b:taken", in order.
inline std::string states_of(const Queue& queue) {
  std::string out;
  const auto damaged = queue.each([&](const QueueLine& line) {
    out += (out.empty() ? "" : " ") + name_of(line) + ":" + std::string(word_of(line.state));
    return true;
  });
  EXPECT_TRUE(damaged.ok()) << damaged.status().text();
  EXPECT_EQ(damaged.value_or(-1), 0);
  return out;
}

}  // namespace imreg::testing
