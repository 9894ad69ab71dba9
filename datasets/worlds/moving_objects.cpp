#include "physprobe/datasets/worlds/moving_objects.h"

#include "physprobe/core/error.h"
#include "physprobe/core/rng.h"
#include "physprobe/datasets/worlds/texture.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace physprobe {

namespace {

constexpr double kTwoPi = 6.283185307179586476925286766559;
/// Sizes and speeds below are given for a frame of this side and grow with the frame.
constexpr double kReferenceSize = 256.0;

double uniform_between(Rng& rng, double low, double high) {
  return low + (high - low) * rng.uniform();
}

uint64_t clip_seed(uint64_t seed, int64_t index, const std::string& purpose) {
  return derive_seed(seed, fmt::format("moving_objects/clip {}/{}", index, purpose).c_str());
}

/// A texture with its contrast and colour.
struct Surface {
  NoiseTexture texture;
  float brightness;
  float contrast;
  std::array<float, 3> tint;  ///< Of R, G, B; Rec.601 luma 1.

  Surface(uint64_t seed, Rng& rng, double contrast_low, double contrast_high)
      : texture(seed),
        brightness(static_cast<float>(uniform_between(rng, 0.35, 0.6))),
        contrast(static_cast<float>(uniform_between(rng, contrast_low, contrast_high))) {
    for (float& channel : tint) channel = static_cast<float>(uniform_between(rng, 0.6, 1.3));
    const float luma = 0.299F * tint[0] + 0.587F * tint[1] + 0.114F * tint[2];
    for (float& channel : tint) channel /= luma;
  }

  /// Grey level before tinting; tanh keeps the tails inside the range without a kink.
  float level(float u, float v) const {
    return brightness + contrast * std::tanh(0.5F * texture.at(u, v)) * 2.0F;
  }
};

enum class Shape { kEllipse, kRectangle };

struct MovingObject {
  Shape shape;
  double half_width, half_height;         ///< Pixels, before scaling.
  double x, y;                            ///< Centre at time 0, pixels.
  double velocity_x, velocity_y;          ///< Pixels per second.
  double angle, spin;                     ///< Radians, radians per second.
  double swell, swell_rate, swell_phase;  ///< Relative size change, radians per second, radians.
  Surface surface;
};

struct Pose {
  double x, y, cosine, sine, scale;
};

/// Position on a straight path reflected at both ends of [low, high].
double reflect(double position, double low, double high) {
  const double span = high - low;
  double phase = std::fmod(position - low, 2.0 * span);
  if (phase < 0.0) phase += 2.0 * span;
  return low + (phase <= span ? phase : 2.0 * span - phase);
}

Pose pose_at(const MovingObject& object, double seconds, double size) {
  const double margin = std::min(object.half_width, object.half_height);
  Pose pose{};
  pose.x = reflect(object.x + object.velocity_x * seconds, margin, size - margin);
  pose.y = reflect(object.y + object.velocity_y * seconds, margin, size - margin);
  const double angle = object.angle + object.spin * seconds;
  pose.cosine = std::cos(angle);
  pose.sine = std::sin(angle);
  pose.scale = 1.0 + object.swell * std::sin(object.swell_rate * seconds + object.swell_phase);
  return pose;
}

/// Signed distance (negative inside) from the outline in the object's own unscaled frame.
float outline_distance(const MovingObject& object, float u, float v) {
  const auto a = static_cast<float>(object.half_width);
  const auto b = static_cast<float>(object.half_height);
  if (object.shape == Shape::kRectangle) {
    const float du = std::abs(u) - a;
    const float dv = std::abs(v) - b;
    return std::hypot(std::max(du, 0.0F), std::max(dv, 0.0F)) + std::min(std::max(du, dv), 0.0F);
  }
  // First-order distance to an ellipse; exact for a disc.
  const float radius = std::hypot(u / a, v / b);
  const float slope = std::hypot(u / (a * a), v / (b * b));
  return slope > 0.0F ? radius * (radius - 1.0F) / slope : -std::min(a, b);
}

MovingObject make_object(uint64_t seed, int64_t index, int64_t number, double size) {
  Rng rng(clip_seed(seed, index, fmt::format("object {}", number)));
  const double unit = size / kReferenceSize;
  const double radius = uniform_between(rng, 34.0, 54.0) * unit;
  const auto kind = rng.below(3);  // disc, square, ellipse
  const double aspect = kind == 2 ? uniform_between(rng, 1.3, 1.7) : 1.0;
  const double x = uniform_between(rng, radius, size - radius);
  const double y = uniform_between(rng, radius, size - radius);
  const double direction = uniform_between(rng, 0.0, kTwoPi);
  const double speed = uniform_between(rng, 36.0, 84.0) * unit;
  const double angle = uniform_between(rng, 0.0, kTwoPi);
  const double spin = uniform_between(rng, -0.5, 0.5);
  const double swell = uniform_between(rng, 0.0, 0.08);
  const double swell_rate = uniform_between(rng, 2.0, 4.0);
  const double swell_phase = uniform_between(rng, 0.0, kTwoPi);
  Surface surface(clip_seed(seed, index, fmt::format("texture {}", number)), rng, 0.12, 0.2);
  return {kind == 1 ? Shape::kRectangle : Shape::kEllipse,
          radius * std::sqrt(aspect),
          radius / std::sqrt(aspect),
          x,
          y,
          speed * std::cos(direction),
          speed * std::sin(direction),
          angle,
          spin,
          swell,
          swell_rate,
          swell_phase,
          std::move(surface)};
}

std::vector<MovingObject> make_objects(uint64_t seed,
                                       int64_t index,
                                       const MovingObjectsOptions& options) {
  std::vector<MovingObject> objects;
  for (int64_t number = 0; number < options.objects; ++number)
    objects.push_back(make_object(seed, index, number, static_cast<double>(options.size)));
  return objects;
}

/// One frame in linear steps of grey, (size, size, 3).
class Canvas {
 public:
  explicit Canvas(int64_t size)
      : size_(size),
        texture_step_(1.0F / std::max(1.0F, static_cast<float>(size / kReferenceSize))),
        values_(static_cast<std::size_t>(size * size * 3)) {}

