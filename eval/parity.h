#pragma once
// Whether an encoder here gives the numbers of another implementation: its outputs on given frames
// against a file of expected ones, tap by tap.

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// Deviation at one tap.
struct TapDeviation {
  std::string tap;
  int64_t values = 0;
  double largest_absolute = 0.0;
  double largest_expected = 0.0;  ///< Largest magnitude among the expected values.
  double largest_relative = 0.0;  ///< largest_absolute / largest_expected.
  double allowed = 0.0;           ///< tolerance * max(1, largest_expected).
  bool passes = false;
};

struct ParityReport {
  std::string encoder;        ///< Its id.
  std::string detection;      ///< What was read off its weights.
  std::string preprocessing;  ///< "none: the case holds normalised frames", or the spec applied.
  std::string device;         ///< That of the options; "": the encoder's own.
  std::string dtype;          ///< "float32", or what was compared with it.
  /// With a dtype: how many times as fast as float32 the frames were encoded; else 0.
  double speed = 0.0;
  /// Median of the timed passes over the frames; 0 when none was asked for.
  double seconds_per_pass = 0.0;
  std::vector<TapDeviation> taps;
  bool passes = false;
};

struct ParityOptions {
  double tolerance = 1e-4;  ///< Times the larger of 1 and a tap's largest expected magnitude.
  std::string dtype;        ///< "" = compare with the case; else this dtype with float32.
  std::string device;  ///< Where it computes, as run_plan.h's on_device takes it; "": as stated.
  int threads = 0;
  int64_t timed_passes = 0;  ///< Passes over the frames to time, once they were compared.
};

/// `config` as make_encoder takes it. `case_path` is a safetensors file with `input`, images
/// (B,3,H,W) or clips (B,T,3,H,W) floating and already normalised or (T,H,W,3) uint8 to be
/// preprocessed (T images, or one clip for a video model), and expected tensors named as the
/// encoder's taps, each (B,N,D), (B,D) or (B,T,N,D). With `options.dtype` only `input`
/// is used. Throws Error(kUsage) for tensors that are no taps (nearest named) or a case without
/// any, Error(kIncompatible) for shapes that differ.
ParityReport check_parity(const nlohmann::json& config,
                          const std::string& case_path,
                          const ParityOptions& options);

}  // namespace physprobe
