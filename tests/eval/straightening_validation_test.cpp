#include "physprobe/eval/straightening_validation.h"

#include "physprobe/core/error.h"
#include "physprobe/eval/published_straightening.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace physprobe {
namespace {

TEST(PublishedStraightening, HoldsTheTwelveMoviesInThreeConditions) {
  int natural = 0;
  int fades = 0;
  int contrast = 0;
  for (const PublishedSequence& sequence : published_sequences()) {
    natural += sequence.condition == "natural" ? 1 : 0;
    fades += sequence.condition == "pixelfade" ? 1 : 0;
    contrast += sequence.condition == "contrast" ? 1 : 0;
  }
  EXPECT_EQ(natural, 12);
  EXPECT_EQ(fades, 12);
  EXPECT_EQ(contrast, 10);
}

TEST(ValidateStraightening, AnEmptyFolderIsAnErrorThatNamesTheMovies) {
  const testing::TempDir dir;
  try {
    validate_straightening(dir.path());
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    const std::string text = error.what();
    const std::size_t first = text.find("chironomus.png");
    EXPECT_NE(first, std::string::npos) << text;
    EXPECT_EQ(text.find("chironomus.png", first + 1), std::string::npos) << text;
  }
}

TEST(ValidateStraighteningSlow, ReproducesThePublishedTable) {
  const auto movies = testing::beside_project("media/straightening_movies_256");
  if (!movies.exists)
    GTEST_SKIP() << "the published movies are not beside this checkout: " << movies.path;
  for (const ValidationLine& line : validate_straightening(movies.path)) {
    EXPECT_TRUE(line.holds) << line.condition << " " << line.sequence << " " << line.layer << ": "
                            << line.measured_deg << " instead of " << line.published_deg;
  }
}

}  // namespace
}  // namespace physprobe
