#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/rng.h"
#include "physprobe/core/statistics/bootstrap.h"
#include "physprobe/core/statistics/tabulated_bootstrap.h"
#include "physprobe/eval/minimal_pairs/mvp_reader.h"
#include "physprobe/eval/minimal_pairs/mvp_scores.h"
#include "physprobe/eval/minimal_pairs/published_mvp.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

namespace physprobe {
namespace {

/// Logs of the reduced benchmark's size with inputs, every third pair wholly right: about 30 MB.
std::vector<std::string> write_logs(const std::string& folder) {
  const std::string padding(700, 'x');
  std::vector<std::string> texts;
  for (std::size_t t = 0; t < mvp_tasks().size(); ++t) {
    std::string text;
    for (int64_t pair = 0; pair < mvp_pair_counts("mvp_mini")[t]; ++pair) {
      for (int member = 0; member < 2; ++member) {
        const int said = pair % 3 == 0 ? member : 0;
        const std::string metric = fmt::format(
            R"({{"video_id": "pt_v{:06}_{}", "video-llm-prediction": "Answer: {}", "prediction_idx": "{}", "answer_idx": "{}", "match_success": true, "rating": {}, "candidates": ["opened", "closed"]}})",
            pair, member + 1, said == 0 ? "A" : "B", said, member, said == member ? 1 : 0);
        text += fmt::format(
            R"({{"doc_id": {}, "target": "{}", "filtered_resps": "Answer: {}", "token_counts": [null], "doc_hash": "{:064}", "input": "Question: Is it opened?\nOption:\n(A) opened\n(B) closed \n{}", "input_media": [{{"type": "video", "path": "pt/v.mp4"}}], "pair_accuracy": {}, "single_accuracy": {}}})",
            2 * pair + member, member == 0 ? "opened" : "closed", said == 0 ? "A" : "B", pair,
            padding, metric, metric);
        text += '\n';
      }
    }
    write_file_atomic(folder + "/1_samples_mvp_mini_" + mvp_tasks()[t] + ".jsonl", text);
    texts.push_back(std::move(text));
  }
  return texts;
}

BenchmarkResult rescore(int64_t repetitions) {
  namespace fs = std::filesystem;
  std::string folder = (fs::temp_directory_path() / "physprobe-bench-XXXXXX").string();
  require_correct(mkdtemp(folder.data()) != nullptr, "pairs/rescore", "no temporary folder");
  const std::vector<std::string> texts = write_logs(folder);
  const ModelFiles files = find_logs({folder}).front();
  const auto score = [&] { return score_run(read_mvp_run(files, {}), mvp_tasks(), {}, 0); };
  const RunScores scores = score();
  const PairScores& first = scores.tasks.front().all;
  require_correct(
      first.n_items == 5724 && first.both == 954 && first.none == 0 && scores.problems.empty(),
      "pairs/rescore", "counts of human_object_interactions");
  BenchmarkResult result;
  result.name = "pairs/rescore-18416-rows";
  result.value = 1e3 * median_seconds(repetitions, [&] { score(); });
  result.unit = "ms";
  result.repetitions = repetitions;
  result.limit_name = "nlohmann's grammar check alone of the same text, all threads";
  result.limit = 1e3 * median_seconds(repetitions, [&] {
                   parallel_for(static_cast<int64_t>(texts.size()), 0, [&](int64_t t) {
                     const std::string& text = texts[static_cast<std::size_t>(t)];
                     for (std::size_t begin = 0; begin < text.size();) {
                       const std::size_t end = text.find('\n', begin);
                       nlohmann::json::accept(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                              text.begin() + static_cast<std::ptrdiff_t>(end));
                       begin = end + 1;
                     }
                   });
                 });
  result.verified = "counts per task are those written";
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return with_target(result, 2.5, false);
}

std::vector<BenchmarkResult> bootstraps(int64_t repetitions) {
  constexpr int64_t kPairs = 2886;
  constexpr int64_t kRight = 924;
  std::vector<double> values(static_cast<std::size_t>(kPairs), 0.0);
  std::fill_n(values.begin(), kRight, 1.0);
  TabulatedStratum stratum;
  stratum.cells = {{1.0, 1.0, kRight}, {0.0, 1.0, kPairs - kRight}};
  const BootstrapOptions options;  // BCa, 9,999 resamples
  const Interval plain = bootstrap_mean(values, options);
  const Interval tabulated = bootstrap_tabulated({stratum}, options);
  // Quantiles of two independent sets of resamples differ by about 0.0004; 0.002 is five of these.
  require_correct(std::abs(plain.low - tabulated.low) < 0.002 &&
                      std::abs(plain.high - tabulated.high) < 0.002 && plain.method == "bca",
                  "pairs/bca", "the two bootstraps disagree");
  BenchmarkResult result;
  result.unit = "ms";
  result.repetitions = repetitions;
  result.limit_name = "drawing 9,999 x 2,886 random indices, one thread";
  result.limit = 1e3 * median_seconds(repetitions, [&] {
                   Rng rng(1);
                   uint64_t sum = 0;
                   for (int64_t i = 0; i < options.resamples * kPairs; ++i)
                     sum += rng.below(static_cast<uint64_t>(kPairs));
                   require_correct(sum > 0, "pairs/bca", "no indices were drawn");
                 });
  result.verified = "resampling units and resampling counts give the same interval";
  result.name = "pairs/bca-units";
  result.value = 1e3 * median_seconds(repetitions, [&] { bootstrap_mean(values, options); });
  const BenchmarkResult units = with_target(result, 1.5, false);
  result.name = "pairs/bca-counts";
  result.value =
      1e3 * median_seconds(repetitions, [&] { bootstrap_tabulated({stratum}, options); });
  return {units, with_target(result, 0.1, false)};
}

}  // namespace

Results bench_minimal_pairs(int64_t repetitions) {
  Results results = {rescore(repetitions)};
  for (BenchmarkResult& result : bootstraps(repetitions)) results.push_back(std::move(result));
  return results;
}

}  // namespace physprobe
