#include "physprobe/eval/suite.h"

#include "physprobe/core/error.h"

#include <gtest/gtest.h>

namespace physprobe {
namespace {

constexpr const char* kMinimal = "dataset: {path: videos}\nencoders: [{family: v1}]\n";

std::string message_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    parse_suite(text, "suite.yaml", overrides);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage) << error.what();
    return error.what();
  }
  return "";
}

TEST(Suite, FillsInDefaults) {
  const Suite suite = parse_suite(kMinimal, "suite.yaml");
  EXPECT_EQ(suite.dataset_path, "videos");
  EXPECT_EQ(suite.sampling.scheme, "restrav");
  EXPECT_EQ(suite.sampling.n, 24);
  EXPECT_TRUE(suite.fade_control && suite.pixel_null && suite.shuffled_null &&
              suite.untrained_null);
  EXPECT_EQ(suite.statistics.resamples, 9999);
}

TEST(Suite, UnknownKeysNameTheNearest) {
  const std::string message =
      message_of("dataset: {path: x}\nencoders: [v1]\nsampling: {sheme: all}\n");
  EXPECT_NE(message.find("sampling.sheme"), std::string::npos) << message;
  EXPECT_NE(message.find("'scheme'"), std::string::npos) << message;
}

TEST(Suite, AllUnknownKeysOfAnObjectAreListedAtOnce) {
  const std::string message = message_of("dataset: {path: x, one: 1, two: 2}\nencoders: [v1]\n");
  EXPECT_NE(message.find("dataset.one"), std::string::npos);
  EXPECT_NE(message.find("dataset.two"), std::string::npos);
}

TEST(Suite, WrongTypesAndRangesSayWhatWasExpected) {
  EXPECT_NE(message_of(kMinimal, {"sampling.n=many"}).find("a whole number, 1 or more"),
            std::string::npos);
  EXPECT_EQ(message_of("hello", {}).find("''"), std::string::npos) << "nothing has no name";
  EXPECT_NE(message_of(kMinimal, {"statistics.level=1.5"}).find("from 0.5 to 0.9999"),
            std::string::npos);
  EXPECT_NE(message_of(kMinimal, {"memory.metric=cosin"}).find("cosine"), std::string::npos);
  EXPECT_NE(message_of("dataset: {path: x}\n").find("encoders"), std::string::npos);
}

TEST(Suite, OverridesReachListsAndAreRemembered) {
  const Suite suite = parse_suite(kMinimal, "suite.yaml", {"encoders.0.taps=[v1]", "sampling.n=8"});
  EXPECT_EQ(suite.encoders[0].taps, std::vector<std::string>{"v1"});
  EXPECT_EQ(suite.sampling.n, 8);
  EXPECT_EQ(suite.origins.at("sampling.n"), "--set");
  EXPECT_EQ(suite.origins.at("dataset.path"), "file");
  EXPECT_EQ(suite.origins.at("memory.k"), "default");
}

TEST(Suite, OverridesCreateListsAndAddEntries) {
  const Suite suite =
      parse_suite(kMinimal, "suite.yaml",
                  {"probes.0.options.repeated_frames=drop", "encoders.1.family=pixels"});
  EXPECT_EQ(suite.repeated_frames, RepeatedFrames::kDrop);
  EXPECT_EQ(suite.encoders.size(), 2U);
  EXPECT_NE(message_of(kMinimal, {"encoders.2.family=pixels"}).find("list with 1 entries"),
            std::string::npos);
  EXPECT_NE(message_of(kMinimal, {"memory.k=2", "memory.k.x=1"}).find("memory.k.x"),
            std::string::npos);
  EXPECT_NE(message_of(kMinimal, {"memory"}).find("key=value"), std::string::npos);
}

TEST(Suite, EveryUnknownNameIsRefusedWithItsKeyAndTheNearest) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"memory.metric=cosin", "'memory.metric' is 'cosin'; did you mean 'cosine'"},
      {"memory.exclude=items", "'memory.exclude' is 'items'; did you mean 'item'"},
      {"statistics.method=bc", "'statistics.method' is 'bc'; did you mean 'bca'"},
      {"probes.0.name=straightenin", "did you mean 'straightening'"},
      {"probes.0.options.repeated_frames=reus", "did you mean 'reuse'"},
      {"probes.0.options.geophys.perr=trnd", "did you mean 'trend'"},
      {"probes.0.options.geophys.std=populatio", "did you mean 'population'"},
      {"probes.0.options.geophys.zero_step=skipp", "did you mean 'skip'"}};
  for (const auto& [override_text, expected] : cases) {
    const std::string message = message_of(kMinimal, {override_text});
    EXPECT_NE(message.find(expected), std::string::npos) << override_text << ": " << message;
    EXPECT_EQ(message.rfind("suite.yaml: ", 0), 0U) << message;
  }
}

TEST(Suite, WrongShapesAreUsageErrorsNeverDefects) {
  for (const char* text :
       {"dataset.columns=[a]", "dataset.columns={id: 3}", "encoders=3", "encoders=[3]",
        "encoders.0.taps=v1", "encoders.0.taps=[1]", "probes=[]", "probes=straightening",
        "memory=[1]", "nulls.pixels=yes", "sampling.n=1.5", "statistics.seed=-1", "schema=2"}) {
    EXPECT_FALSE(message_of(kMinimal, {text}).empty()) << text;
  }
}

TEST(Suite, DigestIgnoresWhereTheDataLiesAndNothingElse) {
  const std::string digest = suite_digest(parse_suite(kMinimal, "a"));
  EXPECT_EQ(digest,
            suite_digest(parse_suite(kMinimal, "b", {"dataset.path=elsewhere", "name=other"})));
  EXPECT_NE(digest, suite_digest(parse_suite(kMinimal, "a", {"sampling.n=23"})));
  EXPECT_NE(digest, suite_digest(parse_suite(kMinimal, "a", {"nulls.shuffled=false"})));
}

TEST(Suite, ResolvedConfigurationReadsBackToItself) {
  const Suite suite =
      parse_suite(kMinimal, "suite.yaml", {"sampling.scheme=uniform", "dataset.columns.id=name"});
  const Suite again = parse_suite(suite.resolved, "resolved");
  EXPECT_EQ(again.resolved, suite.resolved);
}

}  // namespace
}  // namespace physprobe
