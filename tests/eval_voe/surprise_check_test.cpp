#include "physprobe/eval/voe/surprise_check.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/eval/voe/context_selection.h"

#include "support/small_items.h"
#include "support/temp_dir.h"

#include <ATen/ops/ones_like.h>
#include <gtest/gtest.h>

#include <map>

#include "eval_voe/line_predictor.h"

namespace physprobe {
namespace {

using testing::LinePredictor;
using Level = DoctorFinding::Level;

SurpriseJob job_of(std::shared_ptr<const Predictor> predictor) {
  PredictionWindows windows;
  windows.window = 8;
  windows.contexts = {2, 4};
  return {std::move(predictor), "line", {windows, false, false, false, 0}};
}

std::map<std::string, DoctorFinding> by_topic(const std::vector<DoctorFinding>& findings) {
  std::map<std::string, DoctorFinding> topics;
  for (const DoctorFinding& finding : findings) topics[finding.topic] = finding;
  return topics;
}

/// A predictor of one defect.
class Defective : public Predictor {
 public:
  enum class Kind { kDeaf, kConstant, kForgetful };
  explicit Defective(Kind kind) : kind_(kind) {}
  const EncoderInfo& info() const override { return sound_.info(); }
  const PredictorInfo& predictor_info() const override { return sound_.predictor_info(); }
  TokenGrid grid(int64_t frames, int64_t height, int64_t width) const override {
    return sound_.grid(frames, height, width);
  }
  at::Tensor targets(const at::Tensor& window) const override { return sound_.targets(window); }
  at::Tensor predict(const at::Tensor& context,
                     const at::Tensor& context_ids,
                     const at::Tensor& target_ids,
                     int64_t window_frames) const override {
    const at::Tensor predicted = sound_.predict(context, context_ids, target_ids, window_frames);
    if (kind_ == Kind::kDeaf) return at::ones_like(predicted) * target_ids.unsqueeze(1);
    if (kind_ == Kind::kConstant) return predicted.slice(1, 0, 1).expand_as(predicted).contiguous();
    return predicted + 0.001 * static_cast<double>(++calls_);
  }
  std::unique_ptr<Predictor> untrained(uint64_t) const override { return nullptr; }

 private:
  LinePredictor sound_;
  Kind kind_;
  mutable int calls_ = 0;
};

TEST(SurpriseCheck, ASoundModelPasses) {
  for (const DoctorFinding& finding :
       check_surprise_model(job_of(std::make_shared<LinePredictor>())))
    EXPECT_EQ(finding.level, Level::kOk) << finding.topic << ": " << finding.text;
}

TEST(SurpriseCheckSlow, EveryDefectFailsItsOwnCheck) {
  const auto failed = [](const std::shared_ptr<const Predictor>& predictor, const char* topic) {
    return by_topic(check_surprise_model(job_of(predictor))).at(topic).level == Level::kProblem;
  };
  EXPECT_TRUE(failed(std::make_shared<Defective>(Defective::Kind::kDeaf), "listens"));
  EXPECT_TRUE(failed(std::make_shared<Defective>(Defective::Kind::kConstant), "varies"));
  EXPECT_TRUE(failed(std::make_shared<Defective>(Defective::Kind::kForgetful), "future"));
  auto untrained_mask = std::make_shared<LinePredictor>();
  untrained_mask->predictor_info_.mask_token_norms = {1.5, 0.0};
  untrained_mask->predictor_info_.mask_token = 1;
  EXPECT_TRUE(failed(untrained_mask, "mask token"));
}

TEST(SurpriseCheck, DataSetsAreCheckedWithoutTheModel) {
  const testing::TempDir dir;
  testing::write_small_item(dir / "a", 1, 13);
  testing::write_small_item(dir / "b", 1, 13);  // the same frames
  testing::write_small_item(dir / "c", 2, 13);
  testing::write_small_item(dir / "d", 3, 5);
  testing::write_small_item(dir / "e", 4, 13);
  write_file_atomic(dir / "manifest.csv",
                    "id,path,label,pair\na,a,possible,p\nb,b,impossible,p\nc,c,possible,q\nd,d,"
                    "impossible,q\ne,e,maybe,\n");
  const Suite suite = parse_suite("encoders: [{family: pixels}]\n", "test",
                                  {"dataset.path=" + (dir / "manifest.csv")});
  const auto topics =
      by_topic(check_surprise_dataset(suite, job_of(std::make_shared<LinePredictor>())));
  EXPECT_EQ(topics.at("videos").level, Level::kOk);
  EXPECT_NE(topics.at("windows").text.find("d (5 frames)"), std::string::npos);
  EXPECT_NE(topics.at("labels").text.find("e"), std::string::npos);
  EXPECT_NE(topics.at("pairing").text.find("q: no partner"), std::string::npos);
  EXPECT_NE(topics.at("ties").text.find("p"), std::string::npos);
  for (const char* topic : {"windows", "labels", "pairing", "ties"})
    EXPECT_EQ(topics.at(topic).level, Level::kProblem) << topic;
}

TEST(ContextSelection, ScenesAreScoredUnderWhatOthersChose) {
  // Row 0 is right in scene a only, row 1 in scene b only: what others choose is wrong at home.
  const SweepOutcomes outcomes = {{1, 1, -1, -1}, {-1, -1, 1, 1}};
  const HeldOutSelection selection = held_out_selection(outcomes, {"a", "a", "b", "b"});
  EXPECT_EQ(selection.n, 4);
  EXPECT_EQ(selection.right, 0);
  EXPECT_EQ(selection.is_right, (std::vector<double>{0, 0, 0, 0}));
  EXPECT_EQ(selection.chosen, (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(held_out_selection(outcomes, {"a", "a", "a", "a"}).n, 0) << "nothing to choose on";
}

TEST(ContextSelection, AnOracleHasItsOwnChance) {
  const AnyRowOracle split = any_row_oracle({{1, 1, 0}, {-1, 1, 0}});
  EXPECT_DOUBLE_EQ(split.share, 100.0 * 2 / 3);
  // Disagreeing rows are right either way, agreeing ones by a coin, ties never.
  EXPECT_DOUBLE_EQ(split.chance, 100.0 * (1.0 + 0.5 + 0.0) / 3);
}

}  // namespace
}  // namespace physprobe
