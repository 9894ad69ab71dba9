#include "physprobe/core/error.h"
#include "physprobe/datasets/dataset.h"

#include "support/comma_locale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "datasets/dataset_folder.h"

namespace physprobe {
namespace {

using ::testing::AllOf;
using testing::DatasetFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ids_of;
using ::testing::IsEmpty;
using testing::problems_of;
using testing::throws_error;

/// A folder with a.mp4, b.mp4 and a manifest.
DatasetFolder& with_manifest(DatasetFolder& folder, const std::string& text) {
  folder.add("a.mp4").add("b.mp4").add("list.csv", text);
  return folder;
}

TEST(Manifest, ReadsEveryStandardColumnAndKeepsTheRestAsAttributes) {
  DatasetFolder folder;
  with_manifest(folder,
                "id,path,label,group,pair,source,generator,take,start_seconds,stop_seconds,split,"
                "weather\n"
                "one,a.mp4,real,g,p,camera,none,2,0.5,1.25,test,rain\n"
                "two,b.mp4,fake,g,p,web,sora,1,,,train,\n");
  const Dataset dataset = load_dataset(folder / "list.csv");
  EXPECT_EQ(dataset.layout, "manifest");
  ASSERT_EQ(dataset.items.size(), 2U);
  const DatasetItem& item = dataset.items[0];
  EXPECT_EQ(item.id, "one");
  EXPECT_EQ(item.path, folder / "a.mp4");
  EXPECT_EQ(item.relative_path, "a.mp4");
  EXPECT_EQ(item.label, "real");
  EXPECT_EQ(item.group, "g");
  EXPECT_EQ(item.pair, "p");
  EXPECT_EQ(item.source, "camera");
  EXPECT_EQ(item.generator, "none");
  EXPECT_EQ(item.take, "2");
  EXPECT_EQ(item.split, "test");
  EXPECT_EQ(item.start_seconds, 0.5);
  EXPECT_EQ(item.stop_seconds, 1.25);
  EXPECT_EQ(item.line, 2);
  EXPECT_EQ(item.attributes, (std::map<std::string, std::string>{{"weather", "rain"}}));
  EXPECT_THAT(dataset.items[1].attributes, IsEmpty());
  EXPECT_FALSE(dataset.items[1].start_seconds.has_value());
}

TEST(Manifest, ReadsByteOrderMarkCrlfQuotesAndEmbeddedNewlines) {
  DatasetFolder folder;
  with_manifest(folder,
                "\xEF\xBB\xBFpath,label,note\r\n"
                "a.mp4,\"real, \"\"very\"\"\",\"two\nlines\"\r\n"
                "\r\n"
                "b.mp4,fake,end");
  const Dataset dataset = load_dataset(folder / "list.csv");
  ASSERT_EQ(dataset.items.size(), 2U);
  EXPECT_EQ(dataset.items[0].label, "real, \"very\"");
  EXPECT_EQ(dataset.items[0].attributes.at("note"), "two\nlines");
  EXPECT_EQ(dataset.items[1].line, 5);
  EXPECT_EQ(dataset.items[1].attributes.at("note"), "end");
}

TEST(Manifest, KeepsIdsThatLookLikeNumbersAsText) {
  DatasetFolder folder;
  with_manifest(folder, "id,path\n007,a.mp4\n7,b.mp4\n1e3,a.mp4\n1000,b.mp4\n");
  EXPECT_THAT(ids_of(load_dataset(folder / "list.csv")), ElementsAre("007", "7", "1e3", "1000"));
}

TEST(Manifest, DefaultIdIsThePathWithoutExtension) {
  DatasetFolder folder;
  folder.add("sub dir/v1.2.mp4").add("frames.d/0001.png").add("frames.d/0002.png");
  folder.add("list.csv", "path\n./sub dir//v1.2.mp4\nframes.d\nframes.d/\n");
  Dataset dataset;
  EXPECT_THAT(problems_of(folder / "list.csv", {}, &dataset),
              ElementsAre(HasSubstr("4: the id 'frames.d' is taken already, by line 3")));
  EXPECT_EQ(dataset.items[0].id, "sub dir/v1.2");
  EXPECT_EQ(dataset.items[0].relative_path, "./sub dir//v1.2.mp4");
  EXPECT_EQ(dataset.items[0].path, folder / "sub dir/v1.2.mp4");
  EXPECT_EQ(dataset.items[1].id, "frames.d");
}

TEST(Manifest, MissingPathColumnNamesTheColumnsFoundAndTheMapping) {
  DatasetFolder folder;
  with_manifest(folder, "name,paths,y\nx,a.mp4,1\n");
  EXPECT_THAT(problems_of(folder / "list.csv"),
              ElementsAre(AllOf(HasSubstr("1: no column 'path'"), HasSubstr("'name', 'paths', 'y'"),
                                HasSubstr("--columns path=paths"))));
}

TEST(Manifest, MapsTheUsersColumnNames) {
  DatasetFolder folder;
  with_manifest(folder, "file,path,y\na.mp4,elsewhere,1\n");
  DatasetOptions options;
  options.columns = {{"path", "file"}, {"label", "y"}, {"group", "y"}};
  const Dataset dataset = load_dataset(folder / "list.csv", options);
  ASSERT_EQ(dataset.items.size(), 1U);
  EXPECT_EQ(dataset.items[0].relative_path, "a.mp4");
  EXPECT_EQ(dataset.items[0].label, "1");
  EXPECT_EQ(dataset.items[0].group, "1");
  EXPECT_EQ(dataset.items[0].attributes.at("path"), "elsewhere");
}

TEST(Manifest, RefusesMappingsThatLeadNowhere) {
  DatasetFolder folder;
  with_manifest(folder, "path,y\na.mp4,1\n");
  DatasetOptions options;
  options.columns = {{"label", "truth"}};
  EXPECT_THAT(problems_of(folder / "list.csv", options),
              ElementsAre(HasSubstr("1: no column 'truth'")));
  options.columns = {{"lable", "y"}};
  const auto load = [&] { load_dataset(folder / "list.csv", options); };
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "lable", load));
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "'label'", load));
}

