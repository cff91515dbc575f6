// Failures as values. Every function of the library that can fail returns a Status or a Result<T>;
// nothing throws across a room's edge, and nothing read from disk is ever an assertion.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace imreg {

/// What kind of trouble it is; the programs turn it into an exit code.
enum class Code {
  ok,
  not_found,  ///< the file, row, field or word does not exist
  corrupt,    ///< bytes on disk are not what they must be
  io,         ///< the operating system refused: permission, full disk, device error
  invalid,    ///< the caller asked for something that makes no sense
  busy,       ///< somebody else holds the lock
  mismatch    ///< two things that must agree do not: version, layout, generation
};

/// The outcome of an operation. `message` is one clear sentence: what is wrong and what to do.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == Code::ok; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& file() const { return file_; }

  /// Where it happened; the first place that is named wins, so callers may always add theirs.
  Status&& in_file(std::string file) && {
    if (file_.empty()) file_ = std::move(file);
    return std::move(*this);
  }
  Status&& at_byte(std::int64_t byte) && {
    if (byte_ < 0) byte_ = byte;
    return std::move(*this);
  }
  Status&& at_record(std::int64_t record) && {
    if (record_ < 0) record_ = record;
    return std::move(*this);
  }

  /// "FILE: message (record R) (byte B)", the line a program prints after its own name.
  std::string text() const {
    std::string out = file_.empty() ? message_ : file_ + ": " + message_;
    if (record_ >= 0) out += " (record " + std::to_string(record_ + 1) + ")";
    if (byte_ >= 0) out += " (byte " + std::to_string(byte_) + ")";
    return out;
  }

 private:
  Code code_ = Code::ok;
  std::string message_;
  std::string file_;
  std::int64_t byte_ = -1;
  std::int64_t record_ = -1;
};

/// A T, or the Status that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::in_place_index<0>, std::move(value)) {}
  Result(Status status) : value_(std::in_place_index<1>, std::move(status)) {}

  bool ok() const { return value_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& operator*() & { return std::get<0>(value_); }
  const T& operator*() const& { return std::get<0>(value_); }
  T&& operator*() && { return std::get<0>(std::move(value_)); }
  T* operator->() { return &std::get<0>(value_); }
  const T* operator->() const { return &std::get<0>(value_); }

  /// The failure; an ok Status when there is a value.
  Status status() const { return ok() ? Status() : std::get<1>(value_); }
  T value_or(T other) const { return ok() ? std::get<0>(value_) : std::move(other); }

 private:
  std::variant<T, Status> value_;
};

}  // namespace imreg

/// Leaves the function with the failure of `expr`, if it failed.
#define IMREG_TRY(expr)                                                         \
  do {                                                                          \
    if (auto imreg_status_ = (expr); !imreg_status_.ok()) return imreg_status_; \
  } while (false)

/// Declares `lhs` with the value of the Result `expr`, or leaves with its failure.
#define IMREG_ASSIGN(lhs, expr) IMREG_ASSIGN_AT_(lhs, expr, __LINE__)
#define IMREG_ASSIGN_AT_(lhs, expr, line) IMREG_ASSIGN_IN_(lhs, expr, line)
#define IMREG_ASSIGN_IN_(lhs, expr, line)                             \
  auto imreg_result_##line = (expr);                                  \
  if (!imreg_result_##line.ok()) return imreg_result_##line.status(); \
  lhs = *std::move(imreg_result_##line)
