#pragma once
// An encoder whose description and numbers a test decides.

#include "physprobe/encoders/encoder.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <utility>

namespace physprobe::testing {

class FakeEncoder final : public Encoder {
 public:
  FakeEncoder() {
    info_.id = "fake";
    info_.family = "fake";
    info_.canonical = "options";
    info_.weights_digest = std::string(64, 'a');
    info_.taps = {{"pixel", 0, ""}};
    info_.default_taps = {"pixel"};
    info_.retrieval_tap = "pixel";
    info_.preprocess.resize = ResizeRule::kSquash;
    info_.preprocess.height = 8;
    info_.preprocess.width = 8;
  }

  const EncoderInfo& info() const override { return info_; }

  std::vector<TapOutput> encode(const at::Tensor& input, const EncodeOptions&) const override {
    TapOutput output;
    output.name = "pixel";
    output.tokens = input.reshape({input.size(0), 1, 1, -1}).clone();
    output.pooled = output.tokens.squeeze(2).clone();
    output.patch_mean = output.pooled;
    if (spoil_) spoil_(output);
    return {output};
  }

  std::unique_ptr<Encoder> untrained(uint64_t) const override { return nullptr; }

  EncoderInfo info_;
  std::function<void(TapOutput&)> spoil_;  ///< Changes what `encode` returns.
};

}  // namespace physprobe::testing