TEST(Manifest, RefusesDoubledAndNamelessColumns) {
  DatasetFolder folder;
  with_manifest(folder, "path,label,label,\na.mp4,x,y,z\n");
  EXPECT_THAT(problems_of(folder / "list.csv"),
              ElementsAre("1: the heading names column 'label' twice",
                          "1: column 4 of the heading has no name"));
}

TEST(Manifest, ReportsMissingAndExtraCells) {
  DatasetFolder folder;
  with_manifest(folder, "path,label\na.mp4\nb.mp4,x,y\n");
  EXPECT_THAT(problems_of(folder / "list.csv"),
              ElementsAre("2: has 1 cells, the heading 2",
                          AllOf(HasSubstr("3: has 3 cells, the heading 2"), HasSubstr("quotes"))));
}

TEST(Manifest, RefusesEmptyFilesHeadingsAloneAndOtherSeparators) {
  DatasetFolder folder;
  folder.add("empty.csv", "").add("blank.csv", "\n \n").add("heading.csv", "path,label\n");
  folder.add("semicolon.csv", "path;label\na.mp4;x\n").add("tab.csv", "path\tlabel\n");
  folder.add("utf16.csv", std::string("\xFF\xFEp\0a\0", 6)).add("empty.jsonl", "");
  EXPECT_THAT(problems_of(folder / "empty.csv"), ElementsAre(HasSubstr("is empty")));
  EXPECT_THAT(problems_of(folder / "empty.jsonl"), ElementsAre(HasSubstr("is empty")));
  EXPECT_THAT(problems_of(folder / "blank.csv"), ElementsAre(HasSubstr("is empty")));
  EXPECT_THAT(problems_of(folder / "heading.csv"), ElementsAre(HasSubstr("lists no items")));
  EXPECT_THAT(problems_of(folder / "semicolon.csv"), ElementsAre(HasSubstr("expected commas")));
  EXPECT_THAT(problems_of(folder / "tab.csv"), ElementsAre(HasSubstr("expected commas")));
  EXPECT_THAT(problems_of(folder / "utf16.csv"), ElementsAre(HasSubstr("UTF-16")));
}

TEST(Manifest, NamesTheLineOfBytesThatAreNotUtf8) {
  DatasetFolder folder;
  with_manifest(folder, "path,label\na.mp4,caf\xE9\n");
  EXPECT_THAT(problems_of(folder / "list.csv"),
              ElementsAre("2: is not UTF-8 (byte 0xE9); save the file as UTF-8"));
}

