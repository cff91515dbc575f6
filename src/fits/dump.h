// A header written out as text: what dump.cc (cards) and dump_yaml.cc (YAML and JSON) share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fits/fits_internal.h"

namespace imreg::fits {

/// The headers of a dump while they are gathered. A header without any value is dropped: it is a title.
class DumpedHeaders {
 public:
  /// Whole cards of the HDU at hand; a shorter one is filled with blanks.
  Status add(std::string_view cards, bool has_value);
  /// The HDU at hand is complete.
  Status close();
  bool empty() const { return cards_.empty(); }
  std::vector<std::string>& headers() { return headers_; }

  std::vector<std::string> warnings;
  std::string damage;

 private:
  std::vector<std::string> headers_;
  std::string cards_;
  bool has_value_ = false;
  std::size_t size_ = 0;
};

/// Reads a dump of cards, of YAML or of JSON, into HDUs. `text` is the whole file.
Status read_dump(std::string_view text, FitsHeaders& out);
/// Errors name the line.
Status read_yaml_dump(std::string_view text, DumpedHeaders& out);

/// The text without the numbers that cat -n, grep -n or an editor have put before each line; nothing when there are none.
std::optional<std::string> without_line_numbers(std::string_view text);
std::string_view without_byte_order_mark(std::string_view text);

}  // namespace imreg::fits
