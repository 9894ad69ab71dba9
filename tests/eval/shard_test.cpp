#include "physprobe/eval/shard.h"

#include "physprobe/core/error.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

namespace physprobe {
namespace {

/// Sets variables for one test and removes every launcher's variable around it.
class LauncherEnvironment {
 public:
  explicit LauncherEnvironment(const std::map<std::string, std::string>& values) {
    clear();
    for (const auto& [name, value] : values) setenv(name.c_str(), value.c_str(), 1);
  }
  ~LauncherEnvironment() { clear(); }

 private:
  static void clear() {
    for (const char* name :
         {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX",
          "SLURM_ARRAY_TASK_COUNT", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_RANK",
          "PMI_SIZE", "PMIX_RANK", "SLURM_NTASKS", "SLURM_PROCID"}) {
      unsetenv(name);
    }
  }
};

TEST(Shard, EveryItemIsInExactlyOneShardWhateverTheCount) {
  for (const int64_t count : {1, 2, 7}) {
    for (int i = 0; i < 200; ++i) {
      int found = 0;
      for (int64_t index = 0; index < count; ++index)
        found += Shard{index, count}.contains("item-" + std::to_string(i)) ? 1 : 0;
      EXPECT_EQ(found, 1) << i << " of " << count;
    }
  }
}

TEST(Shard, ShardsAreOfSimilarSize) {
  int in_first = 0;
  for (int i = 0; i < 2000; ++i)
    in_first += Shard{0, 4}.contains("item-" + std::to_string(i)) ? 1 : 0;
  // Binomial(2000, 1/4): mean 500, standard deviation 19; five deviations.
  EXPECT_NEAR(in_first, 500, 97);
}

TEST(ParseShard, ReadsIndexAndCount) {
  const Shard shard = parse_shard("2/8");
  EXPECT_EQ(shard.index, 2);
  EXPECT_EQ(shard.count, 8);
  EXPECT_TRUE(parse_shard("").is_whole());
}

TEST(ParseShard, RefusesNonsense) {
  for (const char* text : {"8/8", "-1/8", "1", "a/b", "1/", "/2", "1/0", "1/2/3", "0x1/2"}) {
    EXPECT_THROW(parse_shard(text), Error) << text;
  }
}

TEST(ParseShard, AutoReadsSlurmArraysFromZeroAndFromOne) {
  {
    const LauncherEnvironment environment({{"SLURM_ARRAY_TASK_ID", "3"},
                                           {"SLURM_ARRAY_TASK_MIN", "0"},
                                           {"SLURM_ARRAY_TASK_MAX", "15"},
                                           {"SLURM_ARRAY_TASK_COUNT", "16"}});
    EXPECT_EQ(parse_shard("auto").index, 3);
    EXPECT_EQ(parse_shard("auto").count, 16);
  }
  const LauncherEnvironment environment({{"SLURM_ARRAY_TASK_ID", "16"},
                                         {"SLURM_ARRAY_TASK_MIN", "1"},
                                         {"SLURM_ARRAY_TASK_MAX", "16"},
                                         {"SLURM_ARRAY_TASK_COUNT", "16"}});
  EXPECT_EQ(parse_shard("auto").index, 15);
}

TEST(ParseShard, AutoRefusesAnArrayWithGaps) {
  const LauncherEnvironment environment({{"SLURM_ARRAY_TASK_ID", "4"},
                                         {"SLURM_ARRAY_TASK_MIN", "0"},
                                         {"SLURM_ARRAY_TASK_MAX", "14"},
                                         {"SLURM_ARRAY_TASK_COUNT", "8"}});
  EXPECT_THROW(parse_shard("auto"), Error);
}

TEST(ParseShard, AutoReadsMpiRanks) {
  {
    const LauncherEnvironment environment(
        {{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "4"}});
    EXPECT_EQ(parse_shard("auto").folder(), "shard-0001-of-0004");
  }
  const LauncherEnvironment environment({{"PMI_RANK", "2"}, {"PMI_SIZE", "3"}});
  EXPECT_EQ(parse_shard("auto").index, 2);
}

TEST(ParseShard, AutoWithoutALauncherSaysWhatWasLookedFor) {
  const LauncherEnvironment environment({});
  try {
    parse_shard("auto");
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("SLURM_ARRAY_TASK_ID"), std::string::npos);
  }
}

}  // namespace
}  // namespace physprobe
