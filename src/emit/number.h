// Numbers as the shortest decimal that reads back as the same value of the same type, never with an exponent.
#pragma once

#include <charconv>
#include <cstdint>

namespace imreg::emit {

inline constexpr int kIntegerSize = 20;
inline constexpr int kFloatSize = 64;
inline constexpr int kDoubleSize = 352;  // 5e-324 is a 0, a point, 323 zeros and a 5

inline char* write_number(char* out, std::int64_t value) { return std::to_chars(out, out + kIntegerSize, value).ptr; }
/// The same bytes as std::to_chars(..., std::chars_format::fixed), several times faster for what instruments write:
/// whole numbers and few decimals. Also "nan", "inf". Returns the end; `out` has room for kFloatSize or kDoubleSize.
char* write_number(char* out, float value);
char* write_number(char* out, double value);

}  // namespace imreg::emit
