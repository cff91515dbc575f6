// Picks the recipes that can give anything for headers of one layout, and keeps these plans.
#include "camera/plan.h"

#include <algorithm>

#include "base/text.h"

namespace imreg::camera {

namespace {

class Maker {
 public:
  Maker(const Layout& own, const Layout& primary) : own_(own), primary_(primary) {}

  bool is_there(const Source& source) const {
    // The WCS is looked for in the HDU of the pixels.
    switch (source.scope) {
      case Scope::inherited: return own_.has(source.key) || primary_.has(source.key);
      case Scope::own: return own_.has(source.key);
      case Scope::primary: return primary_.has(source.key);
      default: return true;  // other HDUs, the file name, a number
    }
  }
  bool can_hold(const std::vector<Condition>& conditions) const {
    return std::all_of(conditions.begin(), conditions.end(),
                       [&](const Condition& c) { return !c.wanted || is_there(c.source); });
  }
  void add_rules(const Chain& chain, std::string_view name, std::vector<HduRule> Table::*rules,
                 std::vector<const HduRule*>& out) const {
    for (const Table* table : chain) {
      for (const HduRule& rule : table->*rules) {
        if (can_hold(rule)) out.push_back(&rule);
      }
      if (table->forgets(name)) return;
    }
  }
  bool can_give(const Recipe& recipe, Dimension dimension) const {
    const auto there = [&](const Source& source) {
      // The WCS is looked for in the HDU of the pixels.
      if (source.keyword != "WCS") return is_there(source);
      const char ctype[] = {'C', 'T', 'Y', 'P', 'E', '1', recipe.wcs_version, ' '};
      return own_.has(key_of(trim(std::string_view(ctype, sizeof ctype))));
    };
    if (!can_hold(recipe.conditions)) return false;
    if (recipe.sources.empty()) return true;
    // Texts are joined of what is there; everything else needs all its keywords.
    const bool any = dimension == Dimension::text;
    return any ? std::any_of(recipe.sources.begin(), recipe.sources.end(), there)
               : std::all_of(recipe.sources.begin(), recipe.sources.end(), there);
  }

 private:
  const Layout& own_;
  const Layout& primary_;
};

}  // namespace

std::shared_ptr<const Plan> make_plan(const Chain& chain, const Place& place) {
  auto plan = std::make_shared<Plan>();
  plan->own = place.cards.layout(place.hdu);
  plan->primary = place.cards.layout(0);
  plan->in_primary = place.hdu == 0;
  const Maker maker(*plan->own, *plan->primary);
  maker.add_rules(chain, "skip", &Table::skip, plan->skip);
  maker.add_rules(chain, "mask", &Table::mask, plan->mask);
  maker.add_rules(chain, "split", &Table::split, plan->split);
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    for (const Table* table : chain) {
      for (const Recipe& recipe : table->recipes[i]) {
        if (maker.can_give(recipe, dimension_of(static_cast<Field>(i)))) plan->recipes[i].push_back(&recipe);
      }
      if (table->forgotten[i]) break;
    }
  }
  const std::vector<const Recipe*>& positions = plan->recipes[index_of(Field::position)];
  plan->position_needs_time =
      std::any_of(positions.begin(), positions.end(), [](const Recipe* recipe) { return recipe->needs_time(); });
  return plan;
}

std::shared_ptr<const Plan> PlanCache::plan_of(const Chain& chain, const Table& chosen, const Place& place) {
  constexpr std::size_t kMost = 1000;
  const Key key{&chosen, place.cards.layout(place.hdu).get(), place.cards.layout(0).get(), place.hdu == 0};
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = plans_.find(key); found != plans_.end()) return found->second;
  }
  std::shared_ptr<const Plan> plan = make_plan(chain, place);
  const std::lock_guard lock(mutex_);
  if (plans_.size() >= kMost) plans_.clear();
  plans_.insert_or_assign(key, plan);
  return plan;
}

void PlanCache::clear() {
  const std::lock_guard lock(mutex_);
  plans_.clear();
}

}  // namespace imreg::camera