TEST(Manifest, ReportsBrokenQuotingWithItsLine) {
  DatasetFolder folder;
  with_manifest(folder, "path,label\na.mp4,\"open\nb.mp4,x\n");
  EXPECT_THAT(problems_of(folder / "list.csv"), ElementsAre(HasSubstr("line 2")));
}

TEST(Manifest, RefusesBadTimes) {
  DatasetFolder folder;
  with_manifest(folder,
                "id,path,start_seconds,stop_seconds\n"
                "a,a.mp4,1,5x\n"
                "b,a.mp4,nan,\n"
                "c,a.mp4,-1,\n"
                "d,a.mp4,2,2\n"
                "e,a.mp4,\"1,5\",3\n"
                "f,a.mp4,inf,\n"
                "g,a.mp4,1e-1,0.2\n");
  EXPECT_THAT(
      problems_of(folder / "list.csv"),
      ElementsAre(HasSubstr("2: stop_seconds is '5x'"), HasSubstr("3: start_seconds is 'nan'"),
                  HasSubstr("4: start_seconds is '-1'"),
                  HasSubstr("5: start_seconds 2 is not below stop_seconds 2"),
                  HasSubstr("6: start_seconds is '1,5'"), HasSubstr("7: start_seconds is 'inf'")));
}

TEST(ManifestSlow, ReadsTimesUnderALocaleWithDecimalComma) {
  const testing::CommaLocale locale;
  if (!locale.is_active()) GTEST_SKIP() << testing::CommaLocale::kWhyNot;
  DatasetFolder folder;
  with_manifest(folder, "path,start_seconds\na.mp4,1.5\n");
  EXPECT_EQ(load_dataset(folder / "list.csv").items[0].start_seconds, 1.5);
}

TEST(Manifest, ListsAllProblemsAtOnceInOrderOfLines) {
  DatasetFolder folder;
  with_manifest(folder,
                "id,path,start_seconds,pair\n"
                "a,a.mp4,x,\n"
                "b,missing.mp4,,\n"
                "c,b.mp4,,alone\n"
                "C,b.mp4,,\n"
                "e,/etc/passwd,,\n");
  try {
    load_dataset(folder / "list.csv");
    FAIL() << "a broken manifest was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_EQ(error.subject(), folder / "list.csv");
    EXPECT_THAT(error.message(),
                ::testing::MatchesRegex("5 problems:\n  line 2: [^\n]*\n  line 3: [^\n]*"
                                        "\n  line 4: [^\n]*\n  line 5: [^\n]*\n  line 6: [^\n]*"));
  }
}

TEST(Manifest, ADefectOfOneMemberIsNotReportedAsABrokenPairToo) {
  DatasetFolder folder;
  with_manifest(folder, "id,path,pair\na,a.mp4,p\nb,gone.mp4,p\n");
  EXPECT_THAT(problems_of(folder / "list.csv"),
              ElementsAre(HasSubstr("3: 'gone.mp4' does not exist")));
}

TEST(Manifest, AFolderWithAManifestIsReadThroughIt) {
  DatasetFolder folder;
  folder.add("a.mp4").add("b.mp4").add("manifest.csv", "path,label\nb.mp4,x\n");
  EXPECT_THAT(ids_of(load_dataset(folder.path())), ElementsAre("b"));
  DatasetOptions options;
  options.layout = "videos";
  EXPECT_THAT(ids_of(load_dataset(folder.path(), options)), ElementsAre("a", "b"));
}

TEST(Manifest, LayoutCanBeForcedOnAnyFileName) {
  DatasetFolder folder;
  folder.add("a.mp4").add("list.txt", "path\na.mp4\n").add("lines.txt", " {\"path\":\"a.mp4\"}\n");
  DatasetOptions options;
  options.layout = "manifest";
  EXPECT_THAT(ids_of(load_dataset(folder / "list.txt", options)), ElementsAre("a"));
  EXPECT_THAT(ids_of(load_dataset(folder / "lines.txt", options)), ElementsAre("a"));
  DatasetFolder bare;
  EXPECT_THAT(problems_of(bare.path(), options), ElementsAre(HasSubstr("without manifest.csv")));
}

}  // namespace
}  // namespace physprobe
