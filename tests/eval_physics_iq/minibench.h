#pragma once
// The small complete benchmark of the golden data: evaluations of it, and copies to damage.

#include "physprobe/eval/physics_iq/evaluation.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace physprobe::testing {

constexpr const char* kModelA = "model-a-bpp-run_01";
constexpr const char* kModelB = "model-b-op-run_01";

inline std::string minibench(const std::string& relative = "") {
  return golden_path("physics_iq/minibench" + (relative.empty() ? "" : "/" + relative));
}

/// The official setting (direct masks where OpenCV has no video writer), without media.
PhysicsIqOptions mini_options(const std::string& out, const std::vector<std::string>& models);

nlohmann::json run_scores(const std::string& directory, std::size_t run = 0);

/// A score as it is printed: percent, two decimals.
double percent(const nlohmann::json& scores, const char* key);

/// The message of the error that planning gives; "" if it gives none.
std::string refusal(const PhysicsIqOptions& options);

/// A copy of model a, the 30 FPS real clips and the descriptions that a test may damage.
class MiniBenchmarkCopy {
 public:
  MiniBenchmarkCopy();
  std::string path(const std::string& name) const { return dir_ / name; }
  std::string generated(const std::string& name = "") const;
  std::string real(const std::string& name = "") const;
  /// The file whose name begins with `id`.
  std::string generated_with(const std::string& id) const;
  std::string real_with(const std::string& id) const;
  PhysicsIqOptions options() const;

 private:
  TempDir dir_;
};

}  // namespace physprobe::testing
