#include "physprobe/eval/voe/voe_dataset.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/datasets/voe/voe_item.h"
#include "physprobe/eval/voe/quadruplet_pairing.h"
#include "physprobe/video/video_reader.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>
#include <optional>

namespace physprobe {
namespace {

/// What a video's container says; nothing if it cannot be opened.
struct Recording {
  int64_t frames = 0;
  double fps = 0.0;
  int64_t width = 0;
  int64_t height = 0;
};

/// Groups of item indices by a text, in the text's order.
std::map<std::string, std::vector<std::size_t>> grouped(const std::vector<DatasetItem>& items,
                                                        std::string DatasetItem::*by) {
  std::map<std::string, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!(items[i].*by).empty()) groups[items[i].*by].push_back(i);
  }
  return groups;
}

class Completion {
 public:
  Completion(VoeDataset& data, int threads, bool checks_videos)
      : data_(data), items_(data.dataset.items), threads_(threads), checks_videos_(checks_videos) {}

  void run() {
    if (data_.dataset.layout == "intphys") pair_quadruplets();
    if (!checks_videos_ && data_.dataset.layout != "inflevel") return;
    read_recordings();
    for (const auto& [pair, members] : grouped(items_, &DatasetItem::pair)) {
      if (members.size() == 2) check_pair(pair, members[0], members[1]);
    }
    if (checks_videos_) check_lengths();
  }

 private:
  void problem(const std::string& item, std::string text) {
    data_.problems.push_back({item, std::move(text)});
  }

  void pair_quadruplets() {
    struct Quadruplet {
      std::string group;
      std::vector<std::size_t> members;
      std::optional<QuadrupletPairing> pairing;
      std::string problem;
    };
    std::vector<Quadruplet> quadruplets;
    for (auto& [group, members] : grouped(items_, &DatasetItem::group)) {
      if (members.size() == 4 && !items_[members[0]].label.empty())
        quadruplets.push_back({group, members, std::nullopt, ""});
    }
    const FrameProtocol& protocol =
        data_.protocol == nullptr ? frame_protocol("intphys") : *data_.protocol;
    parallel_for(static_cast<int64_t>(quadruplets.size()), threads_, [&](int64_t index) {
      Quadruplet& quadruplet = quadruplets[static_cast<std::size_t>(index)];
      std::array<std::string, 4> paths;
      for (std::size_t v = 0; v < 4; ++v) paths.at(v) = items_[quadruplet.members[v]].path;
      try {
        quadruplet.pairing = pair_quadruplet(paths, protocol);
      } catch (const Error& error) {
        quadruplet.problem = error.what();
      }
    });
    for (const Quadruplet& quadruplet : quadruplets) {
      if (!quadruplet.pairing) {
        problem(quadruplet.group, "cannot be paired: " + quadruplet.problem);
      } else {
        set_pairs(quadruplet.group, quadruplet.members, *quadruplet.pairing);
      }
    }
  }

  void set_pairs(const std::string& group,
                 const std::vector<std::size_t>& members,
                 const QuadrupletPairing& pairing) {
    for (std::size_t p = 0; p < 2; ++p) {
      DatasetItem& first = items_[members[static_cast<std::size_t>(pairing.pairs.at(p)[0])]];
      DatasetItem& second = items_[members[static_cast<std::size_t>(pairing.pairs.at(p)[1])]];
      if (first.label == second.label) {
        problem(group, fmt::format("{} and {}, which share the longest beginning, are both {}",
                                   first.id, second.id, first.label));
        continue;
      }
      first.pair = second.pair = group + (p == 0 ? "/a" : "/b");
    }
  }

