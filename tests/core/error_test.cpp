#include "physprobe/core/error.h"

#include <set>
#include <string>

namespace physprobe {
namespace {

TEST(Error, NamesItsSubjectFirst) {
  const Error error(ErrorKind::kInput, "clip.mp4", "is empty");
  EXPECT_STREQ(error.what(), "clip.mp4: is empty");
  EXPECT_EQ(error.subject(), "clip.mp4");
  EXPECT_EQ(error.message(), "is empty");
  EXPECT_EQ(error.kind(), ErrorKind::kInput);
}

TEST(Error, WithoutSubjectIsTheMessageAlone) {
  EXPECT_STREQ(Error(ErrorKind::kUsage, "", "no such command").what(), "no such command");
}

TEST(Error, ExitCodesAreTheDocumentedOnes) {
  EXPECT_EQ(exit_code(ErrorKind::kInternal), 1);
  EXPECT_EQ(exit_code(ErrorKind::kUsage), 2);
  EXPECT_EQ(exit_code(ErrorKind::kInput), 3);
  EXPECT_EQ(exit_code(ErrorKind::kPartial), 4);
  EXPECT_EQ(exit_code(ErrorKind::kResource), 5);
  EXPECT_EQ(exit_code(ErrorKind::kIncompatible), 6);
  EXPECT_EQ(exit_code(ErrorKind::kCheckFailed), 7);
}

TEST(Error, KindNamesAreDistinct) {
  std::set<std::string> names;
  for (const ErrorKind kind :
       {ErrorKind::kInternal, ErrorKind::kUsage, ErrorKind::kInput, ErrorKind::kPartial,
        ErrorKind::kResource, ErrorKind::kIncompatible, ErrorKind::kCheckFailed}) {
    names.insert(kind_name(kind));
  }
  EXPECT_EQ(names.size(), 7u);
  EXPECT_STREQ(kind_name(ErrorKind::kInput), "input");
}

}  // namespace
}  // namespace physprobe
