// What the processor can do.
#pragma once

#if defined(__x86_64__) && __has_include(<sys/platform/x86.h>) && !defined(__clang__)
#include <sys/platform/x86.h>  // glibc has asked already; to ask again is slow in a virtual machine (record/crc32c.cc)
#define IMREG_ASK_GLIBC
#endif

namespace imreg {

inline bool has_avx2() {
#if defined(IMREG_ASK_GLIBC)
  return CPU_FEATURE_ACTIVE(AVX2);
#elif defined(__x86_64__)
  return __builtin_cpu_supports("avx2");
#else
  return false;
#endif
}

}  // namespace imreg
