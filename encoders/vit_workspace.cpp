#include "physprobe/encoders/vit_workspace.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace physprobe {
namespace {

constexpr int64_t kAlignment = 16;  // numbers: one cache line, one AVX-512 vector
constexpr int64_t kScoreBudget = int64_t{1}
                                 << 18;  // numbers: 1 MiB, half of a common second-level cache
constexpr int64_t kFewestQueries = 64;   // below this the products lose more than the cache gains

int64_t round_up(int64_t count) {
  return (count + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

void VitWorkspace::reserve(const VitConfig& config, int64_t token_count, int64_t patch_count) {
  padded_tokens = round_up(token_count);
  query_rows =
      std::clamp(kScoreBudget / padded_tokens, std::min(kFewestQueries, token_count), token_count);
  const bool is_gated = config.feed_forward == VitFeedForward::kSwigluFused;
  const int64_t stream = round_up(token_count * config.width);
  const int64_t wide_size = round_up(
      std::max({padded_tokens * 3 * config.width, token_count * config.hidden_rows(),
                patch_count * config.channels * config.tubelet * config.patch * config.patch}));
  const int64_t gated_size = is_gated ? round_up(token_count * config.hidden) : 0;
  const int64_t total = 3 * stream + wide_size + gated_size + query_rows * padded_tokens;
  if (!storage_.defined() || storage_.numel() < total) storage_ = at::empty({total}, at::kFloat);
  float* next = storage_.data_ptr<float>();
  const auto claim = [&next](int64_t count) { return std::exchange(next, next + count); };
  tokens = claim(stream);
  normed = claim(stream);
  update = claim(stream);
  wide = claim(wide_size);
  gated = claim(gated_size);
  scores = claim(query_rows * padded_tokens);
}

std::unique_ptr<VitWorkspace> VitWorkspacePool::take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (idle_.empty()) return std::make_unique<VitWorkspace>();
  std::unique_ptr<VitWorkspace> workspace = std::move(idle_.back());
  idle_.pop_back();
  return workspace;
}

void VitWorkspacePool::give_back(std::unique_ptr<VitWorkspace> workspace) {
  const std::lock_guard<std::mutex> lock(mutex_);
  idle_.push_back(std::move(workspace));
}

}  // namespace physprobe
