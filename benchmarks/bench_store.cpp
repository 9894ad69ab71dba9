#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/scratch_folder.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/hashing.h"
#include "physprobe/memory/embedding_store.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSegments = 1000;
constexpr int64_t kRowsPerSegment = 10;

std::string key_of(int64_t number) {
  return sha256_hex(std::to_string(number));
}

void fill(const std::string& path) {
  const auto store = EmbeddingStore::open_writer(path);
  for (int64_t s = 0; s < kSegments; ++s) {
    std::vector<StoreRecord> batch;
    for (int64_t r = s * kRowsPerSegment; r < (s + 1) * kRowsPerSegment; ++r) {
      batch.push_back({key_of(r), std::to_string(r), "space", "{}", {}});
      batch.back().fields["retrieval"] = at::full({48}, static_cast<float>(r));
    }
    store->append(batch);
  }
}

/// What opening has to read at the least: the last 16 kB of every file.
void read_ends(const std::vector<fs::path>& files) {
  std::vector<char> end(16384);
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    const auto size = static_cast<std::streamoff>(fs::file_size(file));
    in.seekg(std::max<std::streamoff>(0, size - static_cast<std::streamoff>(end.size())));
    in.read(end.data(), static_cast<std::streamsize>(end.size()));
  }
}

}  // namespace

Results bench_store(int64_t repetitions) {
  // Sealing a thousand segments on a disk takes minutes and is not what is measured.
  const ScratchFolder folder(/*in_memory=*/true);
  fill(folder.path());
  const auto reader = EmbeddingStore::open_reader(folder.path());
  const int64_t last = kSegments * kRowsPerSegment - 1;
  const at::Tensor read = reader->read(key_of(last), {"retrieval"}).fields.at("retrieval");
  require_correct(
      reader->size() == last + 1 && at::equal(read, at::full({48}, static_cast<float>(last))),
      "store", "a stored row differs from what was appended");
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    if (entry.path().extension() == ".h5") files.push_back(entry.path());
  }
  BenchmarkResult result;
  result.name = fmt::format("store/open-{}-segments", kSegments);
  result.value = static_cast<double>(kSegments) /
                 median_seconds(repetitions, [&] { EmbeddingStore::open_reader(folder.path()); });
  result.unit = "segments/s";
  result.repetitions = repetitions;
  result.limit_name = "opening the files and reading their last 16 kB";
  result.limit =
      static_cast<double>(kSegments) / median_seconds(repetitions, [&] { read_ends(files); });
  result.ratio = result.value / result.limit;
  result.verified = "the last row, read back";
  return {result};
}

}  // namespace physprobe
