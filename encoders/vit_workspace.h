#pragma once
// The scratch memory of one image's forward pass, kept between calls: a fresh page per call would
// cost more than the element-wise arithmetic. Internal.

#include "physprobe/encoders/vit_config.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace physprobe {

/// Buffers of one thread. All are float32 and overwritten by every image.
struct VitWorkspace {
  float* tokens = nullptr;    ///< (tokens, D): the residual stream.
  float* normed = nullptr;    ///< (tokens, D): output of a layer norm; input of a product.
  float* update = nullptr;    ///< (tokens, D): what attention or feed-forward add to the stream.
  float* wide = nullptr;      ///< (padded tokens, 3D), (tokens, hidden rows) or (patches, C P P).
  float* gated = nullptr;     ///< (tokens, hidden), only for SwiGLU.
  float* scores = nullptr;    ///< (query_rows, padded tokens): one head's attention.
  int64_t padded_tokens = 0;  ///< Tokens rounded up to 16: BLAS is a third slower on odd widths.
  int64_t query_rows = 0;     ///< Queries per attention product; depends on the token count alone.

  /// Makes room for `tokens` tokens of which `patches` are patches.
  void reserve(const VitConfig& config, int64_t token_count, int64_t patch_count);

 private:
  at::Tensor storage_;
};

/// Hands a workspace to each thread and takes it back. Safe to use from several threads.
class VitWorkspacePool {
 public:
  class Lease {
   public:
    explicit Lease(VitWorkspacePool& pool) : pool_(pool), workspace_(pool.take()) {}
    ~Lease() { pool_.give_back(std::move(workspace_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    VitWorkspace& operator*() { return *workspace_; }

   private:
    VitWorkspacePool& pool_;
    std::unique_ptr<VitWorkspace> workspace_;
  };

 private:
  std::unique_ptr<VitWorkspace> take();
  void give_back(std::unique_ptr<VitWorkspace> workspace);

  std::mutex mutex_;
  std::vector<std::unique_ptr<VitWorkspace>> idle_;
};

}  // namespace physprobe
