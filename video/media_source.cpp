#include "physprobe/video/media_source.h"

#include "physprobe/core/error.h"
#include "physprobe/core/input_file.h"
#include "physprobe/video/container_extent.h"
#include "physprobe/video/stream_description.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace physprobe {
namespace {

// Containers that hold their own data. Playlists, concatenations, capture devices and image globs
// are left out: they would let one file name open others.
constexpr const char* kAllowedDemuxers =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,ogg,asf,nut,mxf,gif,ivf,"
    "obu,"
    "h264,hevc,m4v,yuv4mpegpipe,dv";
constexpr std::chrono::seconds kPatience{60};  // for one call into FFmpeg
constexpr int kMaxForeignPackets = 1'000'000;  // of other streams in a row
constexpr int kMaxRetries = 1000;

std::string describe_streams(const AVFormatContext& context) {
  std::string text;
  for (unsigned i = 0; i < context.nb_streams; ++i) {
    const AVCodecParameters& codec = *context.streams[i]->codecpar;
    const char* kind = av_get_media_type_string(codec.codec_type);
    const bool is_cover = (context.streams[i]->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
    text += fmt::format("{}{}: {} {}{}", i == 0 ? "" : ", ", i, kind == nullptr ? "data" : kind,
                        avcodec_get_name(codec.codec_id), is_cover ? " (cover art)" : "");
  }
  return text.empty() ? "none" : text;
}

bool has_known_codec(const AVFormatContext& context) {
  for (unsigned i = 0; i < context.nb_streams; ++i) {
    if (context.streams[i]->codecpar->codec_id != AV_CODEC_ID_NONE) return true;
  }
  return false;
}

/// What a file that ends too early adds to an error, "" for any other.
std::string cut_off_note(const std::string& path) {
  const auto truncation = find_truncation(InputFile(path));
  if (!truncation) return "";
  return "; it was probably cut off: " + *truncation + "; copy or record it again";
}

}  // namespace

MediaSource::MediaSource(const std::string& path, const VideoOptions& options)
    : path_(path), options_(options), clock_(std::make_unique<Clock>()) {
  quieten_ffmpeg();
  open();
}

int MediaSource::is_overdue(void* opaque) {
  return std::chrono::steady_clock::now() > static_cast<Clock*>(opaque)->deadline ? 1 : 0;
}

void MediaSource::start_clock() {
  clock_->deadline = std::chrono::steady_clock::now() + kPatience;
}

void MediaSource::open() {
  const InputFile file(path_);  // refuses directories, pipes and missing files in our own words
  if (file.size() == 0) throw Error(ErrorKind::kInput, path_, "is empty (0 bytes)");
  open_container(file);
  refuse_giant_pictures();
  if (described_by_first_packet()) return;
  if (begin_ != nullptr) {
    begin_.reset();
    open_container(file);
  }
  find_stream_info();
  refuse_giant_pictures();
  choose_stream();
}

void MediaSource::open_container(const InputFile& file) {
  context_.reset();
  AVFormatContext* context = avformat_alloc_context();
  if (context == nullptr) throw Error(ErrorKind::kResource, path_, "out of memory");
  context->interrupt_callback = {&MediaSource::is_overdue, clock_.get()};
  AvDictionary open_options;
  open_options.set("protocol_whitelist", "file");
  open_options.set("format_whitelist", kAllowedDemuxers);
  start_clock();
  const int opened = avformat_open_input(&context, ("file:" + path_).c_str(), nullptr,
                                         open_options.address());  // frees on failure
  if (opened >= 0) context_.reset(context);
  const bool is_empty = opened < 0 || !has_known_codec(*context_);
  if (is_empty && lacks_mp4_index(file)) {
    throw Error(ErrorKind::kInput, path_,
                "is an MP4 file without its index (no 'moov' box): it was cut off before it was "
                "finished, and nothing in it can be located; copy or record it again");
  }
  if (opened < 0) {
    const std::string note = cut_off_note(path_);
    if (!note.empty()) throw Error(ErrorKind::kInput, path_, "cannot be opened as a video" + note);
    throw Error(
        ErrorKind::kInput, path_,
        fmt::format(
            "is not a video file of a supported container ({}; playlists, network addresses "
            "and image files are not opened as video)",
            av_error_text(opened)));
  }
}

/// Chooses the stream and reads its first packet into `begin_`, if that may be enough; false: the
/// stream is not described.
bool MediaSource::described_by_first_packet() {
  begin_.reset();
  if (!is_described_but_for_pictures(*context_)) return false;
  choose_stream();
  UniquePacket packet(av_packet_alloc());
  if (packet == nullptr) throw Error(ErrorKind::kResource, path_, "out of memory");
  const Outcome outcome = next(*packet);
  begin_ = std::move(packet);
  return outcome == Outcome::kPacket &&
         describe_by_first_packet(*begin_, options_.max_pixels,
                                  *context_->streams[stream_index_]->codecpar);
}

void MediaSource::find_stream_info() {
  std::vector<AVDictionary*> stream_options(context_->nb_streams, nullptr);
  for (AVDictionary*& dictionary : stream_options) {
    av_dict_set_int(&dictionary, "max_pixels", options_.max_pixels, 0);
    av_dict_set(&dictionary, "threads", "1", 0);
  }
  start_clock();
  const int found = avformat_find_stream_info(context_.get(), stream_options.data());
  for (AVDictionary*& dictionary : stream_options) av_dict_free(&dictionary);
  if (found < 0) {
    throw Error(ErrorKind::kInput, path_,
                fmt::format("its streams cannot be read ({}){}", av_error_text(found),
                            cut_off_note(path_)));
  }
}

void MediaSource::refuse_giant_pictures() const {
  for (unsigned i = 0; i < context_->nb_streams; ++i) {
    const AVCodecParameters& codec = *context_->streams[i]->codecpar;
    if (codec.codec_type != AVMEDIA_TYPE_VIDEO) continue;
    const int64_t pixels = static_cast<int64_t>(codec.width) * codec.height;
    if (pixels > options_.max_pixels) {
      throw Error(
          ErrorKind::kResource, path_,
          fmt::format(
              "stream {} has pictures of {}x{} = {} pixels, more than max_pixels = {}; raise "
              "max_pixels if they are real",
              i, codec.width, codec.height, pixels, options_.max_pixels));
    }
  }
}

void MediaSource::choose_stream() {
  stream_index_ = -1;
  const auto is_video = [&](unsigned i) {
    const AVStream& stream = *context_->streams[i];
    return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
           (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) == 0;
  };
  if (options_.stream_index >= 0) {
    const auto wanted = static_cast<unsigned>(options_.stream_index);
    if (wanted >= context_->nb_streams || !is_video(wanted)) {
      throw Error(ErrorKind::kInput, path_,
                  fmt::format("stream {} is not a video stream; the file has {}", wanted,
                              describe_streams(*context_)));
    }
    stream_index_ = options_.stream_index;
  } else {
    for (unsigned i = 0; i < context_->nb_streams && stream_index_ < 0; ++i) {
      if (is_video(i)) stream_index_ = static_cast<int>(i);
    }
    if (stream_index_ < 0) {
      throw Error(ErrorKind::kInput, path_,
                  fmt::format("holds no video; its streams are {}{}", describe_streams(*context_),
                              cut_off_note(path_)));
    }
  }
  const AVCodecParameters& codec = *stream().codecpar;
  if (codec.width <= 0 || codec.height <= 0) {
    throw Error(ErrorKind::kInput, path_,
                fmt::format("the picture size of its {} stream cannot be determined{}",
                            avcodec_get_name(codec.codec_id), cut_off_note(path_)));
  }
  for (unsigned i = 0; i < context_->nb_streams; ++i) {
    if (static_cast<int>(i) != stream_index_) context_->streams[i]->discard = AVDISCARD_ALL;
  }
}

MediaSource::Outcome MediaSource::next(AVPacket& packet) {
  if (begin_ != nullptr) {
    av_packet_unref(&packet);
    av_packet_move_ref(&packet, begin_.get());
    begin_.reset();
    return Outcome::kPacket;
  }
  int foreign = 0;
  int retries = 0;
  while (true) {
    av_packet_unref(&packet);
    start_clock();
    const int result = av_read_frame(context_.get(), &packet);
    if (result == AVERROR_EOF) return Outcome::kEnd;
    if (result == AVERROR_EXIT) {
      throw Error(
          ErrorKind::kInput, path_,
          fmt::format(
              "reading made no progress for {} seconds; the file is damaged or its disk does "
              "not answer",
              kPatience.count()));
    }
    if (result == AVERROR(EAGAIN)) {
      if (++retries > kMaxRetries) return Outcome::kDamaged;
      continue;
    }
    if (result < 0) return Outcome::kDamaged;
    if (packet.stream_index == stream_index_) return Outcome::kPacket;
    if (++foreign > kMaxForeignPackets) return Outcome::kDamaged;
  }
}

bool MediaSource::seek(int64_t dts) {
  begin_.reset();
  start_clock();
  return av_seek_frame(context_.get(), stream_index_, dts, AVSEEK_FLAG_BACKWARD) >= 0;
}

void MediaSource::rewind() {
  open();
}

UniqueCodecContext open_decoder(const MediaSource& source,
                                const VideoOptions& options,
                                int reorder_depth) {
  const AVCodecParameters& parameters = *source.stream().codecpar;
  const char* name = avcodec_get_name(parameters.codec_id);
  const AVCodec* codec = avcodec_find_decoder(parameters.codec_id);
  if (codec == nullptr) {
    throw Error(ErrorKind::kInput, source.path(),
                fmt::format("its codec '{}' cannot be decoded by the installed FFmpeg", name));
  }
  UniqueCodecContext decoder(avcodec_alloc_context3(codec));
  if (decoder == nullptr) throw Error(ErrorKind::kResource, source.path(), "out of memory");
  int result = avcodec_parameters_to_context(decoder.get(), &parameters);
  decoder->pkt_timebase = source.stream().time_base;
  decoder->thread_count = std::max(1, options.decode_threads);
  decoder->max_pixels = options.max_pixels;
  // Containers rarely say how far pictures are reordered; a decoder that guesses too little drops
  // some.
  decoder->has_b_frames = std::max(decoder->has_b_frames, reorder_depth);
  if (result >= 0) result = avcodec_open2(decoder.get(), codec, nullptr);
  if (result < 0) {
    throw Error(ErrorKind::kInput, source.path(),
                fmt::format("its '{}' stream cannot be decoded ({})", name, av_error_text(result)));
  }
  return decoder;
}

}  // namespace physprobe
