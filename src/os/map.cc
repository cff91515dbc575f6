// Maps files read-only; a page that the file has lost meanwhile reads as zeros and is noted, without a SIGBUS.
#include "os/map.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/interprocess/mapped_region.hpp>
#include <csignal>

#include "os/file.h"

namespace imreg {

namespace ipc = boost::interprocess;

namespace {

// mapped_region takes anything that can give a mapping handle.
struct Handle {
  ipc::mapping_handle_t handle;
  ipc::mapping_handle_t get_mapping_handle() const { return handle; }
};

// Where our maps are, for the signal handler: only atomics in a fixed table, because a handler may not lock or allocate.
// A map that finds no free place works too, but is not guarded.
struct Guard {
  std::atomic<bool> taken{false};
  std::atomic<std::uintptr_t> begin{0};  // 0: nothing to guard
  std::atomic<std::uintptr_t> end{0};
  std::atomic<bool> lost{false};
};
std::array<Guard, 1024> guards;
std::uintptr_t page_size = 4096;
struct sigaction previous {};

extern "C" void on_sigbus(int signal, siginfo_t* info, void* context) {
  auto* const touched = static_cast<char*>(info->si_addr);
  const auto at = reinterpret_cast<std::uintptr_t>(touched);
  for (auto& guard : guards) {
    const auto begin = guard.begin.load();
    if (begin == 0 || at < begin || at >= guard.end.load()) continue;
    guard.lost = true;
    void* const page = touched - at % page_size;
    if (::mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) return;
  }
  if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction)
    return previous.sa_sigaction(signal, info, context);
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) return previous.sa_handler(signal);
  ::signal(SIGBUS, SIG_DFL);  // the access is tried again, and ends the process as it would have without us
}

Guard* guard_of(const void* data, std::size_t size) {
  static const bool installed = [] {
    page_size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    struct sigaction action {};
    action.sa_sigaction = on_sigbus;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    return ::sigaction(SIGBUS, &action, &previous) == 0;
  }();
  if (!installed) return nullptr;
  for (auto& guard : guards) {
    if (guard.taken.exchange(true)) continue;
    guard.lost = false;
    guard.end = reinterpret_cast<std::uintptr_t>(data) + size;
    guard.begin = reinterpret_cast<std::uintptr_t>(data);
    return &guard;
  }
  return nullptr;
}

}  // namespace

struct Map::Region {
  ipc::mapped_region region;
  Guard* guard = nullptr;

  explicit Region(ipc::mapped_region mapped)
      : region(std::move(mapped)), guard(guard_of(region.get_address(), region.get_size())) {}
  ~Region() {  // the guard goes before the memory does
    if (!guard) return;
    guard->begin = 0;
    guard->taken = false;
  }
};

Map::Map() = default;
Map::Map(Map&&) noexcept = default;
Map& Map::operator=(Map&&) noexcept = default;
Map::~Map() = default;

void Map::want(std::int64_t offset, std::int64_t size) const {
  static const std::int64_t page = ::sysconf(_SC_PAGESIZE);
  const std::int64_t begin = std::max<std::int64_t>(0, offset) / page * page, end = std::min(size_, offset + size);
  if (begin < end)
    (void)::madvise(const_cast<char*>(data_) + begin, static_cast<std::size_t>(end - begin), MADV_WILLNEED);
}

bool Map::lost() const { return region_ && region_->guard && region_->guard->lost; }

Result<Map> Map::of(const File& file, std::int64_t size) {
  Map map;
  if (size == 0) return map;  // an empty mapping is an error for the kernel, and nothing to look at for us
  try {
    const Handle handle{ipc::mapping_handle_t{file.fd(), false}};
    map.region_ =
        std::make_unique<Region>(ipc::mapped_region(handle, ipc::read_only, 0, static_cast<std::size_t>(size)));
  } catch (const std::exception& error) {
    return Status(Code::io, std::string("cannot map it into memory: ") + error.what()).in_file(file.path());
  }
  map.data_ = static_cast<const char*>(map.region_->region.get_address());
  map.size_ = size;
  return map;
}

}  // namespace imreg
