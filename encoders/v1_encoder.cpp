#include "physprobe/encoders/v1_encoder.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/encoders/encode_request.h"
#include "physprobe/encoders/encoder_config.h"
#include "physprobe/encoders/thumbnail.h"
#include "physprobe/encoders/v1_kernels.h"
#include "physprobe/encoders/v1_pyramid.h"
#include "physprobe/encoders/v1_retina.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

constexpr int64_t kNativeSize = 0;
constexpr int64_t kMostScales = 12;
constexpr int64_t kMostOrientations = 64;
// Interpolated frames may exceed 1 by rounding; frames left at 0..255 exceed it by far.
constexpr float kHighestPixel = 1.001F;

struct V1Options {
  int64_t size = 256;  ///< kNativeSize: the frames' own.
  int64_t scales = 6;
  int64_t orientations = 8;
  bool is_amplitude = false;
  bool has_retina = true;
};

V1Options read_options(const nlohmann::json& options) {
  const std::string subject = "v1.options";
  V1Options result;
  result.scales = integer_field(options, "scales", result.scales, 1, kMostScales, subject);
  result.orientations =
      integer_field(options, "orientations", result.orientations, 1, kMostOrientations, subject);
  result.is_amplitude =
      choice_field(options, "readout", "energy", {"energy", "amplitude"}, subject) == "amplitude";
  result.has_retina =
      choice_field(options, "front_end", "retina", {"retina", "none"}, subject) == "retina";
  if (options.contains("size") && options.at("size").is_string()) {
    choice_field(options, "size", "", {"native"}, subject);
    result.size = kNativeSize;
    return result;
  }
  const int64_t step = int64_t{1} << result.scales;
  result.size = integer_field(options, "size", result.size, 1, 16384, subject);
  if (result.size % step != 0) {
    throw Error(ErrorKind::kUsage, subject,
                "'size' is " + std::to_string(result.size) + ", which is no multiple of " +
                    std::to_string(step) +
                    " = 2^scales; choose such a size, fewer scales or \"native\"");
  }
  return result;
}

PreprocessSpec default_preprocess(const V1Options& options) {
  PreprocessSpec spec;
  spec.name = "v1";
  spec.colour = ColourRule::kLuma;
  spec.resize = options.size == kNativeSize ? ResizeRule::kNone : ResizeRule::kCenterSquare;
  spec.height = options.size;
  spec.width = options.size;
  spec.filter = ResampleFilter::kLanczos;
  spec.arithmetic = ResampleArithmetic::kPillowUint8;
  return spec;
}

/// The model is defined on grey values 0..1 of the size its id names.
void require_compatible(const PreprocessSpec& spec, const V1Options& options) {
  const PreprocessSpec plain;
  const bool is_expected_size =
      options.size == kNativeSize ||
      fixed_frame_size(spec) == std::make_pair(options.size, options.size);
  if (spec.colour == ColourRule::kLuma && spec.scale_to_unit && spec.mean == plain.mean &&
      spec.stddev == plain.stddev && is_expected_size) {
    return;
  }
  throw Error(ErrorKind::kUsage, "v1.preprocess",
              "the model takes luma in 0..1 without mean and std, at the size set by options.size; "
              "only resize, "
              "filter, arithmetic and crop may differ, found " +
                  spec.canonical());
}

std::string size_text(const V1Options& options) {
  return options.size == kNativeSize ? "native" : std::to_string(options.size);
}

EncoderInfo build_info(const V1Options& options, const PreprocessSpec& spec) {
  const std::string readout = options.is_amplitude ? "amplitude" : "energy";
  const std::string front_end = options.has_retina ? "retina" : "none";
  const std::string scales = std::to_string(options.scales);
  const std::string orientations = std::to_string(options.orientations);
  EncoderInfo info;
  info.id = "v1-S" + size_text(options) + "-N" + scales + "-K" + orientations + "-" + readout +
            "-" + front_end + preprocess_suffix(default_preprocess(options), spec);
  info.family = "v1";
  info.description = "Steerable-pyramid " + readout +
                     (options.has_retina ? " behind a retina" : " of pixels") +
                     ", no trained weights";
  info.weights_digest = "none";
  info.canonical = "v1/1;size=" + size_text(options) + ";scales=" + scales +
                   ";orientations=" + orientations + ";readout=" + readout +
                   ";front_end=" + front_end;
  const int64_t area = options.size * options.size;
  info.taps.push_back({"pixel", area, "Grey values 0..1, rows then columns."});
  info.default_taps = {"pixel", "v1"};
  if (options.has_retina) {
    info.taps.push_back({"retina", area, "Gain-controlled centre-surround response."});
    info.default_taps.insert(info.default_taps.begin() + 1, "retina");
  }
  std::vector<TapInfo> scale_taps;
  int64_t total = 0;
  for (int64_t scale = 0; scale < options.scales; ++scale) {
    const int64_t width = options.orientations * (area >> (2 * scale));
    total += width;
    scale_taps.push_back({"v1.scale" + std::to_string(scale), width,
                          "Scale " + std::to_string(scale) + " of v1: orientation, row, column."});
  }
  info.taps.push_back(
      {"v1", total, "Pyramid " + readout + ", finest scale first; not normalised."});
  info.taps.insert(info.taps.end(), scale_taps.begin(), scale_taps.end());
  info.retrieval_tap = "v1";
  info.preprocess = spec;
  info.is_verified = true;
  return info;
}

