// Notes damaged rows, and how many there are beyond those that are named.
#include <utility>

#include "imreg/scan.h"

namespace imreg {

void DamagedRows::add(Status status) {
  ++count;
  if (first.size() < kMostNamed) first.push_back(std::move(status));
}

void DamagedRows::add(DamagedRows more) {
  count += more.count;
  for (auto& status : more.first) {
    if (first.size() < kMostNamed) first.push_back(std::move(status));
  }
}

}  // namespace imreg