  void fill(const Surface& surface) {
    for (int64_t row = 0; row < size_; ++row) {
      for (int64_t column = 0; column < size_; ++column) {
        const float level = surface.level(static_cast<float>(column) * texture_step_,
                                          static_cast<float>(row) * texture_step_);
        blend(row, column, surface, level, 1.0F);
      }
    }
  }

  void draw(const MovingObject& object, const Pose& pose) {
    const double reach = std::hypot(object.half_width, object.half_height) * pose.scale + 1.0;
    const int64_t top = clamp_index(std::floor(pose.y - reach));
    const int64_t bottom = clamp_index(std::ceil(pose.y + reach));
    const int64_t left = clamp_index(std::floor(pose.x - reach));
    const int64_t right = clamp_index(std::ceil(pose.x + reach));
    for (int64_t row = top; row < bottom; ++row) {
      for (int64_t column = left; column < right; ++column) {
        const double dx = (static_cast<double>(column) + 0.5 - pose.x) / pose.scale;
        const double dy = (static_cast<double>(row) + 0.5 - pose.y) / pose.scale;
        const auto u = static_cast<float>(pose.cosine * dx + pose.sine * dy);
        const auto v = static_cast<float>(pose.cosine * dy - pose.sine * dx);
        const float distance = outline_distance(object, u, v) * static_cast<float>(pose.scale);
        const float coverage = std::clamp(0.5F - distance, 0.0F, 1.0F);
        if (coverage <= 0.0F) continue;
        const float level = object.surface.level(u * texture_step_, v * texture_step_);
        blend(row, column, object.surface, level, coverage);
      }
    }
  }

  void quantise(uint8_t* out) const {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      out[i] = static_cast<uint8_t>(std::clamp(values_[i], 0.0F, 1.0F) * 255.0F + 0.5F);
    }
  }

 private:
  int64_t clamp_index(double position) const {
    return std::clamp<int64_t>(static_cast<int64_t>(position), 0, size_);
  }

