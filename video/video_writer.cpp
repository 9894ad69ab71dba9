#include "physprobe/video/video_writer.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/video/codec_names.h"
#include "physprobe/video/ffmpeg_handles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace physprobe {
namespace {

constexpr int64_t kMaxSide = 16384;

std::string extension_of(const std::string& path) {
  return std::filesystem::path(path).extension().string();
}

bool fits(const VideoCodec& codec, const std::string& extension, bool is_odd) {
  const bool can_be_held = std::find(codec.containers.begin(), codec.containers.end(), extension) !=
                           codec.containers.end();
  const bool can_be_odd = !is_odd || codec.odd_format != AV_PIX_FMT_NONE;
  return can_be_held && can_be_odd && avcodec_find_encoder_by_name(codec.encoder_name) != nullptr;
}

const VideoCodec& choose_codec(const std::string& path,
                               int64_t width,
                               int64_t height,
                               const std::string& name) {
  const bool is_odd = width % 2 != 0 || height % 2 != 0;
  for (const VideoCodec& codec : writable_codecs()) {
    if (name != "auto" && codec.name != name) continue;
    if (name == "auto" && codec.name == "ffv1") continue;  // lossless only when asked for
    if (fits(codec, extension_of(path), is_odd)) return codec;
  }
  std::string available;
  for (const std::string& encoder : available_encoders()) available += " " + encoder;
  throw Error(ErrorKind::kUsage, path,
              fmt::format("codec '{}' cannot write {}x{} into a '{}' file here; installed encoders "
                          "are{}; use .mp4 or "
                          ".mkv for h264, .webm for vp8, .mkv for ffv1, and even sizes for mpeg4",
                          name, width, height, extension_of(path), available));
}

/// The file under its temporary name; removed unless committed.
class PendingFile {
 public:
  explicit PendingFile(const std::string& path)
      : path_(path), temporary_(temporary_sibling(path)) {}
  ~PendingFile() {
    if (!is_committed_) std::remove(temporary_.c_str());
  }
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  const std::string& temporary() const { return temporary_; }
  void commit() {
    commit_file(temporary_, path_);
    is_committed_ = true;
  }

 private:
  std::string path_;
  std::string temporary_;
  bool is_committed_ = false;
};

class FfmpegWriter final : public VideoWriter {
 public:
  FfmpegWriter(const std::string& path,
               int64_t width,
               int64_t height,
               const VideoWriterOptions& options,
               const VideoCodec& codec)
      : path_(path),
        width_(static_cast<int>(width)),
        height_(static_cast<int>(height)),
        file_(path) {
    open_encoder(codec, options);
    open_container(codec);
    const AVPixelFormat format = encoder_->pix_fmt;
    conversion_.reset(sws_getContext(width_, height_, AV_PIX_FMT_RGB24, width_, height_, format,
                                     SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, nullptr,
                                     nullptr, nullptr));
    packet_.reset(av_packet_alloc());
    if (conversion_ == nullptr || packet_ == nullptr) {
      throw Error(ErrorKind::kResource, path_, "out of memory");
    }
    frame_ = make_frame(format);
    // swscale reads behind the end of rows: not behind the end of the caller's memory.
    rgb_ = make_frame(AV_PIX_FMT_RGB24);
    std::memset(rgb_->data[0], 0,
                static_cast<std::size_t>(rgb_->linesize[0]) * static_cast<std::size_t>(height));
  }

  ~FfmpegWriter() override { close_io(); }

  void write(const PictureView& frame) override {
    if (is_closed_) throw Error(ErrorKind::kUsage, path_, "is closed; nothing can be added");
    if (frame.rgb == nullptr || frame.height != height_ || frame.width != width_) {
      throw Error(ErrorKind::kUsage, path_,
                  fmt::format("frame {} has to be ({}, {}, 3) uint8 like the video", count_,
                              height_, width_));
    }
    check(av_frame_make_writable(frame_.get()), "allocating a frame");
    av_image_copy_plane(rgb_->data[0], rgb_->linesize[0], frame.rgb,
                        static_cast<int>(frame.row_bytes), width_ * 3, height_);
    sws_scale(conversion_.get(), rgb_->data, rgb_->linesize, 0, height_, frame_->data,
              frame_->linesize);
    frame_->pts = count_++;
    check(avcodec_send_frame(encoder_.get(), frame_.get()), "encoding");
    drain();
  }

