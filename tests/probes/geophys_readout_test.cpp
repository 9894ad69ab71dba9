#include "physprobe/probes/geophys_readout.h"

#include "physprobe/core/json_lines.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

#include "probes/probe_fixtures.h"

namespace physprobe {
namespace {

using testing::expect_error;

TEST(GeophysReadoutGolden, ChosenLayerAndWhatSelectionIsWorth) {
  const auto file = SafetensorsFile::open(testing::golden_path("geophys/readout.safetensors"));
  const auto expected = read_json(testing::golden_path("geophys/readout.json"));
  std::vector<int64_t> held_out;
  for (const double pair : testing::to_doubles(file.read("heldout_pairs"))) {
    held_out.push_back(static_cast<int64_t>(pair));
  }
  const auto choice = choose_readout(file.read("curvature"), held_out);
  const auto gap = expected.at("gap").get<std::vector<double>>();
  ASSERT_EQ(choice.gap.size(), gap.size());
  for (size_t layer = 0; layer < gap.size(); ++layer)
    EXPECT_NEAR(choice.gap[layer], gap[layer], 1e-12);
  EXPECT_EQ(choice.layer, expected.at("chosen_layer").get<int64_t>());
  EXPECT_NEAR(choice.accuracy_on_rest, expected.at("accuracy_on_rest").get<double>(), 1e-12);
  EXPECT_NEAR(choice.optimistic_accuracy, expected.at("accuracy_if_chosen_on_all").get<double>(),
              1e-12);
  EXPECT_EQ(choice.n_held_out, 7);
  EXPECT_EQ(choice.n_scored, 15);
}

TEST(GeophysReadout, EqualLayersGiveTheLowest) {
  const at::Tensor curvature = at::zeros({3, 4, 2});
  curvature.select(2, 1).fill_(1.0);
  const auto choice = choose_readout(curvature, {0});
  EXPECT_EQ(choice.layer, 0);
  EXPECT_EQ(choice.accuracy_on_rest, 1.0);
}

TEST(GeophysReadout, NothingLeftToScore) {
  EXPECT_TRUE(std::isnan(choose_readout(at::zeros({2, 2, 2}), {0, 1}).accuracy_on_rest));
}

TEST(GeophysReadout, WrongInputIsRefused) {
  const at::Tensor curvature = at::zeros({2, 3, 2});
  expect_error(ErrorKind::kInput, "at least one", [&] { choose_readout(curvature, {}); });
  expect_error(ErrorKind::kInput, "index 3", [&] { choose_readout(curvature, {3}); });
  expect_error(ErrorKind::kInput, "repeated", [&] { choose_readout(curvature, {1, 1}); });
  expect_error(ErrorKind::kInput, "expected (layers, pairs, 2)", [] {
    choose_readout(at::zeros({2, 3}), {0});
  });
  at::Tensor undefined = curvature.clone();
  undefined[1][2][0] = std::nan("");
  expect_error(ErrorKind::kInput, "layer 1 pair 2", [&] { choose_readout(undefined, {0}); });
}

}  // namespace
}  // namespace physprobe
