#include "physprobe/datasets/dataset.h"
#include "physprobe/datasets/voe/voe_item.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "datasets/dataset_folder.h"

namespace physprobe {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using testing::DatasetFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ids_of;
using ::testing::IsEmpty;
using testing::problems_of;

const char* const kHeading =
    "SceneIndex,name,file_name,game_name,condition,env,type,occluder,Difficulty,Camera\n";

std::string row(int scene,
                const std::string& name,
                const std::string& type,
                const std::string& condition = "solidity") {
  return std::to_string(scene) + "," + name + ",Videos/" + name + ".mp4,RotatingCup," + condition +
         ",BasicLevel_0," + type + ",None,Easy,Fixed\n";
}

/// Scenes of four videos named <scene><a to d>, in an order of their own.
void add_split(const DatasetFolder& folder,
               const std::string& split,
               int scenes,
               const std::string& prefix = "") {
  std::string table = kHeading;
  for (int scene = 0; scene < scenes; ++scene) {
    const std::string stem = prefix + std::to_string(scene);
    table += row(scene, stem + "a", "2_Possible") + row(scene, stem + "b", "1_Impossible") +
             row(scene, stem + "c", "1_Possible") + row(scene, stem + "d", "2_Impossible");
    for (const char* letter : {"a", "b", "c", "d"})
      folder.add(split + "/Videos/" + stem + letter + ".mp4");
  }
  folder.add(split + "/metadata.csv", table);
}

TEST(IntPhys2, JoinsByNameAndPairsByTheLeadingDigit) {
  DatasetFolder folder;
  add_split(folder, "Main", 2);
  const Dataset dataset = load_dataset(folder.path());
  EXPECT_EQ(dataset.layout, "intphys2");
  EXPECT_THAT(ids_of(dataset), ElementsAre("0a", "0b", "0c", "0d", "1a", "1b", "1c", "1d"));
  const DatasetItem& item = dataset.items[1];
  EXPECT_EQ(item.label, "impossible");
  EXPECT_EQ(item.pair, "Main/0/1");
  EXPECT_EQ(item.group, "Main/0");
  EXPECT_EQ(item.split, "Main");
  EXPECT_EQ(property_of(item), "solidity");
  EXPECT_EQ(attribute_of(item, kDifficultyAttribute), "Easy");
  EXPECT_EQ(attribute_of(item, kCameraAttribute), "Fixed");
  EXPECT_EQ(dataset.items[2].pair, item.pair);
  EXPECT_EQ(dataset.items[2].label, "possible");
  EXPECT_EQ(dataset.items[0].pair, "Main/0/2");
}

TEST(IntPhys2, ASplitNamedDirectlyHasTheSameIdsAndPairs) {
  DatasetFolder folder;
  add_split(folder, "Main", 1);
  add_split(folder, "Debug", 1, "debug");
  const Dataset whole = load_dataset(folder.path());
  const Dataset split = load_dataset(folder / "Main");
  ASSERT_EQ(split.items.size(), 4U);
  EXPECT_EQ(split.items[0].id, whole.items[4].id);
  EXPECT_EQ(split.items[0].pair, whole.items[4].pair);
  EXPECT_EQ(split.items[0].relative_path, "Videos/0a.mp4");
  EXPECT_EQ(whole.items[4].relative_path, "Main/Videos/0a.mp4");
}

TEST(IntPhys2, CountsWhatThePublicationSays) {
  DatasetFolder folder;
  add_split(folder, "Main", 2);
  const Dataset dataset = load_dataset(folder.path());
  ASSERT_EQ(dataset.counts.size(), 3U);
  EXPECT_EQ(dataset.counts[0].name, "Main videos");
  EXPECT_EQ(dataset.counts[0].found, 8);
  EXPECT_EQ(dataset.counts[0].expected, 1012);
  EXPECT_EQ(dataset.counts[1].expected, 253);
  EXPECT_EQ(dataset.counts[2].found, 4);
  EXPECT_EQ(dataset.counts[2].expected, 506);
  EXPECT_FALSE(dataset.counts[2].holds());
}

TEST(IntPhys2, TheHeldOutSplitHasNoLabels) {
  DatasetFolder folder;
  folder.add("HeldOut/Videos/x.mp4").add("HeldOut/Videos/y.mp4");
  DatasetOptions options;
  options.layout = "intphys2";
  const Dataset dataset = load_dataset(folder / "HeldOut", options);
  EXPECT_THAT(ids_of(dataset), ElementsAre("x", "y"));
  EXPECT_EQ(dataset.items[0].label, "");
  EXPECT_EQ(dataset.items[0].pair, "");
  EXPECT_EQ(dataset.counts[0].expected, 344);
}

TEST(IntPhys2, MergesTheVariantsOfACondition) {
  DatasetFolder folder;
  folder.add("metadata.csv", kHeading + row(3, "a", "1_Possible", "continuity_swap") +
                                 row(3, "b", "1_Impossible", "continuity_swap") +
                                 row(3, "c", "2_Possible", "continuity_swap") +
                                 row(3, "d", "2_Impossible", "continuity_swap"));
  for (const char* name : {"a", "b", "c", "d"}) folder.add("Videos/" + std::string(name) + ".mp4");
  const Dataset dataset = load_dataset(folder.path());
  EXPECT_EQ(property_of(dataset.items[0]), "continuity");
  EXPECT_EQ(attribute_of(dataset.items[0], kConditionAttribute), "continuity_swap");
  EXPECT_EQ(dataset.items[0].pair, "3/1");
  EXPECT_FALSE(dataset.counts[0].expected.has_value());  // a folder of another name
}

TEST(IntPhys2, AnOlderTableGetsDifficultyAndCameraByThePublishedRules) {
  DatasetFolder folder;
  const std::string heading = "SceneIndex,filename,game_name,condition,env,type\n";
  folder.add("labels.csv", heading +
                               "7,a,RotatingCup,solidity,Egypt_0,1_Possible\n"
                               "7,b,RotatingCup,solidity,Egypt_0,1_Impossible\n"
                               "7,c,JailStone,solidity,Egypt_0,2_Possible\n"
                               "7,d,JailStone,solidity,Egypt_0,2_Impossible\n");
  for (const char* name : {"a", "b", "c", "d"})
    folder.add("Images/" + std::string(name) + "/0001.png");
  const Dataset dataset = load_dataset(folder.path());
  EXPECT_EQ(dataset.layout, "intphys2");
  EXPECT_THAT(ids_of(dataset), ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(attribute_of(dataset.items[0], kDifficultyAttribute), "Hard");
  EXPECT_EQ(attribute_of(dataset.items[0], kCameraAttribute), "Fixed");
  EXPECT_EQ(attribute_of(dataset.items[2], kCameraAttribute), "Moving");
}

TEST(IntPhys2, DebugScenesOfSeveralQuadrupletsAreToldApart) {
  DatasetFolder folder;
  std::string table = kHeading;
  for (const char* condition : {"solidity", "permanence"}) {
    const std::string stem(1, condition[0]);
    int number = 0;
    for (const char* type : {"1_Possible", "1_Impossible", "2_Possible", "2_Impossible"}) {
      const std::string name = stem + std::to_string(number++);
      table += row(0, name, type, condition);
      folder.add("Debug/Videos/" + name + ".mp4");
    }
  }
  folder.add("Debug/metadata.csv", table);
  const Dataset dataset = load_dataset(folder.path());
  EXPECT_EQ(dataset.items[0].pair, dataset.items[1].pair);
  EXPECT_NE(dataset.items[0].group, dataset.items[4].group);
  EXPECT_EQ(dataset.counts[1].found, 1);  // one SceneIndex
  EXPECT_EQ(dataset.counts[2].found, 4);
}

TEST(IntPhys2, ListsEveryDefect) {
  DatasetFolder folder;
  add_split(folder, "Main", 3);
  std::filesystem::remove(folder / "Main/Videos/1b.mp4");
  folder.add("Main/Videos/stray.mp4");
  folder.add("Main/metadata.csv",
             kHeading + row(0, "0a", "2_Possible") + row(0, "0b", "1_Possible") +
                 row(0, "0c", "1_Possible") + row(0, "0d", "2_Impossible") +
                 row(1, "1a", "2_Possible", "permanence") + row(1, "1b", "1_Impossible") +
                 row(1, "1c", "1_Possible") + row(1, "1d", "2_Impossible") +
                 row(2, "2a", "3_Possible") + "short,row\n");
  Dataset dataset;
  const std::vector<std::string> problems = problems_of(folder.path(), {}, &dataset);
  EXPECT_THAT(problems, Contains(HasSubstr("scene Main/0 has 2 videos of type 1_Possible")));
  EXPECT_THAT(problems, Contains(HasSubstr("scene Main/0 has 0 videos of type 1_Impossible")));
  EXPECT_THAT(problems, Contains(HasSubstr("more than one condition: permanence, solidity")));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("7: "), HasSubstr("Main/Videos/1b.mp4"))));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("10: "), HasSubstr("3_Possible"))));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("11: "), HasSubstr("2 cells, the heading 10"))));
  EXPECT_EQ(problems.size(), 6U);
  EXPECT_THAT(dataset.left_out, Contains(HasSubstr("'Main/Videos/stray.mp4' was left out")));
}

TEST(IntPhys2, IsNotTakenForAManifestNorAManifestForIt) {
  DatasetFolder folder;
  folder.add("metadata.csv", "id,path\na,a.mp4\n").add("a.mp4");
  EXPECT_EQ(load_dataset(folder.path()).layout, "videos");
  DatasetOptions options;
  options.layout = "intphys2";
  EXPECT_THAT(problems_of(folder.path(), options),
              Contains(HasSubstr("'metadata.csv' lacks the columns name, SceneIndex, type")));
  EXPECT_THAT(problems_of(folder / "a.mp4", options), Contains(HasSubstr("is no folder")));
}

}  // namespace
}  // namespace physprobe
