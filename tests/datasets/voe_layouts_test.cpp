#include "physprobe/core/error.h"
#include "physprobe/datasets/dataset.h"
#include "physprobe/datasets/voe/task_list.h"
#include "physprobe/datasets/voe/voe_item.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>

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
namespace fs = std::filesystem;

DatasetOptions as(const std::string& layout) {
  DatasetOptions options;
  options.layout = layout;
  return options;
}

const DatasetCount& count_of(const Dataset& dataset, const std::string& name) {
  const auto found = std::find_if(dataset.counts.begin(), dataset.counts.end(),
                                  [&](const DatasetCount& count) { return count.name == name; });
  if (found == dataset.counts.end()) throw std::runtime_error("no count " + name);
  return *found;
}

void add_intphys_video(const DatasetFolder& folder,
                       const std::string& video,
                       const std::string& status,
                       int frames = 100) {
  for (int i = 1; i <= frames; ++i)
    folder.add(video + "/scene/scene_" + std::to_string(1000 + i).substr(1) + ".png");
  folder.add(video + "/depth/depth_001.png");
  if (!status.empty()) folder.add(video + "/status.json", status);
}

std::string status(bool is_possible) {
  return std::string(R"({"header": {"is_possible": )") + (is_possible ? "true" : "false") + "}}";
}

void add_quadruplet(const DatasetFolder& folder, const std::string& scene) {
  for (int video = 1; video <= 4; ++video)
    add_intphys_video(folder, scene + "/" + std::to_string(video), status(video % 2 == 1));
}

TEST(IntPhys, ListsQuadrupletsAndLeavesThePairingToTheFrames) {
  DatasetFolder folder;
  add_quadruplet(folder, "dev/O1/01");
  add_quadruplet(folder, "dev/O3/02");
  const Dataset dataset = load_dataset(folder.path());
  EXPECT_EQ(dataset.layout, "intphys");
  EXPECT_THAT(ids_of(dataset), ElementsAre("O1/01/1", "O1/01/2", "O1/01/3", "O1/01/4", "O3/02/1",
                                           "O3/02/2", "O3/02/3", "O3/02/4"));
  EXPECT_EQ(dataset.items[1].label, "impossible");
  EXPECT_EQ(dataset.items[1].group, "O1/01");
  EXPECT_EQ(dataset.items[1].pair, "");
  EXPECT_EQ(dataset.items[1].split, "dev");
  EXPECT_EQ(dataset.items[1].path, folder / "dev/O1/01/2/scene");
  EXPECT_EQ(property_of(dataset.items[5]), "O3");
  EXPECT_EQ(count_of(dataset, "dev O1 quadruplets").expected, 30);
  EXPECT_EQ(count_of(dataset, "dev videos").expected, 360);
  EXPECT_EQ(count_of(dataset, "dev videos").found, 8);
  EXPECT_EQ(count_of(dataset, "dev pairs").expected, 180);
  EXPECT_EQ(count_of(dataset, "dev quadruplets").expected, 90);
  EXPECT_EQ(ids_of(load_dataset(folder / "dev")), ids_of(dataset));
}

TEST(IntPhys, ListsEveryDefect) {
  DatasetFolder folder;
  add_intphys_video(folder, "dev/O1/01/1", status(true));
  add_intphys_video(folder, "dev/O1/01/2", status(true));
  add_intphys_video(folder, "dev/O1/01/3", status(true), 99);
  add_intphys_video(folder, "dev/O1/01/4", status(false));
  add_intphys_video(folder, "dev/O1/02/1", status(true));
  add_intphys_video(folder, "dev/O1/02/2", "");
  add_intphys_video(folder, "dev/O1/02/4", R"({"header": {"is_possible": "yes"}})");
  Dataset dataset;
  const std::vector<std::string> problems = problems_of(folder.path(), {}, &dataset);
  EXPECT_THAT(problems, Contains(HasSubstr("O1/01 has 3 possible videos; expected two")));
  EXPECT_THAT(problems, Contains(HasSubstr("O1/01/3/scene' has 99 frames; expected 100")));
  EXPECT_THAT(problems, Contains(HasSubstr("O1/02 has the videos 1, 2, 4; expected 1, 2, 3, 4")));
  EXPECT_THAT(problems, Contains(HasSubstr("O1/02/2/status.json' is missing")));
  EXPECT_THAT(problems, Contains(HasSubstr("has header.is_possible \"yes\"")));
  EXPECT_THAT(problems, Contains(HasSubstr("only 1 of its 3 videos have a label")));
  EXPECT_EQ(problems.size(), 6U);
  EXPECT_EQ(count_of(dataset, "dev quadruplets").found, 1);
}

