// Which recipes of a table can give anything, for headers of one layout. A table has some hundred recipes, a header the
// keywords of thirty: a plan is made once for the layout of an image's header and its primary's.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "camera/cards.h"
#include "camera/table.h"

namespace imreg::camera {

/// A table, then the table that it refines, and so on.
using Chain = std::vector<const Table*>;

struct Plan {
  /// The rules for HDUs whose keywords are there, in order.
  std::vector<const HduRule*> skip, mask, split;
  /// By field: the recipes whose keywords are there, in order.
  std::array<std::vector<const Recipe*>, kFieldCount> recipes;
  bool position_needs_time = false;            // one of its recipes does
  std::shared_ptr<const Layout> own, primary;  // a layout lives as long as the plans that are known by its address
  bool in_primary = false;                     // own and primary are the same header, and not only alike
};

/// The plan for an image at `place`.
std::shared_ptr<const Plan> make_plan(const Chain& chain, const Place& place);

/// The plans made last. Safe from several threads.
class PlanCache {
 public:
  /// `chosen`: the table of the chain that was chosen; it tells the chain.
  std::shared_ptr<const Plan> plan_of(const Chain& chain, const Table& chosen, const Place& place);
  /// When tables change.
  void clear();

 private:
  using Key = std::tuple<const Table*, const Layout*, const Layout*, bool>;  // chosen; own, primary, in_primary
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<const Plan>> plans_;
};

}  // namespace imreg::camera
