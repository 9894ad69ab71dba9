#include "physprobe/encoders/weights_report.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/core/parallel.h"
#include "physprobe/encoders/checkpoint.h"
#include "physprobe/encoders/vit_checkpoint.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace physprobe {
namespace {

int64_t count_not_finite(const at::Tensor& tensor) {
  if (!tensor.is_floating_point() || tensor.numel() == 0) return 0;
  return tensor.numel() - at::isfinite(tensor.to(at::kFloat)).sum().item<int64_t>();
}

FamilyFit fit(const Checkpoint& checkpoint, const std::string& family, const VitRequest& request) {
  FamilyFit result;
  result.family = family;
  VitRequest asked = request;
  asked.family = family;
  try {
    VitFit found = fit_vit(checkpoint, asked);
    result.detection = found.facts.line;
    result.missing = std::move(found.misfit.missing);
    result.unexpected = std::move(found.misfit.unexpected);
    result.misshaped = std::move(found.misfit.misshaped);
    result.fits = result.missing.empty() && result.unexpected.empty() && result.misshaped.empty();
    if (!result.fits) {
      result.reason = std::to_string(result.missing.size()) + " missing, " +
                      std::to_string(result.unexpected.size()) + " unexpected, " +
                      std::to_string(result.misshaped.size()) + " mis-shaped tensors";
    }
  } catch (const Error& error) {
    result.reason = error.message();
  }
  return result;
}

/// The families asked about, the one the file looks like first.
std::vector<std::string> families_to_try(const std::string& wanted, const std::string& detected) {
  std::vector<std::string> names;
  for (const VitFamily& family : vit_families()) names.push_back(family.name);
  if (!wanted.empty()) {
    if (std::find(names.begin(), names.end(), wanted) == names.end()) {
      throw Error(ErrorKind::kUsage, "--family",
                  "unknown family '" + wanted + "'" + did_you_mean(wanted, names));
    }
    return {wanted};
  }
  std::stable_partition(names.begin(), names.end(),
                        [&](const std::string& name) { return name == detected; });
  return names;
}

at::ScalarType scalar_type(const std::string& dtype) {
  if (dtype == "float32") return at::kFloat;
  if (dtype == "float16") return at::kHalf;
  if (dtype == "bfloat16") return at::kBFloat16;
  throw Error(ErrorKind::kUsage, "--dtype",
              "is '" + dtype + "'; expected keep, float32, float16 or bfloat16");
}

at::Tensor converted(const at::Tensor& tensor, const std::string& dtype, const std::string& name) {
  if (dtype == "keep" || !tensor.is_floating_point()) return tensor;
  at::Tensor result = tensor.to(scalar_type(dtype));
  if (count_not_finite(result) != count_not_finite(tensor)) {
    throw Error(ErrorKind::kInput, name, "has values beyond the range of " + dtype);
  }
  return result;
}

}  // namespace

WeightsReport inspect_weights(const std::string& path, const WeightsQuestion& question) {
  const Checkpoint checkpoint = Checkpoint::open(path);
  WeightsReport report;
  report.path = checkpoint.path();
  report.format = checkpoint.files().front().format;
  report.metadata = checkpoint.metadata();
  for (const TensorFile& file : checkpoint.files()) {
    for (const TensorEntry& entry : file.entries) {
      report.tensors.push_back({entry.name, entry.dtype, entry.shape, 0});
    }
    report.passed_over.insert(report.passed_over.end(), file.passed_over.begin(),
                              file.passed_over.end());
  }
  std::sort(report.tensors.begin(), report.tensors.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  if (question.with_values) {
    parallel_for(static_cast<int64_t>(report.tensors.size()), 0, [&](int64_t i) {
      WeightsTensor& tensor = report.tensors[static_cast<std::size_t>(i)];
      tensor.not_finite = count_not_finite(checkpoint.read(tensor.name));
    });
  }
  const VitRequest request = {"", question.heads, question.checkpoint_key};
  try {
    const VitFacts facts = read_vit_facts(checkpoint, request);
    report.detected_family = facts.family;
    report.detection = facts.line;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kInput) throw;
  }
  for (const std::string& family : families_to_try(question.family, report.detected_family)) {
    report.families.push_back(fit(checkpoint, family, request));
  }
  report.digest = checkpoint.digest();
  return report;
}

int64_t convert_weights(const std::string& path,
                        const std::string& output,
                        const ConversionOptions& options) {
  if (options.dtype != "keep") scalar_type(options.dtype);
  const Checkpoint checkpoint = Checkpoint::open(path);
  const std::string prefix = options.checkpoint_key.empty() ? "" : options.checkpoint_key + ".";
  std::map<std::string, at::Tensor> tensors;
  for (const std::string& name : checkpoint.names()) {
    if (name.compare(0, prefix.size(), prefix) != 0) continue;
    tensors[name.substr(prefix.size())] = converted(checkpoint.read(name), options.dtype, name);
  }
  if (tensors.empty()) {
    throw Error(ErrorKind::kUsage, checkpoint.path(),
                prefix.empty() ? "holds no tensor"
                               : "holds no tensor under '" + prefix +
                                     "'; `physprobe inspect weights` lists what it holds");
  }
  std::map<std::string, std::string> metadata = checkpoint.metadata();
  metadata["format"] = "pt";  // what readers of the format ask for
  metadata["source"] = std::filesystem::path(checkpoint.path()).filename().string();
  metadata["source_sha256"] = checkpoint.digest();
  write_safetensors(output, tensors, metadata);
  return static_cast<int64_t>(tensors.size());
}

}  // namespace physprobe
