// Opens tables, and keeps a few open: an archive has hundreds.
#include "ingest/tables.h"

namespace imreg::ingest {

namespace {
constexpr std::size_t kMostOpen = 64;
}  // namespace

Result<headers::HeaderTable*> Tables::open(const std::string& name) {
  order_.remove(name);
  order_.push_front(name);
  if (const auto found = open_.find(name); found != open_.end()) return &found->second;
  if (order_.size() > kMostOpen) {
    if (const auto oldest = open_.find(order_.back()); oldest != open_.end()) {
      IMREG_TRY(oldest->second.trim());
      open_.erase(oldest);
    }
    order_.pop_back();
  }
  IMREG_ASSIGN(const Schema first, headers::declared_schema(name));
  IMREG_ASSIGN(auto table, headers::HeaderTable::open(table_path(folder_, name), first, options_));
  return &open_.emplace(name, std::move(table)).first->second;
}

Status Tables::trim() {
  for (auto& [name, table] : open_) IMREG_TRY(table.trim());
  return {};
}

}  // namespace imreg::ingest