  void close() override {
    if (is_closed_) return;
    if (count_ == 0) throw Error(ErrorKind::kUsage, path_, "no frame was written");
    check(avcodec_send_frame(encoder_.get(), nullptr), "encoding");
    drain();
    check(av_write_trailer(container_.get()), "finishing the file");
    close_io();
    file_.commit();
    is_closed_ = true;
  }

 private:
  void check(int code, const char* doing) const {
    if (code < 0) {
      throw Error(ErrorKind::kResource, path_,
                  fmt::format("{} failed ({})", doing, av_error_text(code)));
    }
  }

  UniqueFrame make_frame(AVPixelFormat format) const {
    UniqueFrame frame(av_frame_alloc());
    if (frame == nullptr) throw Error(ErrorKind::kResource, path_, "out of memory");
    frame->format = format;
    frame->width = width_;
    frame->height = height_;
    check(av_frame_get_buffer(frame.get(), 0), "allocating a frame");
    return frame;
  }

  void open_encoder(const VideoCodec& codec, const VideoWriterOptions& options) {
    const AVCodec* implementation = avcodec_find_encoder_by_name(codec.encoder_name);
    encoder_.reset(avcodec_alloc_context3(implementation));
    if (encoder_ == nullptr) throw Error(ErrorKind::kResource, path_, "out of memory");
    const bool is_odd = width_ % 2 != 0 || height_ % 2 != 0;
    const AVRational rate = av_d2q(options.fps, 100'000);
    encoder_->width = width_;
    encoder_->height = height_;
    encoder_->pix_fmt = is_odd ? codec.odd_format : codec.even_format;
    encoder_->time_base = av_inv_q(rate);
    encoder_->framerate = rate;
    encoder_->thread_count = 1;
    encoder_->flags |= AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_GLOBAL_HEADER;
    if (codec.name != "ffv1") {  // what swscale writes and our reader assumes
      encoder_->colorspace = AVCOL_SPC_SMPTE170M;
      encoder_->color_range = AVCOL_RANGE_MPEG;
    }
    AvDictionary settings;
    if (codec.name == "h264") {
      settings.set("preset", "medium");
      // x264's macroblock tree reads memory it never wrote (seen with 64 x 64 pixels and AVX-512):
      // the same frames then give other bytes from one run to the next.
      settings.set("mbtree", "0");
      settings.set("crf", std::to_string(options.quality));
    } else if (codec.name == "vp8") {
      // Without hidden reference frames every packet is one picture.
      settings.set("auto-alt-ref", "0");
      settings.set("crf", std::to_string(std::clamp(options.quality, 4, 63)));
      encoder_->bit_rate = int64_t{4} * width_ * height_ * 8;  // an upper bound; crf decides
    } else if (codec.name == "mpeg4") {
      encoder_->flags |= AV_CODEC_FLAG_QSCALE;
      encoder_->global_quality = FF_QP2LAMBDA * std::clamp(1 + options.quality / 4, 1, 31);
    }
    check(avcodec_open2(encoder_.get(), implementation, settings.address()), "opening the encoder");
  }

  void open_container(const VideoCodec& codec) {
    const AVOutputFormat* format = av_guess_format(nullptr, path_.c_str(), nullptr);
    if (format == nullptr) {
      throw Error(ErrorKind::kUsage, path_,
                  "its extension names no container of the installed FFmpeg");
    }
    AVFormatContext* context = nullptr;
    check(avformat_alloc_output_context2(&context, format, nullptr,
                                         ("file:" + file_.temporary()).c_str()),
          "creating the container");
    container_.reset(context);
    container_->flags |= AVFMT_FLAG_BITEXACT;
    stream_ = avformat_new_stream(container_.get(), nullptr);
    if (stream_ == nullptr) throw Error(ErrorKind::kResource, path_, "out of memory");
    stream_->time_base = encoder_->time_base;
    stream_->avg_frame_rate = encoder_->framerate;
    check(avcodec_parameters_from_context(stream_->codecpar, encoder_.get()),
          "describing the stream");
    // x264 writes its version and settings into the stream; other libraries' bytes must not depend
    // on them.
    const std::string filter = codec.name == "h264" ? "filter_units=remove_types=6" : "null";
    AVBSFContext* chain = nullptr;
    check(av_bsf_list_parse_str(filter.c_str(), &chain), "creating the bitstream filter");
    filter_.reset(chain);
    check(avcodec_parameters_copy(filter_->par_in, stream_->codecpar), "describing the stream");
    filter_->time_base_in = encoder_->time_base;
    check(av_bsf_init(filter_.get()), "creating the bitstream filter");
    check(avcodec_parameters_copy(stream_->codecpar, filter_->par_out), "describing the stream");

    const int opened = avio_open(&container_->pb, container_->url, AVIO_FLAG_WRITE);
    if (opened < 0) {
      throw Error(
          ErrorKind::kResource, path_,
          fmt::format("cannot be written ({}); check that its folder exists and is writable",
                      av_error_text(opened)));
    }
    AvDictionary settings;
    const std::string name = format->name;
    if (name == "mp4" || name == "mov") settings.set("movflags", "+faststart");
    check(avformat_write_header(container_.get(), settings.address()), "writing the header");
  }

  void drain() {
    while (true) {
      const int received = avcodec_receive_packet(encoder_.get(), packet_.get());
      if (received == AVERROR(EAGAIN)) return;
      const bool is_end = received == AVERROR_EOF;
      if (!is_end) check(received, "encoding");
      if (!is_end && packet_->duration == 0) packet_->duration = 1;  // one tick is one frame
      check(av_bsf_send_packet(filter_.get(), is_end ? nullptr : packet_.get()), "filtering");
      while (true) {
        const int filtered = av_bsf_receive_packet(filter_.get(), packet_.get());
        if (filtered == AVERROR(EAGAIN) || filtered == AVERROR_EOF) break;
        check(filtered, "filtering");
        packet_->stream_index = stream_->index;
        av_packet_rescale_ts(packet_.get(), encoder_->time_base, stream_->time_base);
        check(av_interleaved_write_frame(container_.get(), packet_.get()), "writing");
      }
      if (is_end) return;
    }
  }

  void close_io() {
    if (container_ != nullptr && container_->pb != nullptr) avio_closep(&container_->pb);
  }

  std::string path_;
  int width_;
  int height_;
  PendingFile file_;
  UniqueCodecContext encoder_;
  UniqueOutputContext container_;
  UniqueFilter filter_;
  UniqueSwsContext conversion_;
  UniqueFrame frame_;
  UniqueFrame rgb_;
  UniquePacket packet_;
  AVStream* stream_ = nullptr;  // owned by container_
  int64_t count_ = 0;
  bool is_closed_ = false;
};

}  // namespace

void VideoWriterOptions::validate() const {
  if (!(fps > 0.0) || fps > 1000.0) {
    throw Error(ErrorKind::kUsage, "fps",
                fmt::format("is {}; expected above 0, at most 1000", fps));
  }
  if (quality < 0 || quality > 51) {
    throw Error(ErrorKind::kUsage, "quality",
                fmt::format("is {}; expected 0 (best) to 51", quality));
  }
  const auto& known = writable_codecs();
  const bool is_known =
      codec == "auto" || std::any_of(known.begin(), known.end(), [&](const VideoCodec& candidate) {
        return candidate.name == codec;
      });
  if (!is_known) {
    throw Error(ErrorKind::kUsage, "codec",
                fmt::format("is '{}'; expected auto, h264, vp8, mpeg4 or ffv1", codec));
  }
}

std::string video_writer_version() {
  const unsigned int version = avcodec_version();
  return fmt::format("libavcodec {}.{}.{}", AV_VERSION_MAJOR(version), AV_VERSION_MINOR(version),
                     AV_VERSION_MICRO(version));
}

std::unique_ptr<VideoWriter> VideoWriter::open(const std::string& path,
                                               int64_t width,
                                               int64_t height,
                                               const VideoWriterOptions& options) {
  options.validate();
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide) {
    throw Error(ErrorKind::kUsage, path,
                fmt::format("a size of {}x{} was asked for; each side has to be 1 to {}", width,
                            height, kMaxSide));
  }
  quieten_ffmpeg();
  return std::make_unique<FfmpegWriter>(path, width, height, options,
                                        choose_codec(path, width, height, options.codec));
}

}  // namespace physprobe
