// Cuts a scan into pieces for threads and joins their rows in file order.
#include "query/candidates.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <new>

#include "os/processors.h"

namespace imreg {

Status no_memory() {
  return {Code::io, "not enough memory for this query; ask for fewer columns or rows, or end other programs"};
}

int workers_for(std::int64_t count, int jobs) {
  return static_cast<int>(std::clamp<std::int64_t>((count + kRowsOfBlock - 1) / kRowsOfBlock, 1, std::max(jobs, 1)));
}

Status each_block(std::int64_t count, int jobs,
                  const std::function<Status(int worker, std::int64_t from, std::int64_t end)>& work,
                  const std::function<Status(int worker, std::int64_t from)>& in_order) {
  std::atomic<std::int64_t> next{0};
  std::mutex mutex;
  std::condition_variable turn;
  std::int64_t done = 0;  // blocks that in_order has seen
  Status failure;
  std::atomic<bool> failed{false};
  const auto fail = [&](Status status) {
    const std::lock_guard lock(mutex);
    if (failure.ok()) failure = std::move(status);
    failed = true;
    turn.notify_all();
  };
  const auto run = [&](int worker) {
    try {
      while (!failed) {
        const std::int64_t block = next++;
        if (block * kRowsOfBlock >= count) return;
        Status status = work(worker, block * kRowsOfBlock, std::min(count, (block + 1) * kRowsOfBlock));
        if (status.ok() && in_order) {
          {
            std::unique_lock lock(mutex);
            turn.wait(lock, [&] { return done == block || failed; });
          }
          if (failed) return;
          status = in_order(worker, block * kRowsOfBlock);
          const std::lock_guard lock(mutex);
          ++done;
          turn.notify_all();
        }
        if (!status.ok()) return fail(std::move(status));
      }
    } catch (const std::bad_alloc&) {
      fail(no_memory());
    }
  };
  at_once(workers_for(count, jobs), run);
  return failure;
}

}  // namespace imreg
