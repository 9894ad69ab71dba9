#include "physprobe/probes/geophys_ensemble.h"

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
using testing::to_doubles;

struct GoldenEnsemble {
  std::string name;
  MemberDeltas delta;
  nlohmann::json expected;
};

std::vector<GoldenEnsemble> golden_ensembles() {
  const auto file = SafetensorsFile::open(testing::golden_path("geophys/pairs.safetensors"));
  const auto json = read_json(testing::golden_path("geophys/pairs.json"));
  const at::Tensor delta = file.read("delta");  // (backbone, signal, pair)
  const at::Tensor noise = file.read("noise");
  std::vector<GoldenEnsemble> ensembles;
  MemberDeltas all;
  for (int64_t b = 0; b < 4; ++b) {
    MemberDeltas members;
    for (int64_t k = 0; k < 5; ++k) members.push_back(to_doubles(delta[b][k]));
    all.insert(all.end(), members.begin(), members.end());
    ensembles.push_back({"backbone " + std::to_string(b), members,
                         json.at("per_backbone").at(static_cast<size_t>(b))});
  }
  for (int64_t k = 0; k < 5; ++k) {
    MemberDeltas members;
    for (int64_t b = 0; b < 4; ++b) members.push_back(to_doubles(delta[b][k]));
    ensembles.push_back(
        {"signal " + std::to_string(k), members, json.at("per_signal").at(static_cast<size_t>(k))});
  }
  ensembles.push_back({"all 20", all, json.at("all_20")});
  // Each backbone with a signal of its own: speed, curv, accel, ang.
  ensembles.push_back({"one signal each",
                       {to_doubles(delta[0][0]), to_doubles(delta[1][1]), to_doubles(delta[2][3]),
                        to_doubles(delta[3][2])},
                       json.at("one_signal_each")});
  MemberDeltas noise_members;
  for (int64_t b = 0; b < 4; ++b) noise_members.push_back(to_doubles(noise[b]));
  ensembles.push_back({"pure noise", noise_members, json.at("pure_noise_4")});
  return ensembles;
}

bool is_tied_everywhere(const MemberDeltas& delta, size_t pair) {
  for (const auto& member : delta) {
    if (member[pair] != 0.0) return false;
  }
  return true;
}

TEST(GeophysEnsembleGolden, EveryRuleUnderEveryScale) {
  const std::vector<std::pair<std::string, DeltaScale>> scales = {
      {"rms", DeltaScale::kRms}, {"std", DeltaScale::kStd}, {"centred", DeltaScale::kCentred}};
  for (const auto& [name, delta, expected] : golden_ensembles()) {
    SCOPED_TRACE(name);
    EXPECT_EQ(delta.size(), expected.at("n_members").get<size_t>());
    EXPECT_EQ(delta.front().size(), expected.at("n_pairs").get<size_t>());
    const auto accuracies = member_accuracy(delta);
    const auto expected_accuracies = expected.at("member_accuracy").get<std::vector<double>>();
    ASSERT_EQ(accuracies.size(), expected_accuracies.size());
    for (size_t b = 0; b < accuracies.size(); ++b) {
      EXPECT_NEAR(accuracies[b], expected_accuracies[b], 1e-12);
    }
    for (const auto& [scale_name, scale] : scales) {
      EXPECT_NEAR(sum_z(delta, scale).accuracy, expected.at("sum_z_" + scale_name).get<double>(),
                  1e-12)
          << scale_name;
      const auto confident = most_confident(delta, scale);
      EXPECT_NEAR(confident.accuracy, expected.at("most_confident_" + scale_name).get<double>(),
                  1e-12)
          << scale_name;
      const std::string key = "most_confident_member_" + scale_name;
      if (!expected.contains(key)) continue;
      const auto members = expected.at(key).get<std::vector<int64_t>>();
      ASSERT_EQ(confident.member.size(), members.size());
      for (size_t pair = 0; pair < members.size(); ++pair) {
        if (is_tied_everywhere(delta, pair)) continue;
        EXPECT_EQ(confident.member[pair], members[pair]) << scale_name << " pair " << pair;
      }
    }
    EXPECT_NEAR(count_vote(delta).accuracy, expected.at("count_vote").get<double>(), 1e-12);
    const auto any = any_right(delta);
    EXPECT_NEAR(any.share, expected.at("any_right").get<double>(), 1e-12);
    EXPECT_NEAR(any.chance_flip, expected.at("any_right_chance_flip").get<double>(), 1e-12);
    EXPECT_NEAR(any.chance_independent, expected.at("any_right_chance_independent").get<double>(),
                1e-12);
    EXPECT_NEAR(any.excess, expected.at("any_right_excess").get<double>(), 1e-12);
    EXPECT_NEAR(any.all_right, expected.at("all_right").get<double>(), 1e-12);
    EXPECT_EQ(any.n_unanimous, expected.at("unanimous_pairs").get<int64_t>());
    EXPECT_EQ(any.n_unanimous_right, expected.at("unanimous_right").get<int64_t>());
    EXPECT_NEAR(any.sign_test_p, expected.at("sign_test_p_two_sided").get<double>(), 1e-12);
  }
}

TEST(GeophysEnsemble, RmsScaleDoesNotDependOnWhichClipIsListedFirst) {
  const auto ensembles = golden_ensembles();
  const MemberDeltas& delta = ensembles.front().delta;
  MemberDeltas flipped = delta;
  for (auto& member : flipped) {
    for (size_t pair = 0; pair < member.size(); pair += 2) member[pair] = -member[pair];
  }
  const auto before = sum_z(delta).right;
  const auto after = sum_z(flipped).right;
  for (size_t pair = 0; pair < before.size(); ++pair) {
    EXPECT_EQ(after[pair], pair % 2 == 0 ? 1.0 - before[pair] : before[pair]) << pair;
  }
}

TEST(GeophysEnsemble, CentringMakesAPerfectMemberWrong) {
  const MemberDeltas perfect = {{1.0, 2.0, 3.0, 4.0}};
  EXPECT_EQ(sum_z(perfect).accuracy, 1.0);
  EXPECT_EQ(sum_z(perfect, DeltaScale::kCentred).accuracy, 0.5);
}

TEST(GeophysEnsemble, TiesCountHalfAndZeroScaleAbstains) {
  const MemberDeltas tied = {{0.0, 0.0}, {0.0, 0.0}};
  EXPECT_EQ(sum_z(tied).accuracy, 0.5);
  EXPECT_EQ(most_confident(tied).accuracy, 0.5);
  EXPECT_EQ(count_vote(tied).accuracy, 0.5);
  EXPECT_EQ(any_right(tied).share, 0.5);
  EXPECT_EQ(any_right(tied).chance_flip, 0.5);
  EXPECT_EQ(any_right(tied).sign_test_p, 1.0);
}

TEST(GeophysEnsemble, WrongInputIsRefused) {
  expect_error(ErrorKind::kInput, "no member", [] { sum_z({}); });
  expect_error(ErrorKind::kInput, "no member or no pair", [] { any_right({{}}); });
  expect_error(ErrorKind::kInput, "has 1 pairs, expected 2", [] {
    count_vote({{1.0, 2.0}, {1.0}});
  });
  expect_error(ErrorKind::kInput, "pair 1 has no finite difference", [] {
    member_accuracy({{1.0, std::nan("")}});
  });
}

}  // namespace
}  // namespace physprobe
