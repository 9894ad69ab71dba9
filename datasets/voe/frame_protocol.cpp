#include "physprobe/datasets/voe/frame_protocol.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"

#include <fmt/format.h>

#include <algorithm>

namespace physprobe {

const std::vector<FrameProtocol>& frame_protocols() {
  static const char* const kJepa = "Garrido et al. 2025, released configurations";
  static const char* const kIntPhys2 = "Bordes et al. 2025, released configurations";
  static const std::vector<FrameProtocol> protocols = {
      {"intphys", "intphys", kJepa, 2, 16, 2, {2, 4, 6, 8, 10}, 99, false, "center"},
      {"grasp", "grasp", kJepa, 10, 16, 2, {2, 4, 6, 8, 10}, 0, false, "center"},
      {"inflevel", "inflevel", kJepa, 5, 32, 2, {4, 8, 12, 16, 20}, 0, false, "squash"},
      {"intphys2-16", "intphys2", kIntPhys2, 10, 16, 2, {4, 6, 8, 10, 12, 14}, 0, true, "center"},
      {"intphys2-48", "", kIntPhys2, 10, 48, 2, {12, 18, 24, 30, 36, 42}, 0, true, "center"},
  };
  return protocols;
}

const FrameProtocol& frame_protocol(const std::string& name) {
  std::vector<std::string> known;
  for (const FrameProtocol& protocol : frame_protocols()) {
    if (protocol.name == name) return protocol;
    known.push_back(protocol.name);
  }
  throw Error(ErrorKind::kUsage, "protocol",
              fmt::format("'{}' is no frame protocol{}", name, did_you_mean(name, known)));
}

const FrameProtocol* default_frame_protocol(const std::string& layout) {
  for (const FrameProtocol& protocol : frame_protocols()) {
    if (!layout.empty() && protocol.layout == layout) return &protocol;
  }
  return nullptr;
}

std::vector<int64_t> protocol_frames(const FrameProtocol& protocol,
                                     int64_t first_frame,
                                     int64_t n_frames) {
  std::vector<int64_t> frames;
  const int64_t most = protocol.frame_limit > 0 ? protocol.frame_limit / protocol.skip : n_frames;
  for (int64_t frame = first_frame; frame < n_frames; frame += protocol.skip) {
    if (static_cast<int64_t>(frames.size()) == most) break;
    frames.push_back(frame);
  }
  return frames;
}

AlignedStarts aligned_starts(int64_t first_start,
                             int64_t first_frames,
                             int64_t second_start,
                             int64_t second_frames) {
  const int64_t first_rest = std::max<int64_t>(0, first_frames - first_start);
  const int64_t second_rest = std::max<int64_t>(0, second_frames - second_start);
  const int64_t rest = std::min(first_rest, second_rest);
  return {first_start + first_rest - rest, second_start + second_rest - rest};
}

}  // namespace physprobe
