#include "physprobe/video/image_sequence.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/media_names.h"
#include "physprobe/video/frame_window.h"
#include "physprobe/video/image_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

struct NumberedImage {
  std::string path;
  std::string pattern;  ///< The name with its number replaced by '#'.
  int64_t number = 0;
};

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : static_cast<char>(c);
  });
  return text;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Splits "shot2_0031.png" into number 31 and pattern "shot2_#.png"; nullopt without a number.
std::optional<NumberedImage> parse_name(const fs::path& path) {
  const std::string stem = path.stem().string();
  const auto last = std::find_if(stem.rbegin(), stem.rend(), is_digit);
  if (last == stem.rend()) return std::nullopt;
  const auto end = static_cast<std::size_t>(stem.rend() - last);
  std::size_t begin = end;
  while (begin > 0 && is_digit(stem[begin - 1])) --begin;
  NumberedImage image;
  const auto parsed = std::from_chars(stem.data() + begin, stem.data() + end, image.number);
  if (parsed.ec != std::errc{}) return std::nullopt;
  image.path = path.string();
  image.pattern = stem.substr(0, begin) + "#" + stem.substr(end) + path.extension().string();
  return image;
}

class ImageSequenceReader final : public FrameReader {
 public:
  ImageSequenceReader(const std::string& directory, const VideoOptions& options) {
    options_ = options;
    info_.path = directory;
    ImageSequence sequence = list_image_sequence(directory);
    if (sequence.paths.empty()) {
      throw Error(
          ErrorKind::kInput, directory,
          "is a directory without numbered images (such as 0001.png); expected a video file or a "
          "folder of frames");
    }
    if (!sequence.damage.empty() && !options.allow_truncated) {
      std::string findings;
      for (const std::string& finding : sequence.damage) {
        findings += (findings.empty() ? "" : "; ") + finding;
      }
      throw Error(ErrorKind::kInput, directory, "is not one whole image sequence: " + findings);
    }
    info_.damage = std::move(sequence.damage);
    paths_ = std::move(sequence.paths);
    if (static_cast<int64_t>(paths_.size()) > options.max_frames) {
      throw Error(ErrorKind::kResource, directory,
                  fmt::format("holds {} images, more than max_frames = {}", paths_.size(),
                              options.max_frames));
    }
    check_sizes();
    describe();
  }

  void read_frame(int64_t index, uint8_t* out) override {
    const std::string& path = paths_[static_cast<std::size_t>(first_index_ + index)];
    const std::string bytes = read_file(path);
    if (image_size(path, bytes) != std::make_pair(info_.height, info_.width)) {
      throw Error(ErrorKind::kInput, path, "has changed its size since the folder was opened");
    }
    decode_image(path, bytes, info_.height, info_.width, out);
  }

 private:
  void check_sizes() {
    for (const std::string& path : paths_) {
      const auto [height, width] = image_size(path, read_file(path));
      if (height * width > options_.max_pixels) {
        throw Error(ErrorKind::kResource, path,
                    fmt::format("is {}x{} = {} pixels, more than max_pixels = {}", width, height,
                                height * width, options_.max_pixels));
      }
      if (info_.width == 0) {
        info_.width = width;
        info_.height = height;
      } else if (info_.width != width || info_.height != height) {
        throw Error(
            ErrorKind::kInput, path,
            fmt::format(
                "is {}x{}, the first image of its sequence {}x{}; all have to be of one size",
                width, height, info_.width, info_.height));
      }
    }
  }

  void describe() {
    info_.container = "image sequence";
    const std::string extension = lower_case(fs::path(paths_.front()).extension().string());
    info_.codec = extension == ".png" ? "png" : extension == ".bmp" ? "bmp" : "jpeg";
    info_.pixel_format = "rgb24";
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      const double begin = static_cast<double>(i) / options_.image_sequence_fps;
      const double end = static_cast<double>(i + 1) / options_.image_sequence_fps;
      info_.pts_seconds.push_back(begin);
      info_.duration_seconds.push_back(end - begin);
    }
    const double tick_seconds = 1e-6;
    summarise_times(info_, tick_seconds);
    first_index_ = restrict_to_window(info_, options_);
    summarise_times(info_, tick_seconds);
  }

  std::vector<std::string> paths_;
  int64_t first_index_ = 0;
};

}  // namespace

ImageSequence list_image_sequence(const std::string& directory) {
  ImageSequence sequence;
  std::vector<NumberedImage> images;
  std::vector<std::string> unnumbered;
  std::error_code error;
  fs::directory_iterator entries(directory, error);
  if (error) throw Error(ErrorKind::kInput, directory, "cannot be listed: " + error.message());
  for (; entries != fs::directory_iterator(); entries.increment(error)) {
    if (error) throw Error(ErrorKind::kInput, directory, "cannot be listed: " + error.message());
    const fs::path& path = entries->path();
    std::error_code ignored;
    if (!is_image_name(path.string()) || !entries->is_regular_file(ignored)) continue;
    if (std::optional<NumberedImage> image = parse_name(path)) {
      images.push_back(std::move(*image));
    } else {
      unnumbered.push_back(path.filename().string());
    }
  }
  std::sort(images.begin(), images.end(), [](const NumberedImage& a, const NumberedImage& b) {
    return a.number != b.number ? a.number < b.number : a.path < b.path;
  });
  std::sort(unnumbered.begin(), unnumbered.end());
  if (!unnumbered.empty() && !images.empty()) {
    sequence.damage.push_back(fmt::format("'{}' carries no number", unnumbered.front()));
  }
  const int64_t step = images.size() < 2 ? 1 : images[1].number - images[0].number;
  for (std::size_t i = 0; i < images.size(); ++i) {
    sequence.paths.push_back(images[i].path);
    if (i == 0 || !sequence.damage.empty()) continue;
    const NumberedImage& previous = images[i - 1];
    if (images[i].pattern != previous.pattern) {
      sequence.damage.push_back(
          fmt::format("it mixes the names '{}' and '{}'", previous.pattern, images[i].pattern));
    } else if (images[i].number == previous.number) {
      sequence.damage.push_back(fmt::format("number {} occurs twice", images[i].number));
    } else if (images[i].number - previous.number != step) {
      sequence.damage.push_back(
          fmt::format("numbers {} and {} follow each other where steps of {} were expected",
                      previous.number, images[i].number, step));
    }
  }
  return sequence;
}

std::unique_ptr<FrameReader> open_image_sequence(const std::string& directory,
                                                 const VideoOptions& options) {
  return std::make_unique<ImageSequenceReader>(directory, options);
}

}  // namespace physprobe
