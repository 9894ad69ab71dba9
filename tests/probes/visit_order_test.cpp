#include "physprobe/probes/trajectory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "probes/probe_fixtures.h"

namespace physprobe {
namespace {

using testing::expect_error;
using testing::normal_rows;

std::vector<int64_t> identity(int64_t n) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  return order;
}

TEST(PairwiseDistances, HaveTheBitsOfTheAccumulator) {
  const at::Tensor rows = normal_rows(19, 9001, 1);
  const auto geometry = trajectory_geometry(rows);
  const at::Tensor distances = pairwise_distances(rows);
  for (int64_t t = 0; t + 1 < 19; ++t) {
    EXPECT_EQ(distances[t][t + 1].item<double>(), geometry.distance[static_cast<size_t>(t)]);
  }
  EXPECT_EQ(distances[0][18].item<double>(), geometry.chord);
  EXPECT_TRUE(at::equal(distances, distances.t()));
  EXPECT_EQ(distances.diagonal().abs().max().item<double>(), 0.0);
}

TEST(PairwiseDistances, SameBitsForAnyThreads) {
  const at::Tensor rows = normal_rows(24, 12345, 2);
  const at::Tensor one = pairwise_distances(rows, 1);
  for (const int threads : {2, 7, 0})
    EXPECT_TRUE(at::equal(pairwise_distances(rows, threads), one));
}

TEST(PairwiseDistances, OfNoneAndOneFrame) {
  EXPECT_EQ(pairwise_distances(at::zeros({0, 4})).numel(), 0);
  EXPECT_EQ(pairwise_distances(at::ones({1, 4})).item<double>(), 0.0);
}

TEST(GeometryInOrder, IdentityAgreesWithTheDirectPass) {
  for (const at::Tensor& rows :
       {normal_rows(24, 3000, 3), normal_rows(24, 3000, 4).cumsum(0), normal_rows(3, 2, 5)}) {
    const auto direct = trajectory_geometry(rows);
    const auto visited = geometry_in_order(pairwise_distances(rows), identity(rows.size(0)));
    EXPECT_EQ(visited.distance, direct.distance);
    EXPECT_EQ(visited.chord, direct.chord);
    EXPECT_EQ(visited.n_frames, direct.n_frames);
    ASSERT_EQ(visited.cosine.size(), direct.cosine.size());
    for (size_t t = 0; t < direct.cosine.size(); ++t) {
      // A dot product taken from three squared lengths of like size loses a few units in the last
      // place.
      EXPECT_NEAR(visited.cosine[t], direct.cosine[t], 1e-14);
      EXPECT_NEAR(visited.henaff_cosine[t], direct.henaff_cosine[t], 1e-14);
    }
  }
}

TEST(GeometryInOrder, AnyOrderAgreesWithReorderedRows) {
  const at::Tensor rows = normal_rows(10, 400, 6).cumsum(0);
  const at::Tensor distances = pairwise_distances(rows);
  Rng rng(9);
  for (int repetition = 0; repetition < 5; ++repetition) {
    const auto order = rng.permutation(10);
    std::vector<at::Tensor> picked;
    for (const int64_t frame : order) picked.push_back(rows[frame]);
    const auto direct = trajectory_geometry(at::stack(picked));
    const auto visited = geometry_in_order(distances, order);
    for (size_t t = 0; t < direct.cosine.size(); ++t) {
      EXPECT_NEAR(visited.cosine[t], direct.cosine[t], 1e-13);
    }
  }
}

TEST(GeometryInOrder, RepeatedAndEqualFramesAreZeroSteps) {
  at::Tensor rows = normal_rows(5, 50, 7);
  rows[3].copy_(rows[2]);
  const at::Tensor distances = pairwise_distances(rows);
  for (const std::vector<int64_t>& order :
       {std::vector<int64_t>{0, 1, 1, 2, 4}, std::vector<int64_t>{0, 1, 2, 3, 4}}) {
    std::vector<at::Tensor> picked;
    for (const int64_t frame : order) picked.push_back(rows[frame]);
    const auto direct = trajectory_geometry(at::stack(picked));
    const auto visited = geometry_in_order(distances, order);
    EXPECT_EQ(visited.n_zero_steps, 1);
    EXPECT_EQ(direct.n_zero_steps, 1);
    ASSERT_EQ(visited.live_cosine.size(), direct.live_cosine.size());
    for (size_t t = 0; t < direct.live_cosine.size(); ++t) {
      EXPECT_NEAR(visited.live_cosine[t], direct.live_cosine[t], 1e-14);
    }
    for (size_t t = 0; t < direct.cosine.size(); ++t) {
      EXPECT_NEAR(visited.cosine[t], direct.cosine[t], 1e-14);
    }
  }
}

TEST(GeometryInOrder, ShortOrders) {
  const at::Tensor distances = pairwise_distances(normal_rows(4, 3, 8));
  EXPECT_TRUE(std::isnan(geometry_in_order(distances, {}).chord));
  EXPECT_TRUE(std::isnan(geometry_in_order(distances, {2}).chord));
  EXPECT_EQ(geometry_in_order(distances, {2, 0}).distance.size(), 1u);
}

TEST(GeometryInOrder, WrongInputIsRefused) {
  const at::Tensor distances = pairwise_distances(normal_rows(4, 3, 8));
  expect_error(ErrorKind::kInput, "position 1 is frame 4", [&] {
    geometry_in_order(distances, {0, 4});
  });
  expect_error(ErrorKind::kInput, "position 0 is frame -1",
               [&] { geometry_in_order(distances, {-1}); });
  expect_error(ErrorKind::kInput, "expected (T, T)",
               [&] { geometry_in_order(distances.slice(0, 0, 3), {0}); });
  expect_error(ErrorKind::kInput, "expected (T, T)",
               [&] { geometry_in_order(distances.to(at::kFloat), {0}); });
  expect_error(ErrorKind::kInput, "no tensor", [] { geometry_in_order(at::Tensor(), {0}); });
}

}  // namespace
}  // namespace physprobe
