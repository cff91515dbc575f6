// The C interface, used by a program that a C compiler has compiled (c_api_test.c).
#include <gtest/gtest.h>

#include "query_fixture.h"

extern "C" int use_imreg_from_c(const char* path);

namespace imreg {
namespace {

using namespace imreg::testing;

TEST(CInterface, AnswersAProgramInC) {
  const Folder folder;
  std::vector<Record> rows;
  for (std::int64_t i = 0; i < 5; ++i) {
    rows.emplace_back(static_cast<std::size_t>(native().record_size));
    put(native(), rows.back(), "filename", std::string_view("image" + std::to_string(i) + ".fits"));
    put(native(), rows.back(), "exptime", 10.5 + 10 * static_cast<double>(i));
    put(native(), rows.back(), "obstime", 1e9 + static_cast<double>(i));
    put(native(), rows.back(), "fwhm", Value());
    put(native(), rows.back(), "deleted", false);
    put(native(), rows.back(), "type", std::int64_t{4});
  }
  make_table(folder / "c.db", rows);
  EXPECT_EQ(use_imreg_from_c((folder / "c.db").c_str()), 0) << "the line of the check that failed";
}

}  // namespace
}  // namespace imreg
