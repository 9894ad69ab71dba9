#include "physprobe/eval/physics_iq/leaderboard.h"

#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"

#include <algorithm>
#include <map>

namespace physprobe {
namespace {

constexpr const char* kRows = R"(leaderboard,input,score,deviation,prompts,date,model,source
verified,v2v,58.2,1.8,op,2026-06-19,Magi-1 24B + GeoPhys (BoN),GeoPhys project page
verified,v2v,48.4,1.1,op,2026-06-19,Magi-1 24B,GeoPhys project page
verified,i2v,42.7,0.8,bpp,2026-09-04,Cosmos3-Super-Image2Video,benchmark repository issue #75
verified,i2v,39.8,0.4,bpp,2026-08-24,MiniMax H3 (FL2VA),benchmark repository pull request #80
verified,i2v,37.3,0.9,bpp,2026-09-04,Cosmos3-Nano,benchmark repository issue #75
verified,i2v,36.2,0.7,bpp,2026-08-27,MiniMax H3 Max,benchmark repository pull request #80
verified,i2v,34.8,0.6,bpp,2026-06-17,Grok Imagine Video,arXiv:2606.18943
verified,i2v,33.7,1.4,op,2026-06-19,Magi-1 24B + GeoPhys (BoN),GeoPhys project page
verified,i2v,33.4,0.8,bpp,2026-06-17,Hunyuan Video 1.5,arXiv:2606.18943
verified,i2v,32.7,1.1,bpp,2026-08-31,Cosmos3-Edge,benchmark repository issue #76
verified,i2v,32.2,0.6,bpp,2026-06-17,Wan 2.2,arXiv:2606.18943
verified,i2v,31.8,1.5,bpp,2026-08-18,CogVideoX-5B,benchmark repository pull request #80
verified,i2v,30.8,0.9,bpp,2026-08-04,Kandinsky-WM 1.0,Kandinsky-WM 1.0 result dataset
verified,i2v,30.2,1.1,op,2026-06-19,Magi-1 24B,GeoPhys project page
verified,i2v,27.7,0.9,bpp,2026-08-18,Wan 2.2 5B,benchmark repository pull request #80
verified,i2v,26.5,0.8,bpp,2026-06-17,Sora 2,arXiv:2606.18943
verified,i2v,25.3,1.8,bpp,2026-06-17,P-Video,arXiv:2606.18943
original,v2v,64.5,,,2026-06-17,Magi-1 + GeoPhys (BoN),GeoPhys project page
original,v2v,63.4,,,2026-05-26,Cosmos3-Super + WMReward (BoN),Cosmos3 technical report
original,v2v,62.6,,,2025-10-28,Magi-1 + WMReward (BoN),arXiv:2601.10553
original,v2v,59.7,,,2026-05-26,Cosmos3-Super,Cosmos3 technical report
original,v2v,57.7,,,2026-05-26,Cosmos3-Nano + WMReward (BoN),Cosmos3 technical report
original,v2v,56.0,,,2025-04-21,Magi-1,arXiv:2505.13211
original,v2v,50.2,,,2026-05-26,Cosmos3-Nano,Cosmos3 technical report
original,i2v,48.9,,,2026-05-26,Cosmos3-Super + WMReward (BoN),Cosmos3 technical report
original,i2v,46.4,,,2026-04-01,Sora2 + WMReward (BoN),arXiv:2601.10553
original,i2v,44.4,,,2026-04-01,Wan2.2 + WMReward (BoN),arXiv:2601.10553
original,i2v,43.8,,,2026-05-26,Cosmos3-Super,Cosmos3 technical report
original,i2v,43.8,,,2026-05-26,Cosmos3-Nano + WMReward (BoN),Cosmos3 technical report
original,i2v,42.3,,,2026-04-01,Sora2,arXiv:2601.10553
original,i2v,40.2,,,2026-05-26,Cosmos3-Nano,Cosmos3 technical report
original,i2v,38.6,,,2026-06-17,Magi-1 + GeoPhys (BoN),GeoPhys project page
original,i2v,38.3,,,2026-04-01,Wan2.2,arXiv:2601.10553
original,i2v,36.9,,,2025-10-28,Magi-1 + WMReward (BoN),arXiv:2601.10553
original,v2v,35.0,,,2025-05-22,Video-GPT,arXiv:2505.12489
original,i2v,34.1,,,2026-06-17,CogVideoX-5B + GeoPhys (BoN),GeoPhys project page
original,i2v,34.1,,,2026-08-31,Cosmos3-Edge,benchmark repository issue #76
original,i2v,34.0,,,2026-06-17,Wan2.1 14B + GeoPhys (BoN),GeoPhys project page
original,i2v,34.0,,,2026-06-17,Magi-1 4.5B + GeoPhys (BoN),GeoPhys project page
original,i2v,32.3,,,2026-01-06,CogVideoX-5b,CogVideoX-5b Physics-IQ benchmarking repository
original,i2v,30.2,,,2025-04-21,Magi-1,arXiv:2505.13211
original,v2v,29.5,,,2025-02-19,VideoPoet,arXiv:2501.09038
original,v2v,23.0,,,2025-02-19,Lumiere,arXiv:2501.09038
original,i2v,22.8,,,2025-02-19,Runway Gen 3,arXiv:2501.09038
original,i2v,20.3,,,2025-02-19,VideoPoet,arXiv:2501.09038
original,i2v,19.0,,,2025-02-19,Lumiere,arXiv:2501.09038
original,i2v,14.8,,,2025-02-19,Stable Video Diffusion,arXiv:2501.09038
original,i2v,13.0,,,2025-02-19,Pika,arXiv:2501.09038
original,i2v,10.0,,,2025-02-19,Sora,arXiv:2501.09038
)";

std::map<std::string, std::vector<LeaderboardRow>> read_rows() {
  std::map<std::string, std::vector<LeaderboardRow>> boards;
  const std::vector<CsvRow> rows = parse_csv(kRows, "leaderboard");
  for (std::size_t r = 1; r < rows.size(); ++r) {
    const auto& cell = rows[r].fields;
    boards[cell[0]].push_back({cell[6], cell[1], std::stod(cell[2]),
                               cell[3].empty() ? -1.0 : std::stod(cell[3]), cell[4], cell[5],
                               cell[7]});
  }
  return boards;
}

}  // namespace

const std::vector<LeaderboardRow>& leaderboard(const std::string& ground_truth) {
  static const std::map<std::string, std::vector<LeaderboardRow>> boards = read_rows();
  const auto found = boards.find(ground_truth);
  if (found == boards.end())
    throw Error(ErrorKind::kUsage, "leaderboard",
                "'" + ground_truth + "' is neither verified nor original");
  return found->second;
}

int64_t leaderboard_size(const std::string& ground_truth, const std::string& input) {
  const auto& rows = leaderboard(ground_truth);
  return std::count_if(rows.begin(), rows.end(),
                       [&](const LeaderboardRow& row) { return row.input == input; });
}

int64_t leaderboard_place(const std::string& ground_truth, const std::string& input, double score) {
  const auto& rows = leaderboard(ground_truth);
  return 1 + std::count_if(rows.begin(), rows.end(), [&](const LeaderboardRow& row) {
           return row.input == input && row.score > score;
         });
}

}  // namespace physprobe
