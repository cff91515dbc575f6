// A packed file (gzip, bzip2, compress) as a source of bytes: unpacked from front to back through buffers of fixed size,
// nothing is kept. What ends the bytes too early is told as a fault, never trusted and never fatal.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "fits/fits_internal.h"

namespace imreg::fits {

/// The part of unpacking that the formats do not share.
class Decoder {
 public:
  virtual ~Decoder() = default;
  enum class Step { more, member_end, damaged };
  /// Unpacks from the front of `in`, which it shortens, to `to`, which it moves, until one of them is used up.
  virtual Step step(std::string_view& in, char*& to, char* end) = 0;
  /// Begins with the next member. False: no memory.
  virtual bool restart() = 0;
  /// What a member begins with; empty when there is only one, whose end is the end of the file.
  virtual std::string_view magic() const = 0;
  virtual const char* name() const = 0;
};

std::unique_ptr<Decoder> lzw_decoder();

class Unpacker final : public Source {
 public:
  /// So much is always unpacked. What is more must be packed no denser than gzip can (1032 : 1): a small file cannot keep
  /// us busy for long.
  static constexpr std::int64_t kAlways = std::int64_t{4} << 30;

  /// `kind` is gzip, bzip2 or compress. `file` must outlive the object.
  Unpacker(OpenFile& file, FileKind kind, std::int64_t always = kAlways);

  std::int64_t read(char* to, std::int64_t size, std::int64_t offset) override;
  bool reach(std::int64_t offset) override;
  std::int64_t size() const override { return ended_ ? position_ : kUnknown; }
  /// Why the bytes end too early; empty when they do not, or not yet.
  const std::string& fault() const { return fault_; }
  /// Bytes behind the packed data that belong to nothing.
  std::int64_t stray() const { return stray_; }
  const char* name() const { return decoder_->name(); }

 private:
  std::int64_t next(char* to, std::int64_t size);
  bool refill();
  bool next_member();
  void end(const std::string& fault);

  OpenFile& file_;
  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<char[]> packed_, skipped_;
  std::string_view in_;             // of packed_: not yet unpacked
  std::int64_t packed_offset_ = 0;  // in the file, behind in_
  std::int64_t position_ = 0;       // unpacked bytes so far
  std::int64_t limit_;
  bool ended_ = false;
  std::string fault_;
  std::int64_t stray_ = 0;
};

}  // namespace imreg::fits
