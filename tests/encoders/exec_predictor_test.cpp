#include "physprobe/core/error.h"
#include "physprobe/encoders/predictor.h"

#include <gtest/gtest.h>

#include "exec_child.h"

namespace physprobe {
namespace {

using testing::exec_config;
using testing::exec_frames;

at::Tensor ids(const std::vector<int64_t>& values) {
  return at::tensor(values, at::kLong);
}

ErrorKind kind_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::kInternal;
}

TEST(ExecPredictor, TargetsAndPredictionsAreTheProcessOwn) {
  const auto predictor = make_predictor(exec_config());
  EXPECT_EQ(predictor->info().id, "exec-child-1");
  const at::Tensor window = exec_frames(2, 4);
  // The child's tokens are whole frames, halved; it predicts that the last one seen comes again.
  const at::Tensor tokens = (window * 0.5).reshape({2, 4, -1});
  EXPECT_TRUE(predictor->targets(window).equal(tokens));
  const at::Tensor predictions =
      predictor->predict(window.narrow(1, 0, 2), ids({0, 1}), ids({2, 3}), 4);
  EXPECT_TRUE(predictions.equal(tokens.narrow(1, 1, 1).expand({2, 2, -1})));
}

TEST(ExecPredictor, WhatTheProtocolDoesNotSayIsNotGuessed) {
  const auto predictor = make_predictor(exec_config());
  const TokenGrid grid = predictor->grid(4, 16, 16);
  EXPECT_EQ(grid.time_steps, 4);
  EXPECT_EQ(grid.tokens_per_step(), 0);
  EXPECT_EQ(kind_of([&] { predictor->grid(0, 16, 16); }), ErrorKind::kUsage);
  EXPECT_TRUE(predictor->predictor_info().normalises_targets);
  EXPECT_TRUE(predictor->predictor_info().mask_token_norms.empty());
  EXPECT_EQ(predictor->predictor_info().parameters, 0);
  EXPECT_EQ(predictor->untrained(1), nullptr);
}

TEST(ExecPredictor, RequestsThatDoNotFitAreRefused) {
  const auto predictor = make_predictor(exec_config());
  const at::Tensor context = exec_frames(1, 2);
  const auto predict = [&](const at::Tensor& seen, const at::Tensor& asked, int64_t frames) {
    return kind_of([&] { predictor->predict(context, seen, asked, frames); });
  };
  EXPECT_EQ(predict(ids({0}), ids({2}), 1), ErrorKind::kUsage);
  EXPECT_EQ(predict(ids({0}), ids({}), 4), ErrorKind::kUsage);
  EXPECT_EQ(predict(ids({-1}), ids({2}), 4), ErrorKind::kUsage);
  EXPECT_EQ(predict(ids({0}), ids({2}).to(at::kInt), 4), ErrorKind::kUsage);
  EXPECT_EQ(kind_of([&] { predictor->targets(context.narrow(3, 0, 8)); }), ErrorKind::kUsage);
}

TEST(ExecPredictor, ModelsThatDoNotPredictAreRefused) {
  EXPECT_EQ(kind_of([] {
              make_predictor(exec_config("ok", {{"predictor", false}}));
            }),
            ErrorKind::kIncompatible);
  EXPECT_EQ(kind_of([] { make_predictor({{"family", "v1"}}); }), ErrorKind::kUsage);
}

TEST(ExecPredictor, ErrorsAreThoseOfTheConnection) {
  const auto predictor = make_predictor(exec_config("crash"));
  try {
    predictor->targets(exec_frames(1, 4));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("computing the targets of 1 windows of 4 frames"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace physprobe
