// Large pages for large arrays.
#include "os/memory.h"

#include <sys/mman.h>

#include <cstdint>

namespace imreg {

void prefer_large_pages(void* memory, std::size_t bytes) {
  constexpr std::uintptr_t kLarge = std::uintptr_t{2} << 20;
  const auto at = reinterpret_cast<std::uintptr_t>(memory);
  const auto before = (kLarge - at % kLarge) % kLarge;
  if (bytes < before + kLarge) return;
  // Advice: an error changes nothing.
  ::madvise(static_cast<char*>(memory) + before, (bytes - before) / kLarge * kLarge, MADV_HUGEPAGE);
}

}  // namespace imreg
