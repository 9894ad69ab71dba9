#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/child_program.h"
#include "physprobe/benchmarks/scratch_folder.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/encoders/vit_family.h"
#include "physprobe/encoders/vit_parameters.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <filesystem>

namespace physprobe {
namespace {

constexpr int kCheckDidNotHold = 7;  // the expected zeros are wrong on purpose
constexpr double kMegabyte = 1e6;

/// Peak memory in MB of `physprobe parity` on one drawn frame of `side` pixels.
double peak_of_parity(const ScratchFolder& folder, const std::string& encoder, int64_t side) {
  const at::Tensor frame =
      at::arange(3 * side * side, at::kFloat).remainder(251.0F).div(251.0F).sub(0.5F);
  write_safetensors(folder / "case.safetensors",
                    {{"input", frame.reshape({1, 3, side, side})},
                     {"norm.cls", at::zeros({1, 768}).slice(1, 0, side == 112 ? 384 : 768)}});
  int64_t peak = 0;
  const int code = run_quietly({this_program(), "parity", "--threads", "1", "--encoder", encoder,
                                "--case", folder / "case.safetensors"},
                               &peak);
  require_correct(code == kCheckDidNotHold, "encoder memory",
                  fmt::format("parity ended with {}", code).c_str());
  return static_cast<double>(peak) / kMegabyte;
}

double peak_of_version() {
  int64_t peak = 0;
  require_correct(run_quietly({this_program(), "version"}, &peak) == 0, "encoder memory",
                  "the program does not start");
  return static_cast<double>(peak) / kMegabyte;
}

/// The buffers of one image's forward pass, in MB: the stream thrice and the widest layer.
double block_activations(const VitConfig& config, int64_t tokens) {
  const double wide = static_cast<double>(std::max(3 * config.width, config.hidden_rows()));
  return static_cast<double>(tokens) * (3.0 * static_cast<double>(config.width) + wide) * 4.0 /
         kMegabyte;
}

}  // namespace

Results bench_encoder_memory() {
  const ScratchFolder folder;
  const VitFamily& dinov2 = vit_family("dinov2");
  const VitConfig config = vit_size(dinov2, "vitb14");
  write_safetensors(folder / "w.safetensors", random_vit_parameters(config, 0));
  const double weights =
      static_cast<double>(std::filesystem::file_size(folder / "w.safetensors")) / kMegabyte;
  const double before = peak_of_version();
  BenchmarkResult loaded;
  loaded.name = "encoder-memory/dinov2-vitb14-224";
  loaded.unit = "MB above the process";
  loaded.repetitions = 1;
  loaded.value = peak_of_parity(folder, folder / "w.safetensors", 224) - before;
  loaded.limit_name = "the weights and the activations of one block";
  loaded.limit = weights + block_activations(config, 257);
  loaded.verified = "the model was loaded and run";

  write_file_atomic(folder / "pixels.yaml",
                    "family: vit\noptions: {size: small_pixels_112, random_seed: 0}\n");
  BenchmarkResult pixels;
  pixels.name = "encoder-memory/attention-over-12545-tokens";
  pixels.unit = "MB at the peak";
  pixels.repetitions = 1;
  pixels.value = peak_of_parity(folder, folder / "pixels.yaml", 112);
  pixels.limit_name = "2 GB";
  pixels.limit = 2048.0;
  pixels.verified = "the model was run on 112 x 112 pixels, each a token";
  return {with_target(loaded, 1.3, false), with_target(pixels, 1.0, false)};
}

}  // namespace physprobe
