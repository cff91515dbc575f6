// Options that belong to verbs.
#include "cli/verbs.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace imreg::cli {

Status check_verb_options(const Parsed& args, std::string_view verb, std::span<const VerbOption> options) {
  for (const auto& [option, verbs] : options) {
    if (!args.has(option)) continue;
    const auto all = split(verbs, ',');
    if (std::any_of(all.begin(), all.end(), [&](auto one) { return trim(one) == verb; })) continue;
    return {Code::invalid,
            "-" + std::string(option) + " does nothing for " + visible(verb) + "; it is for " + std::string(verbs)};
  }
  return {};
}

}  // namespace imreg::cli