  void blend(int64_t row, int64_t column, const Surface& surface, float level, float coverage) {
    float* pixel = values_.data() + (row * size_ + column) * 3;
    for (std::size_t c = 0; c < 3; ++c) {
      pixel[c] += coverage * (level * surface.tint[c] - pixel[c]);
    }
  }

  int64_t size_;
  float texture_step_;  ///< Texture pixels per frame pixel: larger frames show larger grain.
  std::vector<float> values_;
};

void require(bool holds, const char* field, const std::string& found, const char* allowed) {
  if (holds) return;
  throw Error(ErrorKind::kUsage, std::string("moving_objects.") + field,
              fmt::format("is {}; expected {}", found, allowed));
}

}  // namespace

void MovingObjectsOptions::validate() const {
  require(size >= 32 && size <= 4096, "size", std::to_string(size), "32 to 4096 pixels");
  require(frames >= 4 && frames <= 100'000, "frames", std::to_string(frames),
          "4 to 100000 (fewer than 4 cannot be shuffled so that no two stay neighbours)");
  require(fps >= 1.0 && fps <= 1000.0, "fps", fmt::format("{}", fps), "1 to 1000");
  require(objects >= 1 && objects <= 16, "objects", std::to_string(objects), "1 to 16");
}

at::Tensor render_moving_objects(uint64_t seed,
                                 int64_t index,
                                 const MovingObjectsOptions& options) {
  options.validate();
  require(index >= 0, "index", std::to_string(index), "0 or more");
  const auto size = static_cast<double>(options.size);
  Rng ground_rng(clip_seed(seed, index, "ground"));
  const Surface ground(clip_seed(seed, index, "ground texture"), ground_rng, 0.06, 0.1);
  const std::vector<MovingObject> objects = make_objects(seed, index, options);
  Canvas background(options.size);
  background.fill(ground);

  at::Tensor frames = at::empty({options.frames, options.size, options.size, 3}, at::kByte);
  auto* out = frames.data_ptr<uint8_t>();
  for (int64_t frame = 0; frame < options.frames; ++frame) {
    Canvas canvas = background;
    for (const MovingObject& object : objects) {
      Pose pose = pose_at(object, static_cast<double>(frame) / options.fps, size);
      const bool is_violated = &object == &objects.back() && frame >= options.violation.frame;
      if (is_violated && options.violation.kind == ObjectViolation::Kind::kVanish) continue;
      if (is_violated && options.violation.kind == ObjectViolation::Kind::kJump) {
        pose.x = size - pose.x;
        pose.y = size - pose.y;
      }
      canvas.draw(object, pose);
    }
    canvas.quantise(out + frame * options.size * options.size * 3);
  }
  return frames;
}

int64_t violation_frame(uint64_t seed, int64_t index, const MovingObjectsOptions& options) {
  options.validate();
  const auto size = static_cast<double>(options.size);
  const MovingObject object = make_object(seed, index, options.objects - 1, size);
  int64_t best = options.frames / 3;
  double farthest = -1.0;
  for (int64_t frame = options.frames / 3; frame < 2 * options.frames / 3; ++frame) {
    const Pose pose = pose_at(object, static_cast<double>(frame) / options.fps, size);
    const double distance = std::hypot(pose.x - size / 2, pose.y - size / 2);
    if (distance > farthest) {
      farthest = distance;
      best = frame;
    }
  }
  return best;
}

std::vector<int64_t> shuffled_order(uint64_t seed, int64_t index, int64_t frames) {
  require(frames == 1 || frames >= 4, "frames", std::to_string(frames), "1, or 4 and more");
  Rng rng(clip_seed(seed, index, "shuffle"));
  // About one permutation in e^2 of any length has no old neighbours side by side.
  while (true) {
    std::vector<int64_t> order = rng.permutation(frames);
    const auto pair = std::adjacent_find(
        order.begin(), order.end(), [](int64_t a, int64_t b) { return a - b == 1 || b - a == 1; });
    if (pair == order.end()) return order;
  }
}

}  // namespace physprobe
