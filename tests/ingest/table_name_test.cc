// Which table an HDU's header goes to.
#include "ingest/table_name.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <utility>

namespace imreg::ingest {
namespace {

using Cards = std::initializer_list<std::pair<const char*, const char*>>;

FitsHeaders file_with(Cards primary, Cards extension = {}) {
  FitsHeaders out;
  out.hdus.resize(2);
  for (const auto& [key, value] : primary) out.hdus[0].header.add(key, value);
  for (const auto& [key, value] : extension) out.hdus[1].header.add(key, value);
  out.hdus[1].number = 1;
  out.hdus[1].extname = "SCI 2";
  return out;
}

std::string table(const std::string& camera, Cards primary, Cards extension = {}, const char* path = "/a/b.fits") {
  const FitsHeaders headers = file_with(primary, extension);
  return table_of(names_of(path, headers, camera), headers.hdus[1]);
}

TEST(TableName, IsThatOfCameraAndInstrument) {
  EXPECT_EQ(table("eso", {{"INSTRUME", "FORS2"}}), "eso_fors2_sci");
  EXPECT_EQ(table("eso", {}), "eso_sci");
  EXPECT_EQ(table("gemini-gmos", {{"INSTRUME", "GMOS-N"}}), "gemini_gmos_sci") << "the table is that of the instrument";
  EXPECT_EQ(table("cfht-megaprime", {{"INSTRUME", "MegaPrime"}}), "cfht_megaprime_sci");
  EXPECT_EQ(table("cfht-older", {{"INSTRUME", "FOCAM 2"}}), "cfht_older_focam_2_sci");
}

TEST(TableName, OfAnInstrumentThatNobodyKnowsIsItsOwn) {
  EXPECT_EQ(table("", {{"INSTRUME", " My Cam/7 "}, {"TELESCOP", "0.5 m"}}), "my_cam_7_sci");
  EXPECT_EQ(table("", {}, {{"INSTRUME", "Late"}}), "late_sci") << "said by an extension";
  EXPECT_EQ(table("", {{"INSTRUME", "---"}, {"TELESCOP", "0.5 m"}}), "0_5_m_sci");
  EXPECT_EQ(table("", {}), "generic_sci");
  EXPECT_LE(table("eso", {{"INSTRUME", std::string(68, 'x').c_str()}}).size(), 70U);
}

TEST(TableName, OfTheAcsIsByDetectorAndKindOfFile) {
  const Cards acs = {{"INSTRUME", "ACS"}, {"DETECTOR", "WFC"}};
  EXPECT_EQ(table("hst-acs", acs, {}, "/a/j94f05bgq_flt.fits"), "wfc_flt_1");
  EXPECT_EQ(table("hst-acs", acs, {}, "/a/unnamed.fits"), "hst_acs_sci");
  EXPECT_EQ(table("hst-acs", {{"INSTRUME", "ACS"}, {"CONFIG", "ACS/WFC"}}, {}, "/a/j94f05bgj_jit.fits"), "wfc_jit_1");
  EXPECT_EQ(table("hst-acs", {{"INSTRUME", "ACS"}, {"SS_DTCTR", "ACS/HRC"}, {"CONFIG", "OTHER"}}, {}, "/j_spt.fits"),
            "hrc_spt_1");
}

}  // namespace
}  // namespace imreg::ingest
