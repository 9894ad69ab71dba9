#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/scratch_folder.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/datasets/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace physprobe {
namespace {

constexpr int64_t kLines = 100'000;
constexpr int64_t kFiles = 10;

std::string csv_text() {
  std::string text = "id,path,label,start_seconds,stop_seconds\n";
  for (int64_t i = 0; i < kLines; ++i) {
    text += fmt::format("item-{},clip {}.mp4,x,{},{}.5\n", i, i % kFiles, i, i);
  }
  return text;
}

std::string json_text() {
  std::string text;
  for (int64_t i = 0; i < kLines; ++i) {
    text += fmt::format(
        "{{\"id\": \"item-{}\", \"path\": \"clip {}.mp4\", \"label\": \"x\", \"start_seconds\": "
        "{}, \"stop_seconds\": {}.5}}\n",
        i, i % kFiles, i, i);
  }
  return text;
}

BenchmarkResult bench_one(const std::string& path,
                          const std::string& name,
                          const std::string& text,
                          int64_t repetitions) {
  write_file_atomic(path, text);
  const Dataset dataset = load_dataset(path);
  const bool is_whole = static_cast<int64_t>(dataset.items.size()) == kLines &&
                        dataset.items.back().id == fmt::format("item-{}", kLines - 1) &&
                        dataset.items.back().stop_seconds == static_cast<double>(kLines) - 0.5;
  require_correct(is_whole, "manifest", "the last item differs from the last line");
  BenchmarkResult result;
  result.name = fmt::format("manifest/{}-{}-lines", name, kLines);
  result.value = static_cast<double>(kLines) /
                 median_cpu_seconds(repetitions, [&] { load_dataset(path); }) / 1e6;
  result.unit = "million lines/s";
  result.repetitions = repetitions;
  result.limit_name = "reading the file and finding its lines";
  std::ptrdiff_t lines = 0;
  result.limit = static_cast<double>(kLines) /
                 median_cpu_seconds(repetitions,
                                    [&] {
                                      const std::string read = read_file(path);
                                      lines += std::count(read.begin(), read.end(), '\n');
                                    }) /
                 1e6;
  require_correct(lines > 0, "manifest", "no line was found");
  result.ratio = result.value / result.limit;
  result.verified = "number of items and every field of the last";
  return result;
}

}  // namespace

Results bench_manifest(int64_t repetitions) {
  const ScratchFolder folder;
  for (int64_t i = 0; i < kFiles; ++i) {
    write_file_atomic(folder / fmt::format("clip {}.mp4", i), "x");
  }
  return {bench_one(folder / "list.csv", "csv", csv_text(), repetitions),
          bench_one(folder / "list.jsonl", "jsonl", json_text(), repetitions)};
}

}  // namespace physprobe
