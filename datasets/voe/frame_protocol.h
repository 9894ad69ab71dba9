#pragma once
// Which frames of a video a published surprise protocol shows to a model: the frame skip, the
// window that slides over what is left, and the context lengths that are tried.

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct FrameProtocol {
  std::string name;     ///< "intphys"
  std::string layout;   ///< The data set layout whose default it is, "" if it is nobody's default.
  std::string source;   ///< Where it was published.
  int64_t skip = 1;     ///< Every skip-th frame of the file is used.
  int64_t window = 16;  ///< Used frames of a window: context and what is predicted.
  int64_t stride = 2;   ///< Used frames from one window's start to the next.
  std::vector<int64_t> contexts;  ///< Used frames of context, ascending.
  /// At most floor(frame_limit / skip) frames are used; 0: all. IntPhys has 100 frames, its
  /// protocol uses floor(99 / skip).
  int64_t frame_limit = 0;
  /// IntPhys 2: every curve begins with the first window under the contexts 2, 4, … below its own.
  bool grows_context = false;
  /// "center": centred square; "squash": the whole frame, whatever its shape (InfLevel); both then
  /// resized bilinearly without antialiasing.
  std::string geometry = "center";
};

/// Every named protocol: intphys, grasp, inflevel (Garrido et al. 2025, released configurations),
/// intphys2-16, intphys2-48 (Bordes et al. 2025).
const std::vector<FrameProtocol>& frame_protocols();

/// Throws Error(kUsage) that names the nearest known one.
const FrameProtocol& frame_protocol(const std::string& name);

/// The default of a data set layout; null where none was published (any manifest, LikePhys).
const FrameProtocol* default_frame_protocol(const std::string& layout);

/// Indices of the used frames of a video of `n_frames` frames, from `first_frame` on, ascending.
std::vector<int64_t> protocol_frames(const FrameProtocol& protocol,
                                     int64_t first_frame,
                                     int64_t n_frames);

/// Where to begin in two videos so that as many frames remain in both: the longer remainder loses
/// its first frames (InfLevel). Both values are >= the given ones.
struct AlignedStarts {
  int64_t first = 0;
  int64_t second = 0;
};
AlignedStarts aligned_starts(int64_t first_start,
                             int64_t first_frames,
                             int64_t second_start,
                             int64_t second_frames);

}  // namespace physprobe
