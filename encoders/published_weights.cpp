#include "physprobe/encoders/published_weights.h"

#include <fmt/format.h>

#include <algorithm>

namespace physprobe {

const std::vector<PublishedWeights>& published_weights() {
  static const std::vector<PublishedWeights> all = {
      {"dinov2_vits14", "facebook/dinov2-small", "dinov2_vits14_pretrain.pth", "Apache-2.0", false},
      {"dinov2_vits14_reg", "facebook/dinov2-with-registers-small",
       "dinov2_vits14_reg4_pretrain.pth", "Apache-2.0", false},
      {"dinov2_vitb14", "facebook/dinov2-base", "dinov2_vitb14_pretrain.pth", "Apache-2.0", false},
      {"dinov2_vitb14_reg", "facebook/dinov2-with-registers-base",
       "dinov2_vitb14_reg4_pretrain.pth", "Apache-2.0", false},
      {"dinov2_vitl14", "facebook/dinov2-large", "dinov2_vitl14_pretrain.pth", "Apache-2.0", false},
      {"dinov2_vitl14_reg", "facebook/dinov2-with-registers-large",
       "dinov2_vitl14_reg4_pretrain.pth", "Apache-2.0", false},
      {"dinov2_vitg14", "facebook/dinov2-giant", "dinov2_vitg14_pretrain.pth", "Apache-2.0", false},
      {"dinov2_vitg14_reg", "facebook/dinov2-with-registers-giant",
       "dinov2_vitg14_reg4_pretrain.pth", "Apache-2.0", false},
      {"dinov3_vits16", "facebook/dinov3-vits16-pretrain-lvd1689m", "", "DINOv3 licence", true},
      {"dinov3_vits16plus", "facebook/dinov3-vits16plus-pretrain-lvd1689m", "", "DINOv3 licence",
       true},
      {"dinov3_vitb16", "facebook/dinov3-vitb16-pretrain-lvd1689m", "", "DINOv3 licence", true},
      {"dinov3_vitl16", "facebook/dinov3-vitl16-pretrain-lvd1689m", "", "DINOv3 licence", true},
      {"dinov3_vith16plus", "facebook/dinov3-vith16plus-pretrain-lvd1689m", "", "DINOv3 licence",
       true},
      {"dinov3_vit7b16", "facebook/dinov3-vit7b16-pretrain-lvd1689m", "", "DINOv3 licence", true},
      {"dinov3_vitl16_sat493m", "facebook/dinov3-vitl16-pretrain-sat493m", "", "DINOv3 licence",
       true, "", "sat493m"},
      {"dinov3_vit7b16_sat493m", "facebook/dinov3-vit7b16-pretrain-sat493m", "", "DINOv3 licence",
       true, "", "sat493m"},
      {"ijepa_vith14", "facebook/ijepa_vith14_1k", "IN1K-vit.h.14-300e.pth.tar", "CC BY-NC 4.0",
       false},
      {"ijepa_vith14_22k", "facebook/ijepa_vith14_22k", "IN22K-vit.h.14-900e.pth.tar",
       "CC BY-NC 4.0", false},
      {"ijepa_vith16_448", "facebook/ijepa_vith16_1k", "IN1K-vit.h.16-448px-300e.pth.tar",
       "CC BY-NC 4.0", false},
      {"ijepa_vitg16", "facebook/ijepa_vitg16_22k", "IN22K-vit.g.16-600e.pth.tar", "CC BY-NC 4.0",
       false},
      {"vit_tiny_patch16_224", "timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k", "", "Apache-2.0",
       false},
      {"vit_small_patch16_224", "timm/vit_small_patch16_224.augreg_in21k_ft_in1k", "", "Apache-2.0",
       false},
      {"vit_base_patch16_224", "timm/vit_base_patch16_224.augreg_in21k_ft_in1k", "", "Apache-2.0",
       false},
      {"vit_large_patch16_224", "timm/vit_large_patch16_224.augreg_in21k_ft_in1k", "", "Apache-2.0",
       false},
      {"vit_tiny_distilled_patch16_224", "facebook/deit-tiny-distilled-patch16-224", "",
       "Apache-2.0", false},
      {"vit_small_distilled_patch16_224", "facebook/deit-small-distilled-patch16-224", "",
       "Apache-2.0", false},
      {"vit_base_distilled_patch16_224", "facebook/deit-base-distilled-patch16-224", "",
       "Apache-2.0", false},
      {"mae_vitb16", "facebook/vit-mae-base", "mae_pretrain_vit_base.pth",
       "CC BY-NC 4.0; Apache-2.0 on Hugging Face", false},
      {"mae_vitl16", "facebook/vit-mae-large", "mae_pretrain_vit_large.pth",
       "CC BY-NC 4.0; Apache-2.0 on Hugging Face", false},
      {"mae_vith14", "facebook/vit-mae-huge", "mae_pretrain_vit_huge.pth",
       "CC BY-NC 4.0; Apache-2.0 on Hugging Face", false},
      {"msn_vits16", "facebook/vit-msn-small", "vits16_800ep.pth.tar",
       "CC BY-NC 4.0; Apache-2.0 on Hugging Face", false},
      {"msn_vitb16", "facebook/vit-msn-base", "vitb16_600ep.pth.tar",
       "CC BY-NC 4.0; Apache-2.0 on Hugging Face", false},
      {"msn_vitl16", "facebook/vit-msn-large", "vitl16_600ep.pth.tar",
       "CC BY-NC 4.0; Apache-2.0 on Hugging Face", false},
      {"msn_vitb4", "facebook/vit-msn-base-4", "vitb4_300ep.pth.tar",
       "CC BY-NC 4.0; Apache-2.0 on Hugging Face", false},
      {"msn_vitl7", "facebook/vit-msn-large-7", "vitl7_200ep.pth.tar",
       "CC BY-NC 4.0; Apache-2.0 on Hugging Face", false},
      {"clip_vitb32", "openai/clip-vit-base-patch32", "", "MIT", false},
      {"clip_vitb16", "openai/clip-vit-base-patch16", "", "MIT", false},
      {"clip_vitl14", "openai/clip-vit-large-patch14", "", "MIT", false},
      {"clip_vitl14_336", "openai/clip-vit-large-patch14-336", "", "MIT", false},
      {"siglip_vitb16", "google/siglip-base-patch16-224", "", "Apache-2.0", false},
      {"siglip_vitb16_256", "google/siglip-base-patch16-256", "", "Apache-2.0", false},
      {"siglip_vitb16_384", "google/siglip-base-patch16-384", "", "Apache-2.0", false},
      {"siglip_vitb16_512", "google/siglip-base-patch16-512", "", "Apache-2.0", false},
      {"siglip_vitl16_256", "google/siglip-large-patch16-256", "", "Apache-2.0", false},
      {"siglip_vitl16_384", "google/siglip-large-patch16-384", "", "Apache-2.0", false},
      {"siglip_so400m14", "google/siglip-so400m-patch14-224", "", "Apache-2.0", false},
      {"siglip_so400m14_384", "google/siglip-so400m-patch14-384", "", "Apache-2.0", false},
      {"vjepa_vitl16", "", "vitl16.pth.tar", "CC BY-NC 4.0", false,
       "https://dl.fbaipublicfiles.com/jepa/vitl16/vitl16.pth.tar"},
      {"vjepa_vith16", "", "vith16.pth.tar", "CC BY-NC 4.0", false,
       "https://dl.fbaipublicfiles.com/jepa/vith16/vith16.pth.tar"},
      {"vjepa_vith16_384", "", "vith16-384.pth.tar", "CC BY-NC 4.0", false,
       "https://dl.fbaipublicfiles.com/jepa/vith16-384/vith16-384.pth.tar"},
      {"vjepa2_vitl", "facebook/vjepa2-vitl-fpc64-256", "vitl.pt", "MIT", false},
      {"vjepa2_vith", "facebook/vjepa2-vith-fpc64-256", "vith.pt", "MIT", false},
      {"vjepa2_vitg", "facebook/vjepa2-vitg-fpc64-256", "vitg.pt", "MIT", false},
      {"vjepa2_vitg_384", "facebook/vjepa2-vitg-fpc64-384", "vitg-384.pt", "MIT", false},
      {"vjepa2_1_vitb_384", "", "vjepa2_1_vitb_dist_vitG_384.pt", "MIT", false,
       "https://dl.fbaipublicfiles.com/vjepa2/vjepa2_1_vitb_dist_vitG_384.pt"},
      {"vjepa2_1_vitl_384", "", "vjepa2_1_vitl_dist_vitG_384.pt", "MIT", false,
       "https://dl.fbaipublicfiles.com/vjepa2/vjepa2_1_vitl_dist_vitG_384.pt"},
      {"vjepa2_1_vitg_384", "", "vjepa2_1_vitg_384.pt", "MIT", false,
       "https://dl.fbaipublicfiles.com/vjepa2/vjepa2_1_vitg_384.pt"},
      {"vjepa2_1_vitgigantic_384", "", "vjepa2_1_vitG_384.pt", "MIT", false,
       "https://dl.fbaipublicfiles.com/vjepa2/vjepa2_1_vitG_384.pt"},
      {"videomae_vitb16", "MCG-NJU/videomae-base", "", "CC BY-NC 4.0", false},
      {"videomae_vitl16", "MCG-NJU/videomae-large", "", "CC BY-NC 4.0", false},
  };
  return all;
}

const PublishedWeights* find_published_weights(const std::string& name) {
  const std::vector<PublishedWeights>& all = published_weights();
  const auto found = std::find_if(all.begin(), all.end(), [&](const PublishedWeights& weights) {
    return !name.empty() &&
           (name == weights.preset || name == weights.repository || name == weights.file);
  });
  return found == all.end() ? nullptr : &*found;
}

std::string how_to_fetch(const PublishedWeights& weights) {
  const std::string location = weights.location;
  return fmt::format(
      "fetch them with `{} {}` ({}, {})", location.empty() ? "hf download" : "curl -LO",
      location.empty() ? weights.repository : location, weights.licence,
      weights.is_gated ? "gated: accept the licence on its page first" : "not gated");
}

}  // namespace physprobe
