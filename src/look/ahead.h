// Reads ahead of the threads that compute, so that a disk and the processors work at the same time.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "look/pieces.h"

namespace imreg::look {

/// While it lives, a thread has the system read the pixels of these pieces, in their order.
class Ahead {
 public:
  explicit Ahead(const std::vector<Piece>& pieces);
  ~Ahead();
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace imreg::look
