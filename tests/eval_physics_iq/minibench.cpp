#include "eval_physics_iq/minibench.h"

#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/physics_iq/scores.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace physprobe::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kReal30 = "physics-IQ-benchmark-verified/split-videos/testing/30FPS";

std::string find(const std::string& folder, const std::string& id) {
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().rfind(id, 0) == 0) return entry.path().string();
  ADD_FAILURE() << "no " << id << " in " << folder;
  return "";
}

}  // namespace

PhysicsIqOptions mini_options(const std::string& out, const std::vector<std::string>& models) {
  PhysicsIqOptions options;
  for (const std::string& model : models)
    options.plan.generated.push_back(minibench("generated/" + model));
  options.plan.benchmark = minibench();
  options.plan.descriptions = minibench("descriptions.csv");
  options.out = out;
  options.mask_path = has_mask_codec() ? MaskPath::kMp4v : MaskPath::kDirect;
  options.statistics.resamples = 199;
  options.progress = ProgressMode::kNone;
  options.with_media = false;
  return options;
}

nlohmann::json run_scores(const std::string& directory, std::size_t run) {
  return read_json(directory + "/results.json").at("runs").at(run).at("scores");
}

double percent(const nlohmann::json& scores, const char* key) {
  return round_scaled(100.0 * scores.at(key).get<double>(), 2);
}

std::string refusal(const PhysicsIqOptions& options) {
  try {
    plan_evaluation(options.plan);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput) << error.what();
    return error.what();
  }
  return "";
}

MiniBenchmarkCopy::MiniBenchmarkCopy() {
  fs::copy(minibench("generated/" + std::string(kModelA)), generated(),
           fs::copy_options::recursive);
  fs::create_directories(fs::path(real()).parent_path());
  fs::copy(minibench(kReal30), real(), fs::copy_options::recursive);
  fs::copy_file(minibench("descriptions.csv"), path("descriptions.csv"));
}

std::string MiniBenchmarkCopy::generated(const std::string& name) const {
  return path(std::string("model") + (name.empty() ? "" : "/" + name));
}

std::string MiniBenchmarkCopy::real(const std::string& name) const {
  return path(std::string(kReal30) + (name.empty() ? "" : "/" + name));
}

std::string MiniBenchmarkCopy::generated_with(const std::string& id) const {
  return find(generated(), id);
}

std::string MiniBenchmarkCopy::real_with(const std::string& id) const {
  return find(real(), id);
}

PhysicsIqOptions MiniBenchmarkCopy::options() const {
  PhysicsIqOptions options = mini_options(path("out"), {});
  options.plan.generated = {generated()};
  options.plan.benchmark = dir_.path();
  options.plan.descriptions = path("descriptions.csv");
  return options;
}

}  // namespace physprobe::testing
