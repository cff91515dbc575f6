// LMDB as a peer: MDB_APPEND for the table, whose keys rise; sorted duplicates of fixed size for the indexes.
#include "peers/lmdb_rows.h"

#include <lmdb.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "bench_data.h"
#include "formats/regimage.h"

namespace imreg::bench {

namespace {

void must(int code) {
  if (code != 0) die(std::string("lmdb: ") + mdb_strerror(code));
}

// Big-endian bytes that sort as the number does.
std::string sortable(double value) {
  auto bits = std::bit_cast<std::uint64_t>(value);
  bits = bits >> 63U ? ~bits : bits | (std::uint64_t{1} << 63U);
  std::string out(8, '\0');
  store_big(out.data(), bits);
  return out;
}

// Cells of half a degree in declination and right ascension.
std::string sky_cell(RecordView row) {
  const double ra = row[regimage::kRa], dec = row[regimage::kDec];
  std::string out(4, '\xff');
  if (std::isnan(ra) || std::isnan(dec)) return out;
  store_big(out.data(), static_cast<std::uint32_t>((dec + 90) * 2) * 720 + static_cast<std::uint32_t>(ra * 2));
  return out;
}

MDB_val value_of(const std::string& text) { return {text.size(), const_cast<char*>(text.data())}; }

struct Tables {
  MDB_dbi rows, by_time, by_kind, by_name, by_place;
};

Tables open_tables(MDB_env* environment) {
  Tables out{};
  MDB_txn* transaction = nullptr;
  must(mdb_txn_begin(environment, nullptr, 0, &transaction));
  must(mdb_dbi_open(transaction, "rows", MDB_CREATE | MDB_INTEGERKEY, &out.rows));
  for (const auto& [name, table] : {std::pair("time", &out.by_time), std::pair("kind", &out.by_kind),
                                    std::pair("name", &out.by_name), std::pair("place", &out.by_place)})
    must(mdb_dbi_open(transaction, name, MDB_CREATE | MDB_DUPSORT | MDB_DUPFIXED | MDB_INTEGERDUP, table));
  must(mdb_txn_commit(transaction));
  return out;
}

}  // namespace

double lmdb_bulk(const std::string& folder, const std::string& rows, std::int64_t group, bool indexed) {
  std::filesystem::create_directory(folder);
  MDB_env* environment = nullptr;
  must(mdb_env_create(&environment));
  must(mdb_env_set_mapsize(environment, std::size_t{4} << 30U));
  must(mdb_env_set_maxdbs(environment, 8));
  // Writing through the map saves a copy and is as durable: each commit is an msync.
  must(mdb_env_open(environment, folder.c_str(), MDB_WRITEMAP, 0666));
  const Tables tables = open_tables(environment);
  const auto start = std::chrono::steady_clock::now();
  const auto count = static_cast<std::int64_t>(rows.size() / regimage::kRecordSize);
  for (std::int64_t row = 0; row < count;) {
    MDB_txn* transaction = nullptr;
    must(mdb_txn_begin(environment, nullptr, 0, &transaction));
    for (const std::int64_t end = std::min(count, row + group); row < end; ++row) {
      const char* bytes = rows.data() + row * static_cast<std::int64_t>(regimage::kRecordSize);
      auto number = static_cast<std::size_t>(row);
      MDB_val key{sizeof number, &number};
      MDB_val data{regimage::kRecordSize, const_cast<char*>(bytes)};
      must(mdb_put(transaction, tables.rows, &key, &data, MDB_APPEND));
      if (!indexed) continue;
      const RecordView record(bytes);
      const auto put = [&](MDB_dbi table, const std::string& text) {
        MDB_val place = value_of(text), where{sizeof number, &number};
        must(mdb_put(transaction, table, &place, &where, 0));
      };
      const std::string time = sortable(record[regimage::kObstime]);
      put(tables.by_time, time);
      put(tables.by_kind, std::string(record[regimage::kFilter]) + '\0' + static_cast<char>(record[regimage::kType]) +
                              static_cast<char>(record[regimage::kCcd]) + time);
      put(tables.by_name, std::string(record[regimage::kFilename]));
      put(tables.by_place, sky_cell(record));
    }
    must(mdb_txn_commit(transaction));
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  mdb_env_close(environment);
  return seconds.count();
}

}  // namespace imreg::bench
