#pragma once
// Data sets of violation of expectation, completed by what only the videos can tell: the partners
// inside a quadruplet, where the members of a pair begin, and whether their recordings agree.

#include "physprobe/datasets/dataset.h"
#include "physprobe/datasets/voe/frame_protocol.h"

#include <string>
#include <vector>

namespace physprobe {

struct VoeDatasetOptions {
  DatasetOptions dataset;
  std::string protocol;  ///< Name of the frame protocol; "": the layout's default.
  int threads = 0;
};

/// What is wrong with the videos of a data set.
struct VoeProblem {
  std::string item;  ///< Id of an item, pair or group.
  std::string text;
};

struct VoeDataset {
  Dataset dataset;
  const FrameProtocol* protocol = nullptr;  ///< Null where none is named or published.
  std::vector<VoeProblem> problems;
};

/// `load_dataset`, then: pairs <group>/a and <group>/b of IntPhys' labelled quadruplets (from the
/// frames), and first_frame of InfLevel's members such that as many frames remain in both. A
/// quadruplet that cannot be paired into one possible and one impossible video each keeps items
/// without pair, and is a problem, as are videos that cannot be opened or are shorter than a window
/// of the protocol, and pairs whose members differ in frame rate, picture size or used frames. The
/// result does not depend on `threads`. Throws as `load_dataset` and `frame_protocol` do.
VoeDataset load_voe_dataset(const std::string& path, const VoeDatasetOptions& options = {});

/// The same for items that are listed already. Without `checks_videos` only what completes the data
/// set is done and told: pairs and first frames.
void complete_voe_dataset(VoeDataset& data, int threads, bool checks_videos = true);

}  // namespace physprobe
