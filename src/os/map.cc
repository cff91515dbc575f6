#include "os/map.h"

#include <boost/interprocess/mapped_region.hpp>

#include "os/file.h"

namespace imreg {

namespace ipc = boost::interprocess;

namespace {
// mapped_region takes anything that can give a mapping handle.
struct Handle {
  ipc::mapping_handle_t handle;
  ipc::mapping_handle_t get_mapping_handle() const { return handle; }
};
}  // namespace

struct Map::Region {
  ipc::mapped_region region;
};

Map::Map() = default;
Map::Map(Map&&) noexcept = default;
Map& Map::operator=(Map&&) noexcept = default;
Map::~Map() = default;

Result<Map> Map::of(const File& file, std::int64_t size) {
  Map map;
  if (size == 0) return map;  // an empty mapping is an error for the kernel, and nothing to look at for us
  try {
    const Handle handle{ipc::mapping_handle_t{file.fd(), false}};
    map.region_ = std::make_unique<Region>(Region{ipc::mapped_region(handle, ipc::read_only, 0, static_cast<std::size_t>(size))});
  } catch (const std::exception& error) {
    return Status(Code::io, std::string("cannot map it into memory: ") + error.what()).in_file(file.path());
  }
  map.data_ = static_cast<const char*>(map.region_->region.get_address());
  map.size_ = size;
  return map;
}

}  // namespace imreg
