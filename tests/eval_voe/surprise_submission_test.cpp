#include "physprobe/eval/voe/surprise_submission.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"

#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace physprobe {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class Submission : public ::testing::Test {
 protected:
  SurpriseSet set() const {
    SurpriseSet curves;
    curves.model = "m";
    curves.contexts = {2, 4};
    curves.items.resize(2);
    curves.items[0].id = "O1/0001/1";
    curves.items[0].curves = {{0.25, 0.75}, {0.5, 0.25}};
    curves.items[1].id = "O1/0001/2";
    curves.items[1].curves = {{0.5, 0.5}, {0.125, 0.625}};
    return curves;
  }
  std::string file(const std::string& text) {
    write_file_atomic(dir_ / "f", text);
    return dir_ / "f";
  }
  const std::vector<std::string> tasks_ = {"O1/0001/2", "O1/0001/1"};
  testing::TempDir dir_;
};

TEST_F(Submission, IntPhysIsOneMinusSurpriseInTheOrderOfTheTasks) {
  const auto mean =
      surprise_of_tasks(set(), tasks_, row_of_context(set(), 2), SurprisePooling::kMean);
  EXPECT_EQ(intphys_submission(tasks_, mean), "O1/0001/2 0.5\nO1/0001/1 0.5\n");
  // Filtered: {0.25, 0.25} and {0.125, 0.5}.
  const auto maximum = surprise_of_tasks(set(), tasks_, row_of_context(set(), std::nullopt),
                                         SurprisePooling::kMaximum);
  EXPECT_EQ(intphys_submission(tasks_, maximum), "O1/0001/2 0.5\nO1/0001/1 0.75\n");
  EXPECT_THAT(error_of([&] { row_of_context(set(), 6); }), HasSubstr("none of the contexts: 2, 4"));
}

TEST_F(Submission, EveryTaskNeedsItsCurvesAndEveryCurveItsTask) {
  const std::string text = error_of([&] {
    surprise_of_tasks(set(), {"O1/0001/1", "O2/1/1"}, 0, SurprisePooling::kMean);
  });
  EXPECT_THAT(text, AllOf(HasSubstr("1 videos of the list have no curves: O2/1/1"),
                          HasSubstr("1 curves are of videos that are not listed: O1/0001/2")));
}

TEST_F(Submission, PlausibilitiesOutsideTheUnitIntervalAreRefusedWithTheWayOut) {
  EXPECT_THAT(error_of([&] {
                intphys_submission(tasks_, {0.5, 1.5});
              }),
              AllOf(HasSubstr("between 0.5 and 1.5"), HasSubstr("--scale 2")));
  EXPECT_EQ(intphys_submission(tasks_, {0.5, 1.5}, 2.0), "O1/0001/2 0.75\nO1/0001/1 0.25\n");
}

TEST_F(Submission, ReadBackIntPhys) {
  EXPECT_EQ(check_intphys_submission(file("O1/0001/1 0.5\n\nO1/0001/2 1\n"), tasks_), 2);
  const std::string text = error_of([&] {
    check_intphys_submission(file("O1/0001/1 1.5\nO1/0001/1 0.5 x\nother 0.1\n"), tasks_);
  });
  EXPECT_THAT(text, AllOf(HasSubstr("line 1: 'O1/0001/1 1.5'; expected"),
                          HasSubstr("line 2: 'O1/0001/1' is there already"),
                          HasSubstr("line 3: 'other' is not asked for"),
                          HasSubstr("1 videos are missing: O1/0001/2")));
}

TEST_F(Submission, IntPhys2HoldsTheLessSurprisingHalfToBePossible) {
  const std::vector<std::string> names = {"a", "b", "c", "d"};
  const std::string text = intphys2_submission(names, {0.4, 0.1, 0.4, 0.9}, std::nullopt);
  EXPECT_EQ(
      text,
      "{\"data_name\":\"intphys2\",\"task\":\"HeldOut\",\"row_id\":\"a\",\"model_answer\":1}\n"
      "{\"data_name\":\"intphys2\",\"task\":\"HeldOut\",\"row_id\":\"b\",\"model_answer\":1}\n"
      "{\"data_name\":\"intphys2\",\"task\":\"HeldOut\",\"row_id\":\"c\",\"model_answer\":0}\n"
      "{\"data_name\":\"intphys2\",\"task\":\"HeldOut\",\"row_id\":\"d\",\"model_answer\":0}\n");
  EXPECT_EQ(check_intphys2_submission(file(text), {"d", "c", "b", "a"}), 4);
  EXPECT_THAT(intphys2_submission({"a"}, {0.4}, 0.5), HasSubstr("\"model_answer\":1"));
  const std::string wrong = error_of([&] {
    check_intphys2_submission(
        file("{\"data_name\":\"intphys2\",\"task\":\"HeldOut\",\"row_id\":\"a\","
             "\"model_answer\":\"1\"}\nnot json\n{\"task\":\"Main\",\"row_id\":\"b\","
             "\"model_answer\":0}\n"),
        names);
  });
  EXPECT_THAT(wrong, AllOf(HasSubstr("line 1: has model_answer \"1\""), HasSubstr("line 2: is no"),
                           HasSubstr("line 3: is not of data_name"),
                           HasSubstr("2 videos are missing: c, d")));
}

TEST_F(Submission, CurvesOfAJsonDocument) {
  const SurpriseSet many = read_surprise_document(
      file(R"({"name": "m", "contexts": [2], "videos": [{"id": "a", "surprise": [[1, 2]]}]})"));
  EXPECT_EQ(many.items[0].id, "a");
  EXPECT_THAT(many.items[0].curves[0], ElementsAre(1.0, 2.0));
  const SurpriseSet one =
      read_surprise_document(file(R"({"contexts": [2], "id": "b", "surprise": [[3]]})"));
  EXPECT_EQ(one.items[0].id, "b");
  EXPECT_THAT(error_of([&] { read_surprise_document(file("{\"contexts\": [2]}")); }),
              HasSubstr("no document of probe surprise"));
  EXPECT_THAT(error_of([&] {
                read_surprise_document(
                    file(R"({"contexts": [2, 4], "items": [{"id": "a", "surprise": [[1]]}]})"));
              }),
              HasSubstr("'a' has 1 curves for 2 contexts"));
}

}  // namespace
}  // namespace physprobe