float square_root(float value) {
  return std::sqrt(value);
}

/// Where a tap's numbers lie in what a frame yields.
struct TapSource {
  enum class Kind { kPixel, kRetina, kBands } kind = Kind::kPixel;
  int64_t offset = 0;       ///< Into the pyramid's energies.
  int64_t size = 0;         ///< Numbers per token.
  int64_t first_scale = 0;  ///< Half-open range of scales, kBands only.
  int64_t last_scale = 0;
};

class V1Encoder final : public Encoder {
 public:
  V1Encoder(const V1Options& options, const PreprocessSpec& spec)
      : options_(options), info_(build_info(options, spec)) {}

  const EncoderInfo& info() const override { return info_; }

  std::vector<TapOutput> encode(const at::Tensor& input,
                                const EncodeOptions& request) const override {
    const std::vector<std::size_t> taps = requested_taps(info_, request);
    const at::Tensor frames = checked_frames(info_, input, 1);
    require_preprocessed_size(info_, frames);
    require_unit_range(frames);
    const auto filters =
        pyramid_filters(frames.size(3), frames.size(4), options_.scales, options_.orientations);
    std::vector<TapSource> sources;
    std::vector<TapOutput> outputs;
    for (const std::size_t tap : taps) {
      sources.push_back(source_of(info_.taps[tap].name, *filters));
      outputs.push_back(
          empty_output(info_.taps[tap].name, sources.back(), frames, request.keep_tokens));
    }
    parallel_for(frames.size(0) * frames.size(1), request.threads,
                 [&](int64_t frame) { encode_frame(frames, frame, *filters, sources, outputs); });
    return outputs;
  }

  std::unique_ptr<Encoder> untrained(uint64_t /*seed*/) const override { return nullptr; }

 private:
  void require_unit_range(const at::Tensor& frames) const {
    const float* values = frames.data_ptr<float>();
    for (int64_t i = 0; i < frames.numel(); ++i) {
      if (values[i] >= 0.0F && values[i] <= kHighestPixel) continue;
      throw Error(ErrorKind::kInput, info_.id,
                  "frame " + std::to_string(i / (frames.size(3) * frames.size(4))) +
                      " of the batch holds the value " + std::to_string(values[i]) +
                      "; grey values from 0 to 1 are expected (coded values / 255)");
    }
  }

  TapSource source_of(const std::string& tap, const PyramidFilters& filters) const {
    TapSource source;
    source.size = filters.height * filters.width;
    if (tap == "pixel") return source;
    source.kind = TapSource::Kind::kRetina;
    if (tap == "retina") return source;
    source.kind = TapSource::Kind::kBands;
    source.last_scale = options_.scales;
    source.size = pyramid_energy_size(filters);
    if (tap == "v1") return source;
    int64_t scale = 0;
    while (tap != "v1.scale" + std::to_string(scale)) {
      source.offset += level_size(filters, scale);
      ++scale;
    }
    source.first_scale = scale;
    source.last_scale = scale + 1;
    source.size = level_size(filters, scale);
    return source;
  }

  static int64_t level_size(const PyramidFilters& filters, int64_t scale) {
    const PyramidFilters::Level& level = filters.levels[static_cast<std::size_t>(scale)];
    return filters.orientations * level.height * level.width;
  }

