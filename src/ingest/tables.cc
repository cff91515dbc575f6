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
    open_.erase(order_.back());
    order_.pop_back();
  }
  IMREG_ASSIGN(const Schema first, headers::declared_schema(name));
  IMREG_ASSIGN(auto table, headers::HeaderTable::open(table_path(folder_, name), first, options_));
  return &open_.emplace(name, std::move(table)).first->second;
}

}  // namespace imreg::ingest
