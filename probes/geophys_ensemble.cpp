#include "physprobe/probes/geophys_ensemble.h"

#include "physprobe/core/error.h"
#include "physprobe/core/statistics/summary.h"
#include "physprobe/probes/geophys_chance.h"

#include <cmath>
#include <string>

namespace physprobe {
namespace {

void require_valid(const MemberDeltas& delta) {
  if (delta.empty() || delta.front().empty()) {
    throw Error(ErrorKind::kInput, "ensemble",
                "no member or no pair, expected at least one of each");
  }
  for (size_t b = 0; b < delta.size(); ++b) {
    if (delta[b].size() != delta.front().size()) {
      throw Error(ErrorKind::kInput, "ensemble member " + std::to_string(b),
                  "has " + std::to_string(delta[b].size()) + " pairs, expected " +
                      std::to_string(delta.front().size()));
    }
    for (size_t i = 0; i < delta[b].size(); ++i) {
      if (!std::isfinite(delta[b][i])) {
        throw Error(ErrorKind::kInput, "ensemble member " + std::to_string(b),
                    "pair " + std::to_string(i) +
                        " has no finite difference; leave undefined pairs out and count them");
      }
    }
  }
}

double rightness(double difference) {
  return difference > 0.0 ? 1.0 : (difference < 0.0 ? 0.0 : 0.5);
}

struct Votes {
  int64_t right = 0;
  int64_t wrong = 0;
};

Votes votes_on(const MemberDeltas& delta, size_t pair) {
  Votes votes;
  for (const auto& member : delta) {
    votes.right += member[pair] > 0.0 ? 1 : 0;
    votes.wrong += member[pair] < 0.0 ? 1 : 0;
  }
  return votes;
}

}  // namespace

std::vector<double> member_accuracy(const MemberDeltas& delta) {
  require_valid(delta);
  std::vector<double> accuracies;
  for (const auto& member : delta) {
    std::vector<double> right;
    right.reserve(member.size());
    for (const double difference : member) right.push_back(rightness(difference));
    accuracies.push_back(mean(right));
  }
  return accuracies;
}

MemberDeltas scaled_deltas(const MemberDeltas& delta, DeltaScale scale) {
  require_valid(delta);
  MemberDeltas scaled = delta;
  for (auto& member : scaled) {
    const double centre = mean(member);
    double size = std::sqrt(variance(member, 0));
    if (scale == DeltaScale::kRms) {
      std::vector<double> squares;
      squares.reserve(member.size());
      for (const double difference : member) squares.push_back(difference * difference);
      size = std::sqrt(mean(squares));
    }
    for (double& difference : member) {
      if (scale == DeltaScale::kCentred) difference -= centre;
      difference = size > 0.0 ? difference / size : 0.0;
    }
  }
  return scaled;
}

PairVerdicts sum_z(const MemberDeltas& delta, DeltaScale scale) {
  const MemberDeltas scaled = scaled_deltas(delta, scale);
  PairVerdicts verdicts;
  for (size_t pair = 0; pair < scaled.front().size(); ++pair) {
    double sum = 0.0;
    for (const auto& member : scaled) sum += member[pair];
    verdicts.right.push_back(rightness(sum));
  }
  verdicts.accuracy = mean(verdicts.right);
  return verdicts;
}

MostConfidentVerdicts most_confident(const MemberDeltas& delta, DeltaScale scale) {
  const MemberDeltas scaled = scaled_deltas(delta, scale);
  MostConfidentVerdicts verdicts;
  for (size_t pair = 0; pair < scaled.front().size(); ++pair) {
    size_t leader = 0;
    for (size_t b = 1; b < scaled.size(); ++b) {
      if (std::abs(scaled[b][pair]) > std::abs(scaled[leader][pair])) leader = b;
    }
    verdicts.member.push_back(static_cast<int64_t>(leader));
    verdicts.right.push_back(rightness(scaled[leader][pair]));
  }
  verdicts.accuracy = mean(verdicts.right);
  return verdicts;
}

PairVerdicts count_vote(const MemberDeltas& delta) {
  require_valid(delta);
  PairVerdicts verdicts;
  for (size_t pair = 0; pair < delta.front().size(); ++pair) {
    const Votes votes = votes_on(delta, pair);
    verdicts.right.push_back(rightness(static_cast<double>(votes.right - votes.wrong)));
  }
  verdicts.accuracy = mean(verdicts.right);
  return verdicts;
}

AnyRight any_right(const MemberDeltas& delta) {
  require_valid(delta);
  const auto members = static_cast<int64_t>(delta.size());
  const auto n_pairs = static_cast<double>(delta.front().size());
  AnyRight result;
  int64_t n_unanimous_wrong = 0;
  for (size_t pair = 0; pair < delta.front().size(); ++pair) {
    const Votes votes = votes_on(delta, pair);
    const bool is_tied = votes.right == 0 && votes.wrong == 0;
    result.share += votes.right > 0 ? 1.0 : (is_tied ? 0.5 : 0.0);
    result.all_right += votes.right == members ? 1.0 : 0.0;
    if (votes.right > 0 && votes.wrong > 0) {
      result.chance_flip += 1.0;
      continue;
    }
    result.chance_flip += 0.5;
    ++result.n_unanimous;
    result.n_unanimous_right += votes.right > 0 ? 1 : 0;
    n_unanimous_wrong += votes.wrong > 0 ? 1 : 0;
  }
  result.share /= n_pairs;
  result.all_right /= n_pairs;
  result.chance_flip /= n_pairs;
  result.chance_independent = any_right_chance(members);
  result.excess = result.share - result.chance_flip;
  result.sign_test_p = sign_test_two_sided(result.n_unanimous_right, n_unanimous_wrong);
  return result;
}

}  // namespace physprobe
