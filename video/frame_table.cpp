#include "physprobe/video/frame_table.h"

#include "physprobe/core/error.h"
#include "physprobe/core/input_file.h"
#include "physprobe/video/container_extent.h"
#include "physprobe/video/frame_decoder.h"
#include "physprobe/video/mp4_frame_counts.h"
#include "physprobe/video/packet_traits.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

namespace physprobe {
namespace {

/// Largest number of pts values, among those seen so far, above the current one: exact while
/// reading, with memory for the frames in flight only (codecs reorder by at most 16).
class ReorderDepth {
 public:
  void add(int64_t pts) {
    recent_.insert(pts);
    if (recent_.size() > kWindow) recent_.erase(recent_.begin());
    const auto above = std::distance(recent_.upper_bound(pts), recent_.end());
    depth_ = std::max(depth_, static_cast<int>(above));
  }
  int depth() const { return std::min(depth_, 16); }

 private:
  static constexpr std::size_t kWindow = 64;
  std::multiset<int64_t> recent_;
  int depth_ = 0;
};

void refuse_too_many(const MediaSource& source, const VideoOptions& options, int64_t count) {
  if (count <= options.max_frames) return;
  throw Error(ErrorKind::kResource, source.path(),
              fmt::format("has more than max_frames = {} frames; raise max_frames if they are real",
                          options.max_frames));
}

bool is_container(const MediaSource& source, const char* name) {
  return std::string(source.container().iformat->name).find(name) != std::string::npos;
}

/// How many packets the container's own index promises; only containers whose index is complete by
/// design say it.
std::optional<int64_t> promised_packets(const MediaSource& source) {
  if (!is_container(source, "mp4")) return std::nullopt;
  // Entries of fragmented files appear while reading, so that they never promise more than was
  // read.
  const int count = avformat_index_get_entries_count(&source.stream());
  if (count <= 0) return std::nullopt;
  return count;
}

/// AVI counts its frames in the header.
std::optional<std::string> contradicts_count(const MediaSource& source, int64_t found) {
  const int64_t claimed = source.stream().nb_frames;
  if (!is_container(source, "avi") || claimed <= found) return std::nullopt;
  return fmt::format("its header claims {} frames, {} are there", claimed, found);
}

/// Matroska gives a duration of the whole file.
std::optional<std::string> contradicts_duration(const MediaSource& source,
                                                const std::vector<FrameTable::Frame>& frames) {
  const bool is_lone_video = source.container().nb_streams == 1;
  if (!is_container(source, "matroska") || !is_lone_video || frames.empty() ||
      source.container().duration <= 0) {
    return std::nullopt;
  }
  const double claimed = static_cast<double>(source.container().duration) / AV_TIME_BASE;
  const FrameTable::Frame& last = frames.back();
  const double real =
      static_cast<double>(last.pts + last.duration) * av_q2d(source.stream().time_base);
  const double mean_duration = real / static_cast<double>(frames.size());
  if (claimed <= real + std::max(0.5, 3.0 * mean_duration)) return std::nullopt;
  return fmt::format("its header claims {:.3f} s, the last frame ends at {:.3f} s", claimed, real);
}

}  // namespace

FrameTable scan_packets(MediaSource& source, const VideoOptions& options) {
  FrameTable table;
  const AVCodecParameters& parameters = *source.stream().codecpar;
  const std::optional<int64_t> promised = promised_packets(source);
  UniquePacket packet(av_packet_alloc());
  ReorderDepth reorder;
  int64_t corrupt_count = 0;
  bool begins_at_entry = false;
  MediaSource::Outcome outcome = source.next(*packet);
  for (; outcome == MediaSource::Outcome::kPacket; outcome = source.next(*packet)) {
    if ((packet->flags & AV_PKT_FLAG_CORRUPT) != 0) ++corrupt_count;
    const bool is_entry = is_exact_entry(*packet, parameters);
    if (table.packet_count == 0) begins_at_entry = is_entry;
    if (packet->pts == AV_NOPTS_VALUE) {
      table.is_addressable = false;
    } else {
      reorder.add(packet->pts);
      const int64_t dts = packet->dts == AV_NOPTS_VALUE ? packet->pts : packet->dts;
      if (is_entry && (table.entries.empty() || packet->pts > table.entries.back().pts)) {
        table.entries.push_back({packet->pts, dts, table.packet_count});
      }
    }
    if ((packet->flags & AV_PKT_FLAG_DISCARD) == 0 && shows_picture(*packet, parameters)) {
      table.frames.push_back({packet->pts, std::max<int64_t>(0, packet->duration)});
    }
    refuse_too_many(source, options, ++table.packet_count);
  }
  std::stable_sort(
      table.frames.begin(), table.frames.end(),
      [](const FrameTable::Frame& a, const FrameTable::Frame& b) { return a.pts < b.pts; });
  for (std::size_t i = 1; i < table.frames.size(); ++i) {
    if (table.frames[i].pts == table.frames[i - 1].pts) table.is_addressable = false;
  }
  // Streams of fields may carry one picture in two packets.
  const bool may_be_fields =
      parameters.field_order != AV_FIELD_UNKNOWN && parameters.field_order != AV_FIELD_PROGRESSIVE;
  if (!begins_at_entry || may_be_fields) table.is_addressable = false;
  table.reorder_depth = reorder.depth();

  if (promised && *promised > table.packet_count) {
    table.damage.push_back(
        fmt::format("its index lists {} frames, {} can be read", *promised, table.packet_count));
  }
  if (corrupt_count > 0) {
    table.damage.push_back(fmt::format("{} packets are incomplete", corrupt_count));
  }
  if (outcome == MediaSource::Outcome::kDamaged) {
    table.damage.push_back(
        fmt::format("its container breaks off after packet {}", table.packet_count));
  }
  const InputFile file(source.path());
  if (const auto truncation = find_truncation(file)) table.damage.push_back(*truncation);
  std::optional<std::string> claim;
  if (is_container(source, "mp4")) claim = find_overclaimed_frames(file, source.stream().index);
  if (!claim) claim = contradicts_count(source, table.packet_count);
  if (!claim && table.is_addressable) claim = contradicts_duration(source, table.frames);
  if (claim) table.damage.push_back(*claim);
  return table;
}

FrameTable scan_by_decoding(MediaSource& source,
                            const VideoOptions& options,
                            const FrameTable& packets) {
  FrameTable table;
  table.packet_count = packets.packet_count;
  table.reorder_depth = packets.reorder_depth;
  table.is_addressable = false;
  VideoOptions serial = options;
  serial.decode_threads = 1;  // error concealment across threads is not reproducible
  int64_t damaged_count = 0;
  int64_t first_damaged = -1;
  int width = 0;
  int height = 0;
  PacketDecoder decoder(source, serial, packets.reorder_depth);
  decoder.restart();
  while (const AVFrame* frame = decoder.next()) {
    const auto index = static_cast<int64_t>(table.frames.size());
    if (index == 0) {
      width = frame->width;
      height = frame->height;
    } else if (frame->width != width || frame->height != height) {
      table.damage.push_back(fmt::format("from frame {} on its pictures are {}x{} instead of {}x{}",
                                         index, frame->width, frame->height, width, height));
      break;
    }
    if (is_damaged(*frame)) {
      if (damaged_count++ == 0) first_damaged = index;
    }
    table.frames.push_back({frame->best_effort_timestamp, 0});
    refuse_too_many(source, options, index + 1);
  }
  if (damaged_count > 0) {
    table.damage.push_back(
        damaged_count == 1
            ? fmt::format("frame {} was decoded with errors", first_damaged)
            : fmt::format("{} frames were decoded with errors, the first is frame {}",
                          damaged_count, first_damaged));
  }
  if (decoder.error_count() > 0) {
    table.damage.push_back(fmt::format("the decoder rejected {} packets", decoder.error_count()));
  }
  // Decoders put out frames in order of presentation; where the times do not ascend they are of no
  // use.
  for (std::size_t i = 0; i < table.frames.size(); ++i) {
    const int64_t pts = table.frames[i].pts;
    if (pts == AV_NOPTS_VALUE || (i > 0 && pts <= table.frames[i - 1].pts)) table.has_times = false;
  }
  if (!table.has_times) {
    const AVStream& stream = source.stream();
    const AVRational rate =
        stream.avg_frame_rate.num > 0 ? stream.avg_frame_rate : stream.r_frame_rate;
    const AVRational frame_duration = rate.num > 0 ? av_inv_q(rate) : AVRational{1, 25};
    for (std::size_t i = 0; i < table.frames.size(); ++i) {
      const auto index = static_cast<int64_t>(i);
      const int64_t pts = av_rescale_q(index, frame_duration, stream.time_base);
      table.frames[i] = {pts, av_rescale_q(index + 1, frame_duration, stream.time_base) - pts};
    }
  } else {
    for (FrameTable::Frame& frame : table.frames) {
      const auto known = std::lower_bound(
          packets.frames.begin(), packets.frames.end(), frame.pts,
          [](const FrameTable::Frame& packet, int64_t pts) { return packet.pts < pts; });
      if (known != packets.frames.end() && known->pts == frame.pts)
        frame.duration = known->duration;
    }
  }
  return table;
}

}  // namespace physprobe
