// The generated headers compile, agree with the schemas of the same .fmt, and layout.lock knows them all.
#include "codegen/codegen.h"

#include <gmock/gmock.h>

#include "formats/detrend.h"
#include "formats/regimage.h"
#include "formats/regimage.v1.h"
#include "formats/regimage.v2.h"
#include "formats/regimage.v3.h"
#include "os/file.h"

namespace imreg {
namespace {

template <class T>
void same(const Schema& schema, const char* name, Field<T> constant) {
  const auto field = find_field<T>(schema, name);
  ASSERT_TRUE(field.ok()) << field.status().text();
  EXPECT_EQ(field->offset, constant.offset) << name;
  EXPECT_EQ(field->count, constant.count) << name;
}

TEST(Codegen, ConstantsAreTheSchema) {
  const Schema& native = *builtin_format(regimage::kFormat, regimage::kVersion);
  EXPECT_EQ(native.record_size, regimage::kRecordSize);
  same(native, "obstime", regimage::kObstime);
  same(native, "ccd", regimage::kCcd);
  same(native, "deleted", regimage::kDeleted);
  same(native, "type", regimage::kType);
  same(native, "teltemp", regimage::kTeltemp);
  same(native, "crc", regimage::kCrc);
  same(native, "pathname", regimage::kPathname);
  same(native, "fingerprint", regimage::kFingerprint);
  same(*builtin_format("regimage", 1), "obstime", regimage_v1::kObstime);
  same(*builtin_format("regimage", 2), "seqtime", regimage_v2::kSeqtime);
  same(*builtin_format("regimage", 3), "junk", regimage_v3::kJunk);
  const Schema& detrend = *builtin_format(detrend::kFormat, detrend::kVersion);
  EXPECT_EQ(detrend.record_size, detrend::kRecordSize);
  same(detrend, "version", detrend::kVersionField);  // a field that is called like a constant about the record
  same(detrend, "start_time", detrend::kStartTime);
}

TEST(Codegen, EnumsAreTheWords) {
  EXPECT_EQ(builtin_format("regimage", 4)->find("type")->words[static_cast<std::size_t>(regimage::Type::flat)], "flat");
  EXPECT_EQ(builtin_format("regimage", 4)->find("mode")->words[static_cast<std::size_t>(regimage::Mode::mef)], "MEF");
}

TEST(Codegen, EveryFieldHasAConstant) {
  for (const Schema& schema : builtin_formats()) {
    const std::string header = typed_header(schema, schema.format);
    std::size_t constants = 0;
    for (std::size_t at = 0; (at = header.find("constexpr Field<", at)) != std::string::npos; ++at) ++constants;
    EXPECT_EQ(constants, schema.fields.size());
  }
}

// A layout that changes without a new version is found here. A new version gets a new line; an old line never changes.
TEST(Codegen, LayoutLock) {
  const auto locked = read_file(IMREG_SOURCE_DIR "/formats/layout.lock");
  ASSERT_TRUE(locked.ok());
  std::string made;
  for (const Schema& schema : builtin_formats()) made += lock_line(schema) + "\n";
  const auto sorted = [](const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
      out.push_back(text.substr(at, end - at));
    return out;
  };
  EXPECT_THAT(sorted(made), ::testing::UnorderedElementsAreArray(sorted(*locked)));
}

TEST(Codegen, ManTableHasARowForEachField) {
  const Schema& schema = *builtin_format("regimage", 4);
  const std::string table = man_table(schema);
  for (const auto& field : schema.fields)
    EXPECT_NE(table.find("\n" + field.name + "\t" + field.column + "\t"), std::string::npos) << field.name;
  EXPECT_EQ(table.substr(0, 4), ".TS\n");
}

}  // namespace
}  // namespace imreg
