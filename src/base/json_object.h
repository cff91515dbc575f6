// One JSON object on one line (RFC 8259), as our own programs print them: its members, read.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "imreg/status.h"

namespace imreg {

class JsonObject {
 public:
  /// Errors: invalid, with what is wrong and at which byte. Of two members of one name the last counts; arrays and objects inside
  /// are kept as they stand.
  static Result<JsonObject> parse(std::string_view text);

  bool has(const std::string& name) const { return members_.contains(name); }
  bool is_null(const std::string& name) const;
  /// None where there is no such member or it is something else.
  std::optional<std::string> text(const std::string& name) const;
  std::optional<double> number(const std::string& name) const;

 private:
  struct Member {
    bool is_text = false;
    std::string value;  ///< the text without escapes, or the words of anything else
  };
  std::map<std::string, Member> members_;
};

}  // namespace imreg
