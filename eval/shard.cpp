#include "physprobe/eval/shard.h"

#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <string>
#include <vector>

namespace physprobe {
namespace {

std::optional<int64_t> environment_integer(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return std::nullopt;
  const std::string value(text);
  int64_t number = 0;
  const auto [end, status] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (status != std::errc() || end != value.data() + value.size()) {
    throw Error(ErrorKind::kUsage, name,
                fmt::format("holds '{}', expected a whole number (needed by --shard auto)", value));
  }
  return number;
}

Shard checked(int64_t index, int64_t count, const std::string& origin) {
  if (count < 1 || index < 0 || index >= count) {
    throw Error(
        ErrorKind::kUsage, "--shard",
        fmt::format("{} gives shard {} of {}; expected 0 <= index < count", origin, index, count));
  }
  return Shard{index, count};
}

std::optional<Shard> slurm_array() {
  const auto id = environment_integer("SLURM_ARRAY_TASK_ID");
  if (!id) return std::nullopt;
  const auto first = environment_integer("SLURM_ARRAY_TASK_MIN");
  const auto last = environment_integer("SLURM_ARRAY_TASK_MAX");
  const auto count = environment_integer("SLURM_ARRAY_TASK_COUNT");
  if (!first || !last || !count) {
    throw Error(ErrorKind::kUsage, "--shard auto",
                "SLURM_ARRAY_TASK_ID is set but not all of SLURM_ARRAY_TASK_MIN, _MAX and _COUNT; "
                "give --shard INDEX/COUNT");
  }
  if (*last - *first + 1 != *count) {
    throw Error(ErrorKind::kUsage, "--shard auto",
                fmt::format("the array {}-{} has {} tasks, so it has gaps or a step; use a dense "
                            "array such as --array=0-{} or --array=1-{}",
                            *first, *last, *count, *count - 1, *count));
  }
  return checked(*id - *first, *count, "the Slurm array");
}

std::optional<Shard> launcher_rank() {
  struct Pair {
    const char* rank;
    const char* size;
  };
  static const std::vector<Pair> pairs = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                          {"PMI_RANK", "PMI_SIZE"},
                                          {"PMIX_RANK", "SLURM_NTASKS"},
                                          {"SLURM_PROCID", "SLURM_NTASKS"}};
  for (const Pair& pair : pairs) {
    const auto rank = environment_integer(pair.rank);
    const auto size = environment_integer(pair.size);
    if (rank && size) return checked(*rank, *size, fmt::format("{} and {}", pair.rank, pair.size));
  }
  return std::nullopt;
}

}  // namespace

bool Shard::contains(const std::string& item_id) const {
  if (is_whole()) return true;
  const std::string digest = sha256_hex(item_id).substr(0, 16);
  uint64_t number = 0;
  std::from_chars(digest.data(), digest.data() + digest.size(), number, 16);
  return static_cast<int64_t>(number % static_cast<uint64_t>(count)) == index;
}

std::string Shard::folder() const {
  return fmt::format("shard-{:04}-of-{:04}", index, count);
}

Shard parse_shard(const std::string& text) {
  if (text.empty()) return Shard{};
  if (text == "auto") {
    if (const auto shard = slurm_array()) return *shard;
    if (const auto shard = launcher_rank()) return *shard;
    throw Error(ErrorKind::kUsage, "--shard auto",
                "found neither Slurm's array variables (SLURM_ARRAY_TASK_ID) nor an MPI launcher's "
                "rank (OMPI_COMM_WORLD_RANK, PMI_RANK, PMIX_RANK, SLURM_PROCID); give --shard "
                "INDEX/COUNT");
  }
  const std::size_t slash = text.find('/');
  int64_t index = 0;
  int64_t count = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  bool is_well_formed = slash != std::string::npos;
  if (is_well_formed) {
    const auto first = std::from_chars(begin, begin + slash, index);
    const auto second = std::from_chars(begin + slash + 1, end, count);
    is_well_formed = first.ec == std::errc() && first.ptr == begin + slash &&
                     second.ec == std::errc() && second.ptr == end;
  }
  if (!is_well_formed) {
    throw Error(ErrorKind::kUsage, "--shard",
                fmt::format("'{}' is not INDEX/COUNT (such as 0/8) and not 'auto'", text));
  }
  return checked(index, count, "'" + text + "'");
}

}  // namespace physprobe
