#pragma once
// Where the weights of the published models are to be had and under which licence, so that a name
// finds them in the local caches and an absent one is told how to come by. One entry for each file
// in configs/encoders/ whose weights can be fetched by a command. Internal.

#include <string>
#include <vector>

namespace physprobe {

struct PublishedWeights {
  const char* preset;  ///< The file in configs/encoders/ without its ending, which begins with the
                       ///< family: "dinov2_vits14".
  const char* repository;  ///< On Hugging Face; "": nowhere there.
  const char* file;        ///< Of the original release, as torch.hub caches it; "": none is read.
  const char* licence;
  bool is_gated;                   ///< Fetched only after its licence was accepted on its page.
  const char* location = "";       ///< Of `file`, where there is no repository.
  const char* preprocessing = "";  ///< The family's preset for it, where not the default.
};

const std::vector<PublishedWeights>& published_weights();

/// The entry that a preset, a repository or a file names; nullptr if there is none.
const PublishedWeights* find_published_weights(const std::string& name);

/// "fetch them with `hf download facebook/dinov2-small` (Apache-2.0, not gated)", or with curl.
std::string how_to_fetch(const PublishedWeights& weights);

}  // namespace physprobe
