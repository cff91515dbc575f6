// What a disk does to one call of the kernel inside the process: it fails, is full, is interrupted, or does less than it was
// asked for. A test tries each fault at each call in turn, until the work ends before it is reached.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "os/file.h"

namespace imreg {

struct Fault {
  const char* name;
  int error;  // 0: half of the bytes are done
  bool for_ever = false;
};
inline std::ostream& operator<<(std::ostream& out, const Fault& fault) { return out << fault.name; }

inline constexpr Fault kFaultsOnce[] = {
    {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EINTR", EINTR}, {"a short write or read", 0}};
inline constexpr Fault kFaultsForEver[] = {{"EIO from then on", EIO, true}, {"a disk that is full", ENOSPC, true}};

inline std::vector<Fault> all_faults() {
  std::vector<Fault> out(std::begin(kFaultsOnce), std::end(kFaultsOnce));
  out.insert(out.end(), std::begin(kFaultsForEver), std::end(kFaultsForEver));
  return out;
}

// How many faults were injected, told when the test ends: man 7 imreg-durability has the sum.
class FaultTally {
 public:
  ~FaultTally() {
    if (count > 0) std::printf("faults injected: %ld\n", count.load());
  }
  std::atomic<long> count{0};
};
inline FaultTally fault_tally;

// The fault hits call `at`, from 0; none when `at` is negative.
class FaultAt : public IoObserver {
 public:
  using Kind = IoOperation::Kind;
  FaultAt(int at, Fault fault) : at_(at), fault_(fault) {}
  explicit FaultAt(int at = -1, int error = EIO) : FaultAt(at, {"", error}) {}

  int before(const IoOperation& operation) override { return hit(operation.kind, operation.bytes.size()); }
  int before_read(const std::string&, std::size_t size) override { return hit(std::nullopt, size); }

  int count() const { return count_; }
  /// Whether the work was long enough: a fault at a call that it cannot happen to (half of a sync) does nothing.
  bool reached() const { return at_ >= 0 && count_ > at_; }
  bool happened() const { return happened_; }
  /// Of the first that was hit; nothing: none was, or a read.
  std::optional<Kind> kind() const { return kind_; }
  /// An interruption and a short write or read of one that is simply gone on with: nobody may notice it.
  bool harmless() const { return happened_ && !fault_.for_ever && harmless_; }

 private:
  int hit(std::optional<Kind> kind, std::size_t size) {
    const int nth = count_++;
    if (at_ < 0 || nth < at_ || (nth > at_ && !fault_.for_ever)) return 0;
    const bool first = !happened_;
    const bool bytes = !kind || kind == Kind::write;
    const bool needs_room = kind == Kind::write || kind == Kind::create || kind == Kind::allocate;
    const bool half = fault_.error == 0 || (fault_.error == ENOSPC && fault_.for_ever && first && kind == Kind::write);
    if (fault_.for_ever && fault_.error == ENOSPC && !needs_room) return 0;
    if (half && (!bytes || size < 2)) return 0;
    if (first) {
      kind_ = kind;
      happened_ = true;
      harmless_ = half || (fault_.error == EINTR &&
                           (bytes || kind == Kind::create || kind == Kind::allocate || kind == Kind::truncate));
    }
    ++fault_tally.count;
    return half ? -static_cast<int>(size / 2) : fault_.error;
  }

  int at_;
  Fault fault_;
  int count_ = 0;
  bool happened_ = false, harmless_ = false;
  std::optional<Kind> kind_;
};

}  // namespace imreg
