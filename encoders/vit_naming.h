#pragma once
// How the code bases name the tensors of a vision transformer. Our names are those of the original
// DINOv2 code (vit_parameters.h); a naming says where a file of another code base keeps them.
// Internal.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace physprobe {

struct VitNaming {
  /// Ours first. A name that ends in '.' covers its weight and bias.
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  std::string name;   ///< "original", "hf", "timm".
  std::string block;  ///< What precedes a block's number: "blocks.", "encoder.layer.".
  Pairs whole;        ///< Names outside blocks that differ.
  Pairs in_block;     ///< Names within a block that differ.
  /// Query, key and value, where they are kept apart: their names within a block, ending in '.'.
  std::vector<std::string> query_key_value;
  /// Their biases, where those are named otherwise than the weights; "" stands for zeros.
  std::vector<std::string> query_key_value_bias;
  /// The halves of a SwiGLU's first matrix, where they are kept apart.
  std::vector<std::string> gate_and_value;
  bool has_key_bias = true;             ///< False: a key bias of zeros.
  bool is_key_bias_masked = false;      ///< There is one, and it has no effect (DINOv3's original).
  bool has_flat_table = false;          ///< The position table is (rows, D), not (1, rows, D).
  std::vector<std::string> transposed;  ///< Ours, of matrices that are kept as (in, out).
  /// Names that are there and have no use here: heads of training, mask tokens. One that ends in
  /// '.' covers all that begin so.
  std::vector<std::string> unused;
  std::vector<std::string> unused_endings;  ///< Likewise, by the end of the name.

  /// Where the file keeps our tensor `name`: the parts to be joined; "" stands for zeros.
  std::vector<std::string> sources(const std::string& ours) const;
  bool is_unused(const std::string& theirs) const;
};

const VitNaming& original_naming();          ///< DINOv2, I-JEPA, MSN, MAE, DeiT, timm's ViT.
const VitNaming& timm_dinov2_naming();       ///< Registers as reg_token, SwiGLU as fc1 and fc2.
const VitNaming& hugging_face_naming();      ///< Dinov2Model, Dinov2WithRegistersModel.
const VitNaming& hugging_face_vit_naming();  ///< ViTModel, ViTMSN, ViTMAE, IJepaModel.
const VitNaming& dinov3_naming();
const VitNaming& hugging_face_dinov3_naming();
const VitNaming& clip_naming();               ///< openai/CLIP's visual tower.
const VitNaming& hugging_face_clip_naming();  ///< CLIPVisionModel and SiglipVisionModel.

const VitNaming& vjepa_naming();     ///< V-JEPA 1 and 2.
const VitNaming& vjepa2_1_naming();  ///< V-JEPA 2.1: a norm per level.
const VitNaming& hugging_face_vjepa2_naming();
const VitNaming& videomae_naming();
const VitNaming& hugging_face_videomae_naming();  ///< VideoMAEForPreTraining and VideoMAEModel.

// Of decoders (vit_decoder.h).
const VitNaming& vjepa_predictor_naming();
const VitNaming& hugging_face_vjepa2_predictor_naming();
const VitNaming& videomae_decoder_naming();
const VitNaming& hugging_face_videomae_decoder_naming();

/// The number at the start of `text` when a '.' follows it, else -1; `rest` is what follows the
/// '.'.
int64_t leading_index(const std::string& text, std::string& rest);

}  // namespace physprobe
