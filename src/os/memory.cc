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

void make_pages(void* memory, std::size_t bytes) {
#ifdef MADV_POPULATE_WRITE
  constexpr std::uintptr_t kPage = 4096;
  const auto before = reinterpret_cast<std::uintptr_t>(memory) % kPage;
  if (bytes > 0) ::madvise(static_cast<char*>(memory) - before, before + bytes, MADV_POPULATE_WRITE);
#else
  (void)memory, (void)bytes;
#endif
}

}  // namespace imreg
