#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/child_program.h"
#include "physprobe/benchmarks/scratch_folder.h"
#include "physprobe/benchmarks/torch_checkpoint.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/encoders/vit_family.h"
#include "physprobe/encoders/vit_parameters.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <filesystem>
#include <utility>

namespace physprobe {
namespace {

constexpr int kCheckDidNotHold = 7;  // the expected zeros are wrong on purpose
constexpr double kMegabyte = 1e6;

/// Peak memory in MB of `physprobe parity` on one drawn frame of `side` pixels; `width`: of the
/// encoder.
double peak_of_parity(const ScratchFolder& folder,
                      const std::string& encoder,
                      int64_t side,
                      int64_t width) {
  const at::Tensor frame =
      at::arange(3 * side * side, at::kFloat).remainder(251.0F).div(251.0F).sub(0.5F);
  write_safetensors(folder / "case.safetensors", {{"input", frame.reshape({1, 3, side, side})},
                                                  {"norm.cls", at::zeros({1, width})}});
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

/// Memory does not depend on the weights' values; these are quickly made.
VitParameters constant_parameters(const VitConfig& config) {
  VitParameters parameters;
  for (const VitParameter& parameter : vit_parameters(config)) {
    parameters[parameter.name] = at::full(parameter.shape, 0.01F, at::kFloat);
  }
  return parameters;
}

/// Loading and running a published size from each kind of file.
Results bench_files(const ScratchFolder& folder, const char* size, double before) {
  const VitConfig config = vit_size(vit_family("dinov2"), size);
  Results results;
  for (const std::string format : {"safetensors", "pth"}) {
    const std::string file = folder / ("w." + format);
    {
      const VitParameters parameters = constant_parameters(config);
      if (format == "pth") {
        write_torch_checkpoint(file, parameters);
      } else {
        write_safetensors(file, parameters);
      }
    }
    BenchmarkResult loaded;
    loaded.name = fmt::format("encoder-memory/dinov2-{}-224/{}", size, format);
    loaded.unit = "MB above the process";
    loaded.repetitions = 1;
    loaded.value = peak_of_parity(folder, file, 224, config.width) - before;
    loaded.limit_name = "the weights and the activations of one block";
    loaded.limit = static_cast<double>(std::filesystem::file_size(file)) / kMegabyte +
                   block_activations(config, 257);
    loaded.verified = "the model was loaded and run";
    std::filesystem::remove(file);
    results.push_back(with_target(loaded, 1.3, false));
  }
  return results;
}

}  // namespace

Results bench_encoder_memory() {
  const ScratchFolder folder;
  const double before = peak_of_version();
  Results results = bench_files(folder, "vitb14", before);
  for (BenchmarkResult& result : bench_files(folder, "vitl14", before)) {
    results.push_back(std::move(result));
  }
  write_file_atomic(folder / "pixels.yaml",
                    "family: vit\noptions: {size: small_pixels_112, random_seed: 0}\n");
  BenchmarkResult pixels;
  pixels.name = "encoder-memory/attention-over-12545-tokens";
  pixels.unit = "MB at the peak";
  pixels.repetitions = 1;
  pixels.value = peak_of_parity(folder, folder / "pixels.yaml", 112, 384);
  pixels.limit_name = "2 GB";
  pixels.limit = 2048.0;
  pixels.verified = "the model was run on 112 x 112 pixels, each a token";
  results.push_back(with_target(pixels, 1.0, false));
  return results;
}

}  // namespace physprobe
