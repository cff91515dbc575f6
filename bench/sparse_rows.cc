// Writes the record file of holes and gives the index all rows.
#include "sparse_rows.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "bench_data.h"
#include "formats/regimage.h"
#include "imreg/emit.h"
#include "imreg/record_file.h"
#include "os/file.h"
#include "peers/row_text.h"
#include "record/record_state.h"
#include "registry/simulate_rows.h"

namespace imreg::bench {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kSize = regimage::kRecordSize;
constexpr std::int64_t kExposure =
    40;  // rows that are written together: one in a hundred alone would cost eight times the disk

void must(const Status& status) {
  if (!status.ok()) die(status.text());
}

// One naive test of all works: which rows must be there, and what their searches must print.
class Oracle {
 public:
  Oracle(const std::vector<Work>& works, const Schema& schema) {
    for (const auto& work : works) {
      if (!work.holds) continue;
      auto& answer = answers_.emplace_back(Answer{&work, std::make_unique<std::string>(), nullptr});
      auto* text = answer.text.get();
      auto writer =
          make_row_writer("row", schema, {}, [text](std::string_view part) { return text->append(part), true; });
      if (!writer) die(writer.status().text());
      answer.writer = std::move(*writer);
    }
  }

  bool add(RecordView row) {
    ++groups_[{std::string(row[regimage::kFilter]), row[regimage::kType]}];
    bool any = false;
    for (auto& answer : answers_) {
      if (!answer.work->holds(row)) continue;
      answer.writer->row(1, row);
      any = true;
    }
    return any;
  }

  void write(const std::string& database, const std::vector<Work>& works) {
    for (auto& answer : answers_) {
      answer.writer->finish();
      std::ofstream(database + ".expected." + answer.work->name, std::ios::binary)
          << comparable(*answer.work, *answer.text, Lines::numbered);
    }
    for (const auto& work : works) {
      if (!work.groups) continue;
      std::ofstream out(database + ".expected." + work.name, std::ios::binary);
      for (const auto& [group, count] : groups_)
        out << group.first << ',' << kTypes[group.second] << ',' << count << '\n';
    }
  }

 private:
  struct Answer {
    const Work* work;
    std::unique_ptr<std::string> text;
    std::unique_ptr<RowWriter> writer;
  };
  std::vector<Answer> answers_;
  std::map<std::pair<std::string, std::size_t>, std::int64_t> groups_;
};

void write_at(std::ofstream& out, std::int64_t place, std::string_view bytes) {
  out.seekp(place);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

std::string sparse_database(std::int64_t rows, const std::vector<Work>& works) {
  std::string all_words;
  for (const auto& work : works) {
    for (const auto& word : work.words) all_words += word + " ";
  }
  const std::string path = database_path(("sparse-" + short_hash(all_words) + "-").c_str(), rows);
  if (fs::exists(path)) return build_index(path, rows), path;
  new_file("sparse-");
  const std::string part = path + ".part";
  RecordWriter::Options options;
  options.program = "bench";
  must(RecordWriter::create(part, *builtin_format(regimage::kFormat, regimage::kVersion), options));
  auto opened = File::open(part, File::Mode::read);
  if (!opened) die(opened.status().text());
  auto container = read_container(*opened);
  if (!container) die(container.status().text());
  Oracle oracle(works, *container->schema);
  {
    std::ofstream out(part, std::ios::binary | std::ios::in | std::ios::out);
    std::string piece;
    must(each_simulated_exposure(rows, 1, [&](std::int64_t first_row, std::string_view records) {
      piece = records;
      for (std::int64_t i = 0; i * kSize < static_cast<std::int64_t>(piece.size()); ++i) {
        const std::int64_t row = first_row + i;
        char* bytes = piece.data() + i * kSize;
        store(bytes, regimage::kCrc, record_crc(container->uuid, row, bytes, kSize, regimage::kCrc.offset));
        if (oracle.add(RecordView(bytes)) || first_row / kExposure % 100 == 0 || row + 1 == rows)
          write_at(out, container->data_offset + row * kSize, {bytes, static_cast<std::size_t>(kSize)});
      }
      return Status();
    }));
    write_at(out, container->count_cards, make_card_pair(container->uuid, PairKind::count, rows, 0));
    if (!out.flush()) die("cannot write " + part);
  }
  fs::resize_file(part, static_cast<std::uintmax_t>(round_up(container->data_offset + rows * kSize, kFitsBlock)));
  oracle.write(path, works);
  fs::remove(part + ".lock");
  fs::rename(part, path);
  build_index(path, rows);
  return path;
}

std::string expected_output(const std::string& database, const Work& work) {
  std::ifstream in(database + ".expected." + work.name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace imreg::bench
