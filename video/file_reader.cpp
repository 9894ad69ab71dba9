#include "physprobe/video/file_reader.h"

extern "C" {
#include <libavutil/display.h>
}

#include "physprobe/core/error.h"
#include "physprobe/video/colour_conversion.h"
#include "physprobe/video/frame_decoder.h"
#include "physprobe/video/frame_table.h"
#include "physprobe/video/frame_window.h"
#include "physprobe/video/media_source.h"

#include <fmt/format.h>
#include <opencv2/core.hpp>

#include <cmath>

namespace physprobe {
namespace {

const int32_t* display_matrix(const AVStream& stream) {
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
  const AVPacketSideData* side_data =
      av_packet_side_data_get(stream.codecpar->coded_side_data, stream.codecpar->nb_coded_side_data,
                              AV_PKT_DATA_DISPLAYMATRIX);
  if (side_data == nullptr || side_data->size < 9 * sizeof(int32_t)) return nullptr;
  return reinterpret_cast<const int32_t*>(side_data->data);
#else
  std::size_t size = 0;
  const uint8_t* data = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (data == nullptr || size < 9 * sizeof(int32_t)) return nullptr;
  return reinterpret_cast<const int32_t*>(data);
#endif
}

/// Clockwise quarter turns that show the stream upright.
int rotation_degrees(const MediaSource& source) {
  const int32_t* matrix = display_matrix(source.stream());
  if (matrix == nullptr) return 0;
  const double determinant =
      static_cast<double>(matrix[0]) * matrix[4] - static_cast<double>(matrix[1]) * matrix[3];
  const double counter_clockwise = av_display_rotation_get(matrix);
  const double clockwise = -counter_clockwise;
  const double nearest = std::round(clockwise / 90.0) * 90.0;
  if (std::isnan(clockwise) || determinant < 0.0 || std::abs(clockwise - nearest) > 1.0) {
    throw Error(
        ErrorKind::kInput, source.path(),
        fmt::format("asks to be shown mirrored or turned by {:.1f} degrees; only quarter turns are "
                    "applied (switch apply_rotation off to read it as stored)",
                    clockwise));
  }
  return (static_cast<int>(nearest) % 360 + 360) % 360;
}

class FileReader final : public FrameReader {
 public:
  FileReader(const std::string& path, const VideoOptions& options)
      : source_(path, options), conversion_(options.colour_tags) {
    options_ = options;
    info_.path = path;
    describe_header();
    build_table();
    fill_times();
    decoder_ = std::make_unique<FrameDecoder>(source_, table_, options_);
  }

  void read_frame(int64_t index, uint8_t* out) override {
    const AVFrame& frame = decoded(index);
    if (info_.rotation_degrees == 0) {
      conversion_.to_rgb(frame, decoder_->coded_size(), out);
      return;
    }
    const cv::Mat stored(coded_height_, coded_width_, CV_8UC3, stored_.data());
    conversion_.to_rgb(frame, decoder_->coded_size(), stored.data);
    cv::Mat shown(static_cast<int>(info_.height), static_cast<int>(info_.width), CV_8UC3, out);
    cv::rotate(stored, shown,
               info_.rotation_degrees == 90    ? cv::ROTATE_90_CLOCKWISE
               : info_.rotation_degrees == 180 ? cv::ROTATE_180
                                               : cv::ROTATE_90_COUNTERCLOCKWISE);
  }

 protected:
  bool read_bands(int64_t index, const std::function<bool(const FrameBand&)>& body) override {
    const AVFrame& frame = decoded(index);
    if (info_.rotation_degrees != 0 || !ColourConversion::converts_in_bands(frame))
      return FrameReader::read_bands(index, body);
    return conversion_.to_rgb_bands(
        frame, decoder_->coded_size(),
        [&](int first_row, int rows, const uint8_t* rgb, int row_bytes) {
          return body({index, first_row, rows, rgb, row_bytes});
        });
  }

 private:
  const AVFrame& decoded(int64_t index) {
    const AVFrame& frame = decoder_->frame(first_index_ + index);
    if (frame.width != coded_width_ || frame.height != coded_height_) {
      throw Error(
          ErrorKind::kInput, info_.path,
          fmt::format(
              "frame {} is {}x{}, the video began with {}x{}; split it where the size changes",
              index, frame.width, frame.height, coded_width_, coded_height_));
    }
    return frame;
  }

