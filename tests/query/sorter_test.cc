// The sorter against std::sort, with items that are beginnings of others, zeros in them, and any memory.
#include <gtest/gtest.h>

#include <algorithm>

#include "query/sorter.h"
#include "query_fixture.h"

namespace imreg {
namespace {

using namespace imreg::testing;

std::vector<std::string> random_items(Random& random, std::size_t count) {
  static constexpr char kLetters[] = {'\0', '\0', '\1', 'a', '\xff'};
  const std::string common(random.below(30), random.below(2) ? '\0' : 'x');
  std::vector<std::string> items;
  for (std::size_t i = 0; i < count; ++i) {
    std::string item = random.below(3) ? common : "";
    for (auto n = random.below(random.below(4) ? 20 : 300); n > 0; --n) item += kLetters[random.below(5)];
    items.push_back(item);
  }
  return items;
}

TEST(Sorter, GivesWhatStdSortGives) {
  const Folder folder;
  Random random(31);
  for (int round = 0; round < 400; ++round) {
    const auto items = random_items(random, random.below(round % 20 == 0 ? 5000 : 300));
    static constexpr std::size_t kMemory[] = {0, 500, 4000, std::size_t{1} << 20};
    Sorter::Settings settings{kMemory[random.below(4)], folder.path()};
    if (random.below(2)) settings.keep = random.below(40);
    std::vector<std::unique_ptr<Sorter>> sorters;
    for (auto n = 1 + random.below(3); n > 0; --n) sorters.push_back(std::make_unique<Sorter>(settings));
    for (const auto& item : items)
      ASSERT_TRUE(sorters[random.below(static_cast<std::uint32_t>(sorters.size()))]->add(item).ok());
    for (std::size_t i = 1; i < sorters.size(); ++i) ASSERT_TRUE(sorters[0]->absorb(std::move(*sorters[i])).ok());
    ASSERT_TRUE(sorters[0]->finish().ok());
    auto expected = items;
    std::sort(expected.begin(), expected.end());
    if (settings.keep < std::ssize(expected)) expected.resize(static_cast<std::size_t>(settings.keep));
    for (std::size_t i = 0; i <= expected.size(); ++i) {
      const auto item = sorters[0]->next();
      ASSERT_TRUE(item.ok());
      ASSERT_EQ(*item != nullptr, i < expected.size()) << "round " << round;
      if (*item) {
        ASSERT_EQ(**item, expected[i]) << "round " << round << " item " << i;
      }
    }
  }
}

}  // namespace
}  // namespace imreg
