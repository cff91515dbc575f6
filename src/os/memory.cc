// Large pages for large arrays.
#include "os/memory.h"

#include <sys/mman.h>

#include <cstdint>

namespace imreg {

void prefer_large_pages(void* memory, std::size_t bytes) {
  constexpr std::uintptr_t kLarge = std::uintptr_t{2} << 20;
  const auto from = (reinterpret_cast<std::uintptr_t>(memory) + kLarge - 1) / kLarge * kLarge;
  const auto end = (reinterpret_cast<std::uintptr_t>(memory) + bytes) / kLarge * kLarge;
  if (from < end)
    ::madvise(reinterpret_cast<void*>(from), end - from, MADV_HUGEPAGE);  // advice: an error changes nothing
}

}  // namespace imreg