  void describe_header() {
    const AVStream& stream = source_.stream();
    const AVCodecParameters& codec = *stream.codecpar;
    const auto format = static_cast<AVPixelFormat>(codec.format);
    info_.container = source_.container().iformat->name;
    info_.codec = avcodec_get_name(codec.codec_id);
    const char* format_name = av_get_pix_fmt_name(format);
    info_.pixel_format = format_name == nullptr ? "unknown" : format_name;
    info_.bit_depth = component_depth(format);
    coded_width_ = codec.width;
    coded_height_ = codec.height;
    info_.rotation_degrees = options_.apply_rotation ? rotation_degrees(source_) : 0;
    const bool is_on_its_side = info_.rotation_degrees % 180 != 0;
    info_.width = is_on_its_side ? coded_height_ : coded_width_;
    info_.height = is_on_its_side ? coded_width_ : coded_height_;
    if (info_.rotation_degrees != 0) {
      stored_.require(int64_t{coded_height_} * coded_width_ * 3);
    }
    if (stream.nb_frames > 0) info_.header_frame_count = stream.nb_frames;
    if (stream.duration > 0) {
      info_.header_duration_seconds =
          static_cast<double>(stream.duration) * av_q2d(stream.time_base);
    } else if (source_.container().duration > 0) {
      info_.header_duration_seconds =
          static_cast<double>(source_.container().duration) / AV_TIME_BASE;
    }
    if (stream.avg_frame_rate.num > 0) info_.header_fps = av_q2d(stream.avg_frame_rate);
  }

  void build_table() {
    table_ = scan_packets(source_, options_);
    std::vector<std::string> damage = table_.damage;
    const bool is_sound = damage.empty();
    if (!is_sound || options_.allow_truncated || !table_.is_addressable) {
      FrameTable decoded = scan_by_decoding(source_, options_, table_);
      damage.insert(damage.end(), decoded.damage.begin(), decoded.damage.end());
      const bool misses_frames = decoded.frames.size() < table_.frames.size();
      if (table_.is_addressable && misses_frames) {
        damage.push_back(fmt::format("{} frames are announced, {} come out of the decoder",
                                     table_.frames.size(), decoded.frames.size()));
      }
      // A sound file keeps its random access.
      if (!damage.empty() || !table_.is_addressable) table_ = std::move(decoded);
    }
    if (!damage.empty() && !options_.allow_truncated) refuse(damage);
    if (table_.frames.empty()) {
      throw Error(ErrorKind::kInput, info_.path,
                  fmt::format("no frame of its {} stream can be decoded{}", info_.codec,
                              damage.empty() ? "" : " (" + joined(damage) + ")"));
    }
    info_.damage = std::move(damage);
  }

  static std::string joined(const std::vector<std::string>& damage) {
    std::string findings;
    for (const std::string& finding : damage) findings += (findings.empty() ? "" : "; ") + finding;
    return findings;
  }

  [[noreturn]] void refuse(const std::vector<std::string>& damage) const {
    const std::string claim =
        info_.header_frame_count ? fmt::format("header claims {} frames", *info_.header_frame_count)
                                 : std::string("header claims no frame count");
    throw Error(ErrorKind::kInput, info_.path,
                fmt::format("is damaged: {}, {} can be decoded ({}); replace the file, or set "
                            "video.allow_truncated in a suite to use what decodes",
                            claim, table_.frames.size(), joined(damage)));
  }

  void fill_times() {
    const double tick_seconds = av_q2d(source_.stream().time_base);
    for (const FrameTable::Frame& frame : table_.frames) {
      info_.pts_seconds.push_back(static_cast<double>(frame.pts) * tick_seconds);
      info_.duration_seconds.push_back(static_cast<double>(frame.duration) * tick_seconds);
    }
    summarise_times(info_, tick_seconds);
    first_index_ = restrict_to_window(info_, options_);
    summarise_times(info_, tick_seconds);
  }

  MediaSource source_;
  FrameTable table_;
  std::unique_ptr<FrameDecoder> decoder_;
  ColourConversion conversion_;
  AlignedBytes stored_;  // a picture before rotation
  int coded_width_ = 0;
  int coded_height_ = 0;
  int64_t first_index_ = 0;
};

}  // namespace

std::unique_ptr<FrameReader> open_video_file(const std::string& path, const VideoOptions& options) {
  return std::make_unique<FileReader>(path, options);
}

}  // namespace physprobe
