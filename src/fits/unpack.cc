// The stream of a packed file: refilling, skipping, members behind each other, and the limit against bombs; gzip by zlib
// (RFC 1952), bzip2 by libbz2.
#include "fits/unpack.h"

#include <bzlib.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

namespace imreg::fits {

namespace {

// Large: zlib is slower in the first 32 KiB of a buffer and at its ends (6 % with 64 and 96 KiB).
constexpr std::int64_t kPackedSize = 256 << 10;
constexpr std::int64_t kSkippedSize = 1024 << 10;
constexpr std::int64_t kDensest = 1100;

// zlib and libbz2 have the same stream, with their own names for its members.
template <class Stream, class In, class Code>
void run(Stream& stream, In* in_begin, std::string_view& in, char*& to, char* end, Code&& code) {
  stream.next_in = in_begin;
  stream.avail_in = static_cast<unsigned>(in.size());
  stream.next_out = reinterpret_cast<decltype(stream.next_out)>(to);
  stream.avail_out = static_cast<unsigned>(end - to);
  code();
  in.remove_prefix(in.size() - stream.avail_in);
  to = end - stream.avail_out;
}

class Gzip final : public Decoder {
 public:
  Gzip() : ready_(inflateInit2(&stream_, 15 + 16) == Z_OK) {}
  ~Gzip() override { inflateEnd(&stream_); }
  Step step(std::string_view& in, char*& to, char* end) override {
    int code = Z_MEM_ERROR;
    const auto* begin = reinterpret_cast<const Bytef*>(in.data());
    if (ready_) run(stream_, const_cast<Bytef*>(begin), in, to, end, [&] { code = inflate(&stream_, Z_NO_FLUSH); });
    return code == Z_STREAM_END ? Step::member_end : code == Z_OK || code == Z_BUF_ERROR ? Step::more : Step::damaged;
  }
  bool restart() override { return inflateReset(&stream_) == Z_OK; }
  std::string_view magic() const override { return "\x1f\x8b"; }
  const char* name() const override { return "gzip"; }

 private:
  z_stream stream_{};
  bool ready_;
};

class Bzip2 final : public Decoder {
 public:
  Bzip2() : ready_(BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK) {}
  ~Bzip2() override { BZ2_bzDecompressEnd(&stream_); }
  Step step(std::string_view& in, char*& to, char* end) override {
    int code = BZ_MEM_ERROR;
    if (ready_) run(stream_, const_cast<char*>(in.data()), in, to, end, [&] { code = BZ2_bzDecompress(&stream_); });
    return code == BZ_STREAM_END ? Step::member_end : code == BZ_OK ? Step::more : Step::damaged;
  }
  bool restart() override {
    BZ2_bzDecompressEnd(&stream_);
    stream_ = {};
    return ready_ = BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK;
  }
  std::string_view magic() const override { return "BZh"; }
  const char* name() const override { return "bzip2"; }

 private:
  bz_stream stream_{};
  bool ready_;
};

}  // namespace

Unpacker::Unpacker(OpenFile& file, FileKind kind, std::int64_t always)
    : file_(file),
      decoder_(kind == FileKind::gzip    ? std::make_unique<Gzip>()
               : kind == FileKind::bzip2 ? std::unique_ptr<Decoder>(std::make_unique<Bzip2>())
                                         : lzw_decoder()),
      packed_(new char[kPackedSize]),
      limit_(std::max(always, file.size() * kDensest)) {}

// Moves what is left to the front and fills up behind it. False: errno tells.
bool Unpacker::refill() {
  const auto left = static_cast<std::int64_t>(in_.size());
  if (left > 0) std::memmove(packed_.get(), in_.data(), in_.size());
  std::int64_t got = 0;
  if (packed_offset_ < file_.size()) got = file_.read(packed_.get() + left, kPackedSize - left, packed_offset_);
  if (got < 0) return false;
  packed_offset_ += got;
  in_ = {packed_.get(), static_cast<std::size_t>(left + got)};
  return true;
}

void Unpacker::end(const std::string& fault) {
  ended_ = true;
  if (!fault.empty()) fault_ = "the " + std::string(name()) + " data " + fault;
}

// Behind the end of a member: zeros fill up tapes, a further member goes on, anything else is stray.
bool Unpacker::next_member() {
  const std::string_view magic = decoder_->magic();
  do {
    in_.remove_prefix(std::min(in_.find_first_not_of('\0'), in_.size()));
    if (in_.size() < magic.size() && !refill()) return false;
  } while (!in_.empty() && in_[0] == '\0');
  if (in_.starts_with(magic)) {
    if (!decoder_->restart()) end("need more memory than there is");
    return true;
  }
  stray_ = file_.size() - packed_offset_ + static_cast<std::int64_t>(in_.size());
  end({});
  return true;
}

std::int64_t Unpacker::next(char* to, std::int64_t size) {
  char* const begin = to;
  char* const last = to + size;
  while (to < last && !ended_) {
    if (in_.empty() && !refill()) return -1;
    const bool all = in_.empty();
    const Decoder::Step step = decoder_->step(in_, to, last);
    if (step == Decoder::Step::member_end) {
      if (!next_member()) return -1;
    } else if (step == Decoder::Step::damaged) {
      end("are damaged after " + std::to_string(position_ + (to - begin)) + " unpacked bytes");
    } else if (all && to < last) {
      const bool whole = decoder_->magic().empty();  // nothing in the file tells its end
      end(whole ? "" : "end too early, after " + std::to_string(position_ + (to - begin)) + " unpacked bytes");
    }
  }
  position_ += to - begin;
  if (!ended_ && position_ > limit_)
    end("unpack to more than " + std::to_string(limit_) + " bytes, too many for so small a file");
  return to - begin;
}

bool Unpacker::reach(std::int64_t offset) {
  if (position_ < offset && !skipped_) skipped_.reset(new char[kSkippedSize]);
  while (position_ < offset && !ended_) {
    if (next(skipped_.get(), std::min(kSkippedSize, offset - position_)) < 0) return false;
  }
  return true;
}

std::int64_t Unpacker::read(char* to, std::int64_t size, std::int64_t offset) {
  if (!reach(offset)) return -1;
  return offset == position_ ? next(to, size) : 0;
}

}  // namespace imreg::fits
