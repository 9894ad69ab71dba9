#include "physprobe/eval/physics_iq/leaderboard.h"

#include "physprobe/core/error.h"

#include <algorithm>

namespace physprobe {
namespace {

const std::vector<LeaderboardRow>& verified_rows() {
  static const std::vector<LeaderboardRow> rows = {
      {"Magi-1 24B + GeoPhys (BoN)", "v2v", 58.2, 1.8, "op", "2026-06-19", "GeoPhys project page"},
      {"Magi-1 24B", "v2v", 48.4, 1.1, "op", "2026-06-19", "GeoPhys project page"},
      {"Cosmos3-Super-Image2Video", "i2v", 42.7, 0.8, "bpp", "2026-09-04",
       "benchmark repository issue #75"},
      {"MiniMax H3 (FL2VA)", "i2v", 39.8, 0.4, "bpp", "2026-08-24",
       "benchmark repository pull request #80"},
      {"Cosmos3-Nano", "i2v", 37.3, 0.9, "bpp", "2026-09-04", "benchmark repository issue #75"},
      {"MiniMax H3 Max", "i2v", 36.2, 0.7, "bpp", "2026-08-27",
       "benchmark repository pull request #80"},
      {"Grok Imagine Video", "i2v", 34.8, 0.6, "bpp", "2026-06-17", "arXiv:2606.18943"},
      {"Magi-1 24B + GeoPhys (BoN)", "i2v", 33.7, 1.4, "op", "2026-06-19", "GeoPhys project page"},
      {"Hunyuan Video 1.5", "i2v", 33.4, 0.8, "bpp", "2026-06-17", "arXiv:2606.18943"},
      {"Cosmos3-Edge", "i2v", 32.7, 1.1, "bpp", "2026-08-31", "benchmark repository issue #76"},
      {"Wan 2.2", "i2v", 32.2, 0.6, "bpp", "2026-06-17", "arXiv:2606.18943"},
      {"CogVideoX-5B", "i2v", 31.8, 1.5, "bpp", "2026-08-18",
       "benchmark repository pull request #80"},
      {"Kandinsky-WM 1.0", "i2v", 30.8, 0.9, "bpp", "2026-08-04",
       "Kandinsky-WM 1.0 result dataset"},
      {"Magi-1 24B", "i2v", 30.2, 1.1, "op", "2026-06-19", "GeoPhys project page"},
      {"Wan 2.2 5B", "i2v", 27.7, 0.9, "bpp", "2026-08-18",
       "benchmark repository pull request #80"},
      {"Sora 2", "i2v", 26.5, 0.8, "bpp", "2026-06-17", "arXiv:2606.18943"},
      {"P-Video", "i2v", 25.3, 1.8, "bpp", "2026-06-17", "arXiv:2606.18943"}};
  return rows;
}

const std::vector<LeaderboardRow>& original_rows() {
  static const std::vector<LeaderboardRow> rows = {
      {"Magi-1 + GeoPhys (BoN)", "v2v", 64.5, -1.0, "", "2026-06-17", "GeoPhys project page"},
      {"Cosmos3-Super + WMReward (BoN)", "v2v", 63.4, -1.0, "", "2026-05-26",
       "Cosmos3 technical report"},
      {"Magi-1 + WMReward (BoN)", "v2v", 62.6, -1.0, "", "2025-10-28", "arXiv:2601.10553"},
      {"Cosmos3-Super", "v2v", 59.7, -1.0, "", "2026-05-26", "Cosmos3 technical report"},
      {"Cosmos3-Nano + WMReward (BoN)", "v2v", 57.7, -1.0, "", "2026-05-26",
       "Cosmos3 technical report"},
      {"Magi-1", "v2v", 56.0, -1.0, "", "2025-04-21", "arXiv:2505.13211"},
      {"Cosmos3-Nano", "v2v", 50.2, -1.0, "", "2026-05-26", "Cosmos3 technical report"},
      {"Cosmos3-Super + WMReward (BoN)", "i2v", 48.9, -1.0, "", "2026-05-26",
       "Cosmos3 technical report"},
      {"Sora2 + WMReward (BoN)", "i2v", 46.4, -1.0, "", "2026-04-01", "arXiv:2601.10553"},
      {"Wan2.2 + WMReward (BoN)", "i2v", 44.4, -1.0, "", "2026-04-01", "arXiv:2601.10553"},
      {"Cosmos3-Super", "i2v", 43.8, -1.0, "", "2026-05-26", "Cosmos3 technical report"},
      {"Cosmos3-Nano + WMReward (BoN)", "i2v", 43.8, -1.0, "", "2026-05-26",
       "Cosmos3 technical report"},
      {"Sora2", "i2v", 42.3, -1.0, "", "2026-04-01", "arXiv:2601.10553"},
      {"Cosmos3-Nano", "i2v", 40.2, -1.0, "", "2026-05-26", "Cosmos3 technical report"},
      {"Magi-1 + GeoPhys (BoN)", "i2v", 38.6, -1.0, "", "2026-06-17", "GeoPhys project page"},
      {"Wan2.2", "i2v", 38.3, -1.0, "", "2026-04-01", "arXiv:2601.10553"},
      {"Magi-1 + WMReward (BoN)", "i2v", 36.9, -1.0, "", "2025-10-28", "arXiv:2601.10553"},
      {"Video-GPT", "v2v", 35.0, -1.0, "", "2025-05-22", "arXiv:2505.12489"},
      {"CogVideoX-5B + GeoPhys (BoN)", "i2v", 34.1, -1.0, "", "2026-06-17", "GeoPhys project page"},
      {"Cosmos3-Edge", "i2v", 34.1, -1.0, "", "2026-08-31", "benchmark repository issue #76"},
      {"Wan2.1 14B + GeoPhys (BoN)", "i2v", 34.0, -1.0, "", "2026-06-17", "GeoPhys project page"},
      {"Magi-1 4.5B + GeoPhys (BoN)", "i2v", 34.0, -1.0, "", "2026-06-17", "GeoPhys project page"},
      {"CogVideoX-5b", "i2v", 32.3, -1.0, "", "2026-01-06",
       "CogVideoX-5b Physics-IQ benchmarking repository"},
      {"Magi-1", "i2v", 30.2, -1.0, "", "2025-04-21", "arXiv:2505.13211"},
      {"VideoPoet", "v2v", 29.5, -1.0, "", "2025-02-19", "arXiv:2501.09038"},
      {"Lumiere", "v2v", 23.0, -1.0, "", "2025-02-19", "arXiv:2501.09038"},
      {"Runway Gen 3", "i2v", 22.8, -1.0, "", "2025-02-19", "arXiv:2501.09038"},
      {"VideoPoet", "i2v", 20.3, -1.0, "", "2025-02-19", "arXiv:2501.09038"},
      {"Lumiere", "i2v", 19.0, -1.0, "", "2025-02-19", "arXiv:2501.09038"},
      {"Stable Video Diffusion", "i2v", 14.8, -1.0, "", "2025-02-19", "arXiv:2501.09038"},
      {"Pika", "i2v", 13.0, -1.0, "", "2025-02-19", "arXiv:2501.09038"},
      {"Sora", "i2v", 10.0, -1.0, "", "2025-02-19", "arXiv:2501.09038"}};
  return rows;
}

}  // namespace

const std::vector<LeaderboardRow>& leaderboard(const std::string& ground_truth) {
  if (ground_truth == "verified") return verified_rows();
  if (ground_truth == "original") return original_rows();
  throw Error(ErrorKind::kUsage, "leaderboard",
              "'" + ground_truth + "' is neither verified nor original");
}

int64_t leaderboard_place(const std::string& ground_truth, const std::string& input, double score) {
  const auto& rows = leaderboard(ground_truth);
  return 1 + std::count_if(rows.begin(), rows.end(), [&](const LeaderboardRow& row) {
           return row.input == input && row.score > score;
         });
}

}  // namespace physprobe