  TapOutput empty_output(const std::string& tap,
                         const TapSource& source,
                         const at::Tensor& frames,
                         bool keep_tokens) const {
    const int64_t batch = frames.size(0);
    const int64_t steps = frames.size(1);
    const bool is_bands = source.kind == TapSource::Kind::kBands;
    const int64_t pooled_size =
        is_bands ? (source.last_scale - source.first_scale) * options_.orientations
                 : kThumbnailSide * kThumbnailSide;
    TapOutput output;
    output.name = tap;
    output.grid_height = 1;
    output.grid_width = 1;
    output.pooled = at::empty({batch, steps, pooled_size}, at::kFloat);
    output.patch_mean = output.pooled;
    if (keep_tokens) output.tokens = at::empty({batch, steps, 1, source.size}, at::kFloat);
    return output;
  }

  void encode_frame(const at::Tensor& frames,
                    int64_t frame,
                    const PyramidFilters& filters,
                    const std::vector<TapSource>& sources,
                    const std::vector<TapOutput>& outputs) const {
    const int64_t height = filters.height;
    const int64_t width = filters.width;
    const c10::NoGradGuard no_gradients;
    const float* pixel = frames.data_ptr<float>() + frame * height * width;
    TapSource::Kind deepest = TapSource::Kind::kPixel;
    for (const TapSource& source : sources) deepest = std::max(deepest, source.kind);
    at::Tensor retina = at::empty({height, width}, at::kFloat);
    if (deepest != TapSource::Kind::kPixel && options_.has_retina) {
      retina_response(pixel, height, width, retina.data_ptr<float>());
    } else {
      std::copy_n(pixel, height * width, retina.data_ptr<float>());
    }
    std::vector<float> scratch;
    float* bands = nullptr;
    if (deepest == TapSource::Kind::kBands) {
      const int64_t size = pyramid_energy_size(filters);
      bands = whole_token(sources, outputs, frame, size);
      if (bands == nullptr) {
        scratch.resize(static_cast<std::size_t>(size));
        bands = scratch.data();
      }
      pyramid_energy(retina, filters, bands);
      if (options_.is_amplitude) std::transform(bands, bands + size, bands, square_root);
    }
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const TapSource& source = sources[i];
      const float* values = source.kind == TapSource::Kind::kPixel    ? pixel
                            : source.kind == TapSource::Kind::kRetina ? retina.data_ptr<float>()
                                                                      : bands + source.offset;
      if (outputs[i].tokens.defined()) {
        float* token = outputs[i].tokens.data_ptr<float>() + frame * source.size;
        if (token != values) std::copy_n(values, source.size, token);
      }
      float* pooled = outputs[i].pooled.data_ptr<float>() + frame * outputs[i].pooled.size(2);
      if (source.kind == TapSource::Kind::kBands) {
        pool_bands(values, filters, source, pooled);
      } else {
        area_thumbnail(values, 1, height, width, pooled);
      }
    }
  }

  /// Where a requested "v1" tap keeps this frame's `size` numbers, so that the pyramid writes them
  /// in place (they are megabytes); nullptr when it is not among the outputs.
  static float* whole_token(const std::vector<TapSource>& sources,
                            const std::vector<TapOutput>& outputs,
                            int64_t frame,
                            int64_t size) {
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const bool is_whole = sources[i].kind == TapSource::Kind::kBands && sources[i].size == size;
      if (is_whole && outputs[i].tokens.defined()) {
        return outputs[i].tokens.data_ptr<float>() + frame * size;
      }
    }
    return nullptr;
  }

  /// Mean of each scale and orientation, in double.
  static void pool_bands(const float* values,
                         const PyramidFilters& filters,
                         const TapSource& source,
                         float* pooled) {
    for (int64_t scale = source.first_scale; scale < source.last_scale; ++scale) {
      const PyramidFilters::Level& level = filters.levels[static_cast<std::size_t>(scale)];
      const int64_t area = level.height * level.width;
      for (int64_t k = 0; k < filters.orientations; ++k) {
        *pooled++ =
            static_cast<float>(v1_kernels().lane_sum(values, area) / static_cast<double>(area));
        values += area;
      }
    }
  }

  V1Options options_;
  EncoderInfo info_;
};

}  // namespace

std::unique_ptr<Encoder> make_v1_encoder(const nlohmann::json& config) {
  const V1Options options = read_options(object_field(config, "options", "v1"));
  const PreprocessSpec spec =
      read_preprocess(object_field(config, "preprocess", "v1"), default_preprocess(options), "v1");
  require_compatible(spec, options);
  return std::make_unique<V1Encoder>(options, spec);
}

}  // namespace physprobe