TEST(IntPhys, TheTestSetIsHeldAgainstItsTaskList) {
  DatasetFolder folder;
  for (const char* video : {"1", "2", "3", "4"})
    add_intphys_video(folder, std::string("test/O2/0001/") + video, "");
  folder.add("task.txt", "O2/0001/1\nO2/0001/2\n\nO2/0001/3\nO2/0002/1\n");
  Dataset dataset;
  const std::vector<std::string> problems = problems_of(folder.path(), {}, &dataset);
  EXPECT_THAT(problems,
              ElementsAre(HasSubstr("'test/O2/0001/4/scene' is not in the task list"),
                          HasSubstr("the task list names 'O2/0002/1', which is not there")));
  EXPECT_EQ(dataset.items[0].label, "");
  EXPECT_EQ(count_of(dataset, "test videos").expected, 4);
  folder.add("task.txt", "O2/0001/1\nO2/0001/2\nO2/0001/3\nO2/0001/4\n");
  EXPECT_EQ(load_dataset(folder.path()).items.size(), 4U);
  EXPECT_THAT(read_task_list(folder / "task.txt"),
              ElementsAre("O2/0001/1", "O2/0001/2", "O2/0001/3", "O2/0001/4"));
  folder.add("twice.txt", "a 1\nb 2\na 3\n");
  EXPECT_THROW(read_task_list(folder / "twice.txt"), Error);
  folder.add("empty.txt", "\n");
  EXPECT_THROW(read_task_list(folder / "empty.txt"), Error);
}

TEST(Grasp, PairsFilesOfTheSameName) {
  DatasetFolder folder;
  for (const char* file :
       {"level2/P_Collision/b.mp4", "level2/IP_Collision/b.mp4", "level2/P_Collision/a.mp4",
        "level2/IP_Collision/a.mp4", "level2/P_Solidity2/a.mp4", "level1/Above/a.mp4"})
    folder.add(file);
  const Dataset dataset = load_dataset(folder.path());
  EXPECT_EQ(dataset.layout, "grasp");
  EXPECT_THAT(ids_of(dataset),
              ElementsAre("P_Collision/a", "IP_Collision/a", "P_Collision/b", "IP_Collision/b"));
  EXPECT_EQ(dataset.items[1].label, "impossible");
  EXPECT_EQ(dataset.items[1].pair, "Collision/a");
  EXPECT_EQ(property_of(dataset.items[1]), "Collision");
  EXPECT_THAT(dataset.left_out, ElementsAre(HasSubstr("'level2/P_Solidity2' was left out")));
  EXPECT_EQ(count_of(dataset, "Collision plausible").found, 2);
  EXPECT_EQ(count_of(dataset, "Collision plausible").expected, 128);
  EXPECT_EQ(count_of(dataset, "scenes").expected, 16);
  EXPECT_EQ(count_of(dataset, "pairs").expected, 2048);
  EXPECT_EQ(load_dataset(folder / "level2").items.size(), 4U);
}

TEST(Grasp, NamesTheVideosWithoutPartner) {
  DatasetFolder folder;
  folder.add("P_Gravity/a.mp4").add("IP_Gravity/a.mp4").add("P_Gravity/b.mp4");
  folder.add("IP_Gravity/c.mp4");
  EXPECT_THAT(
      problems_of(folder.path()),
      ElementsAre(HasSubstr("'P_Gravity/b.mp4' has no partner of that name in IP_Gravity"),
                  HasSubstr("'IP_Gravity/c.mp4' has no partner of that name in P_Gravity")));
  EXPECT_THAT(problems_of(folder / "P_Gravity", as("grasp")),
              ElementsAre(HasSubstr("no folders P_<Scene>")));
}

const char* const kPairHeading =
    "vid1_path,vid1_start_priming_1,vid1_end_priming_1,vid1_start_priming_2,vid1_end_priming_2,"
    "vid1_label,vid2_path,vid2_start_priming_1,vid2_end_priming_1,vid2_start_priming_2,"
    "vid2_end_priming_2,vid2_label\n";

std::string pair_row(const std::string& first,
                     const std::string& first_label,
                     const std::string& second,
                     const std::string& second_label,
                     const std::string& end = "40") {
  return first + ",0,10,20,30," + first_label + "," + second + ",0,10,20," + end + "," +
         second_label + "\n";
}

std::string lab(const std::string& principle, const std::string& type) {
  return principle + "/left__lab__redcup__ball__" + type + ".mp4";
}

