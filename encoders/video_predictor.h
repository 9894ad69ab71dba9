#pragma once
// Built-in predictors: V-JEPA's latent ones and VideoMAE's of pixels, put together from the
// encoders and decoders of vision transformers (vit_model.h, vit_decoder.h). Internal.

#include "physprobe/encoders/predictor.h"
#include "physprobe/encoders/video_networks.h"
#include "physprobe/encoders/vit_family.h"
#include "physprobe/encoders/vit_options.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace physprobe {

/// The predictor of `config` as of encoder_factory.h, of a family with one. Options are those of
/// make_vit_encoder (vit_encoder.h), and
///  - predictor_heads: attention heads of the predictor where nothing says so;
///  - mask_token: which of the weights' mask tokens stands for what is not seen, default 0, the one
///    that is trained (bare calls of the original code default to 1);
///  - prediction: model, or published_zeros (VideoMAE only): zeros instead of predictions, the
///    number behind the published VideoMAEv2 row, which measures texture.
///
/// Targets are the target encoder's tokens of the whole window after its final norm, raw: the layer
/// norm without affine part that the protocol asks for is the caller's (probes/surprise.h,
/// predictor_info().normalises_targets). VideoMAE's targets are the pixels of each patch, per
/// channel less their mean and divided by their deviation, in the order row by row of each frame,
/// channel last. V-JEPA 2.1's are the norms of its four levels side by side, each level normed as
/// the protocol does before it is returned (normalises_targets false). The context is encoded
/// alone: tokens not listed are taken away before the first block, and places are those of the
/// window.
std::unique_ptr<Predictor> make_video_predictor(const VitFamily& family,
                                                const nlohmann::json& config);

/// The same with options that are read already.
std::unique_ptr<Predictor> make_video_predictor(const VitFamily& family,
                                                const nlohmann::json& config,
                                                const VitOptions& options);

/// A published size with fresh weights, for measurements; `shares_encoder` false: the target
/// encoder is a second copy.
std::unique_ptr<Predictor> make_untrained_video_predictor(const VitFamily& family,
                                                          const std::string& size,
                                                          uint64_t seed,
                                                          bool shares_encoder);

/// The networks of a predictor made here. Throws Error(kInternal) for another.
const VideoPredictorParts& parts_of(const Predictor& predictor);

}  // namespace physprobe
