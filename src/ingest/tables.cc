// Opens tables, and keeps a few open: an archive has hundreds.
#include "ingest/tables.h"

#include "headers/heap.h"
#include "os/walk.h"

namespace imreg::ingest {

namespace {
constexpr std::size_t kMostOpen = 2 * Tables::kTogether;
}  // namespace

Status with_remedy(const Status& fault) {
  const bool newer = fault.message().find("newer imreg") != std::string::npos;  // nothing is wrong with it
  if (newer || fault.code() == Code::busy || fault.code() == Code::io) return fault;
  return Status(fault.code(), fault.message() +
                                  "; restore it, or remove it and its heap, and let imingest -again TREE "
                                  "read the files once more")
      .in_file(fault.file());
}

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
  auto table = headers::HeaderTable::open(table_path(folder_, name), first, options_);
  if (!table && is_missing(headers::heap_of(table_path(folder_, name)))) return table.status();  // says so itself
  if (!table) return with_remedy(table.status());
  return &open_.emplace(name, *std::move(table)).first->second;
}

Status Tables::trim() {
  for (auto& [name, table] : open_) IMREG_TRY(table.trim());
  return {};
}

}  // namespace imreg::ingest
