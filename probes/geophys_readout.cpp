#include "physprobe/probes/geophys_readout.h"

#include "physprobe/core/error.h"
#include "physprobe/core/statistics/summary.h"
#include "physprobe/probes/embedding_rows.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>
#include <string>

namespace physprobe {
namespace {

/// Differences violated - plausible, [layer][pair].
using Gaps = std::vector<std::vector<double>>;

std::vector<double> mean_gaps(const Gaps& gaps, const std::vector<int64_t>& pairs) {
  std::vector<double> means;
  for (const auto& layer : gaps) {
    std::vector<double> chosen;
    chosen.reserve(pairs.size());
    for (const int64_t pair : pairs) chosen.push_back(layer[static_cast<size_t>(pair)]);
    means.push_back(mean(chosen));
  }
  return means;
}

int64_t largest(const std::vector<double>& values) {
  return std::max_element(values.begin(), values.end()) - values.begin();
}

double accuracy(const std::vector<double>& layer, const std::vector<int64_t>& pairs) {
  std::vector<double> right;
  for (const int64_t pair : pairs) {
    const double gap = layer[static_cast<size_t>(pair)];
    right.push_back(gap > 0.0 ? 1.0 : (gap < 0.0 ? 0.0 : 0.5));
  }
  return mean(right);
}

Gaps read_gaps(const at::Tensor& curvature) {
  const at::Tensor table = embedding_values(curvature, "curvature").to(at::kDouble);
  if (table.dim() != 3 || table.size(2) != 2 || table.numel() == 0) {
    std::ostringstream shape;
    shape << "shape is " << table.sizes() << ", expected (layers, pairs, 2)";
    throw Error(ErrorKind::kInput, "curvature", shape.str());
  }
  const double* values = table.data_ptr<double>();
  Gaps gaps(static_cast<size_t>(table.size(0)));
  for (auto& layer : gaps) {
    for (int64_t pair = 0; pair < table.size(1); ++pair, values += 2) {
      if (!std::isfinite(values[0]) || !std::isfinite(values[1])) {
        throw Error(ErrorKind::kInput, "curvature",
                    "layer " + std::to_string(&layer - gaps.data()) + " pair " +
                        std::to_string(pair) +
                        " is not finite; leave undefined pairs out and count them");
      }
      layer.push_back(values[1] - values[0]);
    }
  }
  return gaps;
}

}  // namespace

ReadoutChoice choose_readout(const at::Tensor& curvature, const std::vector<int64_t>& held_out) {
  const Gaps gaps = read_gaps(curvature);
  const auto n_pairs = static_cast<int64_t>(gaps.front().size());
  std::vector<bool> chooses(static_cast<size_t>(n_pairs), false);
  for (const int64_t pair : held_out) {
    if (pair < 0 || pair >= n_pairs || chooses[static_cast<size_t>(pair)]) {
      throw Error(ErrorKind::kInput, "held-out pairs",
                  "index " + std::to_string(pair) + " is repeated or outside 0 to " +
                      std::to_string(n_pairs - 1));
    }
    chooses[static_cast<size_t>(pair)] = true;
  }
  if (held_out.empty()) {
    throw Error(ErrorKind::kInput, "held-out pairs",
                "none given, expected at least one to choose the layer");
  }
  std::vector<int64_t> rest;
  for (int64_t pair = 0; pair < n_pairs; ++pair) {
    if (!chooses[static_cast<size_t>(pair)]) rest.push_back(pair);
  }
  std::vector<int64_t> all(static_cast<size_t>(n_pairs));
  std::iota(all.begin(), all.end(), int64_t{0});

  ReadoutChoice choice;
  choice.gap = mean_gaps(gaps, held_out);
  choice.layer = largest(choice.gap);
  choice.n_held_out = static_cast<int64_t>(held_out.size());
  choice.n_scored = static_cast<int64_t>(rest.size());
  choice.accuracy_on_rest = accuracy(gaps[static_cast<size_t>(choice.layer)], rest);
  choice.optimistic_layer = largest(mean_gaps(gaps, all));
  choice.optimistic_accuracy = accuracy(gaps[static_cast<size_t>(choice.optimistic_layer)], all);
  return choice;
}

}  // namespace physprobe
