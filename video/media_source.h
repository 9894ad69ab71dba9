#pragma once
// One local media file opened for reading packets of one video stream: the place where FFmpeg is
// kept from the network, from playlists, from giant pictures and from spinning. Internal to
// `video/`.

#include "physprobe/video/ffmpeg_handles.h"
#include "physprobe/video/frame_reader.h"

#include <chrono>
#include <memory>
#include <string>

namespace physprobe {

class InputFile;

class MediaSource {
 public:
  /// Opens the file and chooses the stream. Throws Error(kInput) if it is no readable video file of
  /// an allowed container, Error(kResource) if its pictures are larger than `options.max_pixels`.
  MediaSource(const std::string& path, const VideoOptions& options);

  const std::string& path() const { return path_; }
  const AVFormatContext& container() const { return *context_; }
  const AVStream& stream() const { return *context_->streams[stream_index_]; }

  enum class Outcome { kPacket, kEnd, kDamaged };
  /// The next packet of the stream in `packet`. kDamaged: the container could not be read further
  /// although the file goes on. Never spins: reads without progress are counted and timed.
  Outcome next(AVPacket& packet);

  /// Moves to the last index entry at or before `dts`; false if the container cannot.
  bool seek(int64_t dts);
  /// Starts again at the first packet, by reopening.
  void rewind();

 private:
  void open();
  void open_container(const InputFile& file);
  bool described_by_first_packet();
  void find_stream_info();
  void choose_stream();
  void refuse_giant_pictures() const;
  static int is_overdue(void* opaque);
  void start_clock();

  std::string path_;
  VideoOptions options_;
  int stream_index_ = -1;
  struct Clock {
    std::chrono::steady_clock::time_point deadline;
  };
  std::unique_ptr<Clock> clock_;  // at a fixed address: FFmpeg keeps it
  UniqueInputContext context_;
  UniquePacket begin_;  // the first packet, if it has been read already
};

/// Opens a decoder for the stream of `source`. Throws Error(kInput) if this FFmpeg has none for its
/// codec.
UniqueCodecContext open_decoder(const MediaSource& source,
                                const VideoOptions& options,
                                int reorder_depth);

}  // namespace physprobe
