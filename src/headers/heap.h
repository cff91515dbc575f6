// X.heap beside a header table X.db: whole headers, card by card as they stand in their files, one behind the other.
//
//   head    16 bytes: "IMREG HEAP 1", filled with NUL
//   entry   u32 size of the code, u32 check, i64 place of the model (0: none), then the code (header_code.h)
//
// Numbers are big-endian; the check is the CRC-32C of the entry's place, the model's and the code, and stands in the table's row,
// too. Nothing is changed in place: a header that was read again has a new entry, and what no row names is dead.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "headers/header_code.h"
#include "headers/header_reader.h"
#include "imreg/header.h"
#include "imreg/status.h"
#include "os/file.h"

namespace imreg::headers {

struct HeapPlace {
  std::int64_t offset = 0;
  std::uint32_t check = 0;
};

/// "X.heap" of "X.db".
std::string heap_of(const std::string& table);

class Heap {
 public:
  /// Errors: not_found, io, mismatch (it is of another release, or no heap at all).
  static Result<Heap> open(const std::string& path);
  /// To add; made when it is missing, as accessible as the file `like`.
  static Result<Heap> open_to_write(const std::string& path, const std::string& like = {},
                                    IoObserver* observer = nullptr);

  /// The cards that were put there, without END. Errors: corrupt, io.
  Result<std::string> read(const HeapPlace& place) const;

  /// What is added takes the model of this entry; without it the first one is a model.
  Status go_on_behind(const HeapPlace& last);
  /// Whole cards. Nothing is written before flush().
  HeapPlace add(std::string_view cards);
  /// The same, of a header that was read: where its form is a model here, its code is taken as it is.
  HeapPlace add(const ParsedHeader& header);
  /// On ok everything that was added is on the disk.
  Status flush();

 private:
  struct Entry {
    HeapPlace place;
    std::int64_t model = 0;
    std::string code;
  };
  struct Known {
    std::string cards;
    std::unique_ptr<Model> model{};  ///< when one was asked for
  };
  struct UsedForm {
    std::shared_ptr<const Form> form;  ///< kept: its address is the key
    std::int64_t model = 0;            ///< its place; 0: it is none
    int times = 0;
  };
  Result<Entry> entry_at(std::int64_t offset) const;
  Result<Known*> model_at(std::int64_t offset) const;
  HeapPlace put(std::int64_t model, std::string_view code);
  HeapPlace put_model(std::string cards);

  File file_;
  std::int64_t written_ = 0;
  std::string waiting_;     ///< to be written there
  std::int64_t model_ = 0;  ///< for what is added
  mutable std::map<std::int64_t, Known> models_;
  std::unordered_map<const Form*, UsedForm> forms_;
};

}  // namespace imreg::headers
