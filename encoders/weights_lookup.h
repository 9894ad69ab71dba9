#pragma once
// Where weights lie on this machine when they are named and not pointed at: a folder of the user's
// own, the caches of Hugging Face and of torch.hub. Nothing is ever fetched.

#include <string>
#include <vector>

namespace physprobe {

struct WeightsPlace {
  std::string path;  ///< A file, or a folder that Checkpoint::open takes.
  std::string name;  ///< "facebook/dinov2-small", "dinov2_vits14_pretrain.pth".
  std::string kind;  ///< "$PHYSPROBE_WEIGHTS", "Hugging Face cache", "torch.hub cache".
};

/// `name` itself where it exists as a path; else the first of $PHYSPROBE_WEIGHTS/<name>, the
/// snapshot of "owner/model" in the Hugging Face cache ($HF_HUB_CACHE, $HF_HOME/hub,
/// ~/.cache/huggingface/hub), and the file in torch.hub's cache ($TORCH_HOME, ~/.cache/torch); then
/// the same for the other names of a published model (preset "dinov2_vits14", repository, original
/// file). Throws Error(kInput) when there is none, with the places looked at and, for a published
/// model, the command that fetches it, its licence and whether it is gated.
std::string find_weights(const std::string& name);

/// What is in those places, sorted by kind and name.
std::vector<WeightsPlace> list_weights();

}  // namespace physprobe
