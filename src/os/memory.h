// Large pages for large arrays.
#pragma once

#include <cstddef>

namespace imreg {

/// Asks for large pages (2 MB) below memory that is not yet touched: 80 MB are then made in 40 steps instead of 20,000. Says nothing when
/// there are none.
void prefer_large_pages(void* memory, std::size_t bytes);

/// Makes the pages of memory that will be written soon, so that several threads do it and not the one that writes first. What stands there
/// stays. Says nothing when the kernel (before Linux 5.14) cannot.
void make_pages(void* memory, std::size_t bytes);

}  // namespace imreg
