#include "physprobe/video/frame_decoder.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <algorithm>

namespace physprobe {
namespace {

// No codec holds back more than 16 pictures and a few per thread; beyond this a stream gives
// nothing any more.
constexpr int64_t kMaxSilentPackets = 100'000;

}  // namespace

bool is_damaged(const AVFrame& frame) {
  return frame.decode_error_flags != 0 || (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0;
}

PacketDecoder::PacketDecoder(MediaSource& source, const VideoOptions& options, int reorder_depth)
    : source_(source),
      decoder_(open_decoder(source, options, reorder_depth)),
      packet_(av_packet_alloc()),
      frame_(av_frame_alloc()) {
  if (packet_ == nullptr || frame_ == nullptr) {
    throw Error(ErrorKind::kResource, source.path(), "out of memory");
  }
}

void PacketDecoder::flush() {
  avcodec_flush_buffers(decoder_.get());
  has_pending_packet_ = false;
  is_draining_ = false;
  error_count_ = 0;
}

void PacketDecoder::restart() {
  source_.rewind();
  flush();
  packets_fed_ = 0;
}

bool PacketDecoder::start_at(const FrameTable::Entry& entry) {
  if (!source_.seek(entry.dts)) return false;
  flush();
  for (int64_t skipped = 0; skipped <= entry.position; ++skipped) {
    if (source_.next(*packet_) != MediaSource::Outcome::kPacket) return false;
    if (packet_->pts == entry.pts) {
      has_pending_packet_ = true;
      packets_fed_ = entry.position;
      return true;
    }
    const bool is_behind = packet_->dts != AV_NOPTS_VALUE && packet_->dts > entry.dts;
    if (is_behind) return false;
  }
  return false;
}

bool PacketDecoder::feed() {
  if (!has_pending_packet_ && source_.next(*packet_) != MediaSource::Outcome::kPacket) {
    avcodec_send_packet(decoder_.get(), nullptr);
    is_draining_ = true;
    return false;
  }
  has_pending_packet_ = false;
  const int sent = avcodec_send_packet(decoder_.get(), packet_.get());
  ++packets_fed_;
  if (sent == AVERROR(ENOMEM)) throw Error(ErrorKind::kResource, source_.path(), "out of memory");
  if (sent < 0) ++error_count_;
  return true;
}

const AVFrame* PacketDecoder::next() {
  for (int64_t silent = 0; silent < kMaxSilentPackets; ++silent) {
    const int received = avcodec_receive_frame(decoder_.get(), frame_.get());
    if (received == 0) return frame_.get();
    if (received == AVERROR_EOF) return nullptr;
    if (received == AVERROR(ENOMEM)) {
      throw Error(ErrorKind::kResource, source_.path(), "out of memory");
    }
    if (received != AVERROR(EAGAIN)) {
      ++error_count_;
      continue;
    }
    if (is_draining_) return nullptr;
    feed();
  }
  throw Error(
      ErrorKind::kInput, source_.path(),
      fmt::format("its decoder gave no frame for {} packets in a row; the stream is damaged",
                  kMaxSilentPackets));
}

FrameDecoder::FrameDecoder(MediaSource& source,
                           const FrameTable& table,
                           const VideoOptions& options)
    : source_(source),
      table_(table),
      options_(options),
      packets_(
          source,
          [&] {
            VideoOptions chosen = options;
            // Concealment across threads is not reproducible; damaged files are decoded on one.
            if (!table.is_addressable) chosen.decode_threads = 1;
            return chosen;
          }(),
          table.reorder_depth) {}

void FrameDecoder::fail(int64_t index, const std::string& reason) {
  // The file is lost anyway: decode all of it once more for a message that says how much of it is.
  current_index_ = -1;
  is_started_ = false;
  FrameTable decoded;
  decoded = scan_by_decoding(source_, options_, table_);
  std::string findings;
  for (const std::string& finding : decoded.damage) findings += "; " + finding;
  throw Error(
      ErrorKind::kInput, source_.path(),
      fmt::format(
          "frame {} ({:.3f} s) {}; {} frames are announced, {} come out of the decoder{}. The "
          "file is damaged: replace it, or set video.allow_truncated in a suite to use what "
          "decodes",
          index,
          static_cast<double>(table_.frames[static_cast<std::size_t>(index)].pts) *
              av_q2d(source_.stream().time_base),
          reason, table_.frames.size(), decoded.frames.size(), findings));
}

const AVFrame& FrameDecoder::frame(int64_t index) {
  if (index == current_index_ && current_ != nullptr) return *current_;
  return table_.is_addressable ? frame_by_pts(index) : frame_by_counting(index);
}

void FrameDecoder::position_for(int64_t index) {
  const int64_t pts = table_.frames[static_cast<std::size_t>(index)].pts;
  const auto after = std::upper_bound(
      table_.entries.begin(), table_.entries.end(), pts,
      [](int64_t value, const FrameTable::Entry& entry) { return value < entry.pts; });
  const bool is_ahead = is_started_ && index > current_index_;
  if (after != table_.entries.begin()) {
    const FrameTable::Entry& entry = *std::prev(after);
    if (is_ahead && entry.position <= packets_.packets_fed()) return;  // decode on
    if (packets_.start_at(entry)) {
      current_index_ = -1;
      is_started_ = true;
      return;
    }
  } else if (is_ahead) {
    return;
  }
  packets_.restart();
  current_index_ = -1;
  is_started_ = true;
}

const AVFrame& FrameDecoder::frame_by_pts(int64_t index) {
  position_for(index);
  int64_t missing = index;
  if (const AVFrame* found = decode_until(index, missing)) return *found;
  // A decoder may leave out frames behind the key frame it was started at (FFmpeg 7 does for some
  // HEVC files); started at the file's first packet it leaves out none that can be decoded.
  packets_.restart();
  current_index_ = -1;
  if (const AVFrame* found = decode_until(index, missing)) return *found;
  fail(missing, "does not come out of the decoder");
}

const AVFrame* FrameDecoder::decode_until(int64_t index, int64_t& missing) {
  const int64_t pts = table_.frames[static_cast<std::size_t>(index)].pts;
  const int64_t errors_before = packets_.error_count();
  missing = index;
  current_ = nullptr;
  while (const AVFrame* decoded = packets_.next()) {
    const int64_t decoded_pts =
        decoded->pts != AV_NOPTS_VALUE ? decoded->pts : decoded->best_effort_timestamp;
    if (decoded_pts > pts) return nullptr;
    if (is_damaged(*decoded) || packets_.error_count() > errors_before) {
      fail(index, "or one it builds on is damaged");
    }
    const auto known = std::lower_bound(
        table_.frames.begin(), table_.frames.end(), decoded_pts,
        [](const FrameTable::Frame& frame, int64_t value) { return frame.pts < value; });
    if (known == table_.frames.end() || known->pts != decoded_pts)
      continue;  // announced by no packet
    const int64_t decoded_index = std::distance(table_.frames.begin(), known);
    if (current_index_ >= 0 && decoded_index != current_index_ + 1) {
      missing = current_index_ + 1;
      return nullptr;
    }
    current_index_ = decoded_index;
    if (decoded_pts == pts) {
      current_ = decoded;
      return current_;
    }
  }
  return nullptr;
}

const AVFrame& FrameDecoder::frame_by_counting(int64_t index) {
  if (!is_started_ || index < current_index_) {
    packets_.restart();
    current_index_ = -1;
    is_started_ = true;
  }
  current_ = nullptr;
  while (current_index_ < index) {
    const AVFrame* decoded = packets_.next();
    if (decoded == nullptr) fail(index, "does not come out of the decoder");
    if (!options_.allow_truncated && (is_damaged(*decoded) || packets_.error_count() > 0)) {
      fail(index, "or one it builds on is damaged");
    }
    ++current_index_;
    current_ = decoded;
  }
  return *current_;
}

}  // namespace physprobe
