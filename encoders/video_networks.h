#pragma once
// The networks of a built-in predictor (video_predictor.h), drawn or loaded, and where they
// compute. Internal.

#include "physprobe/encoders/checkpoint.h"
#include "physprobe/encoders/vit_aten_decoder.h"
#include "physprobe/encoders/vit_aten_model.h"
#include "physprobe/encoders/vit_checkpoint.h"
#include "physprobe/encoders/vit_decoder.h"
#include "physprobe/encoders/vit_family.h"
#include "physprobe/encoders/vit_model.h"
#include "physprobe/encoders/vit_options.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace physprobe {

/// A transformer that our kernels compute, or that a device does: then `model` has no blocks.
struct PlacedEncoder {
  std::shared_ptr<const VitModel> model;
  std::shared_ptr<const VitAtenModel> elsewhere;  ///< nullptr: ours.

  PlacedEncoder() = default;
  PlacedEncoder(const VitConfig& config,
                VitParameters parameters,
                const std::optional<at::Device>& device);

  const VitModel& operator*() const { return *model; }
  const VitModel* operator->() const { return model.get(); }
  explicit operator bool() const { return model != nullptr; }

  /// VitModel::run for the blocks `wanted`, wherever they are computed.
  void run(const VitSample& sample,
           const VitPlaces& places,
           const std::set<int64_t>& wanted,
           const VitModel::OnBlock& on_block) const;
};

/// The same of a predictor or decoder.
struct PlacedDecoder {
  std::shared_ptr<const VitDecoder> decoder;
  std::shared_ptr<const VitAtenDecoder> elsewhere;

  PlacedDecoder() = default;
  PlacedDecoder(const VitDecoderConfig& config,
                VitParameters parameters,
                const std::optional<at::Device>& device);

  const VitDecoder& operator*() const { return *decoder; }
  const VitDecoder* operator->() const { return decoder.get(); }

  /// VitDecoder::run, wherever it is computed.
  void run(const float* encoded,
           int64_t given,
           int64_t asked,
           const VitPlaces& places,
           int64_t mask_token,
           float* out) const;
};

/// One encoder may serve as both; a model of pixels has no target encoder.
struct VideoPredictorParts {
  PlacedEncoder context_encoder;
  PlacedEncoder target_encoder;
  PlacedDecoder decoder;
  std::optional<at::Device> device;  ///< Where all of them compute; nullopt: our kernels.
};

/// Fresh weights; `shares_encoder` false: the target encoder is a second copy.
VideoPredictorParts draw_video_networks(const VitFamily& family,
                                        const VitConfig& encoder,
                                        const VitDecoderConfig& decoder,
                                        uint64_t seed,
                                        bool shares_encoder,
                                        const std::optional<at::Device>& device);

/// Networks of a file, and what is to be said about them.
struct LoadedVideoNetworks {
  VideoPredictorParts parts;
  VitFacts facts;                   ///< Of the encoders.
  std::string line;                 ///< What was found, for people.
  std::vector<std::string> unused;  ///< Tensors under their holders, known, without a use.
};

/// Both encoders, or the one there is where the file holds one, and the predictor.
LoadedVideoNetworks load_video_networks(const Checkpoint& checkpoint,
                                        const VitFamily& family,
                                        const VitOptions& options);

}  // namespace physprobe
