#pragma once
// Turns packets into decoded frames: one after the other (PacketDecoder) or by index
// (FrameDecoder), with every sign of damage kept instead of concealed. Internal to `video/`.

#include "physprobe/video/colour_conversion.h"
#include "physprobe/video/frame_table.h"

#include <cstdint>
#include <string>

namespace physprobe {

/// True if the decoder says that the picture is not what was encoded.
bool is_damaged(const AVFrame& frame);

/// Decodes a stream from some packet on. Feeding and draining are bounded: a decoder that swallows
/// packets without end stops with Error(kInput).
class PacketDecoder {
 public:
  PacketDecoder(MediaSource& source, const VideoOptions& options, int reorder_depth);

  /// From the first packet of the file.
  void restart();
  /// From the packet with this pts, `position` in the sequence of packets; false if the container
  /// lands behind it.
  bool start_at(const FrameTable::Entry& entry);
  /// The next frame in order of presentation, valid until the next call; nullptr at the end.
  const AVFrame* next();

  CodedSize coded_size() const { return {decoder_->coded_width, decoder_->coded_height}; }
  int64_t packets_fed() const { return packets_fed_; }  ///< Position of the next packet to feed.
  int64_t error_count() const {
    return error_count_;
  }  ///< Packets the decoder rejected since the start.

 private:
  void flush();
  bool feed();  ///< False if the stream has ended (the decoder is then draining).

  MediaSource& source_;
  UniqueCodecContext decoder_;
  UniquePacket packet_;
  UniqueFrame frame_;
  bool has_pending_packet_ = false;
  bool is_draining_ = false;
  int64_t packets_fed_ = 0;
  int64_t error_count_ = 0;
};

/// Any frame of a FrameTable by index, bit for bit as sequential decoding gives it.
class FrameDecoder {
 public:
  FrameDecoder(MediaSource& source, const FrameTable& table, const VideoOptions& options);

  /// The decoded frame, valid until the next call. Throws Error(kInput) naming the frame if it
  /// cannot be decoded, or if it or one it builds on is damaged and `allow_truncated` is off.
  const AVFrame& frame(int64_t index);
  /// Of the picture last returned.
  CodedSize coded_size() const { return packets_.coded_size(); }

 private:
  void position_for(int64_t index);
  [[noreturn]] void fail(int64_t index, const std::string& reason);
  const AVFrame& frame_by_pts(int64_t index);
  /// The frame `index` if it comes out of the decoder from where it stands; nullptr, and in
  /// `missing` the first frame that does not.
  const AVFrame* decode_until(int64_t index, int64_t& missing);
  const AVFrame& frame_by_counting(int64_t index);

  MediaSource& source_;
  const FrameTable& table_;
  VideoOptions options_;
  PacketDecoder packets_;
  const AVFrame* current_ = nullptr;
  int64_t current_index_ = -1;
  bool is_started_ = false;
};

}  // namespace physprobe
