// Counts, sorts and limits what is found.
#include "upkeep/findings.h"

#include <algorithm>

namespace imreg::upkeep {

Status explained(const Status& status, const std::string& path) {
  if (status.code() != Code::not_found || status.file() != path) return status;
  return Status(Code::not_found, "there is no such database; name another one with -db").in_file(path);
}

void Findings::add(Finding finding) {
  const auto kind = static_cast<std::size_t>(finding.kind);
  ++count_[kind];
  // Of threads the one with the later rows may be quicker: some more are kept than are named.
  if (named_[kind].size() < 2 * CheckReport::kMostNamed) named_[kind].push_back(std::move(finding));
}

void Findings::add(Findings others) {
  for (std::size_t kind = 0; kind < std::size(named_); ++kind) {
    for (auto& finding : others.named_[kind]) named_[kind].push_back(std::move(finding));
    count_[kind] += others.count_[kind];
  }
}

void Findings::add(const CheckReport& other) {
  std::int64_t unnamed[2] = {other.damages, other.warnings};
  for (const auto& finding : other.findings) {
    if (finding.kind == Finding::Kind::note) continue;
    --unnamed[static_cast<std::size_t>(finding.kind)];
    add(finding);
  }
  for (std::size_t kind = 0; kind < std::size(unnamed); ++kind) count_[kind] += unnamed[kind];
}

std::vector<Finding> Findings::sorted() && {
  std::vector<Finding> out;
  for (auto& of_kind : named_) {
    std::stable_sort(of_kind.begin(), of_kind.end(),
                     [](const Finding& a, const Finding& b) { return a.record < b.record; });
    for (auto& finding : of_kind) {
      if (out.size() < CheckReport::kMostNamed) out.push_back(std::move(finding));
    }
  }
  return out;
}

}  // namespace imreg::upkeep