  void read_recordings() {
    // A video is listed once per pair in InfLevel: it is opened once.
    std::map<std::string, std::size_t> index;
    std::vector<std::string> paths;
    for (const DatasetItem& item : items_) {
      if (index.emplace(item.path, paths.size()).second) paths.push_back(item.path);
    }
    std::vector<Recording> found(paths.size());
    std::vector<std::string> errors(paths.size());
    parallel_for(static_cast<int64_t>(paths.size()), threads_, [&](int64_t i) {
      const auto at = static_cast<std::size_t>(i);
      try {
        const auto reader = VideoReader::open(paths[at]);
        const VideoInfo& info = reader->info();
        found[at] = {info.frame_count, info.fps, info.width, info.height};
      } catch (const Error& error) {
        errors[at] = error.what();
      }
    });
    for (const DatasetItem& item : items_) {
      const std::size_t at = index.at(item.path);
      recordings_.push_back(found[at]);
      if (checks_videos_ && !errors[at].empty())
        problem(item.id, "cannot be opened: " + errors[at]);
    }
  }

  void check_pair(const std::string& pair, std::size_t a, std::size_t b) {
    const Recording& first = recordings_[a];
    const Recording& second = recordings_[b];
    if (first.frames == 0 || second.frames == 0) return;
    if (checks_videos_) check_recordings(pair, a, b);
    if (data_.dataset.layout == "inflevel") align(a, b);
  }

  void align(std::size_t a, std::size_t b) {
    const AlignedStarts starts = aligned_starts(first_frame_of(items_[a]), recordings_[a].frames,
                                                first_frame_of(items_[b]), recordings_[b].frames);
    items_[a].attributes[kFirstFrameAttribute] = std::to_string(starts.first);
    items_[b].attributes[kFirstFrameAttribute] = std::to_string(starts.second);
  }

  void check_recordings(const std::string& pair, std::size_t a, std::size_t b) {
    const Recording& first = recordings_[a];
    const Recording& second = recordings_[b];
    // Rates are told by times that containers round to their own clock.
    if (std::abs(first.fps - second.fps) > 0.01 * std::max(first.fps, second.fps))
      problem(pair, fmt::format("{} has {:.3f} frames a second, {} has {:.3f}", items_[a].id,
                                first.fps, items_[b].id, second.fps));
    if (first.width != second.width || first.height != second.height)
      problem(pair, fmt::format("{} is {}x{}, {} is {}x{}", items_[a].id, first.width, first.height,
                                items_[b].id, second.width, second.height));
    if (data_.dataset.layout != "inflevel" && used(a) != used(b)) {
      problem(pair, fmt::format("{} has {} frames, {} has {}", items_[a].id, first.frames,
                                items_[b].id, second.frames));
    }
  }

  /// Frames that the protocol uses.
  int64_t used(std::size_t i) const {
    if (data_.protocol == nullptr) return recordings_[i].frames;
    return static_cast<int64_t>(
        protocol_frames(*data_.protocol, first_frame_of(items_[i]), recordings_[i].frames).size());
  }

  void check_lengths() {
    if (data_.protocol == nullptr) return;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (recordings_[i].frames > 0 && used(i) < data_.protocol->window)
        problem(
            items_[i].id,
            fmt::format("has {} frames, of which '{}' uses {} (every {}th from {}); its window "
                        "is {}",
                        recordings_[i].frames, data_.protocol->name, used(i), data_.protocol->skip,
                        first_frame_of(items_[i]), data_.protocol->window));
    }
  }

  VoeDataset& data_;
  std::vector<DatasetItem>& items_;
  int threads_;
  bool checks_videos_;
  std::vector<Recording> recordings_;  ///< By item.
};

}  // namespace

VoeDataset load_voe_dataset(const std::string& path, const VoeDatasetOptions& options) {
  VoeDataset data;
  data.dataset = load_dataset(path, options.dataset);
  data.protocol = options.protocol.empty() ? default_frame_protocol(data.dataset.layout)
                                           : &frame_protocol(options.protocol);
  complete_voe_dataset(data, options.threads);
  return data;
}

void complete_voe_dataset(VoeDataset& data, int threads, bool checks_videos) {
  Completion(data, threads, checks_videos).run();
}

}  // namespace physprobe
