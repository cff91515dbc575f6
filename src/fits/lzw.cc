// The LZW of compress(1), as files named .Z hold it: codes of 9 to 16 bits, the lowest bit first. Codes stand in groups of
// eight; where their width changes, or code 256 clears the table, the rest of a group is left out. A file tells neither
// its length nor a checksum. Whatever a file says, no string is longer than the table: prefix_[code] < code.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "fits/unpack.h"

namespace imreg::fits {

namespace {

constexpr unsigned kLetters = 256, kClear = 256, kMostCodes = 1U << 16, kFirstWidth = 9, kNone = ~0U;

class Lzw final : public Decoder {
 public:
  Step step(std::string_view& in, char*& to, char* end) override {
    while (true) {
      const std::size_t count = std::min(string_.size() - at_, static_cast<std::size_t>(end - to));
      if (count > 0) std::memcpy(to, string_.data() + at_, count);
      to += count;
      at_ += count;
      if (to == end) return Step::more;
      if (flags_ == kNone && !take_flags(in)) return Step::more;
      unsigned code = 0;
      if (widest_ != 0 && !next_code(in, code)) return Step::more;
      if (widest_ == 0 || !take(code)) return Step::damaged;
    }
  }
  bool restart() override { return false; }
  std::string_view magic() const override { return {}; }
  const char* name() const override { return "compress (.Z)"; }

 private:
  // 1f 9d, and a byte: the greatest width, 0x80 when code 256 clears the table. False: `in` is used up.
  bool take_flags(std::string_view& in) {
    for (; !in.empty() && flags_ == kNone; in.remove_prefix(1)) {
      if (++header_ == 3) flags_ = static_cast<unsigned char>(in.front());
    }
    if (flags_ == kNone) return false;
    const unsigned widest = flags_ & 31U;
    if ((flags_ & 0x60U) == 0 && widest >= 9 && widest <= 16) widest_ = std::max(widest, 10U);  // 9 has always meant 10
    next_ = clears() ? kClear + 1 : kLetters;
    return true;
  }
  bool clears() const { return (flags_ & 0x80U) != 0; }

  // False: `in` is used up before the code is whole.
  bool next_code(std::string_view& in, unsigned& code) {
    if (next_ >> width_ != 0 && width_ < widest_) begin_group(width_ + 1);
    while (bit_count_ < width_) {
      if (in.empty()) return false;
      const auto byte = static_cast<unsigned char>(in.front());
      in.remove_prefix(1);
      if (left_out_ > 0) {
        --left_out_;
        continue;
      }
      bits_ |= static_cast<std::uint32_t>(byte) << bit_count_;
      bit_count_ += 8;
      ++bytes_;
    }
    code = bits_ & ((1U << width_) - 1);
    bits_ >>= width_;
    bit_count_ -= width_;
    return true;
  }

  void begin_group(unsigned width) {
    left_out_ = (width_ - bytes_ % width_) % width_;
    bits_ = bit_count_ = bytes_ = 0;
    width_ = width;
  }

  // The string of a code to the end of string_. False: such a code cannot stand here.
  bool take(unsigned code) {
    if (clears() && code == kClear) {
      begin_group(kFirstWidth);
      next_ = kClear + 1;
      previous_ = kNone;
      return true;
    }
    unsigned rest = code;
    if (previous_ == kNone ? code >= kLetters : code > next_) return false;
    at_ = string_.size();
    if (code == next_) {  // the string before, and its first letter once more
      string_[--at_] = first_;
      rest = previous_;
    }
    for (; rest >= kLetters; rest = prefix_[rest]) string_[--at_] = suffix_[rest];
    string_[--at_] = first_ = static_cast<char>(rest);
    if (previous_ != kNone && next_ >> widest_ == 0) {
      prefix_[next_] = static_cast<std::uint16_t>(previous_);
      suffix_[next_++] = first_;
    }
    previous_ = code;
    return true;
  }

  std::array<char, kMostCodes> string_, suffix_;
  std::array<std::uint16_t, kMostCodes> prefix_;
  std::size_t at_ = kMostCodes;  // string_ from here on is still to be given out
  unsigned header_ = 0, flags_ = kNone, widest_ = 0;
  unsigned width_ = kFirstWidth, next_ = 0, previous_ = kNone;
  char first_ = 0;
  std::uint32_t bits_ = 0;
  unsigned bit_count_ = 0, bytes_ = 0, left_out_ = 0;  // bytes_: of the groups of this width
};

}  // namespace

std::unique_ptr<Decoder> lzw_decoder() { return std::make_unique<Lzw>(); }

}  // namespace imreg::fits