TEST(InfLevel, AVideoIsAnItemInEachOfItsPairs) {
  DatasetFolder folder;
  for (const char* type : {"ui", "cv", "uv", "ci"}) folder.add(lab("gravity", type));
  folder.add("gravity.csv",
             kPairHeading +
                 pair_row(lab("gravity", "ui"), "possible", lab("gravity", "uv"), "impossible") +
                 pair_row(lab("gravity", "ci"), "impossible", lab("gravity", "cv"), "possible") +
                 pair_row(lab("gravity", "ui"), "possible", lab("gravity", "ci"), "impossible"));
  const Dataset dataset = load_dataset(folder.path());
  EXPECT_EQ(dataset.layout, "inflevel");
  EXPECT_THAT(ids_of(dataset), ElementsAre("gravity/0/1", "gravity/0/2", "gravity/1/1",
                                           "gravity/1/2", "gravity/2/1", "gravity/2/2"));
  EXPECT_EQ(first_frame_of(dataset.items[0]), 31);
  EXPECT_EQ(first_frame_of(dataset.items[1]), 41);
  EXPECT_EQ(dataset.items[1].pair, "gravity/0");
  EXPECT_EQ(dataset.items[1].group, "gravity/left__redcup__ball");
  EXPECT_EQ(attribute_of(dataset.items[1], "type"), "uv");
  EXPECT_EQ(count_of(dataset, "gravity pairs").found, 3);
  EXPECT_EQ(count_of(dataset, "gravity pairs").expected, 1182);
  EXPECT_EQ(count_of(dataset, "continuity pairs").expected, 1116);
  EXPECT_EQ(count_of(dataset, "solidity pairs").expected, 450);

  DatasetOptions options;
  options.relabelled_subset = true;
  const Dataset subset = load_dataset(folder.path(), options);
  // Rows keep their names, so that results of the subset and of the whole can be joined.
  EXPECT_THAT(ids_of(subset),
              ElementsAre("gravity/0/1", "gravity/0/2", "gravity/2/1", "gravity/2/2"));
}

TEST(InfLevel, ListsEveryDefect) {
  DatasetFolder folder;
  for (const char* type : {"vv", "iv", "vi"}) folder.add(lab("continuity", type));
  folder.add("continuity/unused.mp4");
  folder.add(
      "pairs.csv",
      kPairHeading +
          pair_row(lab("continuity", "vv"), "possible", lab("continuity", "iv"), "maybe") +
          pair_row(lab("continuity", "vv"), "possible", lab("continuity", "vi"), "possible") +
          pair_row(lab("continuity", "vv"), "possible", lab("continuity", "ii"), "possible") +
          pair_row(lab("continuity", "vv"), "possible", lab("continuity", "iv"), "impossible",
                   "x") +
          pair_row(lab("continuity", "vv"), "possible", "elsewhere/a.mp4", "impossible"));
  Dataset dataset;
  const std::vector<std::string> problems = problems_of(folder.path(), {}, &dataset);
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("2: "), HasSubstr("as 'maybe'"))));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("3: "), HasSubstr("its type 'vi' is magic"))));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("3: "), HasSubstr("two possible videos"))));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("4: "), HasSubstr("ball__ii.mp4"))));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("5: "), HasSubstr("end_priming_2 'x'"))));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("6: "), HasSubstr("one folder continuity"))));
  EXPECT_EQ(problems.size(), 6U);
  EXPECT_THAT(dataset.left_out, Contains(HasSubstr("'continuity/unused.mp4'")));
  EXPECT_THAT(problems_of(folder / "continuity", as("inflevel")),
              ElementsAre(HasSubstr("holds no list of pairs")));
}

TEST(LikePhys, TheValidVideoIsThePartnerOfEveryViolation) {
  DatasetFolder folder;
  for (const char* name : {"valid_00", "over_bounce_00", "no_gravity_00", "notes"})
    folder.add(std::string("data/ball_drop_videos/subgroup_000/") + name + ".mp4");
  folder.add("data/river_videos/subgroup_001/valid_00.mp4");
  folder.add("data/river_videos/subgroup_001/color_change_00.mp4");
  const Dataset dataset = load_dataset(folder.path());
  EXPECT_EQ(dataset.layout, "likephys");
  EXPECT_THAT(
      ids_of(dataset),
      ElementsAre("ball_drop/subgroup_000/no_gravity_00", "ball_drop/subgroup_000/over_bounce_00",
                  "ball_drop/subgroup_000/valid_00", "river/subgroup_001/color_change_00",
                  "river/subgroup_001/valid_00"));
  EXPECT_EQ(dataset.items[0].label, "impossible");
  EXPECT_EQ(dataset.items[2].label, "possible");
  EXPECT_EQ(dataset.items[0].group, "ball_drop/subgroup_000");
  EXPECT_EQ(dataset.items[0].pair, "");
  EXPECT_EQ(attribute_of(dataset.items[1], "violation"), "over_bounce");
  EXPECT_EQ(property_of(dataset.items[3]), "river");
  EXPECT_THAT(dataset.left_out, ElementsAre(HasSubstr("notes.mp4' was left out")));
  EXPECT_EQ(count_of(dataset, "videos with a violation").expected, 800);
  folder.add("data/river_videos/subgroup_002/color_change_00.mp4");
  EXPECT_THAT(problems_of(folder.path()), ElementsAre(HasSubstr("has 0 valid videos and 1")));
}

}  // namespace
}  // namespace physprobe
