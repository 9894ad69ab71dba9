#include "physprobe/eval/physics_iq/benchmark_layout.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/core/media_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kIdDigits = 4;
constexpr std::size_t kMostListed = 40;

/// -1 unless `name` begins with exactly four digits.
int64_t leading_id(const std::string& name) {
  if (name.size() < kIdDigits) return -1;
  int64_t id = 0;
  for (std::size_t i = 0; i < kIdDigits; ++i) {
    if (name[i] < '0' || name[i] > '9') return -1;
    id = 10 * id + (name[i] - '0');
  }
  const bool goes_on = name.size() > kIdDigits && name[kIdDigits] >= '0' && name[kIdDigits] <= '9';
  return goes_on ? -1 : id;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string after(const std::string& text, const std::string& prefix) {
  return text.rfind(prefix, 0) == 0 ? text.substr(prefix.size()) : "";
}

std::string join_limited(const std::vector<std::string>& lines) {
  std::string text;
  for (std::size_t i = 0; i < std::min(lines.size(), kMostListed); ++i) text += "\n  " + lines[i];
  if (lines.size() > kMostListed)
    text += fmt::format("\n  and {} more", lines.size() - kMostListed);
  return text;
}

std::string first_existing(const std::string& folder, const std::vector<std::string>& relative) {
  for (const std::string& name : relative) {
    std::string path = folder + "/" + name;
    if (fs::is_regular_file(path)) return path;
  }
  return "";
}

std::string clip_name(const BenchmarkSample& sample, const char* kind, int take, int fps) {
  return fmt::format("{}_{}_{}FPS_perspective-{}_take-{}_{}",
                     id_text(take == 1 ? sample.id : sample.id_take2), kind, fps, sample.view, take,
                     sample.scenario);
}

}  // namespace

std::string id_text(int64_t id) {
  return fmt::format("{:04d}", id);
}

std::vector<BenchmarkSample> read_descriptions(const std::string& path) {
  const std::vector<CsvRow> rows = parse_csv(read_file(path), path);
  if (rows.empty()) throw Error(ErrorKind::kInput, path, "is empty; expected a descriptions table");
  const auto column = [&](const std::string& name) {
    const auto& heading = rows.front().fields;
    const auto found = std::find(heading.begin(), heading.end(), name);
    return found == heading.end() ? heading.size()
                                  : static_cast<std::size_t>(found - heading.begin());
  };
  const std::size_t scenario_column = column("scenario");
  const std::size_t category_column = column("category");
  const std::size_t width = rows.front().fields.size();
  if (scenario_column == width)
    throw Error(
        ErrorKind::kInput, path,
        fmt::format("has no column 'scenario'; found {}", fmt::join(rows.front().fields, ", ")));
  std::vector<BenchmarkSample> samples;
  std::map<std::pair<std::string, std::string>, int64_t> take2_ids;
  std::vector<std::string> problems;
  std::set<int64_t> ids;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    const std::string name =
        scenario_column < rows[r].fields.size() ? rows[r].fields[scenario_column] : "";
    const std::vector<std::string> parts = split(name, '_');
    const int64_t id = leading_id(name);
    const std::string view = parts.size() == 4 ? after(parts[1], "perspective-") : "";
    const std::string take = parts.size() == 4 ? after(parts[2], "take-") : "";
    if (id < 0 || view.empty() || (take != "1" && take != "2") || rows[r].fields.size() != width) {
      problems.push_back(fmt::format(
          "line {}: '{}' is not {{id}}_perspective-{{view}}_take-{{1|2}}_trimmed-{{scene}}.mp4",
          rows[r].line, name));
      continue;
    }
    if (!ids.insert(id).second) {
      problems.push_back(fmt::format("line {}: id {} is there twice", rows[r].line, id_text(id)));
      continue;
    }
    if (take == "2") {
      take2_ids[{parts[3], view}] = id;
      continue;
    }
    samples.push_back(
        {id, 0, parts[3], view, category_column < width ? rows[r].fields[category_column] : ""});
  }
  if (!problems.empty())
    throw Error(ErrorKind::kInput, path, "has rows that name no clip:" + join_limited(problems));
  if (samples.empty())
    throw Error(ErrorKind::kInput, path, "names no take-1 clip; nothing can be evaluated");
  for (BenchmarkSample& sample : samples) {
    const auto found = take2_ids.find({sample.scenario, sample.view});
    if (found != take2_ids.end()) sample.id_take2 = found->second;
  }
  std::sort(samples.begin(), samples.end(),
            [](const BenchmarkSample& a, const BenchmarkSample& b) { return a.id < b.id; });
  return samples;
}

std::string find_benchmark_folder(const std::string& root, const std::string& ground_truth) {
  const std::string name =
      ground_truth == "original" ? "physics-IQ-benchmark" : "physics-IQ-benchmark-verified";
  for (const std::string& folder : {root + "/" + name, root}) {
    for (const char* inside : {"split-videos", "testing-videos", "testing"})
      if (fs::is_directory(folder + "/" + inside)) return folder;
  }
  throw Error(ErrorKind::kInput, root,
              fmt::format("holds no real clips: expected {}/{}/split-videos/testing/30FPS (the "
                          "{} ground truth); choose --benchmark and --ground-truth",
                          root, name, ground_truth));
}

std::string expected_real_clip(const BenchmarkSample& sample, int take, int fps) {
  return fmt::format("split-videos/testing/{}FPS/{}", fps,
                     clip_name(sample, "testing-videos", take, fps));
}

std::string find_real_clip(const std::string& folder,
                           const BenchmarkSample& sample,
                           int take,
                           int fps) {
  const std::string name = clip_name(sample, "testing-videos", take, fps);
  const std::string rate = fmt::format("{}FPS/", fps);
  return first_existing(
      folder, {"split-videos/testing/" + rate + name, "split-videos/testing-videos/" + rate + name,
               "testing-videos/" + rate + name, "testing/" + rate + name});
}

std::string find_real_masks(const std::string& folder,
                            const BenchmarkSample& sample,
                            int take,
                            int fps) {
  return first_existing(folder, {fmt::format("video-masks/real/{}FPS/{}", fps,
                                             clip_name(sample, "video-masks", take, fps))});
}

GeneratedFolder list_generated(const std::string& folder) {
  if (!fs::is_directory(folder))
    throw Error(ErrorKind::kInput, folder, "is no folder; expected one folder of videos per run");
  GeneratedFolder found;
  fs::path path = fs::absolute(folder).lexically_normal();
  if (path.filename().empty()) path = path.parent_path();
  found.run = path.filename().string();
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && is_video_name(name)) {
      names.push_back(name);
    } else if (name.front() != '.') {
      found.ignored.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  std::sort(found.ignored.begin(), found.ignored.end());
  if (names.empty())
    throw Error(ErrorKind::kInput, folder, "holds no video; expected names such as 0001_….mp4");
  for (const std::string& name : names) {
    const int64_t id = leading_id(name);
    if (id < 0) {
      found.problems.push_back(
          fmt::format("{}: the name does not begin with a four-digit id", name));
    } else if (!found.by_id.emplace(id, folder + "/" + name).second) {
      found.problems.push_back(fmt::format("{}: id {} is there twice", name, id_text(id)));
    }
  }
  return found;
}

}  // namespace physprobe
