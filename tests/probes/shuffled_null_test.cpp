#include "physprobe/probes/shuffled_null.h"

#include "physprobe/probes/straightening.h"
#include "physprobe/probes/trajectory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "probes/probe_fixtures.h"

namespace physprobe {
namespace {

using testing::expect_error;
using testing::normal_rows;

TEST(ShuffledNull, IsTheMeanOverTheStatedOrders) {
  const at::Tensor rows = normal_rows(8, 100, 1).cumsum(0);
  Rng rng(42);
  double sum = 0.0;
  for (int repetition = 0; repetition < 3; ++repetition) {
    std::vector<at::Tensor> picked;
    for (const int64_t frame : rng.permutation(8)) picked.push_back(rows[frame]);
    sum += straightening(trajectory_geometry(at::stack(picked))).mean_curvature_deg;
  }
  EXPECT_NEAR(shuffled_null(pairwise_distances(rows), 3, 42), sum / 3.0, 1e-9);
}

TEST(ShuffledNull, RaisesASmoothPathAndLeavesNoiseAlone) {
  const at::Tensor noise = normal_rows(24, 4000, 2);
  EXPECT_NEAR(shuffled_null(pairwise_distances(noise), 50, 7), 120.0, 0.5);
  at::Tensor line = at::zeros({24, 3});
  for (int64_t t = 0; t < 24; ++t) line[t].fill_(static_cast<double>(t));
  // On a line every turn is 0 or 180; of three values in random order the middle one comes second
  // in a third.
  EXPECT_NEAR(shuffled_null(pairwise_distances(line), 400, 7), 120.0, 3.0);
}

TEST(ShuffledNull, DependsOnTheSeedAlone) {
  const at::Tensor distances = pairwise_distances(normal_rows(6, 10, 3));
  EXPECT_EQ(shuffled_null(distances, 20, 1), shuffled_null(distances, 20, 1));
  EXPECT_NE(shuffled_null(distances, 20, 1), shuffled_null(distances, 20, 2));
}

TEST(ShuffledNull, ShortClipsAndWrongInput) {
  for (const int64_t n_frames : {0, 1, 2}) {
    EXPECT_TRUE(std::isnan(shuffled_null(pairwise_distances(normal_rows(n_frames, 4, 1)), 5, 1)));
  }
  expect_error(ErrorKind::kUsage, "permutations", [] { shuffled_null(at::zeros({3, 3}), 0, 1); });
  expect_error(ErrorKind::kInput, "expected (T, T)", [] { shuffled_null(at::zeros({3}), 1, 1); });
  expect_error(ErrorKind::kInput, "no tensor", [] { shuffled_null(at::Tensor(), 1, 1); });
}

}  // namespace
}  // namespace physprobe
