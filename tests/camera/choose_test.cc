// The table that a hash finds is the one that trying all of them finds: on all real headers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "imreg/camera.h"
#include "imreg/fits_file.h"

namespace imreg {
namespace {

// How special a table's best `when` line is that holds: refinements, then conditions; 0 when none does.
std::size_t rank_of(const Cameras& cameras, const std::map<std::string, std::string>& like, const std::string& name,
                    const std::string& path, const FitsHeaders& headers) {
  std::size_t length = 0, conditions = 0;
  for (std::string at = name; !at.empty(); at = like.at(at)) ++length;
  for (const std::string& when : cameras.applying(name, path, headers))
    conditions = std::max(conditions, 1 + static_cast<std::size_t>(std::count(when.begin(), when.end(), '&')));
  return conditions == 0 ? 0 : 1000 * length + conditions;
}

TEST(Choosing, AHashFindsWhatTryingAllFinds) {
  const auto cameras = Cameras::load();
  ASSERT_TRUE(cameras.ok());
  std::map<std::string, std::string> like;
  for (const CameraTable& table : cameras->tables()) like[table.name] = table.like;
  int files = 0, special = 0;
  std::error_code error;
  std::filesystem::recursive_directory_iterator it(IMREG_DATA_DIR "/fits", error), end;
  for (; !error && it != end; it.increment(error)) {
    if (!it->is_regular_file()) continue;
    const std::string path = it->path().string();
    const auto headers = read_headers(path);
    if (!headers) continue;
    const auto facts = cameras->translate(path, *headers, {});
    ASSERT_TRUE(facts.ok());
    std::string best = "generic";
    std::size_t best_rank = 0;
    for (const auto& [name, refined] : like) {
      const std::size_t rank = rank_of(*cameras, like, name, path, *headers);
      EXPECT_TRUE(rank == 0 || rank != best_rank) << path << ": " << name << " and " << best << " apply equally";
      if (rank > best_rank) best = name, best_rank = rank;
    }
    EXPECT_EQ(facts->camera, best) << path;
    ++files;
    special += best != "generic";
  }
  if (files == 0) GTEST_SKIP() << "no real data in " IMREG_DATA_DIR;
  EXPECT_GT(files, 700);
  EXPECT_GT(special, 500);
}

}  // namespace
}  // namespace imreg
