#pragma once
// The list of a stream's frames in order of presentation, and where decoding can start for each:
// the base of exact random access. Made by reading every packet once, or, where packets do not
// tell, by decoding. Internal to `video/`.

#include "physprobe/video/media_source.h"

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct FrameTable {
  struct Frame {
    int64_t pts = 0;       ///< In units of the stream's time base.
    int64_t duration = 0;  ///< Same units; 0 if unknown.
  };
  struct Entry {
    int64_t pts = 0;  ///< Decoding may start here for every frame with at least this pts.
    int64_t dts = 0;
    int64_t position = 0;  ///< In the sequence of packets.
  };
  std::vector<Frame> frames;   ///< Ascending pts.
  std::vector<Entry> entries;  ///< Ascending pts; empty: decode from the start.
  int64_t packet_count = 0;
  int reorder_depth = 0;  ///< Most packets that come before a packet but are shown after it.
  /// False when a frame is found by counting decoder outputs from the start instead of by its pts:
  /// damaged files, and streams without usable time stamps.
  bool is_addressable = true;
  bool has_times = true;  ///< False if pts were made up from the nominal rate.
  std::vector<std::string> damage;
};

/// Reads all packets. `is_addressable` is false if time stamps are missing or double, or the stream
/// does not begin at an entry: the caller then needs `scan_by_decoding`. Throws Error(kResource)
/// above `options.max_frames`.
FrameTable scan_packets(MediaSource& source, const VideoOptions& options);

/// Decodes the whole stream on one thread and lists the frames that really come out; `damage`
/// counts those decoded with errors. Never addressable. `packets` is what scan_packets found.
FrameTable scan_by_decoding(MediaSource& source,
                            const VideoOptions& options,
                            const FrameTable& packets);

}  // namespace physprobe
